"""CSV by the block: what is plainly regular is parsed by Arrow, the rest is left to be asked.

A block is a piece of a file that ends where a line ends. Arrow reads it twenty times as fast as
Python's parser, but forgives what must be a reject and does not say where. So it is given only
blocks in which nothing can be read in two ways: quotes stand at the edges of cells and no line
end stands within them, every line has as many cells as the header, and all of it is UTF-8.
"""

import io
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

BROKEN = (OSError, EOFError, zlib.error)
_BLOCK = 2**20  # bytes
_QUOTE, _BOM = ord('"'), b"\xef\xbb\xbf"
_EDGE = np.zeros(256, dtype=np.bool_)
_EDGE[[ord(","), ord("\n"), _QUOTE]] = True


class Blocks:
    """The blocks of a file, one after the other.

    Args:
        stream: The bytes.
        longest: A line of more bytes is in no block; all from there on is the tail.
        step: Bytes to ask for at once; what is asked for and cannot be read in whole is lost.
    """

    def __init__(self, stream: Any, longest: int, step: int) -> None:
        self._stream = stream
        self._longest = longest
        self._step = step
        self._left = b""
        self._began = False
        self.broken = ""

    def next(self) -> bytes:
        """The next block, nothing at the end and before a tail; the first is the first line."""
        parts, size, wanted = [self._left], len(self._left), _BLOCK if self._began else 1
        ends = b"\n" in self._left
        while size < wanted or (not ends and size < self._longest):
            more = self._read()
            if not more:
                self._left = b""
                return self._cut(b"".join(parts), at_end=True)
            ends = ends or b"\n" in more
            parts.append(more)
            size += len(more)
        return self._cut(b"".join(parts), at_end=False)

    def tail(self) -> io.TextIOWrapper | None:
        """Everything from a line on that is too long for a block, as text."""
        if not self._left:
            return None
        raw = io.BufferedReader(_Joined(self._left, self._stream), self._step)
        self._left = b""
        return io.TextIOWrapper(raw, "utf-8", errors="surrogateescape", newline="")

    def _cut(self, data: bytes, *, at_end: bool) -> bytes:
        first = not self._began
        self._began = True
        end = data.find(b"\n") + 1 if first else data.rfind(b"\n") + 1
        if self.broken and not (first and end):  # the last line is not whole
            end = max(end, data.rfind(b"\r") + 1)
            data = data[:end]
        elif at_end and (not first or not end):
            end = len(data)
        self._left = data[end:]
        return data[:end]

    def _read(self) -> bytes:
        if self.broken:
            return b""
        try:
            found: bytes = self._stream.read1(self._step)
        except BROKEN as error:
            self.broken = str(error) or type(error).__name__
            return b""
        return found


class _Joined(io.RawIOBase):
    """Some bytes and then a stream."""

    def __init__(self, first: bytes, rest: Any) -> None:
        self._first = first
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._first[: len(buffer)] or self._rest.read1(len(buffer))
        self._first = self._first[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def parse(block: bytes, header: Sequence[str]) -> pa.Table | None:
    """The cells of a block as text, one row per line; None where it is not plainly regular."""
    if b"\r" in block:
        if block.count(b"\r") != block.count(b"\r\n"):
            return None
        block = block.replace(b"\r\n", b"\n")
    if not block.endswith(b"\n"):
        block += b"\n"
    lines = block.count(b"\n")
    if block.startswith((b"\n", _BOM)) or b"\n\n" in block or b"\0" in block:
        return None
    if b'"' in block and not _quoted_well(block):
        return None
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(
                column_names=list(header), use_threads=False, block_size=len(block) + 1
            ),
            csv.ParseOptions(newlines_in_values=False),
            csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
        )
    except pa.ArrowInvalid:  # ragged, or not UTF-8
        return None
    return table if table.num_rows == lines else None  # a line end stood within quotes


def _quoted_well(block: bytes) -> bool:
    """Whether every quote opens or closes a cell, or is doubled within a quoted one."""
    data = np.frombuffer(b"\n" + block, dtype=np.uint8)
    at = np.flatnonzero(data == _QUOTE)
    if len(at) % 2:
        return False
    return bool(_EDGE[data[at[::2] - 1]].all() and _EDGE[data[at[1::2] + 1]].all())
