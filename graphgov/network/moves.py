"""Officials who move from one body to another, and the suppliers of the old one at the new one.

A supplier of the old body, from the official's time there, may begin to win at the new one after
the official came. How often it would anyway is taken from its share of its lines at all other
bodies, both bodies left out, from how busy it was in those years, and from how much it had won
at the new one before, and raised or lowered to what suppliers of officials' old bodies win at
their new ones on average: a gamma-Poisson count, as over-dispersed as all pairs are.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from graphgov.network.favour import Queries
from graphgov.network.recusal import without_recused
from graphgov.network.terms import TERMS_CTE
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.market import PRIOR_HISTORY, Market
from graphgov.stats.spans import F64, FAR, I32, I64, Spans, slices, sums

_PRIOR_BUSY = 3.0  # decisions before a company's own years count
_MOST_WINS = 3
_PRIOR_WINS = 5.0
_LONG_AGO = -1_000_000
_SQL = """
SELECT o.person, o.body AS old, o.since AS old_since, least(o.until, n.since - 1) AS old_until,
    n.body, n.since, least(n.until, n.since + {follow}) AS until
FROM term o JOIN term n ON n.person = o.person AND n.body <> o.body
WHERE n.since > {long_ago} AND n.since >= o.since + {settled} AND n.since <= o.until + {gap}
QUALIFY row_number() OVER (
    PARTITION BY o.person, o.body, n.body, n.since ORDER BY o.since DESC) = 1
