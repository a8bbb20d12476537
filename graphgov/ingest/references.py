"""References: every id that a row names exists, as a row, as a stub, or the row is put aside.

- A body or company named by awards, bids, tenders, contracts, subcontracts (or as a parent)
  and not listed becomes a stub: an id with `listed = false`.
- A tender named by awards and not there becomes a stub with the award's buyer.
- Every other end that does not exist makes the row a reject, except a body, person or company
  of which the dataset has no table at all: that becomes a stub.

Tables are visited so that each comes after those it refers to; one pass is the fixed point.
"""

from collections import Counter
from dataclasses import dataclass, field

import duckdb

from graphgov.schema import REF_KINDS, TABLES, Column, Table
from graphgov.schema.rowkey import canonical_sql, quote, row_key_sql

PLACE = {
    "_file": "VARCHAR",
    "_line": "BIGINT",
    "_pointer": "VARCHAR",
    "_bad": "STRUCT(field VARCHAR, code VARCHAR, value VARCHAR, reason VARCHAR)",
}
ORDER = (
    "bodies",
    "people",
    "companies",
    "awards",
    "tenders",
    "lots",
    "bids",
    "contracts",
    "subcontracts",
    "amendments",
    "milestones",
    "payments",
    "items",
    "offices",
    "decisions",
    "ownership",
    "officers",
    "ties",
    "spells",
    "sanctions",
    "disclosures",
    "debts",
)
_NAMING = ("bodies", "awards", "tenders", "bids", "contracts", "subcontracts")
_PARTIES = ("bodies", "people", "companies")


@dataclass
class Found:
    """What resolving did, per table."""

    rejected: Counter[str] = field(default_factory=Counter)
    stubs: Counter[str] = field(default_factory=Counter)


def staged(table: str) -> str:
    """The name of a table while it is being landed."""
    return f'"land_{table}"'


def put_aside(con: duckdb.DuckDBPyConnection, table: Table, rows: str) -> int:
    """Move rows of a staged table to `rejects`; remember the ids that are gone with them.

    Args:
        con: Holds the staged tables.
        table: Whose rows.
        rows: A query of `r` (rowid), `field`, `code`, `value`, `reason`.
    """
    here = staged(table.name)
    con.execute(f"CREATE OR REPLACE TEMP TABLE aside AS {rows}")
    row = con.execute("SELECT count(*) FROM aside").fetchone()
    count = int(row[0]) if row else 0
    if count:
        con.execute(
            f"INSERT INTO rejects SELECT _file, _line, a.field, a.code, a.value, a.reason "
            f"FROM aside a JOIN {here} t ON t.rowid = a.r"
        )
        if table.name in REF_KINDS.values():
            con.execute(
                "CREATE TABLE IF NOT EXISTS gone (name VARCHAR, id VARCHAR);"
                f'INSERT INTO gone SELECT DISTINCT {quote(table.name)}, "{table.key[0]}" '
                f'FROM {here} WHERE rowid IN (SELECT r FROM aside) AND "{table.key[0]}" IS NOT NULL'
            )
        con.execute(f"DELETE FROM {here} WHERE rowid IN (SELECT r FROM aside)")
    return count


def resolve(con: duckdb.DuckDBPyConnection, given: set[str], dataset: str) -> Found:
    """Make every reference of the staged tables hold.

    Args:
        con: Holds the staged tables.
        given: Tables that the input had.
        dataset: Goes into the stubs.
    """
    found = Found()
    there = set(given)
    for name in ORDER:
        if name not in there:
            continue
        for column in TABLES[name].columns:
            for kind, target in _targets(column):
                _resolve(con, TABLES[name], column, kind, target, given, there, dataset, found)
    return found


def _targets(column: Column) -> list[tuple[str, str]]:
    if column.ref:
        return [("", column.ref)]
    if column.ref_kind:
        return sorted(REF_KINDS.items())
    return []


def _resolve(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    column: Column,
    kind: str,
    target: str,
    given: set[str],
    there: set[str],
    dataset: str,
    found: Found,
) -> None:
    here, key = staged(table.name), TABLES[target].key[0]
    where = f't."{column.name}" IS NOT NULL'
    if kind:
        where += f" AND t.\"{column.ref_kind}\" = '{kind}'"
    missing = f"FROM {here} t WHERE {where}"
    if target in there:
        missing += f' AND NOT EXISTS (FROM {staged(target)} o WHERE o."{key}" = t."{column.name}")'
    if not con.execute(f"SELECT 1 {missing} LIMIT 1").fetchone():
        return
    named = table.name in _NAMING and target in ("bodies", "companies")
    if named or (target in _PARTIES and target not in given):
        stub = f'SELECT DISTINCT t."{column.name}" AS "{key}", false AS listed {missing}'
    elif (table.name, target) == ("awards", "tenders"):
        stub = f"SELECT t.tender_id, min(t.buyer_id) AS buyer_id {missing} GROUP BY t.tender_id"
    else:
        gone = f"EXISTS (FROM gone g WHERE g.name = '{target}' AND g.id = t.\"{column.name}\")"
        con.execute("CREATE TABLE IF NOT EXISTS gone (name VARCHAR, id VARCHAR)")
        no_table = "" if target in there else ", and there is no such table"
        found.rejected[table.name] += put_aside(
            con,
            table,
            f"SELECT t.rowid AS r, '{column.name}' AS field, 'unknown_reference' AS code, "
            f"left(t.\"{column.name}\", 200) AS value, '{column.name} is not in {target}' || "
            f"CASE WHEN {gone} THEN ', whose row was rejected itself' "
            f"ELSE {quote(no_table)} END AS reason {missing}",
        )
        return
    if target not in there:
        make(con, TABLES[target])
        there.add(target)
    found.stubs[target] += _add_stubs(con, TABLES[target], stub, dataset)


def make(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make the empty staged table of a table."""
    columns = [f'"{c.name}" {c.sql_type}' for c in table.columns]
    place = [f"{n} {t}" for n, t in PLACE.items()]
    con.execute(f"CREATE TEMP TABLE {staged(table.name)} ({', '.join(place + columns)})")


def _add_stubs(con: duckdb.DuckDBPyConnection, table: Table, stub: str, dataset: str) -> int:
    held = [table.key[0], "buyer_id"] if table.name == "tenders" else [table.key[0]]
    keys = row_key_sql(canonical_sql(table, only=held))
    row = con.execute(
        f"INSERT INTO {staged(table.name)} BY NAME SELECT *, {quote(dataset)} AS dataset, "
        f"{keys} AS row_key FROM ({stub})"
    ).fetchone()
    return int(row[0]) if row else 0
