"""Landing: raw text rows of any format become typed tables, rejects and counts.

The way of a row: text → typed (or a reject) → key → identical repeats once → contradictions
out → references hold, by a stub or a reject → its table, in content order. All of it is
columnar SQL over a DuckDB file, so that memory stays bounded whatever the size of the input.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from graphgov.errors import GraphgovError
from graphgov.ingest import references
from graphgov.ingest.base import RawRows
from graphgov.ingest.cells import BATCH, insert_sql
from graphgov.ingest.references import staged
from graphgov.schema import TABLES, Counts, InputFile, Reject, Table, Tables
from graphgov.schema.dataset import REJECTS_COLUMNS, create_tables
from graphgov.schema.rowkey import quote
from graphgov.schema.validate import VALUE_SHOWN, clean

Progress = Callable[[str, int], None]
COMMON = ("source", "retrieved_on")  # two sources that say the same do not contradict
FILES = "files"  # key of `Tables.counts` for rejects that belong to no table
_ENGINE_ONLY = ("dataset", "row_key", "extra")
_REJECT_BATCH = 20_000
_WORTH_A_THREAD = 5_000  # rows
_MOST_UNCOMMITTED = 250_000  # rows; they are held in memory
_WORTH_A_COMMIT = 100_000  # rows


@dataclass
class _Columns:
    """Columns that a table's input had: known ones, and batch names x0, x1 … of unknown ones."""

    known: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)

    def take(self, table: Table, names: Iterable[str]) -> dict[str, str]:
        """The batch name of each column."""
        found = {}
        for name in names:
            if name in table.by_name and name not in _ENGINE_ONLY:
                self.known.add(name)
                found[name] = name
            else:
                found[name] = self.unknown.setdefault(name, f"x{len(self.unknown)}")
        return found


