"""Rounds of favours: A's body buys from B's kin, B's from C's, and C's from A's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from graphgov.network.favour import Queries, ask, combined
from graphgov.network.favours import Favours, asked, dated, gave, took_part
from graphgov.snapshot import Snapshot
from graphgov.stats.market import Advantage
from graphgov.stats.spans import F64, I64, distinct

# Each round once, from its official of the smallest index on.
_SQL = """
SELECT x.edge AS x, y.edge AS y, z.edge AS z
FROM edge x JOIN edge y ON y.giver = x.other JOIN edge z ON z.giver = y.other AND z.other = x.giver
WHERE x.giver < y.giver AND x.giver < z.giver
ORDER BY x, y, z
"""


@dataclass(frozen=True, eq=False)
class Rounds:
    """Favours that come back by way of a third official.

    Args:
        queries: Days in which a favour was possible, one group per favour.
        seen: Wins against expectation, per favour.
        p: Chance of as many wins, per favour.
        legs: The three favours of each round that stands out, in its order.
        possible: How many rounds there could have been, whatever the days.
    """

    queries: Queries
    seen: Advantage
    p: F64
    legs: I64
    possible: int


def rounds(snap: Snapshot, base: Favours, *, standing: int, min_wins: int, max_p: float) -> Rounds:
    """The rounds of three officials each of whose favours stands out.

    All rounds in which bodies and firms dealt with each other are counted, whoever won. Only
    favours with enough awards that lie on a round of such are measured, and only those that
    stand out are joined.

    Args:
        snap: Where to look.
        base: Chains, terms and market.
        standing: Lowest standing in office that counts, as in `Terms`.
        min_wins: Fewest awards of a favour.
        max_p: Largest chance of a favour.
    """
    took, people = took_part(base.yard), max(len(base.graph.people), 1)
    key = _favours(gave(base.held, base.kin, *took, base.yard), people, 1)
    lies_on = rounds_of(key, people)
    possible, key = int(lies_on.sum()) // 3, key[lies_on > 0]
    shares = base.yard.shares
    won = gave(
        base.held, base.kin, shares.body.astype(np.int64), shares.company.astype(np.int64),
        base.yard,
    )  # fmt: skip
    key = np.intersect1d(key, _favours(won, people, min_wins), assume_unique=True)
    key = key[rounds_of(key, people) > 0]
    pair = dated(snap, base.kin, took, key // people, key % people, standing)
    giver, other, company, body, since, until = pair
    of = _key(giver, other, people)
    key = distinct(of)
    awards = base.yard.count(body, company, since, until)
    key = key[np.bincount(np.searchsorted(key, of), awards, key.size) >= min_wins]
    key = key[rounds_of(key, people) > 0]
    rows = np.flatnonzero(np.isin(of, key))
    person, other = (key // people).astype(np.int32), (key % people).astype(np.int32)
    queries = asked(
        snap, person, np.searchsorted(key, of[rows]),
        body[rows], company[rows], since[rows], until[rows],
    )  # fmt: skip
    seen = ask(base.yard, queries)
    strong = np.flatnonzero((combined(seen) <= max_p) & (seen.wins >= min_wins))
    edge = pa.table({"edge": strong, "giver": person[strong], "other": other[strong]})
    joined = snap.sql(_SQL, edge=edge)
    legs = np.stack([joined[name].to_numpy().astype(np.int64) for name in "xyz"], axis=1)
    return Rounds(queries, seen, combined(seen), legs, possible)


def _favours(found: sparse.csr_array, people: int, least: int) -> I64:
    """Favours of at least so much, in order, between officials who give and are given to."""
    cells = sparse.coo_array(found)
    giver, other = cells.coords
    gives, given = np.zeros(people, bool), np.zeros(people, bool)
    gives[giver], given[other] = True, True
    keep = given[giver] & gives[other] & (cells.data >= least)
    return distinct(_key(giver[keep], other[keep], people))


def _key(giver: npt.NDArray[Any], other: npt.NDArray[Any], people: int) -> I64:
    """One number per favour; nobody's own."""
    apart = giver != other
    return np.asarray(giver[apart].astype(np.int64) * people + other[apart])


def rounds_of(key: I64, people: int) -> I64:
    """On how many rounds of three each favour lies."""
    shape = (people, people)
    link = sparse.csr_array((np.ones(key.size), (key // people, key % people)), shape=shape)
    through = sparse.coo_array(link.multiply((link @ link).T))
    count = np.zeros(key.size, np.int64)
    row, column = through.coords
    count[np.searchsorted(key, _key(row, column, people))] = np.rint(through.data)
    return count
