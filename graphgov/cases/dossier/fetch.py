"""The rows that the dossiers of some cases need, read from the snapshot in a dozen statements.

Ids come from strangers: they travel as one JSON literal per statement, never as SQL.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from graphgov.schema import TABLES, Case, Flag
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
MOST_EVIDENCE = 300  # rows per flag; the rest stays in flags.csv and is counted
_LINKS = ("ties", "ownership", "officers", "offices", "decisions")


@dataclass(frozen=True)
class Ids:
    """What some cases are about."""

    bodies: frozenset[str]
    people: frozenset[str]
    companies: frozenset[str]


@dataclass(frozen=True)
class Gathered:
    """Everything the dossiers of a run are made from; every row is JSON-clean.

    Args:
        evidence: Cited rows by (table, row_key).
        links: Rows of the edge tables that touch a case, by table.
        wins: Awards of a case's companies at a case's bodies, and cited awards.
        supplied: What each supplier got from each body of a case, per currency.
        earned: What each company of a case got from each buyer, per currency.
        contests: Lots in which the companies of a case competed.
        cards: What is known about a body, person or company, by (kind, id).
    """

    evidence: Mapping[tuple[str, str], Row]
    links: Mapping[str, Sequence[Row]]
    wins: Sequence[Row]
    supplied: Sequence[Row]
    earned: Sequence[Row]
    contests: Sequence[Row]
    cards: Mapping[tuple[str, str], Row]


def clean(value: object) -> object:
    """A cell as JSON holds it: dates as ISO 8601, money as text with its decimals."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float):
        return round(value, 9)
    return value


def rows(snap: Snapshot, statement: str) -> list[Row]:
    """The rows of a statement, JSON-clean."""
    return [{k: clean(v) for k, v in row.items()} for row in snap.sql(statement).to_pylist()]


def literal(values: Iterable[str]) -> str:
    """A subquery of distinct texts; control characters and surrogates are JSON escapes."""
    text = json.dumps(sorted(set(values))).replace("'", "''")
    return f"(SELECT unnest(from_json('{text}', '[\"VARCHAR\"]')))"


def pairs(values: Iterable[tuple[str, str]]) -> str:
    """A subquery of distinct pairs with columns `a` and `b`."""
    text = json.dumps([{"a": a, "b": b} for a, b in sorted(set(values))]).replace("'", "''")
    shape = '[{"a":"VARCHAR","b":"VARCHAR"}]'
    return f"(SELECT p.a AS a, p.b AS b FROM (SELECT unnest(from_json('{text}', '{shape}')) AS p))"


def cited(flags: Iterable[Flag], snap: Snapshot) -> dict[tuple[str, str], Row]:
    """The input rows that flags rest on, by (table, row_key)."""
    keys: dict[str, set[str]] = defaultdict(set)
    for flag in flags:
        for item in flag.evidence[:MOST_EVIDENCE]:
            if item.table in TABLES:
                keys[item.table].add(item.key)
    found = {}
    for table, wanted in sorted(keys.items()):
        for row in rows(snap, f'SELECT * FROM "{table}" WHERE row_key IN {literal(wanted)}'):
            found[(table, row["row_key"])] = row
    return found


def case_ids(case: Case, flags: Sequence[Flag], evidence: Mapping[tuple[str, str], Row]) -> Ids:
    """The bodies, people and companies of a case, with those its chains pass through."""
    found: dict[str, set[str]] = {"body": set(), "person": set(), "company": set()}
    for member in case.members:
        if member.kind in found:
            found[member.kind].add(member.id)
    for flag in flags:
        for item in flag.evidence[:MOST_EVIDENCE]:
            row = evidence.get((item.table, item.key))
            if row is not None and item.table in _LINKS:
                for kind, key in ends(item.table, row):
                    if kind in found:
                        found[kind].add(key)
    return Ids(*(frozenset(found[k]) for k in ("body", "person", "company")))


