"""Snapshot: what analysis reads. Ibis tables as of a date, read-only.

It is taken from `Tables`, whether those came from files or from what a store gave back.
Judgements about identity and masking are applied here, so that nothing to the right of the
snapshot can forget them. Besides the input tables it holds two derived ones:

`wins`
    One row per company and active award: what was bought, by whom, when, from whom, with
    amounts converted where there are rates, and method, category and region filled in from
    the tender or the buyer.
`contests`
    One row per company and lot (or tender, where lots cannot be told apart) that it competed
    in, winners included, with the number of competitors. What nobody wrote down of the tender
    is taken from its award.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import RLock
from types import MappingProxyType
from typing import Any, TypeVar

import ibis
import pyarrow as pa

from graphgov.config import Config
from graphgov.identity import aliases
from graphgov.schema import REF_KINDS, TABLES, Column, Table, Tables
from graphgov.schema.dataset import Scratch, hide_progress
from graphgov.schema.rowkey import quote

T = TypeVar("T")
KIND_OF_TABLE = {table: kind for kind, table in REF_KINDS.items()}
MASKED_NAME = "(withheld)"
_KEPT_WHEN_MASKED = ("kind", "listed", "certainty", "dataset", "row_key", "state_owned")

_ZONE = "SET TimeZone = 'UTC'"
_MEMORY = "3GB"
_SUBJECT_SQL = {
    "body": "SELECT count(*) FROM bodies",
    "person": "SELECT count(*) FROM people",
    "company": "SELECT count(*) FROM companies",
    "tender": "SELECT count(*) FROM tenders",
    "lot": "SELECT count(*) FROM lots",
    "award": "SELECT count(DISTINCT award_id) FROM awards",
    "contract": "SELECT count(*) FROM contracts",
    "body_company": "SELECT count(*) FROM (SELECT DISTINCT buyer_id, company_id FROM wins)",
    "person_company": "SELECT count(*) FROM (SELECT DISTINCT person_id, company_id FROM officers)",
    "person_body": "SELECT count(*) FROM (SELECT DISTINCT person_id, body_id FROM offices)",
}


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A dataset as of a date.

    Args:
        as_of: Later events, ends and publications are not in it.
        timezone: Zone of every rule about calendar days.
    """

    as_of: date
    timezone: str
    _backend: Any
    _folder: Any  # keeps the temporary folder alive
    _filled: Mapping[str, int]  # "table.column" → cells that hold something
    _memo: dict[str, object] = field(default_factory=dict)
    _locks: dict[str, RLock] = field(default_factory=dict)

    def table(self, name: str) -> ibis.Table:
        """An input table, or one of the derived ones, as an Ibis expression."""
        return self._backend.table(name)

    def arrow(self, expr: ibis.Table) -> pa.Table:
        """The rows of an expression; give it an order if order matters."""
        with self._locks.setdefault("", RLock()):
            return expr.to_pyarrow()

    def sql(self, statement: str, **given: pa.Table) -> pa.Table:
        """The rows of a DuckDB statement, for what Ibis cannot say.

        A cursor of its own lets threads ask side by side; `given` are tables it may name.
        """
        with self._backend.con.cursor() as cursor:
            cursor.execute(_ZONE)  # a cursor does not take over what its connection was told
            hide_progress(cursor)
            for name, rows in given.items():
                cursor.register(name, rows)
            return cursor.execute(statement).to_arrow_table()

    def has(self, column: str) -> bool:
        """Whether `table.column` holds anything (`table.*`: any row)."""
        return self._filled.get(column, 0) > 0

    def filled(self, column: str) -> int:
        """How many cells of `table.column` hold something."""
        return self._filled.get(column, 0)

    def subjects(self, kind: str) -> int:
        """How many subjects of a kind there are; 0 for kinds that are made by detectors."""
        statement = _SUBJECT_SQL.get(kind)
        if statement is None:
            return 0
        return int(self.sql(statement)[0][0].as_py())

    def ids(self, kind: str) -> list[str]:
        """All ids of a kind in byte order; the position of an id is its int32 index."""
        return self.memo(f"ids:{kind}", lambda: self._read_ids(kind))

    def _read_ids(self, kind: str) -> list[str]:
        table = REF_KINDS[kind]
        found: list[str] = self.sql(f"SELECT DISTINCT {kind}_id AS id FROM {table} ORDER BY id")[
            "id"
        ].to_pylist()
        return found

    def name(self, kind: str, key: str) -> str:
        """The name of a body, person or company, or its id where it has none."""
        return self.names().get((kind, key), key)

    def names(self) -> Mapping[tuple[str, str], str]:
        """Names by (kind, id)."""
        return self.memo("names", self._read_names)

    def _read_names(self) -> Mapping[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for kind in ("body", "person", "company"):
            rows = self.sql(f"SELECT {kind}_id AS id, name FROM {REF_KINDS[kind]}")
            pairs = zip(rows["id"].to_pylist(), rows["name"].to_pylist(), strict=True)
            found.update({(kind, key): name for key, name in pairs if name})
        return MappingProxyType(found)

    def memo(self, key: str, make: Callable[[], T]) -> T:
        """A derived value, made once per snapshot; never change what it gives back.

        Threads that ask for it while it is made wait.
        """
        if key not in self._memo:
            with self._locks.setdefault(f"memo:{key}", RLock()):
                if key not in self._memo:
                    self._memo[key] = make()
        return self._memo[key]  # type: ignore[return-value]


def latest_event(tables: Tables) -> date | None:
    """The latest date on which something happened in the data."""
    parts = [
        f'SELECT max("{c.name}")::DATE AS d FROM "{t.name}"'
        for t in TABLES.values()
        for c in t.columns
        if c.event
    ]
    row = tables.con.execute(f"SELECT max(d) FROM ({' UNION ALL '.join(parts)})").fetchone()
    return row[0] if row else None


def take(
    tables: Tables,
    *,
    as_of: date | None = None,
    config: Config | None = None,
    mask_people: bool = False,
) -> Snapshot:
    """The dataset as it was known on a day.

    Args:
        tables: Validated input, or what a store gave back.
        as_of: Day; by default the latest event in the data.
        config: Its timezone is used.
        mask_people: Replace every person's id and name by a pseudonym.
    """
    config = config or Config()
    day = as_of or latest_event(tables) or date(1970, 1, 1)
    folder = Scratch("snapshot")
    path = folder.path / "snapshot.duckdb"
    con = tables.con
    con.execute(f"ATTACH {quote(str(path))} AS snap")
    bound = con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    con.execute(f"SET memory_limit = '{_MEMORY}'")  # joins that spill are slow
    try:
        con.register("alias_rows", aliases(tables, mask_people=mask_people))
        con.execute("CREATE TEMP TABLE aliases AS SELECT * FROM alias_rows")
        renamed = {r[0] for r in con.execute("SELECT DISTINCT kind FROM aliases").fetchall()}
        whole: set[str] = set()
        for table in _parents_first():
            con.execute(_copy_sql(table, day, renamed, whole))
            counted = [f'SELECT count(*) FROM {place}"{table.name}"' for place in ("", "snap.")]
            if len({con.execute(c).fetchone() for c in counted}) == 1:
                whole.add(table.name)
        for statement in _DERIVED:
            con.execute(statement)
        con.execute("DROP TABLE aliases")
        con.unregister("alias_rows")
    finally:
        con.execute("DETACH snap")
        con.execute(f"SET memory_limit = '{bound}'")
    backend = ibis.duckdb.connect(
        path, read_only=True, memory_limit=_MEMORY, threads=2, temp_directory=str(folder.path)
    )
    backend.raw_sql(_ZONE)
    hide_progress(backend.con)
    return Snapshot(day, config.timezone, backend, folder, _count_filled(backend))


def _parents_first() -> list[Table]:
    first = ("bodies", "people", "companies", "tenders", "awards", "contracts")
    return [TABLES[n] for n in first] + [t for n, t in TABLES.items() if n not in first]


def _kind(table: Table, column: Column) -> str:
    """The kind of thing an id column names, or the SQL column that says so (`.x`)."""
    if column.ref:
        return KIND_OF_TABLE.get(column.ref, "")
    if column.ref_kind:
        return f".{column.ref_kind}"
    if table.name in KIND_OF_TABLE and table.key[0] == column.name:
        return KIND_OF_TABLE[table.name]
    return ""


def _copy_sql(table: Table, day: date, renamed: set[str], whole: set[str]) -> str:
    """The statement that copies one table as of a day, ids replaced, in content order.

    Args:
        table: Which.
        day: Later events are hidden.
        renamed: Kinds of which some ids are replaced.
        whole: Tables of which nothing is hidden; what refers to them need not be looked up.
    """
    cells, joins, masked = [], [], ""
    for column in table.columns:
        cell = f't."{column.name}"'
        kind = _kind(table, column)
        if renamed and kind and (kind.startswith(".") or kind in renamed):
            alias = f"a_{column.name}"
            said = f't."{kind[1:]}"' if kind.startswith(".") else f"'{kind}'"
            joins.append(
                f"LEFT JOIN aliases {alias} ON {alias}.kind = {said} AND {alias}.id = {cell}"
            )
            if table.name in KIND_OF_TABLE and table.key[0] == column.name:
                masked = alias
            cell = f"coalesce({alias}.new_id, {cell})"
        elif column.event or column.end:
            cell = f"CASE WHEN {cell}::DATE <= DATE '{day}' THEN {cell} END"
        elif column.name == "certainty":
            cell = f"coalesce({cell}, '{table.default_certainty}')"
        dated = (column.event or column.end) and "listed" not in table.by_name
        if masked and not kind and not dated and column.name not in _KEPT_WHEN_MASKED:
            hidden = f"'{MASKED_NAME}'" if column.name == "name" else "NULL"
            cell = f"CASE WHEN {masked}.masked THEN {hidden} ELSE {cell} END"
        cells.append(f'{cell} AS "{column.name}"')
    order = ", ".join(f'"{k}"' for k in (*table.key, "row_key"))
    visible = _visible(table, day, whole)
    # Tables are in content order already; a join or a replaced key would change it.
    kept = all(f't."{k}" AS "{k}"' in cells for k in (*table.key, "row_key"))
    sort = "" if kept and not joins and " IN (" not in visible else f"ORDER BY {order}"
    once = ""
    if masked:  # two ids judged the same leave one row
        listed = "coalesce(t.listed, true) DESC, " if "listed" in table.by_name else ""
        once = (
            f"QUALIFY row_number() OVER (PARTITION BY {cells[0].rsplit(' AS ', 1)[0]} "
            f"ORDER BY {listed}t.row_key) = 1"
        )
        if len(table.key) > 1:
            once = ""
    return (
        f'CREATE TABLE snap."{table.name}" AS SELECT {", ".join(cells)} FROM "{table.name}" t '
        f"{' '.join(joins)} WHERE {visible} {once} {sort}"
    )


def _visible(table: Table, day: date, whole: set[str]) -> str:
    events = [f't."{c.name}"::DATE' for c in table.columns if c.event and not c.end]
    rules = ["true"]
    if events:
        first = events[0] if len(events) == 1 else f"least({', '.join(events)})"
        rules.append(f"coalesce({first}, DATE '{day}') <= DATE '{day}'")
    for column in table.columns:
        hiding = column.ref in ("tenders", "awards", "contracts") and column.ref not in whole
        if column.required and hiding:
            key = TABLES[column.ref].key[0]
            rules.append(f't."{column.name}" IN (SELECT "{key}" FROM snap."{column.ref}")')
    return " AND ".join(rules)


def _count_filled(backend: Any) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for table in TABLES.values():
        names = [c.name for c in table.columns]
        counts = ", ".join(f'count("{n}")' for n in names)
        row = backend.raw_sql(f'SELECT count(*), {counts} FROM "{table.name}"').fetchone()
        found[f"{table.name}.*"] = row[0]
        found.update({f"{table.name}.{n}": k for n, k in zip(names, row[1:], strict=True)})
    return MappingProxyType(found)


_DIVISION = "CASE WHEN regexp_matches({0}, '^[0-9]{{2}}') THEN left({0}, 2) ELSE {0} END"

_DERIVED = (
    # Amounts at the rate of their day: the latest rate not after it.
    """CREATE TEMP TABLE converted AS
    SELECT a.award_id, a.company_id,
        CASE WHEN r.rate IS NULL THEN a.amount
             ELSE round(a.amount::DOUBLE * r.rate, 4)::DECIMAL(38,4) END AS amount,
        coalesce(r.base, a.currency, '') AS currency
    FROM snap.awards a
    ASOF LEFT JOIN (
        SELECT currency, base, "on", rate FROM snap.rates
        WHERE base = (
            SELECT base FROM snap.rates GROUP BY base ORDER BY count(*) DESC, base LIMIT 1
        )
    ) r ON a.currency = r.currency AND a.awarded_on >= r."on" """,
    f"""CREATE TABLE snap.wins AS
    SELECT a.award_id, a.company_id,
        count(*) OVER (PARTITION BY a.award_id) AS members,
        a.buyer_id, a.tender_id, a.lot_id, a.awarded_on, year(a.awarded_on)::INTEGER AS year,
        c.amount, c.currency,
        coalesce(a.method, t.method) AS method,
        coalesce(a.category, t.category) AS category,
        {_DIVISION.format("coalesce(a.category, t.category)")} AS division,
        coalesce(a.region, t.region, b.region) AS region,
        coalesce(a.title, t.title) AS title,
        b.kind AS body_kind, b.jurisdiction, t.estimated_value, t.bidders, a.row_key
    FROM snap.awards a
    JOIN converted c USING (award_id, company_id)
    LEFT JOIN snap.tenders t ON t.tender_id = a.tender_id
    LEFT JOIN snap.bodies b ON b.body_id = a.buyer_id
    WHERE coalesce(a.status, 'active') = 'active'
    ORDER BY a.award_id, a.company_id""",
    "DROP TABLE converted",
    # Lots are told apart only where every bid and every award of the tender names one.
    """CREATE TEMP TABLE by_lot AS
    SELECT tender_id FROM (
        SELECT tender_id, lot_id IS NOT NULL AND lot_id NOT LIKE '[%' AS one FROM snap.wins
        WHERE tender_id IS NOT NULL
        UNION ALL SELECT tender_id, lot_id IS NOT NULL FROM snap.bids
    ) GROUP BY tender_id HAVING bool_and(one)""",
    f"""CREATE TABLE snap.contests AS
    WITH won AS (
        SELECT w.tender_id, CASE WHEN l.tender_id IS NULL THEN '' ELSE w.lot_id END AS lot,
            w.company_id, min(w.awarded_on) AS awarded_on, min(w.buyer_id) AS buyer_id,
            min(w.method) AS method, min(w.category) AS category, min(w.region) AS region
        FROM snap.wins w LEFT JOIN by_lot l USING (tender_id)
        WHERE w.tender_id IS NOT NULL GROUP BY ALL
    ), bid AS (
        SELECT b.tender_id, CASE WHEN l.tender_id IS NULL THEN '' ELSE b.lot_id END AS lot,
            b.company_id, min(b.amount) AS amount, min(b.currency) AS currency,
            min(b.row_key) AS bid_row_key
        FROM snap.bids b LEFT JOIN by_lot l USING (tender_id)
        WHERE coalesce(b.status, 'valid') IN ('valid', 'pending') GROUP BY ALL
    ), day AS (
        SELECT tender_id, lot, min(awarded_on) AS awarded_on, min(buyer_id) AS buyer_id,
            min(method) AS method, min(category) AS category, min(region) AS region
        FROM won GROUP BY ALL
    )
    SELECT coalesce(bid.tender_id, won.tender_id) AS tender_id,
        coalesce(bid.lot, won.lot) AS lot,
        coalesce(bid.company_id, won.company_id) AS company_id,
        won.company_id IS NOT NULL AS won,
        bid.company_id IS NOT NULL AS has_bid,
        bid.amount, bid.currency, bid.bid_row_key,
        coalesce(t.buyer_id, day.buyer_id) AS buyer_id, day.awarded_on,
        coalesce(t.method, day.method) AS method, coalesce(t.category, day.category) AS category,
        {_DIVISION.format("coalesce(t.category, day.category)")} AS division,
        coalesce(t.region, day.region, b.region) AS region, t.estimated_value,
        count(*) OVER (PARTITION BY coalesce(bid.tender_id, won.tender_id),
            coalesce(bid.lot, won.lot)) AS competitors
    FROM bid FULL JOIN won ON bid.tender_id = won.tender_id AND bid.lot = won.lot
        AND bid.company_id = won.company_id
    JOIN day ON day.tender_id = coalesce(bid.tender_id, won.tender_id)
        AND day.lot = coalesce(bid.lot, won.lot)
    LEFT JOIN snap.tenders t ON t.tender_id = day.tender_id
    LEFT JOIN snap.bodies b ON b.body_id = coalesce(t.buyer_id, day.buyer_id)
    ORDER BY tender_id, lot, company_id""",
    "DROP TABLE by_lot",
)
