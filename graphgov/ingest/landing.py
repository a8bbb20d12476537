"""Landing: raw text rows of any format become typed tables, rejects and counts.

The way of a row: text → typed (or a reject) → key → identical repeats once → contradictions
out → references hold, by a stub or a reject → its table, in content order. All of it is
columnar SQL over a DuckDB file, so that memory stays bounded whatever the size of the input.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from graphgov.errors import GraphgovError
from graphgov.ingest import references
from graphgov.ingest.base import RawRows
from graphgov.ingest.references import PLACE, staged
from graphgov.schema import TABLES, Counts, InputFile, Reject, Table, Tables
from graphgov.schema.dataset import REJECTS_COLUMNS, create_tables
from graphgov.schema.rowkey import canonical_sql, quote, row_key_sql
from graphgov.schema.validate import (
    VALUE_SHOWN,
    checks,
    clean,
    problem_sql,
    typed_sql,
)

Progress = Callable[[str, int], None]
COMMON = ("source", "retrieved_on")  # two sources that say the same do not contradict
FILES = "files"  # key of `Tables.counts` for rejects that belong to no table
_ENGINE_ONLY = ("dataset", "row_key", "extra")
_REJECT_BATCH = 20_000
_WORTH_A_COMMIT = 100_000  # rows


@dataclass
class _Raw:
    """The raw table of one table: known columns by name, unknown ones as x0, x1 …."""

    known: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)


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
        self._raw: dict[str, _Raw] = {}
        self._rejects: list[Reject] = []
        self._rows_in: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._repeated: Counter[str] = Counter()
        self._stubs: Counter[str] = Counter()
        self._file_rows: dict[str, Counter[str]] = {}
        # One transaction: a commit per statement costs a disk flush each.
        con.execute("BEGIN")
        create_tables(con)

    @property
    def tables_seen(self) -> frozenset[str]:
        """Tables that the input had, with or without rows."""
        return frozenset(self._raw)

    def add(self, rows: RawRows) -> None:
        """Take some rows of one table as text."""
        raw = self._raw.setdefault(rows.table, _Raw())
        target = f'"raw_{rows.table}"'
        names = self._make_columns(rows.table, raw, rows.columns)
        known = TABLES[rows.table].by_name
        columns = {
            names[n]: clean(known.get(names[n]), _text_array(v)) for n, v in rows.columns.items()
        }
        count = len(rows.lines)
        columns["_file"] = (
            pa.array([rows.file], pa.string()).take(pa.array([0] * count, pa.int32()))
            if rows.files is None
            else pa.array(rows.files, pa.string())
        )
        columns["_line"] = pa.array(rows.lines, pa.int64())
        columns["_pointer"] = (
            pa.nulls(count, pa.string())
            if rows.pointers is None
            else pa.array(rows.pointers, pa.string())
        )
        batch = pa.table(columns)
        self._con.register("raw_batch", batch)
        self._con.execute(f"INSERT INTO {target} BY NAME SELECT * FROM raw_batch")
        self._con.unregister("raw_batch")
        for file, number in Counter(rows.files or {rows.file: count}).items():
            self._count(rows.table, file, number)
        self._progress(rows.file, count)

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
        self._flush_rejects()
        for name in TABLES:
            if name in self._raw:
                self._progress(f"checking {name}", 0)
                self._type(TABLES[name])
                self._release(name)
                self._repeats(TABLES[name])
        self._progress("checking references", 0)
        found = references.resolve(self._con, set(self._raw), self._dataset)
        self._rejected.update(found.rejected)
        self._stubs.update(found.stubs)
        for name in TABLES:
            self._settle(TABLES[name], name in self._raw or self._stubs[name] > 0)
            self._release(name)
        self._con.execute("DROP TABLE IF EXISTS gone")
        self._con.execute("CREATE OR REPLACE TABLE rejects AS SELECT * FROM rejects ORDER BY ALL")
        self._con.execute("COMMIT")
        return Tables(
            con=self._con,
            given={n: frozenset(raw.known | set(raw.unknown)) for n, raw in self._raw.items()},
            counts=self._counts(),
            files=tuple(
                InputFile(name, sha256, dict(sorted(self._file_rows.get(name, {}).items())))
                for name, sha256 in sorted(files)
            ),
            unknown_columns={
                n: tuple(sorted(raw.unknown)) for n, raw in self._raw.items() if raw.unknown
            },
            folder=folder,
        )

    def _release(self, table: str) -> None:
        """Let the space of what was dropped be used again, where it is worth a disk flush."""
        if self._rows_in[table] >= _WORTH_A_COMMIT:
            self._con.execute("COMMIT")
            self._con.execute("BEGIN")

    def _count(self, table: str, file: str, rows: int) -> None:
        self._rows_in[table] += rows
        self._file_rows.setdefault(file, Counter())[table] += rows

    def _make_columns(self, table: str, raw: _Raw, names: Iterable[str]) -> dict[str, str]:
        """The raw table's name of each column, made where it is new."""
        found, new = {}, []
        fresh = not raw.known and not raw.unknown
        for name in names:
            if name in TABLES[table].by_name and name not in _ENGINE_ONLY:
                found[name] = name
                if name not in raw.known:
                    raw.known.add(name)
                    new.append(name)
            else:
                if name not in raw.unknown:
                    raw.unknown[name] = f"x{len(raw.unknown)}"
                    new.append(raw.unknown[name])
                found[name] = raw.unknown[name]
        if fresh:
            columns = PLACE | {_q(n): "VARCHAR" for n in new}
            cells = ", ".join(f"{n} {t}" for n, t in columns.items())
            self._con.execute(f'CREATE TABLE "raw_{table}" ({cells})')
        else:
            for name in new:
                self._con.execute(f'ALTER TABLE "raw_{table}" ADD COLUMN {_q(name)} VARCHAR')
        return found

    def _flush_rejects(self) -> None:
        if self._rejects:
            columns = zip(*self._rejects, strict=True)
            names = zip(REJECTS_COLUMNS, columns, strict=True)
            batch = pa.table({n: pa.array([_storable(v) for v in c]) for n, c in names})
            self._con.register("reject_batch", batch)
            self._con.execute("INSERT INTO rejects SELECT * FROM reject_batch")
            self._con.unregister("reject_batch")
            self._rejects.clear()

    def _type(self, table: Table) -> None:
        """Text to typed cells with their key; rows with a wrong cell to the rejects."""
        raw = self._raw[table.name]
        present = [c for c in table.columns if c.name in raw.known]
        extra = {n: f'"{c}"' for n, c in sorted(raw.unknown.items())}
        place, source = ", ".join(PLACE), f'"raw_{table.name}"'
        typed = [
            f"{typed_sql(c, _q(c.name), timezone=self._timezone, dataset=self._dataset)}"
            f' AS "t_{c.name}"'
            for c in present
        ]
        found = checks(
            table,
            raw.known | set(raw.unknown),
            {c.name: _q(c.name) for c in present},
            {c.name: _q("t_" + c.name) for c in present},
        )
        bad, field_, code, reason = problem_sql(found, table)
        values = " ".join(f"WHEN {i} THEN {c.value}" for i, c in enumerate(found))
        shown = f"left(CASE _bad {values} END, {VALUE_SHOWN})" if found else "NULL"
        cells = [
            self._cell(table, c.name, raw, extra) for c in table.columns if c.name != "row_key"
        ]
        keys = canonical_sql(table, extra=extra, only=raw.known)
        self._con.execute(
            f"CREATE TABLE {staged(table.name)} AS "
            f"WITH t AS (SELECT *{''.join(', ' + s for s in typed)} FROM {source}), "
            f"b AS (SELECT *, {bad} AS _bad FROM t), "
            f"v AS (SELECT {', '.join([place, *cells, *extra.values()])}, _bad, "
            f"{field_} AS _field, {code} AS _code, {shown} AS _value, {reason} AS _reason FROM b) "
            f"SELECT * EXCLUDE (_bad, _field, _code, _value, _reason"
            f"{''.join(', ' + sql for sql in extra.values())}), "
            f"CASE WHEN _bad IS NULL THEN {row_key_sql(keys)} END AS row_key, "
            f"CASE WHEN _bad IS NOT NULL THEN {{'field': _field, 'code': _code, "
            f"'value': _value, 'reason': _field || ' ' || _reason}} END AS _bad FROM v"
        )
        self._con.execute(f'DROP TABLE "raw_{table.name}"')
        self._rejected[table.name] += references.put_aside(
            self._con,
            table,
            f"SELECT rowid AS r, _bad.field AS field, _bad.code AS code, _bad.value AS value, "
            f"_bad.reason AS reason FROM {staged(table.name)} WHERE _bad IS NOT NULL",
        )

    def _cell(self, table: Table, name: str, raw: _Raw, extra: dict[str, str]) -> str:
        column = table.by_name[name]
        if name == "dataset":
            return f"{quote(self._dataset)} AS dataset"
        if name == "extra" and extra:
            pairs = ", ".join(
                f"{quote(_json(n) + ':')} || to_json({sql})::VARCHAR" for n, sql in extra.items()
            )
            return f"'{{' || nullif(concat_ws(',', {pairs}), '') || '}}' AS extra"
        if name == "listed":
            given = '"t_listed"' if name in raw.known else "NULL"
            return f"coalesce({given}, true) AS listed"
        if name in raw.known:
            return f'"t_{name}" AS "{name}"'
        return f'NULL::{column.sql_type} AS "{name}"'

    def _repeats(self, table: Table) -> None:
        """Identical repeats once; rows that contradict each other under one key not at all."""
        here = staged(table.name)
        again = (
            f"DELETE FROM {here} WHERE rowid IN (SELECT r FROM (SELECT rowid AS r, row_number() "
            "OVER (PARTITION BY {by} ORDER BY {order}) AS n FROM {some}) WHERE n > 1)"
        )
        place = "_file, _line, _pointer"
        some = (
            f"{here} SEMI JOIN (SELECT row_key FROM {here} GROUP BY row_key "
            "HAVING count(*) > 1) d USING (row_key)"
        )
        doubles = f"SELECT 1 FROM {here} GROUP BY row_key HAVING count(*) > 1 LIMIT 1"
        if self._con.execute(doubles).fetchone():
            self._repeated[table.name] += _changed(
                self._con, again.format(by="row_key", order=place, some=_with_rowid(some, here))
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
        self._repeated[table.name] += _changed(
            self._con, again.format(by=keys, order="row_key", some=here)
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
            if name in TABLES and (name in self._raw or self._stubs[name]):
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


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


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


def _with_rowid(some: str, here: str) -> str:
    return some.replace(here, f"(SELECT rowid, row_key, _file, _line, _pointer FROM {here})", 1)
