"""Days on which an official stood aside: what was decided then is nobody's favour."""

from dataclasses import dataclass

import numpy as np

from graphgov.network.favour import Queries
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import I32, I64

# An event is an award to a company, or a contest it lost. A recusal that names an award covers
# those who lost the same tender as well: to drop wins alone would find a lack of them. Queries
# know days only, so a day is dropped where the official stood aside from all events of the
# company at the body that day.
_SQL = """
WITH p AS (SELECT person_id, row_number() OVER (ORDER BY person_id) - 1 AS person FROM people),
b AS (SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies),
c AS (SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies),
aside AS (SELECT DISTINCT person_id, award_id, tender_id FROM decisions WHERE recused),
event AS (
    SELECT buyer_id, company_id, awarded_on, award_id, tender_id, '' AS lot FROM wins
    UNION ALL
    SELECT buyer_id, company_id, awarded_on, NULL, tender_id, lot FROM contests WHERE NOT won
),
excused AS (
    SELECT a.person_id, e.* FROM aside a JOIN event e ON e.award_id = a.award_id
    UNION
    SELECT a.person_id, e.* FROM aside a JOIN event e ON e.tender_id = a.tender_id
    WHERE a.award_id IS NULL
    UNION
    SELECT a.person_id, e.* FROM aside a JOIN wins w ON w.award_id = a.award_id
    JOIN event e ON e.tender_id = w.tender_id AND e.award_id IS NULL
),
seen AS (
    SELECT person_id, buyer_id, company_id, awarded_on, count(*) AS n FROM excused GROUP BY ALL
),
whole AS (
    SELECT buyer_id, company_id, awarded_on, count(*) AS n
    FROM event SEMI JOIN seen USING (buyer_id, company_id, awarded_on) GROUP BY ALL
)
SELECT p.person::INTEGER AS person, b.body::INTEGER AS body, c.company::INTEGER AS company,
    date_diff('day', DATE '1970-01-01', awarded_on)::INTEGER AS day
FROM seen JOIN whole USING (buyer_id, company_id, awarded_on, n)
JOIN p USING (person_id) JOIN b ON b.body_id = seen.buyer_id JOIN c USING (company_id)
ORDER BY person, body, company, day
"""


@dataclass(frozen=True, eq=False)
class Recusals:
    """Days on which a person stood aside from all that concerned a company at a body.

    Args:
        key: One number per person, body and company, ascending.
        begins: Where the days of each key begin, and the end.
        day: Days since 1970, ascending within a key.
    """

    key: I64
    begins: I64
    day: I32
    bodies: int
    companies: int

    def keys(self, person: I32, body: I32, company: I32) -> I64:
        """The numbers of some triples."""
        pair = person.astype(np.int64) * self.bodies + body
        return np.asarray(pair * self.companies + company)


def recusals(snap: Snapshot) -> Recusals:
    """Who stood aside when; read once per snapshot."""
    return snap.memo("network.recusals", lambda: _read(snap))


def _read(snap: Snapshot) -> Recusals:
    bodies, companies = max(snap.subjects("body"), 1), max(snap.subjects("company"), 1)
    none = np.zeros(0, np.int32)
    found = Recusals(np.zeros(0, np.int64), np.zeros(1, np.int64), none, bodies, companies)
    if not snap.has("decisions.recused"):
        return found
    rows = snap.sql(_SQL)
    person, body, company, day = (
        rows[name].to_numpy().astype(np.int32) for name in ("person", "body", "company", "day")
    )
    key, first = np.unique(found.keys(person, body, company), return_index=True)
    return Recusals(key, np.append(first, day.size).astype(np.int64), day, bodies, companies)


def without_recused(snap: Snapshot, queries: Queries) -> Queries:
    """The same spans less the days on which their person stood aside.

    A span falls into the pieces between such days; a group may be left without any span.

    Args:
        snap: Where recusals are recorded.
        queries: Spans of officials with companies.
    """
    known = recusals(snap)
    if not known.key.size or not queries.group.size:
        return queries
    wanted = known.keys(queries.person[queries.group], queries.body, queries.company)
    at = np.minimum(np.searchsorted(known.key, wanted), known.key.size - 1)
    touched = np.flatnonzero(known.key[at] == wanted)
    span, start, end = [], [], []
    for i in touched.tolist():
        begin = int(queries.start[i])
        days = known.day[known.begins[at[i]] : known.begins[at[i] + 1]]
        days = days[(days >= begin) & (days <= queries.end[i])]
        for day in [*days.tolist(), int(queries.end[i]) + 1]:
            if begin < day:
                span.append(i)
                start.append(begin)
                end.append(day - 1)
            begin = day + 1
    kept = np.delete(np.arange(queries.group.size), touched)
    rows = np.concatenate([kept, np.array(span, dtype=np.int64)])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    starts = np.concatenate([queries.start[kept], np.array(start, dtype=np.int32)])[order]
    ends = np.concatenate([queries.end[kept], np.array(end, dtype=np.int32)])[order]
    return Queries(
        queries.group[rows],
        queries.person,
        queries.firm,
        queries.body[rows],
        queries.company[rows],
        starts.astype(np.int32),
        ends.astype(np.int32),
    )
