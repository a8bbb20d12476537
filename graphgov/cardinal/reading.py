"""A file of JSON Lines, or a stream, as blocks of columns read by several processes."""

import gc
import gzip
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from graphgov.cardinal.chunks import Chunk, chunk
from graphgov.cardinal.workers import in_order

BLOCK = 2 << 20  # bytes handed to a worker at once
_ALONE = 4 * BLOCK  # a smaller file is read without helpers


@dataclass(frozen=True)
class Span:
    """The lines of a file that begin in a span of bytes."""

    path: str
    start: int
    end: int


def file_chunks(path: Path, size: int) -> Iterator[Chunk]:
    """Columns of a file, block by block; reading begins at once."""
    spans = (Span(str(path), at, min(at + BLOCK, size)) for at in range(0, size, BLOCK))
    return in_order(read_span, spans, _helpers(size), queued=2)


def stream_chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Columns of a stream, block by block; nothing but a few blocks is in memory at once."""
    blocks = _blocks(stream)
    start = list(islice(blocks, 2))
    alone = len(start) < 2
    return in_order(read_block, chain(start, blocks), 1 if alone else _helpers(None))


@contextmanager
def unpacked(stream: BinaryIO) -> Iterator[BinaryIO]:
    """A gzipped stream, unpacked while it is read."""
    with gzip.open(stream) as plain:
        yield plain  # type: ignore[misc]


def warned(chunks: Iterator[Chunk], warn: Callable[[str], None]) -> Iterator[Chunk]:
    """The chunks, telling of each line left out."""
    before = 0
    for one in chunks:
        for place, what in one.bad:
            warn(f"Line {before + place + 1} {what}")
        before += one.lines
        yield one


def _helpers(size: int | None) -> int:
    if size is not None and size <= _ALONE:
        return 1
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores, 8)


def read_block(block: bytes) -> Chunk:
    """Columns of whole lines."""
    was = gc.isenabled()
    gc.disable()  # nothing read is cyclic, and going through it all again is dear
    try:
        return chunk(block)
    finally:
        if was:
            gc.enable()


def read_span(span: Span) -> Chunk:
    """Columns of the lines that begin in a span."""
    return read_block(lines_of(span))


def lines_of(span: Span) -> bytes:
    """The lines that begin in a span, the last one whole."""
    with open(span.path, "rb", buffering=0) as file:  # noqa: PTH123 - as fast as it gets
        file.seek(max(span.start - 1, 0))
        block = _exactly(file, span.end - file.tell())
        if span.start:
            begin = block.find(b"\n")
            if begin < 0 or begin == len(block) - 1:
                return b""
            block = block[begin + 1 :]
        if not block.endswith(b"\n"):
            block += _rest(file)
        return block


def _exactly(file: BinaryIO, size: int) -> bytes:
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _rest(file: BinaryIO) -> bytes:
    """Up to the next end of a line."""
    parts, step = [], 1 << 16
    while part := file.read(step):
        end = part.find(b"\n")
        if end >= 0:
            parts.append(part[: end + 1])
            break
        parts.append(part)
        step = min(step * 2, BLOCK)
    return b"".join(parts)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Blocks of whole lines."""
    parts: list[bytes] = []
    while part := stream.read(BLOCK):
        end = part.rfind(b"\n") + 1
        if end:
            parts.append(part[:end])
            yield b"".join(parts)
            parts = [part[end:]] if end < len(part) else []
        else:
            parts.append(part)
    if parts:
        yield b"".join(parts)
