"""Terms of office: who held a post where and when, as arrays over id indexes."""

from dataclasses import dataclass

import numpy as np

from graphgov.snapshot import Snapshot
from graphgov.stats.spans import FAR, I32

# Roles by how much a holder can steer; an unnamed role counts as a member's.
TERMS_CTE = f"""
WITH p AS (SELECT person_id, row_number() OVER (ORDER BY person_id) - 1 AS person FROM people),
b AS (SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies),
o AS (
    SELECT person, body, o.row_key,
        coalesce(date_diff('day', DATE '1970-01-01', started_on), -{FAR}) AS since,
        coalesce(date_diff('day', DATE '1970-01-01', ended_on), {FAR}) AS until,
        CASE role WHEN 'head' THEN 0 WHEN 'deputy' THEN 1 WHEN 'procurement' THEN 1
            WHEN 'finance' THEN 2 ELSE 3 END AS standing
    FROM offices o JOIN p USING (person_id) JOIN b USING (body_id)
),
m AS (
    SELECT *, max(until) OVER (PARTITION BY person, body ORDER BY since, until, row_key
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM o WHERE until >= since
),
g AS (
    SELECT *, sum(CASE WHEN before IS NULL OR since > before + 1 THEN 1 ELSE 0 END)
        OVER (PARTITION BY person, body ORDER BY since, until, row_key) AS run
    FROM m
),
term AS (
    SELECT person::INTEGER AS person, body::INTEGER AS body, min(since)::INTEGER AS since,
        max(until)::INTEGER AS until, min(standing)::INTEGER AS standing,
        list(row_key ORDER BY since, row_key) AS rows
    FROM g GROUP BY person, body, run
)
"""


@dataclass(frozen=True)
class Terms:
    """Terms of office, overlapping posts of a person at a body joined; sorted by person.

    Args:
        person: Index in id order of people.
        body: Index in id order of bodies.
        start: First day (days since 1970), -FAR where unknown.
        end: Last day, FAR while open.
        standing: 0 head, 1 deputy or procurement, 2 finance, 3 other.
        rows: Row keys in `offices`.
    """

    person: I32
    body: I32
    start: I32
    end: I32
    standing: I32
    rows: tuple[tuple[str, ...], ...]


def terms(snap: Snapshot) -> Terms:
    """The terms of office in a snapshot, read once."""
    return snap.memo("terms", lambda: _read(snap))


def _read(snap: Snapshot) -> Terms:
    found = snap.sql(f"{TERMS_CTE} SELECT * FROM term ORDER BY person, body, since")
    person, body, start, end, standing = (
        found[name].to_numpy().astype(np.int32)
        for name in ("person", "body", "since", "until", "standing")
    )
    rows = tuple(tuple(keys) for keys in found["rows"].to_pylist())
    return Terms(person, body, start, end, standing, rows)
