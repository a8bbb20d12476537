"""What careers say about who may know whom: officials, and people behind companies.

Only pairs that matter are compared: somebody in office at a body, and an owner or officer, of
the same days, of a company that won there. Pairs with a recorded tie are left out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from graphgov.network.terms import TERMS_CTE
from graphgov.network.ties import CONFIDENCE, FADE_DAYS, specificity
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import FAR

# Base weights of the catalogue's E.0, by definition; definitions are never merged into one.
BASE: Mapping[str, float] = MappingProxyType(
    {"class": 0.6, "unit": 0.5, "cohort": 0.35, "organisation": 0.3, "hometown": 0.25}
)
_WORK = frozenset({"unit", "organisation"})


class Common(NamedTuple):
    """One thing an official and a holder have in common.

    Args:
        weight: In (0, 1), by definition, rarity and confidence; work fades after its end.
        kind: A key of `BASE`.
        place: Where it was.
        table: Where the two rows stand.
        rows: Row keys of the official's and the holder's row.
    """

    weight: float
    kind: str
    place: str
    table: str
    rows: tuple[str, str]


class Meeting(NamedTuple):
    """An official and somebody behind a company that won at the official's body.

    Args:
        person: Index of the official.
        holder: Index of the other.
        company: Index of the company.
        role: Role in `officers`, or `owner`.
        stake: Table of the stake, `officers` or `ownership`.
        stake_key: Row there.
        since: First day of the stake, days since 1970.
        until: Last day.
        first: First award while both held.
    """

    person: int
    holder: int
    company: int
    role: str
    stake: str
    stake_key: str
    since: int
    until: int
    first: int


def careers(
    snap: Snapshot, *, wins: int, cohort_years: int, overlap_days: int
) -> dict[Meeting, list[Common]]:
    """What each two who matter have in common, strongest first.

    Args:
        snap: Where to look.
        wins: Awards that the company must have won while both held.
        cohort_years: Years between entries into the same school at most.
        overlap_days: Days together at the same place of work at least.
    """
    given = {"far": FAR, "wins": wins, "years": cohort_years, "overlap": overlap_days}
    rows = snap.sql(TERMS_CTE + _SQL.format(**given)).to_pylist()
    found: dict[Meeting, list[Common]] = {}
    for row in rows:
        meeting = Meeting(**{name: row[name] for name in Meeting._fields})
        weight = BASE[row["kind"]] * CONFIDENCE[2]
        weight *= float(specificity(row["sharing"], row["population"]))
        if row["kind"] in _WORK:
            weight *= float(np.exp(-max(0, row["first"] - row["ended"]) / FADE_DAYS))
        place = Common(
            weight, row["kind"], row["place"], row["source"], (row["key_a"], row["key_b"])
        )
        found.setdefault(meeting, []).append(place)
    return {key: _by_kind(places) for key, places in sorted(found.items())}


def _by_kind(places: list[Common]) -> list[Common]:
    """The strongest of each definition."""
    best: dict[str, Common] = {}
    for place in sorted(places, key=lambda c: (-c.weight, c.kind, c.place, c.rows)):
        best.setdefault(place.kind, place)
    return list(best.values())


# A place shared by all is compared with itself only through the pairs that matter.
_SQL = """,
c AS (SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies),
s AS (
    SELECT p.person, kind, lower(trim(organisation)) AS org, trim(organisation) AS place,
        lower(trim(unit)) AS unit, lower(trim(subject)) AS subject, year(started_on) AS entry,
        date_diff('day', DATE '1970-01-01', started_on) AS since,
        coalesce(date_diff('day', DATE '1970-01-01', ended_on), {far}) AS until, s.row_key
    FROM spells s JOIN p USING (person_id)
),
town AS (
    SELECT p.person, lower(trim(hometown)) AS town, trim(hometown) AS place, row_key
    FROM people JOIN p USING (person_id) WHERE trim(hometown) <> ''
),
known AS (SELECT DISTINCT person FROM s UNION SELECT person FROM town),
roles AS (
    SELECT person_id, company_id, coalesce(role, 'officer') AS role, 'officers' AS stake,
        row_key AS stake_key, started_on, ended_on FROM officers
    UNION ALL
    SELECT owner_id, company_id, 'owner', 'ownership', row_key, started_on, ended_on
    FROM ownership WHERE owner_kind = 'person'
),
held AS (
    SELECT p.person AS holder, c.company, r.role, stake, stake_key,
        coalesce(date_diff('day', DATE '1970-01-01', started_on), -{far})::INTEGER AS since,
        coalesce(date_diff('day', DATE '1970-01-01', ended_on), {far})::INTEGER AS until
    FROM roles r JOIN p USING (person_id) JOIN c USING (company_id)
    SEMI JOIN known ON known.person = p.person
),
won AS (
    SELECT b.body, c.company, date_diff('day', DATE '1970-01-01', awarded_on) AS day
    FROM wins w JOIN b ON b.body_id = w.buyer_id JOIN c USING (company_id)
    SEMI JOIN held ON held.company = c.company
),
office AS (SELECT person, body, since, until FROM term SEMI JOIN known USING (person)),
met AS (
    SELECT o.person, h.holder, h.company, h.role, h.stake, h.stake_key, h.since, h.until,
        min(won.day)::INTEGER AS first
    FROM won JOIN office o ON o.body = won.body AND won.day BETWEEN o.since AND o.until
    JOIN held h ON h.company = won.company AND won.day BETWEEN h.since AND h.until
    WHERE h.holder <> o.person GROUP BY ALL HAVING count(*) >= {wins}
),
tie AS (
    SELECT a.person AS one, z.person AS other FROM ties t
    JOIN p a ON a.person_id = t.person_a JOIN p z ON z.person_id = t.person_b
),
pair AS (
    SELECT * FROM met ANTI JOIN tie x ON x.one = met.person AND x.other = met.holder
        ANTI JOIN tie y ON y.other = met.person AND y.one = met.holder
),
class AS (SELECT org, subject, entry, count(DISTINCT person) AS n FROM s
    WHERE kind = 'study' GROUP BY ALL),