ORDER BY o.person, n.body, n.since, o.body
"""


@dataclass(frozen=True, eq=False)
class Moves:
    """Posts that followed other posts; all days since 1970.

    Args:
        person: Index of the official.
        old: Body served before.
        old_since: First day there.
        old_until: Last day there, before the new post at the latest.
        body: The new body.
        since: First day there.
        until: Last day looked at there.
    """

    person: I32
    old: I32
    old_since: I32
    old_until: I32
    body: I32
    since: I32
    until: I32


@dataclass(frozen=True, eq=False)
class Suppliers:
    """Suppliers of the old body and what they won at the new one, by move and company.

    Args:
        move: Place in the moves.
        company: Index of the company.
        before: Decisions for it at the old body in the official's time.
        earlier: Decisions for it at the new body before the official came.
        wins: Decisions at the new body in the days looked at, recusals left out.
        expected: The same, expected.
        tail: Chance of as many wins.
    """

    move: I64
    company: I32
    before: I64
    earlier: I64
    wins: I64
    expected: F64
    tail: Tail


def moves(snap: Snapshot, *, follow: int, settled: int, gap: int) -> Moves:
    """Every post of an official together with a former one.

    Args:
        snap: Where to look.
        follow: Days after the start of the new post that are looked at.
        settled: Days in the old post before the new one.
        gap: Days between the end of the old post and the start of the new one at most.
    """
    sql = TERMS_CTE + _SQL.format(follow=follow, settled=settled, gap=gap, long_ago=_LONG_AGO)
    found = snap.sql(sql)
    return Moves(
        *(
            found[name].to_numpy().astype(np.int32)
            for name in ("person", "old", "old_since", "old_until", "body", "since", "until")
        )
    )


def suppliers(snap: Snapshot, yard: Market, moved: Moves, *, history: int) -> Suppliers:
    """The suppliers of the old body, with what they won at the new one.

    Args:
        snap: Where recusals are recorded.
        yard: The market.
        moved: Moves.
        history: Days of purchases of the new body before the move, without which nothing is
            known of who sold there before.
    """
    shares = yard.shares
    order = shares.decisions.order
    body, company, day = (
        values[shares.first][order] for values in (shares.body, shares.company, shares.day)
    )
    opened = np.full(shares.bodies, FAR, np.int64)
    np.minimum.at(opened, body, day)
    known = np.flatnonzero(opened[moved.body] <= moved.since - history)
    low = np.searchsorted(body, moved.old[known])
    high = np.searchsorted(body, moved.old[known], side="right")
    row, move = slices(low, high), np.repeat(known, high - low)
    inside = (day[row] >= moved.old_since[move]) & (day[row] <= moved.old_until[move])
    # By company, so that what is looked up next lies near what was looked up last.
    number = max(moved.person.size, 1)
    key = company[row[inside]].astype(np.int64) * number + move[inside]
    pair, before = np.unique(key, return_counts=True)
    move, firm = pair % number, (pair // number).astype(np.int32)
    far = np.full(move.size, FAR, np.int32)
    since = moved.since[move]
    low, high = shares.decisions.span(moved.body[move], firm, -far, since - 1)
    return _against_chance(snap, yard, moved, move, firm, before.astype(np.int64), high - low)


def follow_queries(moved: Moves, move: I64, company: I32) -> Queries:
    """The days looked at after each move, one group per row."""
    return Queries(
        np.arange(move.size, dtype=np.int64),
        moved.person[move],
        company,
        moved.body[move],
        company,
        moved.since[move],
        moved.until[move],
    )


def _against_chance(
    snap: Snapshot,
    yard: Market,
    moved: Moves,
    move: I64,
    firm: I32,
    before: I64,
    earlier: I64,
) -> Suppliers:
    shares, size = yard.shares, yard.shares.dispersion
    body, old, since = moved.body[move], moved.old[move], moved.since[move]
    cut = without_recused(snap, follow_queries(moved, move, firm))
    low, high = shares.decisions.span(cut.body, cut.company, cut.start, cut.end)
    wins = sums(cut.group, high - low, move.size).astype(np.int64)
    # Days of recusals stay in what is expected: a few days less would only lower it.
    ever = np.full(move.size, -FAR, np.int32)
    after, past = shares.expected_in(
        body, firm, [(since, moved.until[move]), (ever, since - 1)], old
    )
    busy = _Busy(yard, body, old, firm)
    after = after * busy.factor(since, moved.until[move])
    past = past * busy.factor(ever, since - 1)
    size_after = size + earlier
    history = (earlier + PRIOR_HISTORY) / (past + PRIOR_HISTORY)
    expected = after * np.maximum(size_after / (size + past), history * (earlier > 0))
    expected = expected * _usual(wins, expected, earlier)
    chance = size_after / (size_after + np.maximum(expected, 1e-9))
    # A company that sells nothing the new body buys there cannot be tested.
    there = np.flatnonzero(after > 0)
    tail = Tail(
        np.asarray(scipy_stats.nbinom.sf(wins, size_after, chance))[there],
        np.asarray(scipy_stats.nbinom.pmf(wins, size_after, chance))[there],
    )
    return Suppliers(
        move[there], firm[there], before[there], earlier[there], wins[there], expected[there], tail
    )


def _usual(wins: I64, expected: F64, earlier: I64) -> float:
    """Wins per expected one among suppliers that were new or nearly so, moves of all officials.

    Firms keep to the customers they have, so that new ones come more rarely than shares say.
    What is looked for, many wins of one firm, counts as a few.
    """
    fresh = earlier <= 1
    seen = float(np.minimum(wins[fresh], _MOST_WINS).sum())
    return (seen + _PRIOR_WINS) / (float(np.sort(expected[fresh]).sum()) + _PRIOR_WINS)


class _Busy:
    """How busy companies were in some days, next to the market, away from two bodies."""

    def __init__(self, yard: Market, body: I32, old: I32, company: I32) -> None:
        shares = yard.shares
        days = shares.day[shares.first]
        alone = np.zeros(days.size, np.int32)
        self._all = Spans(alone, shares.company[shares.first], days, shares.companies)
        self._days = np.sort(days)
        self._here, self._bodies, self._company = shares.decisions, (body, old), company
        far = np.full(company.size, FAR, np.int32)
        self._total = self._elsewhere(-far, far)

    def _elsewhere(self, start: I32, end: I32) -> I64:
        low, high = self._all.span(np.zeros_like(self._company), self._company, start, end)
        found = high - low
        for body in self._bodies:
            low, high = self._here.span(body, self._company, start, end)
            found = found - (high - low)
        return found

    def factor(self, start: I32, end: I32) -> F64:
        """Decisions elsewhere in a span per decision expected there; 1 is as usual."""
        low = np.searchsorted(self._days, start)
        high = np.searchsorted(self._days, end, side="right")
        part = (high - low) / max(self._days.size, 1)
        seen = self._elsewhere(start, end)
        return np.asarray((seen + _PRIOR_BUSY) / (self._total * part + _PRIOR_BUSY))


def simes(p: F64, group: I64, groups: int) -> F64:
    """One p-value per group: the least of n p(k) / k (Simes 1986); 1 for an empty group."""
    order = np.lexsort((p, group))
    sizes = np.bincount(group, minlength=groups)
    begins = np.cumsum(sizes) - sizes
    rank = np.arange(order.size) - np.repeat(begins, sizes) + 1
    scaled = p[order] * np.repeat(sizes, sizes) / rank
    out = np.ones(groups)
    np.minimum.at(out, group[order], scaled)
    return out
