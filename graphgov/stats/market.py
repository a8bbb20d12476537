"""What a company would be expected to win: the yardstick of every measured advantage.

Two views of the same awards, both leaving out the body under test:

share
    Awards of a company at a body in a span of days, against the awards that body made in the
    company's lines of business, times the company's shrunken share of those lines at
    comparable bodies. Bodies differ for honest reasons, so the count is over-dispersed: a
    negative binomial whose dispersion is fitted on all pairs (moments).
bids
    Wins given who competed: each contest is won with probability q_s / sum of q, where q are
    Plackett-Luce strengths (Hunter 2004, MM algorithm, shrunk towards 1), the company's own
    strength fitted on its contests at other bodies. The count is Poisson-binomial.

The share view sees steered direct awards and scared-off rivals, the bid view is fair to a firm
that only ever sells to one body. Neither alone is proof of anything.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats as scipy_stats

from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail, binomial_tail
from graphgov.stats.spans import F64, FAR, I32, I64, Spans, slices, sums
from graphgov.stats.sums import poisson_binomial_tails

PRIOR_CONTESTS = 6.0  # weight, in contests, of "an average company"
PRIOR_AWARDS = 12.0  # weight, in awards, of "an average share"
MM_ROUNDS = 25

_WINS = """
WITH c AS (
    SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies
),
b AS (SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies)
SELECT company::INTEGER AS company, body::INTEGER AS body,
    (dense_rank() OVER (ORDER BY coalesce(division, '')) - 1)::INTEGER AS division,
    (dense_rank() OVER (ORDER BY coalesce(w.region, '')) - 1)::INTEGER AS region,
    date_diff('day', DATE '1970-01-01', awarded_on)::INTEGER AS day,
    award_id, w.row_key, amount, currency
FROM wins w JOIN c USING (company_id) JOIN b ON b.body_id = w.buyer_id
ORDER BY award_id, w.company_id
"""
_CONTESTS = """
WITH c AS (
    SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies
),
b AS (SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies)
SELECT company::INTEGER AS company, body::INTEGER AS body, won,
    (dense_rank() OVER (ORDER BY tender_id, lot) - 1)::INTEGER AS lot,
    date_diff('day', DATE '1970-01-01', awarded_on)::INTEGER AS day
