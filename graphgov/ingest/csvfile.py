"""CSV as strangers write it: every row is read or becomes a reject with its physical line.

Defined answers: a BOM is skipped; LF, CRLF and CR end a line; blank lines are no rows; a row
with more or fewer cells than the header is `ragged`; an unclosed or misplaced quote costs the
line it starts on (`quotes`) and reading goes on with the next; bytes that are not UTF-8 cost
their row (`encoding`); NUL costs its row (`nul`); a cell above `MAX_CELL` costs its row
(`too_large`). A header that cannot be trusted (empty file, duplicate names, wrong separator,
UTF-16) makes the whole file one reject (`header`, `encoding`), since no cell of it can be
placed. A file that breaks off keeps the rows before the break and adds one reject
(`unreadable`).
"""

import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

from graphgov.ingest.base import RawRows
from graphgov.schema import Reject

MAX_CELL = 64 * 2**20  # characters
_BATCH_CHARACTERS = 8 * 2**20
_BATCH_ROWS = 50_000
_TOO_LONG = "\0too long\n"  # stands for a line above the bound until its row is set aside
_BROKEN = (OSError, EOFError, zlib.error)


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
            text = io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="")
            yield from _Reader(text, name, table).rows()
    except _BROKEN as error:
        yield Reject(name, 0, "", "unreadable", "", f"the file cannot be read: {error}")


def _open(path: Path) -> Any:
    if path.suffix == ".gz":  # no further buffer: it would lose what came before a break
        return gzip.GzipFile(path)
    return path.open("rb", buffering=2**20)


_TOO_LARGE = f"a cell or a line is longer than {MAX_CELL // 2**20} million characters"


class _Reader:
    """Reads one file once; keeps the lines of the current record, to go back after an error."""

    def __init__(self, text: IO[str], name: str, table: str) -> None:
        self._source = iter(partial(text.readline, MAX_CELL), "")
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
                break
            except csv.Error as error:
                yield self._misread(str(error))
        yield from self._flush()
        if self._broken:
            reason = f"the file breaks off after line {self._done}: {self._broken}"
            yield self._reject(self._done + 1, "unreadable", "", reason)

    def _body(self) -> Iterator[RawRows | Reject]:
        """Rows from where reading stands to the end, or to the next line that is no CSV."""
        record, width, size = self._record, len(self._header), 0
        for row in csv.reader(self._physical(), strict=True):
            line = self._done + 1
            self._done += len(record)
            size += len(record[0]) if len(record) == 1 else sum(map(len, record))
            record.clear()
            if len(row) == width:
                self._rows.append(row)
                self._lines.append(line)
            elif row:
                yield self._ragged(line, row)
            if size >= _BATCH_CHARACTERS or len(self._rows) >= _BATCH_ROWS:
                yield from self._flush()
                size = 0

    def _physical(self) -> Iterator[str]:
        """Lines, those that were given back first; each is remembered in the record."""
        record = self._record
        while self._pending:
            record.append(self._pending.popleft())
            yield record[-1]
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
        except _BROKEN as error:
            self._broken = str(error) or type(error).__name__
            self._source = iter(())

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
        self._rows, self._lines = [], []
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


def _encodable(rows: list[list[str]]) -> bool:
    try:
        for row in rows:
            "".join(row).encode()
    except UnicodeEncodeError:
        return False
    return True
