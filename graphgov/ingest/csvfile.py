"""CSV as strangers write it: every row is read or becomes a reject with its physical line.

Defined answers: a BOM is skipped; LF, CRLF and CR end a line; blank lines are no rows; a row
with more or fewer cells than the header is `ragged`; an unclosed or misplaced quote costs the
line it starts on (`quotes`) and reading goes on with the next; bytes that are not UTF-8 cost
their row (`encoding`); NUL costs its row (`nul`); a cell above `MAX_CELL` costs its row
(`too_large`). A header that cannot be trusted (empty file, duplicate names, wrong separator,
UTF-16) makes the whole file one reject (`header`, `encoding`), since no cell of it can be
placed. A file that breaks off keeps the rows before the break and adds one reject
(`unreadable`).

Blocks of a file in which none of this occurs are read by `csvblocks`, with the same result.
"""

import csv
import gzip
import io
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from graphgov.ingest import csvblocks
from graphgov.ingest.base import RawRows
from graphgov.ingest.csvblocks import BROKEN, Blocks
from graphgov.schema import Reject

MAX_CELL = 64 * 2**20  # characters
_BATCH_CHARACTERS = 8 * 2**20
_BATCH_ROWS = 50_000
_TOO_LONG = "\0too long\n"  # stands for a line above the bound until its row is set aside
_GZIP_STEP = 8192  # bytes; more at once would lose more of a file that breaks off
_STEP = 2**20


def read_csv(path: Path, name: str, table: str) -> Iterator[RawRows | Reject]:
    """The rows of one file, plain or gzipped.

    Args:
        path: The file.
        name: How it is called in rejects.
        table: The table it holds.
    """
    try:
        with _open(path) as stream:
            head = stream.peek(4)[:4]
            if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
                yield Reject(name, 0, "", "encoding", "", "the file is UTF-16; save it as UTF-8")
                return
            step = _GZIP_STEP if path.suffix == ".gz" else _STEP
            yield from _Reader(Blocks(stream, MAX_CELL, step), name, table).rows()
    except BROKEN as error:
        yield Reject(name, 0, "", "unreadable", "", f"the file cannot be read: {error}")


def _open(path: Path) -> Any:
    if path.suffix == ".gz":  # no further buffer: it would lose what came before a break
        return gzip.GzipFile(path)
    return path.open("rb", buffering=2**20)


_TOO_LARGE = f"a cell or a line is longer than {MAX_CELL // 2**20} million characters"