class Landing:
    """Takes rows and rejects in any order; `finish` makes the tables, once.

    Args:
        con: An empty DuckDB database.
        dataset: Prefix of every id but a lot's, and the value of the column `dataset`.
        timezone: Zone of times that carry none.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        *,
        dataset: str = "",
        timezone: str = "UTC",
        progress: Progress | None = None,
    ) -> None:
        self._con = con
        self._dataset = dataset
        self._timezone = timezone
        self._progress = progress or (lambda _what, _rows: None)
        self._seen: dict[str, _Columns] = {}
        self._rejects: list[Reject] = []
        self._rows_in: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._repeated: Counter[str] = Counter()
        self._stubs: Counter[str] = Counter()
        self._file_rows: dict[str, Counter[str]] = {}
        self._statements: dict[object, str] = {}
        self._thread = ThreadPoolExecutor(1, "landing")
        self._uncommitted = 0
        self._busy: Future[None] | None = None
        # One transaction: a commit per statement costs a disk flush each.
        con.execute("BEGIN")
        create_tables(con)

    @property
    def tables_seen(self) -> frozenset[str]:
        """Tables that the input had, with or without rows."""
        return frozenset(self._seen)

    def add(self, rows: RawRows) -> None:
        """Take some rows of one table as text."""
        table, seen = TABLES[rows.table], self._seen.get(rows.table)
        if seen is None:
            self._wait()
            seen = self._seen[rows.table] = _Columns()
            references.make(self._con, table)
        names = seen.take(table, rows.columns)
        count = len(rows.lines)
        for file, number in Counter(rows.files or {rows.file: count}).items():
            self._count(rows.table, file, number)
        if count:
            known = frozenset(n for n in rows.columns if names[n] == n)
            unknown = {n: c for n, c in names.items() if n not in known}
            self._insert(table, _batch(table, rows, names), known, unknown)
        self._progress(rows.file, count)

    def _insert(
        self, table: Table, batch: pa.Table, known: frozenset[str], unknown: dict[str, str]
    ) -> None:
        """Type and store a batch; a large one while the next one is being read."""
        shape = (table.name, known, tuple(sorted(unknown.items())))
        sql = self._statements.get(shape)
        if sql is None:
            how = {"dataset": self._dataset, "timezone": self._timezone}
            sql = self._statements[shape] = insert_sql(table, unknown, known, **how)
        self._wait()
        if batch.num_rows < _WORTH_A_THREAD:
            self._store(sql, batch)
        else:
            self._busy = self._thread.submit(self._store, sql, batch)

    def _store(self, sql: str, batch: pa.Table) -> None:
        self._con.register(BATCH, batch)
        self._con.execute(sql)
        self._con.unregister(BATCH)
        self._uncommitted += batch.num_rows
        if self._uncommitted >= _MOST_UNCOMMITTED:
            self._commit()

    def _wait(self) -> None:
        if self._busy is not None:
            self._busy.result()
            self._busy = None

    def reject(self, reject: Reject, table: str = "") -> None:
        """Take a row, or a file, that the format could not read; one row in, one rejected."""
        name = table or FILES
        self._count(name, reject.file, 1)
        self._rejected[name] += 1
        self._rejects.append(reject)
        if len(self._rejects) >= _REJECT_BATCH:
            self._flush_rejects()

    def finish(self, files: Sequence[tuple[str, str]] = (), folder: object = None) -> Tables:
        """The dataset.

        Args:
            files: Name and SHA-256 of everything that was read.
            folder: Kept alive with the tables.
        """
        self._wait()
        self._thread.shutdown()
        self._flush_rejects()
        for name in TABLES:
            if name in self._seen:
                self._progress(f"checking {name}", 0)
                self._release(name)
                self._set_aside(TABLES[name])
                self._repeats(TABLES[name])
        self._progress("checking references", 0)
        found = references.resolve(self._con, set(self._seen), self._dataset)
        self._rejected.update(found.rejected)
        self._stubs.update(found.stubs)
        for name in TABLES:
            self._settle(TABLES[name], name in self._seen or self._stubs[name] > 0)
            self._release(name)
        self._con.execute("DROP TABLE IF EXISTS gone")
        self._con.execute("CREATE OR REPLACE TABLE rejects AS SELECT * FROM rejects ORDER BY ALL")
        self._con.execute("COMMIT")
        return Tables(
            con=self._con,
            given={n: frozenset(raw.known | set(raw.unknown)) for n, raw in self._seen.items()},
            counts=self._counts(),
            files=tuple(
                InputFile(name, sha256, dict(sorted(self._file_rows.get(name, {}).items())))
                for name, sha256 in sorted(files)
            ),
            unknown_columns={
                n: tuple(sorted(raw.unknown)) for n, raw in self._seen.items() if raw.unknown
            },
            folder=folder,
        )

    def _release(self, table: str) -> None:
        """Let the space of what was dropped be used again, where it is worth a disk flush."""
        if self._rows_in[table] >= _WORTH_A_COMMIT:
            self._commit()

    def _commit(self) -> None:
        self._con.execute("COMMIT")
        self._con.execute("BEGIN")
        self._uncommitted = 0

    def _count(self, table: str, file: str, rows: int) -> None:
        self._rows_in[table] += rows
        self._file_rows.setdefault(file, Counter())[table] += rows

    def _flush_rejects(self) -> None:
        if self._rejects:
            columns = zip(*self._rejects, strict=True)
            names = zip(REJECTS_COLUMNS, columns, strict=True)
            self._wait()
            batch = pa.table({n: pa.array([_storable(v) for v in c]) for n, c in names})
            self._con.register("reject_batch", batch)
            self._con.execute("INSERT INTO rejects SELECT * FROM reject_batch")
            self._con.unregister("reject_batch")
            self._rejects.clear()

    def _set_aside(self, table: Table) -> None:
        """Rows with a wrong cell to the rejects."""
        self._rejected[table.name] += references.put_aside(
            self._con,
            table,
            f"SELECT rowid AS r, _bad.field AS field, _bad.code AS code, _bad.value AS value, "
            f"_bad.reason AS reason FROM {staged(table.name)} WHERE _bad IS NOT NULL",
        )

    def _repeats(self, table: Table) -> None:
        """Identical repeats once; rows that contradict each other under one key not at all."""
        here = staged(table.name)
        again = (
            f"DELETE FROM {here} WHERE rowid IN (SELECT r FROM (SELECT rowid AS r, row_number() "
            "OVER (PARTITION BY {by} ORDER BY {order}) AS n FROM {some}) WHERE n > 1)"
        )
        place = "_file, _line, _pointer"
        some = (
            f"(SELECT rowid, row_key, {{columns}} FROM {here}) SEMI JOIN (SELECT {{by}} "
            f"FROM {here} GROUP BY {{by}} HAVING count(*) > 1) d USING ({{by}})"
        )
        doubles = f"SELECT 1 FROM {here} GROUP BY row_key HAVING count(*) > 1 LIMIT 1"
        if self._con.execute(doubles).fetchone():
            where = some.format(by="row_key", columns=place)
            self._repeated[table.name] += _changed(
                self._con, again.format(by="row_key", order=place, some=where)
            )
        if not table.key:
            return
        entity = [table.entity] if table.entity else list(table.key)
        by = ", ".join(_q(n) for n in entity)
        several = f"SELECT {by} FROM {here} GROUP BY {by} HAVING count(*) > 1"
        if not self._con.execute(f"{several} LIMIT 1").fetchone():
            return
        self._rejected[table.name] += self._contradictions(table, entity, several)
        keys = ", ".join(_q(n) for n in table.key)
        where = some.format(by=keys, columns=keys)
        self._repeated[table.name] += _changed(
            self._con, again.format(by=keys, order="row_key", some=where)
        )

    def _contradictions(self, table: Table, entity: list[str], several: str) -> int:
        here = staged(table.name)
        by = ", ".join(_q(n) for n in entity)
        free = {*entity, *table.key, *COMMON, "row_key", "dataset", "listed"}
        differs = [c.name for c in table.columns if c.name not in free]
        fields = ", ".join(
            f"CASE WHEN min({_q(n)}) <> max({_q(n)}) OR count({_q(n)}) NOT IN (0, count(*)) "
            f"THEN {quote(n)} END"
            for n in differs
        )
        on = " AND ".join(f"t.{_q(n)} = g.{_q(n)}" for n in entity)
        shown = " || ' ' || ".join(f"t.{_q(n)}::VARCHAR" for n in entity)
        what = " and ".join(entity)
        return references.put_aside(
            self._con,
            table,
            f"SELECT t.rowid AS r, {quote(what)} AS field, 'contradiction' AS code, "
            f"{shown} AS value, g.n || {quote(f' rows with this {what} disagree in ')} || "
            f"g.fields AS reason FROM {here} t JOIN (SELECT {by}, count(*) AS n, "
            f"concat_ws(', ', {fields}) AS fields FROM {here} SEMI JOIN ({several}) s "
            f"USING ({by}) GROUP BY {by}) g ON {on} WHERE g.fields <> ''",
        )

    def _settle(self, table: Table, used: bool) -> None:
        """Move a table to its place in content order, and its rows' places to `sources`."""
        if not used:
            return
        here = staged(table.name)
        columns = ", ".join(_q(c.name) for c in table.columns)
        order = ", ".join(_q(n) for n in (*table.key, "row_key"))
        self._con.execute(
            f'INSERT INTO "{table.name}" SELECT {columns} FROM {here} ORDER BY {order}'
        )
        key = table.entity or (table.key[0] if len(table.key) == 1 else "")
        self._con.execute(
            f"INSERT INTO sources SELECT {quote(table.name)}, row_key, "
            f"{_q(key) if key else 'NULL'}, _file, _line, _pointer FROM {here} "
            "WHERE _file IS NOT NULL ORDER BY row_key"
        )
        self._con.execute(f"DROP TABLE {here}")

    def _counts(self) -> dict[str, Counts]:
        found = {}
        for name in [*TABLES, FILES]:
            rows = kept = 0
            if name in TABLES and (name in self._seen or self._stubs[name]):
                rows = _one(self._con, f'SELECT count(*) FROM "{name}"')
                kept = rows - self._stubs[name]
            elif not self._rows_in[name]:
                continue
            counts = Counts(
                self._rows_in[name],
                kept,
                self._rejected[name],
                self._repeated[name],
                self._stubs[name],
            )
            if counts.rows_in != counts.kept + counts.rejected + counts.repeated:
                raise GraphgovError(f"Rows of {name} were lost while reading: {counts}.")
            found[name] = counts
        return found


def _q(name: str) -> str:
    return f'"{name}"'


def _batch(table: Table, rows: RawRows, names: dict[str, str]) -> pa.Table:
    columns = {
        names[n]: clean(table.by_name.get(names[n]), _text_array(v))
        for n, v in rows.columns.items()
    }
    count = len(rows.lines)
    files = pa.repeat(rows.file, count) if rows.files is None else rows.files
    columns["_file"] = _text_array(files)
    columns["_line"] = pa.array(rows.lines, pa.int64())
    pointers = pa.nulls(count, pa.string()) if rows.pointers is None else rows.pointers
    columns["_pointer"] = _text_array(pointers)
    return pa.table(columns)


def _text_array(values: object) -> Any:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    return pa.array(values, pa.string())


def _storable(value: object) -> object:
    """Text that was never decodable, made so that it can be stored."""
    if isinstance(value, str):
        return value[: 10 * VALUE_SHOWN].encode("utf-8", "replace").decode()
    return value


def _changed(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = con.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _one(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = con.execute(statement).fetchone()
    return int(row[0]) if row else 0
