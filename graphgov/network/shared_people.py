"""People whom two companies share, and close kin at the head of two companies.

A link is in force where both of its ends are: a director who left one company before joining
the other never linked them. An edge without a start is in force from the beginning, but its
link is not `dated` and can carry no legal claim.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.network.ids import I32
from graphgov.network.ties import specificity
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import FAR, I64

F64 = npt.NDArray[np.float64]
BOOL = npt.NDArray[np.bool_]
ROLES = (
    "legal_representative", "actual_controller", "owner", "director", "officer", "manager",
    "supervisor",
)  # fmt: skip
_WEIGHT = (1.0, 1.0, 1.0, 1.0, 0.6, 0.6, 0.6)
KIN = ("spouse", "parent", "child", "sibling", "in_law", "kin")
MAX_COMPANIES = 10  # of one person; who has more is an agent for them
HANDFUL = 5
MIN_SHARE = 0.05  # of a shareholder who links
CONTROL_SHARE = 0.25  # of kin who count as behind a company
COLUMNS = (
    "officers.person_id", "officers.company_id", "officers.role", "officers.started_on",
    "officers.ended_on", "officers.certainty", "ownership.owner_id", "ownership.owner_kind",
    "ownership.company_id", "ownership.share", "ownership.share_max", "ownership.started_on",
    "ownership.ended_on", "ownership.certainty", "people.name",
)  # fmt: skip
KIN_COLUMNS = (
    "ties.person_a", "ties.person_b", "ties.kind", "ties.certainty", "ties.started_on",
    "ties.ended_on",
)  # fmt: skip

_SINCE = f"coalesce(date_diff('day', DATE '1970-01-01', {{0}}), -{FAR})::BIGINT"
_UNTIL = f"coalesce(date_diff('day', DATE '1970-01-01', {{0}}), {FAR})::BIGINT"
_PLACES = ", ".join(f"('{role}', {place})" for place, role in enumerate(ROLES))
_CERTAINTY = "CASE {0} WHEN 'documented' THEN 0 WHEN 'declared' THEN 1 ELSE 2 END"
_POSTS = f"""c AS (
        SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies
    ), p AS (
        SELECT person_id, row_number() OVER (ORDER BY person_id) - 1 AS person FROM people
    ), e AS (
        SELECT person_id, company_id, coalesce(role, 'officer') AS role, started_on, ended_on,
            {_CERTAINTY.format("certainty")} AS certainty, row_key, 1 AS tab
        FROM officers
        UNION ALL
        SELECT owner_id, company_id, 'owner', started_on, ended_on,
            {_CERTAINTY.format("certainty")}, row_key, 2
        FROM ownership WHERE owner_kind = 'person'
            AND coalesce(share, share_max, 1) >= {{least}}
    ), post AS (
        SELECT p.person, c.company, x.place AS role, {_SINCE.format("e.started_on")} AS since,
            {_UNTIL.format("e.ended_on")} AS until, e.certainty, e.row_key, e.tab
        FROM e JOIN c USING (company_id) JOIN p USING (person_id)
        JOIN (VALUES {_PLACES}) x(role, place) ON x.role = e.role
    )"""
_SHARED = f"""WITH {_POSTS}, n AS (
        SELECT person, count(DISTINCT company) AS held FROM post GROUP BY person
        HAVING count(DISTINCT company) BETWEEN 2 AND {{most}}
    )
    SELECT a.company AS a, b.company AS b, a.person AS person_a, a.person AS person_b,
        n.held, a.role AS role_a, b.role AS role_b,
        greatest(a.since, b.since) AS since, least(a.until, b.until) AS until,
        least(a.since, b.since) > -{FAR} AS dated,
        greatest(a.certainty, b.certainty) AS certainty,
        a.row_key AS key_a, b.row_key AS key_b, a.tab AS tab_a, b.tab AS tab_b, '' AS tie,
        '' AS tie_kind
    FROM post a JOIN post b ON a.person = b.person AND a.company < b.company
    JOIN n ON n.person = a.person
    WHERE greatest(a.since, b.since) <= least(a.until, b.until)
    ORDER BY 1, 2, 3, 6, 7, 8, 9, 12, 13"""
_KINDRED = f"""WITH {_POSTS}, n AS (
        SELECT person, count(DISTINCT company) AS held FROM post GROUP BY person
        HAVING count(DISTINCT company) <= {{most}}
    ), head AS (
        SELECT post.*, held FROM post JOIN n USING (person) WHERE role <= 2
    ), t AS (
        SELECT a.person AS one, b.person AS two, t.kind, t.row_key,
            {_SINCE.format("t.started_on")} AS since,
            CASE WHEN t.kind IN ('spouse', 'in_law') THEN {_UNTIL.format("t.ended_on")}
                ELSE {FAR} END AS until,
            {_CERTAINTY.format("t.certainty")} AS certainty
        FROM ties t JOIN p a ON a.person_id = t.person_a JOIN p b ON b.person_id = t.person_b
        WHERE t.kind IN {KIN} AND t.person_a <> t.person_b
    )
    SELECT least(a.company, b.company) AS a, greatest(a.company, b.company) AS b,
        CASE WHEN a.company < b.company THEN a.person ELSE b.person END AS person_a,
        CASE WHEN a.company < b.company THEN b.person ELSE a.person END AS person_b,
        greatest(a.held, b.held) AS held,
        CASE WHEN a.company < b.company THEN a.role ELSE b.role END AS role_a,
        CASE WHEN a.company < b.company THEN b.role ELSE a.role END AS role_b,
        greatest(a.since, b.since, t.since) AS since, least(a.until, b.until, t.until) AS until,
        least(a.since, b.since, t.since) > -{FAR} AS dated,
        greatest(a.certainty, b.certainty, t.certainty) AS certainty,
        CASE WHEN a.company < b.company THEN a.row_key ELSE b.row_key END AS key_a,
        CASE WHEN a.company < b.company THEN b.row_key ELSE a.row_key END AS key_b,
        CASE WHEN a.company < b.company THEN a.tab ELSE b.tab END AS tab_a,
        CASE WHEN a.company < b.company THEN b.tab ELSE a.tab END AS tab_b,
        t.row_key AS tie, t.kind AS tie_kind
    FROM t JOIN head a ON a.person = t.one JOIN head b ON b.person = t.two
    WHERE a.company <> b.company
        AND greatest(a.since, b.since, t.since) <= least(a.until, b.until, t.until)
    ORDER BY 1, 2, 3, 4, 6, 7, 8, 9, 12, 13, 16"""
_WITH_PEOPLE = f"""WITH {_POSTS} SELECT count(DISTINCT company)::BIGINT AS n FROM post"""
_STATED = f"""WITH {_POSTS}
    SELECT company IN (SELECT company FROM post) AS stated FROM c ORDER BY company"""
_TABLES = ("", "officers", "ownership")


@dataclass(frozen=True, eq=False)
class Persons:
    """Links of pairs of companies through people, one row per combination of edges, by pair.

    Args:
        a, b: Codes of the companies, a < b.
        person_a, person_b: Codes of the people; the same one, or kin.
        held: Companies of the person, the larger number of two.
        role_a, role_b: Places in `ROLES`.
        start, end: Days since 1970 on which all of it was in force.
        dated: Every edge says since when.
        certainty: 0 documented, 1 declared, 2 inferred: the weakest link.
        population: Companies of which anybody is known.
        keys: Per row: table and row key of both edges and of the tie.
        tie_kind: Kind of kinship, empty for one person.
    """

    a: I64
    b: I64
    person_a: I64
    person_b: I64
    held: I64
    role_a: I32
    role_b: I32
    start: I64
    end: I64
    dated: BOOL
    certainty: I64
    population: int
    keys: list[tuple[tuple[str, str], ...]]
    tie_kind: list[str]
    stated: BOOL

    @property
    def weight(self) -> F64:
        """What each link is worth: the lesser role's weight times the person's rarity.

        Somebody with a handful of companies is no agent, and counts in full.
        """
        worth = np.array(_WEIGHT)
        role = np.minimum(worth[self.role_a], worth[self.role_b])
        rare = specificity(self.held, float(self.population))
        return np.asarray(role * np.where(self.held <= HANDFUL, 1.0, rare))


def shared_people(snap: Snapshot, max_companies: int = MAX_COMPANIES) -> Persons:
    """People with an office in, or a share of, two companies at once; made once per setting."""
    return snap.memo(
        f"network.people {max_companies}", lambda: _read(snap, _SHARED, max_companies, MIN_SHARE)
    )


def kindred(snap: Snapshot, max_companies: int = MAX_COMPANIES) -> Persons:
    """Close kin of whom each heads, controls or owns a company; made once per setting."""
    return snap.memo(
        f"network.kindred {max_companies}",
        lambda: _read(snap, _KINDRED, max_companies, CONTROL_SHARE),
    )


def _read(snap: Snapshot, statement: str, most: int, least: float) -> Persons:
    def asked(sql: str) -> str:
        return sql.replace("{least}", str(least)).replace("{most}", str(most))

    rows = snap.sql(asked(statement))
    numbers = {
        name: rows[name].to_numpy().astype(np.int64)
        for name in ("a", "b", "person_a", "person_b", "held", "since", "until", "certainty")
    }
    edges = zip(
        *(rows[n].to_pylist() for n in ("tab_a", "key_a", "tab_b", "key_b", "tie")), strict=True
    )
    return Persons(
        a=numbers["a"],
        b=numbers["b"],
        person_a=numbers["person_a"],
        person_b=numbers["person_b"],
        held=np.maximum(numbers["held"], 2),
        role_a=rows["role_a"].to_numpy().astype(np.int32),
        role_b=rows["role_b"].to_numpy().astype(np.int32),
        start=numbers["since"],
        end=numbers["until"],
        dated=rows["dated"].to_numpy(zero_copy_only=False).astype(bool),
        certainty=numbers["certainty"],
        population=int(snap.sql(asked(_WITH_PEOPLE))["n"][0].as_py()),
        keys=[
            tuple(key for key in ((_TABLES[ta], ka), (_TABLES[tb], kb), ("ties", tie)) if key[1])
            for ta, ka, tb, kb, tie in edges
        ],
        tie_kind=rows["tie_kind"].to_pylist(),
        stated=snap.sql(asked(_STATED))["stated"].to_numpy(zero_copy_only=False).astype(bool),
    )
