"""What a company would be expected to win: the yardstick of every measured advantage.

Three views of the same awards, all leaving out the body under test:

share
    Decisions for a company at a body in a span of days, against its shrunken share of the same
    lines of business at comparable bodies. Bodies differ for honest reasons, so the count is
    over-dispersed: a negative binomial whose dispersion is fitted on all pairs. Where the
    company is just as strong at the same body outside the span, the expectation is raised.
bids
    Wins given who competed, a Poisson-binomial count.
jump
    How many of the company's decisions at these bodies fall into the span, given how many it has
    there in each line of business: a sum of hypergeometric counts.

The share sees steered direct awards and scared-off rivals, but also every specialist; the bid
view is fair to a firm that sells to one body only; the jump is fair to one with a steady share.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats as scipy_stats

from graphgov.snapshot import Snapshot
from graphgov.stats.circumstances import Asked, Circumstances
from graphgov.stats.exact import Tail
from graphgov.stats.shares import PRESENCE, Shares
from graphgov.stats.spans import F64, FAR, I32, I64, sums
from graphgov.stats.spells import Spells, of_groups
from graphgov.stats.strengths import Strengths
from graphgov.stats.sums import hypergeometric_sum_tails

LEAST_WINS = 2  # of a pair in its spans, from which odds are worked out
PRIOR_HISTORY = 0.5  # decisions, seen and expected, before a firm's own past counts
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Advantage:
    """Wins of companies at bodies in spans of days, against expectation; one entry a group.

    Args:
        wins: Decisions for the company.
        expected: Decisions expected from the share elsewhere.
        outside_wins: Decisions at the same bodies outside the span.
        outside_expected: Decisions expected there by the same yardstick.
        p_share: Chance of as many wins, share view.
        contests: Contests with a rival that the company took part in.
        contest_wins: Of these, won.
        contest_expected: Of these, expected to be won.
        bids: Tail of the bid view; p = 1 without contests.
        jump: Tail of the company's decisions at these bodies that fall into the span.
        odds: Favour in the span against a steady share or a habit of the pair's own, in
            powers of ten (a Bayes factor); 0 where it was not asked for.
        circumstances: What the size and breadth of purchases, narrow margins and bids at other
            times add to it, in powers of ten; 0 where odds were not asked for.
    """

    wins: I64
    expected: F64
    outside_wins: I64
    outside_expected: F64
    p_share: F64
    contests: I64
    contest_wins: I64
    contest_expected: F64
    bids: Tail
    jump: Tail
    odds: F64
    circumstances: F64


class AwardRow(NamedTuple):
    """One row of `awards` behind a count."""

    award_id: str
    row_key: str
    awarded_on: date
    amount: Decimal
    currency: str


class Market:
    """The awards and contests of a snapshot, with the three views of them."""

    def __init__(self, snap: Snapshot) -> None:
        self.company_ids, self.body_ids = snap.ids("company"), snap.ids("body")
        self.shares = Shares(snap)
        self.strengths = Strengths(snap)
        self._snap = snap

    def count(self, body: I32, company: I32, start: I32, end: I32) -> I64:
        """Awards of each company at each body in each span."""
        low, high = self.shares.by_pair.span(body, company, start, end)
        return high - low

    def awards(self, body: int, company: int, start: int, end: int) -> list[AwardRow]:
        """The awards behind one query, by date; for hits only."""
        query = [np.array([v], dtype=np.int32) for v in (body, company, start, end)]
        low, high = self.shares.by_pair.span(query[0], query[1], query[2], query[3])
        rows = self.shares.rows.take(self.shares.by_pair.order[low[0] : high[0]]).to_pylist()
        found = [
            AwardRow(
                row["award_id"],
                row["row_key"],
                _EPOCH + timedelta(days=row["day"]),
                row["amount"],
                row["currency"],
            )
            for row in rows
        ]
        return sorted(found, key=lambda a: (a.awarded_on, a.award_id))

    def advantage(
        self,
        body: I32,
        company: I32,
        start: I32,
        end: I32,
        group: I64 | None = None,
        *,
        groups: int = 0,
        with_odds: bool = False,
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
            with_odds: Also weigh favour against steadiness and habit.
        """
        group = np.arange(body.size, dtype=np.int64) if group is None else group
        groups = max(groups, int(group[-1]) + 1 if group.size else 0)
        low, high = self.shares.decisions.span(body, company, start, end)
        far = np.full(body.size, FAR, np.int32)
        begin, finish = self.shares.decisions.span(body, company, -far, far)
        inside, overall = self.shares.expected(body, company, start, end)
        once = self._first_of_pair(group, body, company)
        wins = sums(group, high - low, groups).astype(np.int64)
        outside_wins = sums(group, (finish - begin) * once, groups).astype(np.int64) - wins
        expected = sums(group, inside, groups)
        outside_expected = np.maximum(sums(group, overall * once, groups) - expected, 0.0)
        history = (outside_wins + PRIOR_HISTORY) / (outside_expected + PRIOR_HISTORY)
        usual = expected * np.maximum(history, 1.0)
        contests, contest_wins, contest_expected, bids = self.strengths.view(
            body, company, start, end, group, groups
        )
        odds, circumstances = (
            self.odds(body, company, start, end, group, groups)
            if with_odds
            else (np.zeros(groups), np.zeros(groups))
        )
        return Advantage(
            wins=wins,
            expected=expected,
            outside_wins=outside_wins,
            outside_expected=outside_expected,
            p_share=negative_binomial_tail(wins, usual, self.shares.dispersion),
            contests=contests,
            contest_wins=contest_wins,
            contest_expected=contest_expected,
            bids=bids,
            jump=self._jump(body, company, start, end, group, wins),
            odds=odds,
            circumstances=circumstances,
        )

    def odds(
        self, body: I32, company: I32, start: I32, end: I32, group: I64, groups: int
    ) -> tuple[F64, F64]:
        """Favour in spans of days against a steady share or a habit, in powers of ten per group.

        And what the circumstances add to it. The odds are the larger of two factors, over what
        the company won and over what it took part in: who is handed purchases shows in the one,
        who is told of them but often outbid in the other. It is the same story told twice, so
        they are not added up. Fewer than two wins say nothing.
        """
        firms = max(self.shares.companies, 1)
        pairs = np.int64(max(self.shares.bodies, 1)) * firms
        key = group * pairs + body.astype(np.int64) * firms + company
        unit, of = np.unique(key, return_inverse=True)
        low, high = self.shares.decisions.span(body, company, start, end)
        wins = np.bincount(of, high - low, minlength=unit.size)
        # Of those who won once or never nobody says that they were favoured: most, and costly.
        kept = wins >= LEAST_WINS
        spans = kept[of]
        place = np.cumsum(kept) - 1
        body_of = (unit[kept] % pairs // firms).astype(np.int32)
        firm_of = (unit[kept] % firms).astype(np.int32)
        asked = (body[spans], company[spans], start[spans], end[spans], place[of[spans]])
        told = [s.log_odds(*asked, body_of, firm_of) for s in self._spells()]
        factor = np.zeros(unit.size)
        factor[kept] = np.maximum(told[0], told[1])
        joined = of_groups(unit // pairs, factor, groups)
        units = Asked(*asked, body_of, firm_of, unit[kept] // pairs)
        return np.asarray(joined / np.log(10.0)), self.circumstances.points(units, groups)

    @property
    def circumstances(self) -> Circumstances:
        """What speaks beside the odds; prepared when somebody first asks."""
        return self._snap.memo(
            "circumstances", lambda: Circumstances(self._snap, self._presence(), self.shares)
        )

    def _jump(self, body: I32, company: I32, start: I32, end: I32, group: I64, wins: I64) -> Tail:
        """The tail of decisions that fall into the spans, given how many there are in all.

        Of a body's purchases in a line of business each is as likely as any other to be the
        company's. Several companies of a group that share a span are one set of purchases.
        """
        shares = self.shares
        key = (group * shares.bodies + body) * shares.companies + company
        _, first, pair = np.unique(key, return_index=True, return_inverse=True)
        query, line, own, bought = shares.own_lines(body, company)
        since, until = shares.purchases_in(body[query], line, start[query], end[query])
        # A second span of the same company at the same body adds its days to the first one's.
        part, at, of = np.unique(
            pair[query] * np.int64(shares.lines) + line, return_index=True, return_inverse=True
        )
        inside = np.bincount(of, until - since, minlength=part.size).astype(np.int64)
        where = first[part // shares.lines]
        columns = (inside, line[at], body[where], group[where])
        order = np.lexsort(columns)
        new = np.zeros(order.size, dtype=bool)
        for values in columns:
            new[1:] |= np.diff(values[order]) != 0
        new[:1] = True
        begins, rows = np.flatnonzero(new), order[new]
        marked = np.add.reduceat(own[at][order], begins) if begins.size else own[at]
        offsets = np.searchsorted(group[where][rows], np.arange(wins.size + 1))
        return hypergeometric_sum_tails(wins, bought[at][rows], marked, inside[rows], offsets)

    def _spells(self) -> tuple[Spells, Spells]:
        """Over wins and over presence; fitted when somebody first asks for odds."""

        def fit() -> tuple[Spells, Spells]:
            wins, presence = Spells(self.shares), self._presence()
            return wins, wins if presence is self.shares else Spells(presence)

        return self._snap.memo("spells", fit)

    def _presence(self) -> Shares:
        """What companies took part in; what they won, where nobody is known to have lost."""
        if not self.strengths.lot.size:
            return self.shares
        return self._snap.memo("presence", lambda: Shares(self._snap, PRESENCE))

    def _first_of_pair(self, group: I64, body: I32, company: I32) -> npt.NDArray[np.bool_]:
        """The first span of each company at each body in a group: its past counts once."""
        pair = group * self.shares.bodies + body
        key = pair * self.shares.companies + company
        order = np.argsort(key, kind="stable")
        first = np.ones(key.size, dtype=bool)
        first[order[1:]] = np.diff(key[order]) != 0
        return first


def negative_binomial_tail(k: I64, mean: F64, size: float) -> F64:
    """P(X >= k) for a negative binomial with that mean and size (variance m + m²/size)."""
    safe = np.maximum(mean, 1e-9)
    tail = scipy_stats.nbinom.sf(k - 1, size, size / (size + safe))
    return np.where(k <= 0, 1.0, np.asarray(tail))


def market(snap: Snapshot) -> Market:
    """The market of a snapshot, fitted once."""
    return snap.memo("market", lambda: Market(snap))