FROM contests k JOIN c USING (company_id) JOIN b ON b.body_id = k.buyer_id
WHERE competitors >= 2
QUALIFY bool_and(has_bid) OVER (PARTITION BY tender_id, lot)
ORDER BY tender_id, lot, k.company_id
"""


@dataclass(frozen=True)
class Advantage:
    """Wins of companies at bodies in spans of days, against expectation; one entry a query.

    Args:
        wins: Awards won.
        expected: Awards expected from the share elsewhere.
        p_share: Chance of as many, share view.
        contests: Contests with a rival that the company took part in.
        contest_wins: Of these, won.
        contest_expected: Of these, expected to be won.
        bids: Tail of the bid view; p = 1 without contests.
        outside_wins: Awards at the same body outside the span.
        outside_expected: Awards expected there by the same yardstick.
        jump: Tail of the company's awards at these bodies that fall into the span
            (binomial given their number): a firm with a steady share shows nothing here.
    """

    wins: I64
    expected: F64
    p_share: F64
    contests: I64
    contest_wins: I64
    contest_expected: F64
    bids: Tail
    outside_wins: I64
    outside_expected: F64
    jump: Tail


class AwardRow(NamedTuple):
    """One row of `awards` behind a count."""

    award_id: str
    row_key: str
    awarded_on: date
    amount: Decimal
    currency: str


class Market:
    """The awards and contests of a snapshot as arrays, with fitted strengths."""

    def __init__(self, snap: Snapshot) -> None:
        wins = snap.sql(_WINS)
        self.company, self.body, self.division, self.region, self.day = (
            wins[name].to_numpy().astype(np.int32)
            for name in ("company", "body", "division", "region", "day")
        )
        self._rows = wins.select(["award_id", "row_key", "day", "amount", "currency"])
        self.companies = snap.subjects("company")
        self.bodies = snap.subjects("body")
        self.company_ids = snap.ids("company")
        self.body_ids = snap.ids("body")
        self.divisions = int(self.division.max()) + 1 if self.division.size else 1
        self.regions = int(self.region.max()) + 1 if self.region.size else 1
        self._fit_shares()
        contests = snap.sql(_CONTESTS)
        self.c_company, self.c_body, self.c_lot, self.c_day = (
            contests[name].to_numpy().astype(np.int32) for name in ("company", "body", "lot", "day")
        )
        self.c_won = contests["won"].to_numpy(zero_copy_only=False).astype(bool)
        self._fit_strengths()
        self.dispersion = self._fit_dispersion()

    # -- share view -----------------------------------------------------------------------

    def _fit_shares(self) -> None:
        self._by_pair = Spans(self.body, self.company, self.day, self.companies)
        self._by_line = Spans(self.body, self.division, self.day, self.divisions)
        home = np.full(self.bodies, -1, np.int32)
        home[self.body[::-1]] = self.region[::-1]
        self.home = home
        # One row per line of business of a company: (company, division).
        line = self.company.astype(np.int64) * self.divisions + self.division
        self.line_key, inverse = np.unique(line, return_inverse=True)
        self.line_wins = np.bincount(inverse, minlength=self.line_key.size).astype(np.float64)
        self.line_start = np.searchsorted(
            self.line_key, np.arange(self.companies + 1, dtype=np.int64) * self.divisions
        )
        market = self.division.astype(np.int64) * self.regions + self.region
        self.market_awards = np.bincount(market, minlength=self.divisions * self.regions)
        local = line * self.regions + self.region
        self.local_key, inverse = np.unique(local, return_inverse=True)
        self.local_wins = np.bincount(inverse, minlength=self.local_key.size)
        self.division_awards = np.bincount(self.division, minlength=self.divisions)
        active = np.bincount(self.line_key % self.divisions, minlength=self.divisions)
        self.firms = np.maximum(active, 1)
        firm_market = np.unique(market * self.companies + self.company) // self.companies
        self.local_firms = np.maximum(
            np.bincount(firm_market, minlength=self.divisions * self.regions), 1
        )
        here = line * self.bodies + self.body
        self.here_key, inverse = np.unique(here, return_inverse=True)
        self.here_wins = np.bincount(inverse, minlength=self.here_key.size)

    def _count(self, keys: I64, counts: I64, wanted: I64) -> F64:
        if not keys.size:
            return np.zeros(wanted.size)
        at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
        return np.where(keys[at] == wanted, counts[at], 0).astype(np.float64)

    def _expected(self, body: I32, company: I32, start: I32, end: I32) -> tuple[F64, F64]:
        """Expected awards in the span and over all days, summed over lines of business."""
        low, high = self.line_start[company], self.line_start[company + 1]
        query = np.repeat(np.arange(body.size), high - low)
        line = slices(low, high)
        division = (self.line_key[line] % self.divisions).astype(np.int32)
        b, s = body[query], company[query]
        first, last = self._by_line.span(b, division, start[query], end[query])
        far = np.full(b.size, FAR, np.int32)
        begin, finish = self._by_line.span(b, division, -far, far)
        share = self._share_elsewhere(b, s, division, (finish - begin).astype(np.float64), line)
        inside = sums(query, share * (last - first), body.size)
        total = sums(query, share * (finish - begin), body.size)
        return inside, total

    def _share_elsewhere(self, b: I32, s: I32, d: I32, at_body: F64, line: I64) -> F64:
        """Share of a line of business won at other bodies, local ones first, shrunk twice."""
        region = np.maximum(self.home[b], 0)
        key = s.astype(np.int64) * self.divisions + d
        own_here = self._count(self.here_key, self.here_wins, key * self.bodies + b)
        market = d.astype(np.int64) * self.regions + region
        wide_n = self.division_awards[d] - at_body
        wide_w = self.line_wins[line] - own_here
        average = 1.0 / self.firms[d]
        wide = (wide_w + PRIOR_AWARDS * average) / (wide_n + PRIOR_AWARDS)
        local_n = np.maximum(self.market_awards[market] - at_body, 0)
        local_w = (
            self._count(self.local_key, self.local_wins, key * self.regions + region) - own_here
        )
        floor = np.maximum(wide, 1.0 / self.local_firms[market])
        return np.asarray(
            (np.maximum(local_w, 0) + PRIOR_AWARDS * floor) / (local_n + PRIOR_AWARDS)
        )

    def _fit_dispersion(self) -> float:
        """Size of the negative binomial, by moments over all pairs with one expected award."""
        pair = np.unique(self.body.astype(np.int64) * self.companies + self.company)
        body = (pair // self.companies).astype(np.int32)
        company = (pair % self.companies).astype(np.int32)
        far = np.full(body.size, FAR, np.int32)
        if not body.size:
            return 1.0
        _, mean = self._expected(body, company, -far, far)
        low, high = self._by_pair.span(body, company, -far, far)
        seen = (high - low).astype(np.float64)
        # Pairs without a win are not listed: compare the winners' counts, trimmed at the top,
        # with what a mean above one would give.
        use = (mean >= 1) & (seen <= np.quantile(seen, 0.995))
        if use.sum() < 30:
            return 1.0
        excess = ((seen - mean) ** 2 - mean)[use]
        rate = float(np.sort(excess).sum() / np.sort(mean[use] ** 2).sum())
        return float(np.clip(1.0 / max(rate, 1e-3), 0.3, 50.0))

    # -- bid view -------------------------------------------------------------------------

    def _fit_strengths(self) -> None:
        lots = int(self.c_lot.max()) + 1 if self.c_lot.size else 0
        won = self.c_won.astype(np.float64)
        winners = np.bincount(self.c_lot, won, minlength=lots)
        strength = np.ones(self.companies)
        total_wins = np.bincount(self.c_company, won, minlength=self.companies)
        for _ in range(MM_ROUNDS):
            rivals = np.bincount(self.c_lot, strength[self.c_company], minlength=lots)
            share = (winners / np.maximum(rivals, 1e-12))[self.c_lot]
            chances = np.bincount(self.c_company, share, minlength=self.companies)
            strength = (total_wins + PRIOR_CONTESTS / 2) / (chances + PRIOR_CONTESTS / 2)
        self.strength = strength
        self.rivals = np.bincount(self.c_lot, strength[self.c_company], minlength=lots)
        self.share = (winners / np.maximum(self.rivals, 1e-12))[self.c_lot]
        self.total_wins = total_wins
        self.chances = np.bincount(self.c_company, self.share, minlength=self.companies)
        self._by_contest = Spans(self.c_body, self.c_company, self.c_day, self.companies)
        order = self._by_contest.order
        self._cum_share = np.concatenate([[0.0], np.cumsum(self.share[order])])
        self._cum_won = np.concatenate([[0.0], np.cumsum(won[order])])

    def _bid_view(
        self, body: I32, company: I32, start: I32, end: I32, group: I64, groups: int
    ) -> tuple[I64, I64, F64, Tail]:
        far = np.full(body.size, FAR, np.int32)
        low, high = self._by_contest.span(body, company, start, end)
        begin, finish = self._by_contest.span(body, company, -far, far)
        here_wins = self._cum_won[finish] - self._cum_won[begin]
        here_chances = self._cum_share[finish] - self._cum_share[begin]
        half = PRIOR_CONTESTS / 2
        own = (self.total_wins[company] - here_wins + half) / np.maximum(
            self.chances[company] - here_chances + half, 1e-9
        )
        query = np.repeat(np.arange(body.size), high - low)
        row = self._by_contest.order[slices(low, high)]
        others = self.rivals[self.c_lot[row]] - self.strength[self.c_company[row]]
        q = own[query]
        chance = q / (q + np.maximum(others, 1e-9))
        contests = np.bincount(group, high - low, minlength=groups).astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(contests)])
        won = (
            np.bincount(group, self._cum_won[high] - self._cum_won[low], minlength=groups)
            .round()
            .astype(np.int64)
        )
        expected = sums(group[query], chance, groups)
        return contests, won, expected, poisson_binomial_tails(chance, offsets, won)

    def count(self, body: I32, company: I32, start: I32, end: I32) -> I64:
        """Awards of each company at each body in each span."""
        low, high = self._by_pair.span(body, company, start, end)
        return high - low

    def awards(self, body: int, company: int, start: int, end: int) -> list[AwardRow]:
        """The awards behind one query, by date; for hits only."""
        query = [np.array([v], dtype=np.int32) for v in (body, company, start, end)]
        low, high = self._by_pair.span(query[0], query[1], query[2], query[3])
        rows = self._rows.take(self._by_pair.order[low[0] : high[0]]).to_pylist()
        epoch = date(1970, 1, 1)
        found = [
            AwardRow(
                row["award_id"],
                row["row_key"],
                epoch + timedelta(days=row["day"]),
                row["amount"],
                row["currency"],
            )
            for row in rows
        ]
        return sorted(found, key=lambda a: (a.awarded_on, a.award_id))

    # -- together -------------------------------------------------------------------------

    def advantage(
        self,
        body: I32,
        company: I32,
        start: I32,
        end: I32,
        group: I64 | None = None,
        *,
        groups: int = 0,
    ) -> Advantage:
        """Wins against expectation, for many (body, company, span) at once.

        Args:
            body: Index of each body in id order.
            company: Index of each company in id order.
            start: First day, days since 1970.
            end: Last day, inclusive.
            group: Ascending numbers 0, 1, …: queries of one group are added up (an official's
                posts, a person's companies). Their spans must not overlap. None: each alone.
            groups: How many groups there are, where the last ones may have no query.
        """
        group = np.arange(body.size, dtype=np.int64) if group is None else group
        groups = max(groups, int(group[-1]) + 1 if group.size else 0)

        def total(values: npt.NDArray[Any]) -> F64:
            return sums(group, values, groups)

        low, high = self._by_pair.span(body, company, start, end)
        far = np.full(body.size, FAR, np.int32)
        begin, finish = self._by_pair.span(body, company, -far, far)
        inside, overall = self._expected(body, company, start, end)
        wins = total(high - low).astype(np.int64)
        outside_wins = total((finish - begin) - (high - low)).astype(np.int64)
        expected = total(inside)
        outside_expected = np.maximum(total(overall) - expected, 0.0)
        fraction = expected / np.maximum(expected + outside_expected, 1e-12)
        jump = binomial_tail(wins, wins + outside_wins, np.clip(fraction, 0.0, 1.0))
        contests, contest_wins, contest_expected, bids = self._bid_view(
            body, company, start, end, group, groups
        )
        return Advantage(
            wins=wins,
            expected=expected,
            p_share=negative_binomial_tail(wins, expected, self.dispersion),
            contests=contests,
            contest_wins=contest_wins,
            contest_expected=contest_expected,
            bids=bids,
            outside_wins=outside_wins,
            outside_expected=outside_expected,
            jump=jump,
        )


def negative_binomial_tail(k: I64, mean: F64, size: float) -> F64:
    """P(X >= k) for a negative binomial with that mean and size (variance m + m²/size)."""
    safe = np.maximum(mean, 1e-9)
    tail = scipy_stats.nbinom.sf(k - 1, size, size / (size + safe))
    return np.where(k <= 0, 1.0, np.asarray(tail))


def market(snap: Snapshot) -> Market:
    """The market of a snapshot, fitted once."""
    return snap.memo("market", lambda: Market(snap))