def ends(table: str, row: Row) -> list[tuple[str, str]]:
    """The two things that a row of an edge table joins, as (kind, id)."""
    if table == "ties":
        return [("person", row["person_a"]), ("person", row["person_b"])]
    if table == "ownership":
        return [(row["owner_kind"], row["owner_id"]), ("company", row["company_id"])]
    if table == "officers":
        return [("person", row["person_id"]), ("company", row["company_id"])]
    if table == "offices":
        return [("person", row["person_id"]), ("body", row["body_id"])]
    if table == "decisions":
        about = ("award", row["award_id"]) if row["award_id"] else ("tender", row["tender_id"])
        return [("person", row["person_id"]), about]
    if table == "awards":
        return [("body", row["buyer_id"]), ("company", row["company_id"])]
    if table == "bids":
        return [("company", row["company_id"]), ("tender", row["tender_id"])]
    return []


def gather(
    snap: Snapshot, cases: Sequence[Case], flags: Mapping[str, Flag]
) -> tuple[Gathered, list[Ids]]:
    """All rows for some cases, and what each of them is about."""
    own = [[flags[f] for f in case.flag_ids if f in flags] for case in cases]
    evidence = cited((f for some in own for f in some), snap)
    ids = [case_ids(c, some, evidence) for c, some in zip(cases, own, strict=True)]
    bodies = frozenset().union(*(i.bodies for i in ids))
    people = frozenset().union(*(i.people for i in ids))
    companies = frozenset().union(*(i.companies for i in ids))
    wins = _wins(snap, ids, evidence)
    links = _links(snap, people, companies)
    links["decisions"] = _decisions(snap, wins)
    everyone = set(people) | {r["person_id"] for t in ("officers", "decisions") for r in links[t]}
    everyone |= {r["owner_id"] for r in links["ownership"] if r["owner_kind"] == "person"}
    links["ties"] = _within(snap, everyone)
    links["offices"] = rows(
        snap,
        f"SELECT * FROM offices WHERE person_id IN {literal(everyone)} "
        f"ORDER BY person_id, started_on, body_id, row_key",
    )
    supplied = _totals(snap, "buyer_id", bodies)
    known = {
        "body": set(bodies) | {r["body_id"] for r in links["offices"]},
        "person": everyone,
        "company": set(companies)
        | {r["company_id"] for t in ("officers", "ownership") for r in links[t]}
        | {r["owner_id"] for r in links["ownership"] if r["owner_kind"] == "company"},
    }
    found = Gathered(
        evidence=evidence,
        links=links,
        wins=wins,
        supplied=supplied,
        earned=_totals(snap, "company_id", companies),
        contests=_contests(snap, frozenset().union(*(i.companies for i in _rings(cases, ids)))),
        cards=_cards(snap, known),
    )
    return found, ids


def _rings(cases: Sequence[Case], ids: Sequence[Ids]) -> list[Ids]:
    empty = Ids(frozenset(), frozenset(), frozenset())
    return [i if is_ring(c) else empty for c, i in zip(cases, ids, strict=True)] or [empty]


def is_ring(case: Case) -> bool:
    """Whether a case is about companies among themselves."""
    companies = sum(m.kind == "company" for m in case.members)
    people = sum(m.kind == "person" for m in case.members)
    return companies >= 2 and (case.kind == "collusion" or not people) and companies > people


_WON = """SELECT w.*, t.row_key AS tender_key,
        coalesce(w.bidders, n.bidders) AS bid_count, t.title AS tender_title
    FROM wins w LEFT JOIN tenders t ON t.tender_id = w.tender_id
    LEFT JOIN (SELECT tender_id, count(DISTINCT company_id) AS bidders FROM bids
        WHERE coalesce(status, '') NOT IN ('invited', 'withdrawn') GROUP BY tender_id) n
        ON n.tender_id = w.tender_id"""


def _wins(snap: Snapshot, ids: Sequence[Ids], evidence: Mapping[tuple[str, str], Row]) -> list[Row]:
    wanted = {(b, c) for i in ids for b in i.bodies for c in i.companies}
    awards = {r["award_id"] for (t, _), r in evidence.items() if t in ("awards", "contracts")}
    tenders = {r["tender_id"] for (t, _), r in evidence.items() if t in ("tenders", "bids")}
    return rows(
        snap,
        f"WITH won AS ({_WON}) SELECT * FROM won WHERE (buyer_id, company_id) IN "
        f"(SELECT (a, b) FROM {pairs(wanted)}) OR award_id IN {literal(awards)} "
        f"OR tender_id IN {literal(tenders)} ORDER BY awarded_on, award_id, company_id",
    )


