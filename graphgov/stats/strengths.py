"""The bid view: wins given who competed.

A contest is won with chance q_s / sum of q over its bidders, where q are Plackett-Luce
strengths (Hunter 2004, MM algorithm, shrunk towards 1). A company's strength at one body is
taken from its contests at all others. The count of wins is then Poisson-binomial.
"""

import numpy as np

from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.shares import REPEAT_DAYS
from graphgov.stats.spans import F64, FAR, I32, I64, DayCount, Spans, slices, sums
from graphgov.stats.sums import poisson_binomial_tails

PRIOR_CHANCES = 3.0  # weight, in wins, of "as strong as the average"
ROUNDS = 25

# Contests whose winner is not among the bidders say nothing about who beats whom. A contest
# that repeats the last one of its kind within a fortnight, with the same winner, is no new one.
_SQL = f"""
WITH c AS (
    SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies
),
b AS (SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies),
r AS (
    SELECT tender_id, lot, awarded_on - lag(awarded_on) OVER (
        PARTITION BY buyer_id, company_id, category ORDER BY awarded_on, tender_id, lot
    ) <= {REPEAT_DAYS} AS repeat
    FROM contests WHERE won
),
dull AS (SELECT DISTINCT tender_id, lot FROM r WHERE repeat)
SELECT company::INTEGER AS company, body::INTEGER AS body, won,
    (dense_rank() OVER (ORDER BY k.tender_id, k.lot) - 1)::INTEGER AS lot,
    date_diff('day', DATE '1970-01-01', awarded_on)::INTEGER AS day
FROM contests k JOIN c USING (company_id) JOIN b ON b.body_id = k.buyer_id
ANTI JOIN dull ON dull.tender_id = k.tender_id AND dull.lot = k.lot
WHERE competitors >= 2
QUALIFY bool_and(has_bid) OVER (PARTITION BY k.tender_id, k.lot)
ORDER BY k.tender_id, k.lot, k.company_id
"""


class Strengths:
    """Contests as arrays, one row per bidder, with fitted strengths.

    Attributes:
        company, body, lot, day, won: One entry per bidder, in lot order.
        strength: Per company, 1 = average.
        days: Contests of a company at a body in a span, and their days added up.
    """

    def __init__(self, snap: Snapshot) -> None:
        found = snap.sql(_SQL)
        self.company, self.body, self.lot, self.day = (
            found[name].to_numpy().astype(np.int32) for name in ("company", "body", "lot", "day")
        )
        self.won = found["won"].to_numpy(zero_copy_only=False).astype(bool)
        companies = snap.subjects("company")
        lots = int(self.lot.max()) + 1 if self.lot.size else 0
        won = self.won.astype(np.float64)
        winners = self._winners = sums(self.lot, won, lots)
        self._wins = sums(self.company, won, companies)
        strength = np.ones(companies)
        for _ in range(ROUNDS):
            field = sums(self.lot, strength[self.company], lots)
            share = (winners / np.maximum(field, 1e-12))[self.lot]
            chances = sums(self.company, share, companies)
            strength = (self._wins + PRIOR_CHANCES) / (chances + PRIOR_CHANCES)
        self.strength = strength
        self._field = sums(self.lot, strength[self.company], lots)
        share = (winners / np.maximum(self._field, 1e-12))[self.lot]
        self._chances = sums(self.company, share, companies)
        self._spans = Spans(self.body, self.company, self.day, companies)
        self.days = DayCount(self._spans, self.day)
        order = self._spans.order
        self._cum_share = np.concatenate([[0.0], np.cumsum(share[order])])
        self._cum_won = np.concatenate([[0.0], np.cumsum(won[order])])

    def view(
        self,
        body: I32,
        company: I32,
        start: I32,
        end: I32,
        group: I64,
        groups: int,
        premium: F64 | None = None,
    ) -> tuple[I64, I64, F64, Tail]:
        """Contests, wins, expected wins and their tail, per group of spans.

        Args:
            body: Per span.
            company: Per span.
            start: First day.
            end: Last day.
            group: Ascending group of each span.
            groups: How many groups.
            premium: What each group's chances are multiplied by, such as for being near.
        """
        far = np.full(body.size, FAR, np.int32)
        low, high = self._spans.span(body, company, start, end)
        begin, finish = self._spans.span(body, company, -far, far)
        wins_here = self._cum_won[finish] - self._cum_won[begin]
        chances_here = self._cum_share[finish] - self._cum_share[begin]
        own = (self._wins[company] - wins_here + PRIOR_CHANCES) / (
            np.maximum(self._chances[company] - chances_here, 0.0) + PRIOR_CHANCES
        )
        query = np.repeat(np.arange(body.size), high - low)
        row = self._spans.order[slices(low, high)]
        rivals = self._field[self.lot[row]] - self.strength[self.company[row]]
        # Partners of a consortium, or of a framework, win together: the chance is shared out
        # as the strengths were fitted, by as many places as there were winners.
        places = self._winners[self.lot[row]]
        chance = np.minimum(1.0, places * own[query] / (own[query] + np.maximum(rivals, 1e-9)))
        if premium is not None:
            chance = np.minimum(1.0, chance * premium[group][query])
        contests = sums(group, high - low, groups).astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(contests)])
        won = sums(group, self._cum_won[high] - self._cum_won[low], groups)
        wins = won.round().astype(np.int64)
        expected = sums(group[query], chance, groups)
        return contests, wins, expected, poisson_binomial_tails(chance, offsets, wins)
