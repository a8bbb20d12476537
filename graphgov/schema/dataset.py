"""Tables: one validated dataset, what ingest makes and stores and snapshots take."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from graphgov.schema.tables import TABLES

SOURCES_COLUMNS = {
    "table": "VARCHAR",
    "row_key": "VARCHAR",
    "id": "VARCHAR",
    "file": "VARCHAR",
    "line": "BIGINT",
    "pointer": "VARCHAR",
}
REJECTS_COLUMNS = {
    "file": "VARCHAR",
    "line": "BIGINT",
    "field": "VARCHAR",
    "code": "VARCHAR",
    "value": "VARCHAR",
    "reason": "VARCHAR",
}


@dataclass(frozen=True)
class InputFile:
    """One file that was read.

    Args:
        name: Path relative to the source it was found in; `-` for standard input.
        sha256: Of the bytes on disk.
        rows: Rows in, per table.
    """

    name: str
    sha256: str
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Counts:
    """Where the rows of one table went: rows_in = kept + rejected + repeated.

    Stubs are made, not read; they are not in `rows_in`.
    """

    rows_in: int = 0
    kept: int = 0
    rejected: int = 0
    repeated: int = 0
    stubs: int = 0


@dataclass(frozen=True)
class Tables:
    """A dataset whose every cell has its declared type and whose every reference holds.

    `con` has one DuckDB table per entry of `TABLES` (all columns, in declared order, empty
    where the input had none; rows by key and `row_key`), and `sources` and `rejects`. Nothing may
    change it.

    Args:
        con: Where the tables lie.
        given: Columns that the input had, per table it had.
        counts: Per table; rejects that belong to no table are under `files`.
        files: What was read.
        unknown_columns: Kept in `extra`, per table.
        folder: Whatever keeps the files behind `con` alive; of no use to anyone else.
    """

    con: duckdb.DuckDBPyConnection
    given: Mapping[str, frozenset[str]] = field(default_factory=dict)
    counts: Mapping[str, Counts] = field(default_factory=dict)
    files: tuple[InputFile, ...] = ()
    unknown_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folder: object = field(default=None, repr=False, compare=False)


class Scratch:
    """A temporary folder that is removed with the last value that holds this object."""

    def __init__(self, what: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"graphgov-{what}-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make every table of the schema, `sources` and `rejects`, empty."""
    specs = {t.name: {c.name: c.sql_type for c in t.columns} for t in TABLES.values()}
    specs |= {"sources": SOURCES_COLUMNS, "rejects": REJECTS_COLUMNS}
    for name, spec in specs.items():
        columns = ", ".join(f'"{c}" {t}' for c, t in spec.items())
        con.execute(f'CREATE TABLE "{name}" ({columns})')


def connect(path: str = ":memory:", *, memory: str = "3GB") -> duckdb.DuckDBPyConnection:
    """A DuckDB connection set up the way every stage expects it.

    Args:
        path: A database file, or in memory.
        memory: Bound after which DuckDB spills to its temporary folder.
    """
    con = duckdb.connect(path, config={"memory_limit": memory, "threads": 2})
    con.execute("SET TimeZone = 'UTC'")
    hide_progress(con)
    con.execute("SET preserve_insertion_order = true")
    return con


def hide_progress(con: duckdb.DuckDBPyConnection) -> None:
    """No progress bar: DuckDB would draw it on standard output, pipe or not."""
    # In a notebook without ipywidgets there is no bar, and refusing it is an error.
    with suppress(duckdb.InvalidInputException):
        con.execute("SET enable_progress_bar = false")
