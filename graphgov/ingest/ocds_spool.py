"""A place on disk where releases wait until every file has been read.

Releases of one process may lie in any file, so they can only be merged at the end; only one
process is in memory then. Organisations wait here too: one row each is made of all mentions.
"""

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from pathlib import Path
from types import TracebackType

import msgspec

from graphgov.ingest.ocds_cells import Node, cell

_SEEN_MOST = 20_000
_TABLES = """
CREATE TABLE waiting (seq INTEGER PRIMARY KEY, ocid TEXT, kind INTEGER, file INTEGER,
    line INTEGER, pointer TEXT, body BLOB);
CREATE TABLE fault (file INTEGER, line INTEGER, code TEXT, value TEXT, why TEXT);
CREATE TABLE mention (kind TEXT, id TEXT, cells TEXT, day TEXT, file INTEGER, line INTEGER,
    pointer TEXT, PRIMARY KEY (kind, id, cells)) WITHOUT ROWID;
"""


class Kind(IntEnum):
    """What a waiting object is."""

    RELEASE = 0
    COMPILED = 1
    DRAFT = 2


@dataclass(frozen=True)
class Place:
    """Where something stood: the number of a file, a line, a JSON pointer."""

    file: int
    line: int
    pointer: str


@dataclass(frozen=True)
class Waiting:
    """An object taken back from the spool.

    Args:
        size: Bytes of its body.
        mark: A hash of its body, the last resort where releases must be put in order.
    """

    kind: Kind
    place: Place
    body: Node
    size: int
    mark: str


class Spool:
    """Releases and mentions of organisations on disk; a context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="graphgov-ocds-")
        # Autocommit off: a file that breaks is rolled back as a whole.
        self._con = sqlite3.connect(Path(self._folder.name) / "spool.db", isolation_level=None)
        self._con.executescript(
            "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"
            + _TABLES
        )
        self._seen: set[tuple[object, ...]] = set()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._con.close()
        self._folder.cleanup()

    def begin(self) -> None:
        """Start a file."""
        self._con.execute("BEGIN")

    def end(self, *, keep: bool) -> None:
        """Finish a file: keep what it gave or forget it."""
        self._con.execute("COMMIT" if keep else "ROLLBACK")

    def add(self, ocid: str, kind: Kind, place: Place, body: Node) -> None:
        """Let an object wait.

        Raises:
            RecursionError: It is nested too deeply.
        """
        row = (ocid, int(kind), place.file, place.line, place.pointer, _pack(body))
        self._con.execute("INSERT INTO waiting VALUES (NULL, ?, ?, ?, ?, ?, ?)", row)

    def refuse(self, file: int, line: int, code: str, value: str, why: str) -> None:
        """Note something that cannot be read."""
        row = (file, line, code, cell(value) or "", cell(why) or "")
        self._con.execute("INSERT INTO fault VALUES (?, ?, ?, ?, ?)", row)

    def faults(self) -> Iterator[tuple[int, int, str, str, str]]:
        """What could not be read: file, line, code, value and why, in the order it was met."""
        yield from self._con.execute("SELECT * FROM fault ORDER BY rowid")

    def processes(self) -> Iterator[tuple[str, list[Waiting]]]:
        """Every process with its objects, in the order in which processes were first met."""
        self._con.execute("CREATE INDEX by_ocid ON waiting (ocid)")
        self._con.execute(
            "CREATE TABLE first AS SELECT min(seq) AS seq, ocid FROM waiting "
            "GROUP BY ocid ORDER BY 1"
        )
        rows = self._con.execute(
            "SELECT w.ocid, w.kind, w.file, w.line, w.pointer, w.body "
            "FROM first f CROSS JOIN waiting w ON w.ocid = f.ocid ORDER BY f.rowid, w.seq"
        )
        for ocid, group in groupby(rows, key=lambda row: str(row[0])):
            yield (
                ocid,
                [
                    Waiting(
                        Kind(kind),
                        Place(file, line, pointer),
                        _unpack(body),
                        len(body),
                        hashlib.sha256(body).hexdigest(),
                    )
                    for _, kind, file, line, pointer, body in group
                ],
            )

    def mention(self, kind: str, key: str, cells: dict[str, str], day: str, place: Place) -> None:
        """Note what a release said about an organisation on a day."""
        seen = (kind, key, day, *cells.items())
        if seen in self._seen:
            return
        if len(self._seen) >= _SEEN_MOST:
            self._seen.clear()
        self._seen.add(seen)
        text = json.dumps(cells, sort_keys=True)
        self._con.execute(
            "INSERT INTO mention VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "day = max(day, excluded.day)",
            (kind, key, text, day, place.file, place.line, place.pointer),
        )

    def organisations(self, kind: str) -> Iterator[tuple[str, dict[str, str], Place]]:
        """One row for every organisation: of each cell the latest word, ties by content."""
        rows = self._con.execute(
            "SELECT id, cells, file, line, pointer FROM mention WHERE kind = ? "
            "ORDER BY id, day DESC, cells DESC",
            (kind,),
        )
        for key, group in groupby(rows, key=lambda row: str(row[0])):
            cells: dict[str, str] = {}
            place: Place | None = None
            for _, text, file, line, pointer in group:
                cells = {**json.loads(text), **cells}
                place = place or Place(file, line, pointer)
            if place is not None:
                yield key, cells, place


def _pack(body: Node) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:  # lone surrogates
        return json.dumps(body).encode()


def _unpack(body: bytes) -> Node:
    try:
        found: Node = msgspec.json.decode(body)
    except msgspec.DecodeError:
        found = json.loads(body)
    return found