def _links(
    snap: Snapshot, people: frozenset[str], companies: frozenset[str]
) -> dict[str, list[Row]]:
    firms, persons = literal(companies), literal(people)
    return {
        "ownership": rows(
            snap,
            f"SELECT * FROM ownership WHERE company_id IN {firms} "
            f"OR (owner_kind = 'person' AND owner_id IN {persons}) "
            f"OR (owner_kind = 'company' AND owner_id IN {firms}) "
            "ORDER BY company_id, owner_id, row_key",
        ),
        "officers": rows(
            snap,
            f"SELECT * FROM officers WHERE company_id IN {firms} OR person_id IN {persons} "
            "ORDER BY company_id, person_id, row_key",
        ),
    }


def _within(snap: Snapshot, people: set[str]) -> list[Row]:
    some = literal(people)
    return rows(
        snap,
        f"SELECT * FROM ties WHERE person_a IN {some} AND person_b IN {some} "
        "ORDER BY person_a, person_b, row_key",
    )


def _decisions(snap: Snapshot, wins: Sequence[Row]) -> list[Row]:
    awards = {r["award_id"] for r in wins}
    tenders = {r["tender_id"] for r in wins if r["tender_id"]}
    return rows(
        snap,
        f"SELECT * FROM decisions WHERE award_id IN {literal(awards)} "
        f"OR tender_id IN {literal(tenders)} ORDER BY person_id, decided_on, row_key",
    )


def _totals(snap: Snapshot, column: str, ids: frozenset[str]) -> list[Row]:
    return rows(
        snap,
        f"WITH won AS ({_WON} WHERE w.{column} IN {literal(ids)}) "
        "SELECT buyer_id, company_id, coalesce(currency, '') AS currency, "
        "count(DISTINCT award_id) AS awards, sum(amount) AS amount, "
        "coalesce(sum(amount) FILTER (bid_count = 1), 0)::DECIMAL(38,4) AS single_amount, "
        "count(DISTINCT award_id) FILTER (bid_count = 1) AS single, "
        "count(DISTINCT award_id) FILTER (bid_count IS NOT NULL) AS counted, "
        "count(DISTINCT award_id) FILTER (members > 1) AS joint, "
        "min(awarded_on) AS first_on, max(awarded_on) AS last_on "
        "FROM won GROUP BY ALL ORDER BY buyer_id, company_id, currency",
    )


def _contests(snap: Snapshot, companies: frozenset[str]) -> list[Row]:
    return rows(
        snap,
        "SELECT tender_id, lot, company_id, won, amount, currency, buyer_id, awarded_on, "
        "competitors, bid_row_key FROM contests "
        f"WHERE company_id IN {literal(companies)} ORDER BY awarded_on, tender_id, lot, company_id",
    )


_CARD_COLUMNS = {
    "body": "kind, region, jurisdiction, parent_id, address, phone",
    "person": "birth_year, hometown, address, phone",
    "company": "region, founded_on, dissolved_on, registered, legal_form, industry, "
    "registered_capital, currency, employees, address, phone, state_owned",
}
_TABLE_OF = {"body": "bodies", "person": "people", "company": "companies"}


def _cards(snap: Snapshot, known: Mapping[str, set[str]]) -> dict[tuple[str, str], Row]:
    found = {}
    for kind, ids in known.items():
        columns = _CARD_COLUMNS[kind]
        for row in rows(
            snap,
            f"SELECT {kind}_id AS id, {columns}, listed, row_key FROM {_TABLE_OF[kind]} "
            f"WHERE {kind}_id IN {literal(ids)} ORDER BY id",
        ):
            found[(kind, row.pop("id"))] = {k: v for k, v in row.items() if v is not None}
    return found