class _Reader:
    """Reads one file once; keeps the lines of the current record, to go back after an error."""

    def __init__(self, blocks: Blocks, name: str, table: str) -> None:
        self._blocks = blocks
        self._source: Iterator[str] = iter(())  # lines of the block that is being read
        self._name = name
        self._table = table
        self._record: list[str] = []
        self._pending: deque[str] = deque()
        self._done = 0  # physical lines before the current record
        self._nul = self._foreign = False  # whether the batch needs a closer look
        self._broken = ""
        self._header: list[str] = []
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._size = 0  # characters of these rows
        self._regular: list[pa.Table] = []
        self._regular_lines: list[Any] = []
        self._regular_size = 0

    def rows(self) -> Iterator[RawRows | Reject]:
        """Everything in the file."""
        csv.field_size_limit(MAX_CELL)
        problem = self._read_header()
        if problem is not None:
            yield problem
            return
        while True:
            try:
                yield from self._body()
            except csv.Error as error:
                yield self._misread(str(error))
                continue
            block = self._blocks.next()
            if block:
                yield from self._take(block)
            elif not self._tail():
                break
        yield from self._flush_regular()
        yield from self._flush()
        self._broken = self._broken or self._blocks.broken
        if self._broken:
            reason = f"the file breaks off after line {self._done}: {self._broken}"
            yield self._reject(self._done + 1, "unreadable", "", reason)

    def _take(self, block: bytes) -> Iterator[RawRows]:
        """The rows of a block; or its lines, to be looked at one by one."""
        table = csvblocks.parse(block, self._header) if len(block) < MAX_CELL else None
        if table is None:
            self._source = _lines(_text(block))
            return
        first = self._done + 1
        self._done += table.num_rows
        self._regular.append(table)
        self._regular_lines.append(np.arange(first, self._done + 1))
        self._regular_size += len(block)
        if self._regular_size >= _BATCH_CHARACTERS:
            yield from self._flush_regular()

    def _flush_regular(self) -> Iterator[RawRows]:
        if self._regular:
            table = pa.concat_tables(self._regular)
            lines: Any = np.concatenate(self._regular_lines)
            cells = dict(zip(self._header, table.columns, strict=True))
            yield RawRows(self._table, cells, self._name, lines)
        self._regular, self._regular_lines, self._regular_size = [], [], 0

    def _tail(self) -> bool:
        """Go on with the part of the file that comes in no blocks, if there is one."""
        tail = self._blocks.tail()
        if tail is not None:
            self._source = _lines(tail)
        return tail is not None

    def _body(self) -> Iterator[RawRows | Reject]:
        """Rows up to a block's end that ends a row, or to the next line that is no CSV."""
        record, width = self._record, len(self._header)
        for row in csv.reader(self._physical(), strict=True):
            line = self._done + 1
            self._done += len(record)
            self._size += len(record[0]) if len(record) == 1 else sum(map(len, record))
            record.clear()
            if len(row) == width:
                self._rows.append(row)
                self._lines.append(line)
            elif row:
                yield self._ragged(line, row)
            if self._size >= _BATCH_CHARACTERS or len(self._rows) >= _BATCH_ROWS:
                yield from self._flush()

    def _physical(self) -> Iterator[str]:
        """Lines, those that were given back first; each is remembered in the record."""
        record = self._record
        while self._pending:
            record.append(self._pending.popleft())
            yield record[-1]
        while True:
            try:
                for line in self._source:
                    if len(line) == MAX_CELL and line[-1] not in "\r\n":
                        self._skip_line()
                        line = _TOO_LONG
                    if not line.isascii():
                        self._foreign = True
                    if "\0" in line:
                        self._nul = True
                    record.append(line)
                    yield line
            except BROKEN as error:
                self._broken = str(error) or type(error).__name__
                self._source = iter(())
            if self._header and not record:
                return  # a block has ended with a row
            block = self._blocks.next()
            if block:
                self._source = _lines(_text(block))
            elif not self._tail():
                return

    def _misread(self, error: str) -> Reject:
        """The reject for a record that is no CSV; reading goes on after its first line."""
        first, *rest = self._record or [""]
        self._record.clear()
        self._done += 1
        self._pending.extendleft(reversed(rest))
        if "limit" in error:
            return self._reject(self._done, "too_large", first[:200], _TOO_LARGE)
        reason = f"a quote is unclosed or out of place ({error}); the line is left out"
        return self._reject(self._done, "quotes", first.rstrip("\r\n"), reason)

    def _skip_line(self) -> None:
        for part in self._source:
            if len(part) < MAX_CELL or part[-1] in "\r\n":
                return

    def _ragged(self, line: int, row: list[str]) -> Reject:
        if row == [_TOO_LONG.rstrip()]:
            return self._reject(line, "too_large", "", _TOO_LARGE)
        reason = f"the row has {len(row)} cells, the header {len(self._header)}"
        return self._reject(line, "ragged", ",".join(row), reason)

    def _read_header(self) -> Reject | None:
        """Take the column names; or say why they cannot be taken."""
        try:
            for row in csv.reader(self._physical(), strict=True):
                line = self._done + 1
                self._done += len(self._record)
                self._record.clear()
                if row:
                    problem = self._take_header(row)
                    return self._reject(line, "header", *problem) if problem else None
        except csv.Error as error:
            return self._misread(str(error))
        if self._broken:
            return self._reject(0, "unreadable", "", f"the file cannot be read: {self._broken}")
        reason = "the file is empty; its first line must name the columns"
        return self._reject(0, "header", "", reason)

    def _take_header(self, row: list[str]) -> tuple[str, str] | None:
        """Column names; or what is wrong with them: the value and the reason."""
        names = [cell.strip() for cell in [row[0].removeprefix("\ufeff"), *row[1:]]]
        shown = ",".join(names)
        if any("\0" in name for name in names):
            return "", "the header holds NUL characters; save the file as UTF-8"
        if any("\udc80" <= c <= "\udcff" for c in shown):
            return shown, "the header is not UTF-8; convert the file"
        if len(names) == 1:
            for separator, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
                if separator in names[0]:
                    return shown, f"the columns are separated by {word}; use commas"
        self._header = [name or f"column_{i}" for i, name in enumerate(names, 1)]
        double = sorted({n for n in self._header if self._header.count(n) > 1})
        if double:
            return shown, f"the header names {', '.join(double)} more than once"
        return None

    def _flush(self) -> Iterator[RawRows | Reject]:
        if self._nul:
            yield from self._set_aside("\0", "nul", "the row holds NUL characters")
        if self._foreign and not _encodable(self._rows):
            reason = "the row is not UTF-8; convert the file"
            yield from self._set_aside("", "encoding", reason)
        columns: Sequence[Sequence[str]] = list(zip(*self._rows, strict=True))
        columns = columns or [()] * len(self._header)
        cells = dict(zip(self._header, columns, strict=True))
        yield RawRows(self._table, cells, self._name, self._lines)
        self._rows, self._lines, self._size = [], [], 0
        self._nul = self._foreign = False

    def _set_aside(self, character: str, code: str, reason: str) -> Iterator[Reject]:
        """Rejects for rows with a character in them, or, without one, that are no UTF-8."""
        rows, lines = [], []
        for row, line in zip(self._rows, self._lines, strict=True):
            if any(character in c for c in row) if character else not _encodable([row]):
                yield self._reject(line, code, ",".join(row), reason)
            else:
                rows.append(row)
                lines.append(line)
        self._rows, self._lines = rows, lines

    def _reject(self, line: int, code: str, value: str, reason: str) -> Reject:
        return Reject(self._name, line, "", code, value[:200].replace("\0", "�"), reason)


def _text(block: bytes) -> io.StringIO:
    return io.StringIO(block.decode("utf-8", "surrogateescape"), newline="")


def _lines(text: io.TextIOBase) -> Iterator[str]:
    return iter(partial(text.readline, MAX_CELL), "")


def _encodable(rows: list[list[str]]) -> bool:
    try:
        for row in rows:
            "".join(row).encode()
    except UnicodeEncodeError:
        return False
    return True