entry AS (SELECT org, entry, count(DISTINCT person) AS n FROM s WHERE kind = 'study' GROUP BY ALL),
cohort AS (
    SELECT e.org, e.entry, sum(f.n) AS n FROM entry e JOIN entry f
        ON f.org = e.org AND f.entry BETWEEN e.entry - {years} AND e.entry + {years} GROUP BY ALL
),
unit AS (SELECT org, unit, count(DISTINCT person) AS n FROM s WHERE kind = 'work' GROUP BY ALL),
work AS (SELECT org, count(DISTINCT person) AS n FROM s WHERE kind = 'work' GROUP BY ALL),
towns AS (SELECT town, count(*) AS n FROM town GROUP BY ALL),
size AS (
    SELECT (SELECT count(DISTINCT person) FROM s WHERE kind = 'study') AS study,
        (SELECT count(DISTINCT person) FROM s WHERE kind = 'work') AS work,
        (SELECT count(*) FROM town) AS town
),
both_ AS (
    SELECT pair.*, o.kind AS spell, o.org, o.place, o.unit, o.subject, o.entry,
        o.unit = h.unit AS one_unit, o.subject = h.subject AS one_subject,
        abs(o.entry - h.entry) AS apart, greatest(o.since, h.since) AS begun,
        least(o.until, h.until)::INTEGER AS ended, o.row_key AS key_a, h.row_key AS key_b
    FROM pair JOIN s o ON o.person = pair.person
    JOIN s h ON h.person = pair.holder AND h.org = o.org AND h.kind = o.kind
    WHERE greatest(o.since, h.since) <= pair.first
),
common AS (
    SELECT b.*, 'class' AS what, n AS sharing, study AS population FROM both_ b, size
    JOIN class k ON k.org = b.org AND k.subject = b.subject AND k.entry = b.entry
    WHERE spell = 'study' AND one_subject AND apart = 0
    UNION ALL
    SELECT b.*, 'cohort', n, study FROM both_ b, size
    JOIN cohort k ON k.org = b.org AND k.entry = b.entry
    WHERE spell = 'study' AND apart <= {years}
    UNION ALL
    SELECT b.*, 'unit', n, work FROM both_ b, size JOIN unit k ON k.org = b.org AND k.unit = b.unit
    WHERE spell = 'work' AND one_unit AND least(ended, first) - begun >= {overlap}
    UNION ALL
    SELECT b.*, 'organisation', n, work FROM both_ b, size JOIN work k ON k.org = b.org
    WHERE spell = 'work' AND least(ended, first) - begun >= {overlap}
)
SELECT person::INTEGER AS person, holder::INTEGER AS holder, company::INTEGER AS company, role,
    stake, stake_key, since, until, first, what AS kind, place, ended, sharing::BIGINT AS sharing,
    population, 'spells' AS source, key_a, key_b
FROM common
UNION ALL
SELECT pair.person::INTEGER, holder::INTEGER, company::INTEGER, role, stake, stake_key, since,
    until, first, 'hometown', o.place, 0, n, size.town, 'people', o.row_key, h.row_key
FROM pair JOIN town o ON o.person = pair.person
JOIN town h ON h.person = pair.holder AND h.town = o.town JOIN towns t ON t.town = o.town, size
ORDER BY ALL
"""
