"""A file of JSON Lines, or a stream, as blocks of columns read by several processes."""

import gc
import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from graphgov.cardinal.chunks import Chunk, chunk
from graphgov.cardinal.workers import forks, in_order
from graphgov.errors import InputError

BLOCK = 2 << 20  # bytes handed to a worker at once
_ALONE = 4 * BLOCK  # a smaller file is read without helpers


@dataclass(frozen=True)
class Span:
    """Some whole lines of a file, by their bytes.

    Attributes:
        path: Where it lies.
        start, end: Bytes.
        file: What was opened there, if all who read have it; otherwise -1.
    """

    path: str
    start: int
    end: int
    file: int = -1


def file_chunks(path: Path, size: int, opened: int = -1) -> Iterator[Chunk]:
    """Columns of a file, block by block; reading begins at once.

    Args:
        path: Where it lies.
        size: Bytes; what follows is not read.
        opened: The open file, which is read to its end even if another takes its place meanwhile.
    """
    helpers = _helpers(size)
    common = hasattr(os, "pread") and (helpers <= 1 or forks())
    return in_order(read_span, spans(path, size, opened if common else -1), helpers, queued=2)


def stream_chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Columns of a stream, block by block; nothing but a few blocks is in memory at once."""
    blocks = _blocks(stream)
    start = list(islice(blocks, 2))
    alone = len(start) < 2
    return in_order(read_block, chain(start, blocks), 1 if alone else _helpers(None))


@contextmanager
def unpacked(stream: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    """A gzipped stream, unpacked while it is read.

    Raises:
        InputError: It is not gzipped, or spoilt, or cut off.
    """
    try:
        with gzip.open(stream) as plain:
            yield plain  # type: ignore[misc]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: this is no whole gzip file: {str(error).rstrip('.')}.") from None


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
    """Columns of a span."""
    return read_block(lines_of(span))


def lines_of(span: Span) -> bytes:
    """The bytes of a span."""
    if span.file >= 0:
        return _placed(span.file, span.start, span.end)
    with open(span.path, "rb", buffering=0) as file:  # noqa: PTH123 - as fast as it gets
        file.seek(span.start)
        return _exactly(file, span.end - span.start)


def spans(path: Path, size: int, opened: int = -1) -> Iterator[Span]:
    """A file in spans of whole lines."""
    start = 0
    where = path if opened < 0 else opened
    with open(where, "rb", buffering=0, closefd=opened < 0) as file:
        while start < size:
            end = _after_line(file, start + BLOCK - 1, size)
            yield Span(str(path), start, end, opened)
            start = end


def _after_line(file: BinaryIO, at: int, size: int) -> int:
    """Where the line that `at` lies in is over."""
    step = 1 << 14
    while at < size:
        file.seek(at)
        part = file.read(step)
        found = part.find(b"\n")
        if found >= 0:
            return min(at + found + 1, size)
        if not part:
            break
        at += len(part)
        step = min(step * 2, BLOCK)
    return size


def _placed(file: int, at: int, end: int) -> bytes:
    """Bytes of a file that other processes read too."""
    parts = []
    while at < end and (part := os.pread(file, end - at, at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _exactly(file: BinaryIO, size: int) -> bytes:
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
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
