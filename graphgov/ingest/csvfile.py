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
from pathlib import Path
from typing import IO

from graphgov.ingest.base import RawRows
from graphgov.schema import Reject

MAX_CELL = 64 * 2**20  # characters
_BATCH_CHARACTERS = 8 * 2**20
_BATCH_ROWS = 50_000
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


def _open(path: Path) -> io.BufferedReader:
    file = gzip.GzipFile(path) if path.suffix == ".gz" else path.open("rb", buffering=0)
    return io.BufferedReader(file, 2**20)


class _Reader:
    """Reads one file once; keeps the lines of the current record, to go back after an error."""

    def __init__(self, text: IO[str], name: str, table: str) -> None:
        self._text = text
        self._name = name
        self._table = table
        self._record: list[str] = []
        self._pending: deque[str] = deque()
        self._done = 0  # physical lines before the current record
        self._nul = False
        self._broken = ""
        self._header: list[str] = []
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._size = 0

    def rows(self) -> Iterator[RawRows | Reject]:
        """Everything in the file."""
        started = False
        for found in self._records():
            if isinstance(found, Reject):
                yield found
                if not started:  # the header itself cannot be read
                    return
                continue
            line, row = found
            if not started:
                started = True
                problem = self._take_header(row)
                if problem:
                    yield self._reject(line, "header", *problem)
                    return
            elif len(row) == len(self._header):
                self._rows.append(row)
                self._lines.append(line)
                if self._size >= _BATCH_CHARACTERS or len(self._rows) >= _BATCH_ROWS:
                    yield from self._flush()
            else:
                reason = f"the row has {len(row)} cells, the header {len(self._header)}"
                yield self._reject(line, "ragged", ",".join(row), reason)
        if not started and not self._broken:
            reason = "the file is empty; its first line must name the columns"
            yield self._reject(0, "header", "", reason)
        if started:
            yield from self._flush(last=True)
        if self._broken:
            reason = f"the file breaks off after line {self._done}: {self._broken}"
            yield self._reject(self._done + 1, "unreadable", "", reason)

    def _records(self) -> Iterator[tuple[int, list[str]] | Reject]:
        """Rows with the line they start on; blank lines are left out."""
        csv.field_size_limit(MAX_CELL)
        record = self._record
        while True:
            try:
                for row in csv.reader(self._physical(), strict=True):
                    line = self._done + 1
                    self._done += len(record)
                    self._size += sum(map(len, record))
                    record.clear()
                    if row:
                        yield line, row
                return
            except csv.Error as error:
                yield self._misread(str(error))

    def _physical(self) -> Iterator[str]:
        while True:
            line = self._pending.popleft() if self._pending else self._next_line()
            if not line:
                return
            self._record.append(line)
            yield line

    def _next_line(self) -> str:
        if self._broken:
            return ""
        try:
            line = self._text.readline(MAX_CELL)
        except _BROKEN as error:
            self._broken = str(error) or type(error).__name__
            return ""
        if "\0" in line:
            self._nul = True
        return line

    def _misread(self, error: str) -> Reject:
        """The reject for a record that is no CSV; reading goes on after its first line."""
        first, *rest = self._record or [""]
        self._pending.extendleft(reversed(rest))
        self._record.clear()
        self._done += 1
        if "limit" in error:
            while first and first[-1] not in "\r\n" and len(first) == MAX_CELL:
                first = self._next_line()
            reason = f"a cell is longer than {MAX_CELL // 2**20} million characters"
            return self._reject(self._done, "too_large", first[:200], reason)
        reason = f"a quote is unclosed or out of place ({error}); the line is left out"
        return self._reject(self._done, "quotes", first.rstrip("\r\n"), reason)

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

    def _flush(self, *, last: bool = False) -> Iterator[RawRows | Reject]:
        if self._nul:
            yield from self._set_aside("\0", "nul", "the row holds NUL characters")
        if not _encodable(self._rows):
            reason = "the row is not UTF-8; convert the file"
            yield from self._set_aside("", "encoding", reason)
        if self._rows or last:
            columns: Sequence[Sequence[str]] = list(zip(*self._rows, strict=True))
            columns = columns or [()] * len(self._header)
            cells = dict(zip(self._header, columns, strict=True))
            yield RawRows(self._table, cells, self._name, self._lines)
        self._rows, self._lines = [], []
        self._size, self._nul = 0, False

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
