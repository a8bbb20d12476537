"""Companies that never win and lose to the same winner."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._groups import BOOL, F64, I64, Rows, evidence, told
from graphgov.network.cobidding import COLUMNS, Cobidding, cobidding, met
from graphgov.network.projection import Meetings
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.spans import FAR, I32, Spans, slices
from graphgov.stats.sums import hypergeometric_sum_tails

_SEED = 21


@dataclass(frozen=True)
class CoverBidder(Detector):
    """A company that never wins a contested lot keeps losing to the same winner.

    Method: Companies with **min_bids** contested lots or more, none of them won. Per loser and
        winner, the lots the one lost to the other; inside each category, region and number of
        bidders, in the time both were active, they are hypergeometric given how many lots there
        were, how many the winner took and on how many the loser bid, so that the leader of a
        niche explains itself. As only pairs that met are seen, p is the chance of so many given
        one. Flagged are **min_losses** or more with q at most **max_q**, where the losing bids,
        if prices are known, lie on average in the upper half of the field.
    Example: A firm bid on twelve lots in three years, won none, and lost ten of them to one
        neighbour that took a tenth of the lots of its trade.
    Why: A bid made to lose lends a tender the look of competition. A weak firm near a strong
        one loses to it as often.
    Score: Surprise of the p-value, decades / (decades + 2).
    Skips: Companies that won at least once; lots that several firms won.
    Source: the catalogue's C21; frequent losers: Conley and Decarolis 2016 and others.
    """

    code: ClassVar = "C21"
    title: ClassVar = {"en": "Cover bidder", "zh": "疑似陪标"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "lots lost to the one"
    needs: ClassVar = ("bids.bid_id", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{loser} bid on {entered:n} contested lots and won none; {lots:n} of them, of "
            "{bodies:names} between {first} and {last}, went to {winner} for {amounts:money}, "
            "where {expected:times} were to be expected from what {winner} wins in these trades "
            "and regions.",
            "{loser} may be a weak or new firm next to a strong one, or bid to stay on a list.",
        ),
        "zh": (
            "{loser}参与{entered:n}个有竞争的标段，从未中标；其中{first}至{last}之间{bodies:names}的"
            "{lots:n}个由{winner}中标，合计{amounts:money}，而按{winner}在相应行业和地区的中标情况"
            "预期约{expected:times}个。",
            "{loser}可能是强者身边的弱小或新企业，也可能为保留资格而投标。",
        ),
    }

    max_bidders: int = bounded(20, low=2, high=100)
    min_bids: int = bounded(5, low=2, high=1000)
    min_losses: int = bounded(4, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All companies that never won, with those they lost to."""
        market = cobidding(snap, self.max_bidders)
        seen = met(snap, self.max_bidders)
        bids = market.bids
        entered = np.bincount(bids.company, minlength=bids.companies)
        wins = np.bincount(bids.company, market.won, minlength=bids.companies)
        never = (entered >= self.min_bids) & (wins == 0)
        lost = _lost(market, seen, never)
        tail, expected = _chances(market, lost)
        p = tail.p
        q = benjamini_hochberg(p)
        high = _high(market, lost)
        hits = np.flatnonzero((lost.lots >= self.min_losses) & (q <= self.max_q) & high)
        groups = [((int(lost.loser[i]), int(lost.winner[i])), lost.of(int(i))) for i in hits]
        cells = evidence(snap, market, groups)
        flags = [
            self._flag(
                snap, market, both, own, rows, int(entered[both[0]]),
                (float(expected[i]), float(p[i]), float(q[i])),
            )
            for i, (both, own), rows in zip(hits, groups, cells, strict=True)
        ]  # fmt: skip
        subjects = snap.subjects("company")
        rest = subjects - int(never.sum())
        why = f"not computable, because {rest} companies won, or bid on too few contested lots"
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=int(never.sum()),
            reason=why if rest else "",
            p_values=tail.randomised(_SEED),
        )

    def _flag(
        self,
        snap: Snapshot,
        market: Cobidding,
        ends: tuple[int, int],
        lots: I64,
        rows: Rows,
        entered: int,
        chances: tuple[float, float, float],
    ) -> Flag:
        expected, p_value, q_value = chances
        who = told(market, ends, lots, rows)
        loser, winner = who.companies
        return self.flag(
            who.companies,
            score=surprise(p_value),
            value=float(len(lots)),
            threshold=float(self.min_losses),
            p_value=p_value,
            q_value=q_value,
            facts={
                **who.facts(snap),
                "loser": snap.name("company", loser),
                "winner": snap.name("company", winner),
                "entered": entered,
                "lots": len(lots),
                "expected": round(expected, 4),
            },
            **who.parts(),
        )


@dataclass(frozen=True, eq=False)
class _Lost:
    """Losers and those they lost to, by pair; lots and bids pair after pair.

    Attributes:
        lots: How many lots the one lost to the other.
        lot: These lots.
        bid: The losing bids.
        begins: Where each pair's lots begin, and the end.
    """

    loser: I64
    winner: I64
    lots: I64
    lot: I64
    bid: I64
    begins: I64

    def of(self, pair: int) -> I64:
        return self.lot[self.begins[pair] : self.begins[pair + 1]]


def _lost(market: Cobidding, seen: Meetings, never: BOOL) -> _Lost:
    company = market.bids.company.astype(np.int64)
    parts = []
    for mine, theirs in ((seen.first, seen.second), (seen.second, seen.first)):
        rows = np.flatnonzero(never[company[mine]] & market.won[theirs])
        parts.append(np.stack([company[mine[rows]], company[theirs[rows]], mine[rows]]))
    loser, winner, bid = np.concatenate(parts, axis=1)
    order = np.lexsort((bid, winner, loser))
    loser, winner, bid = loser[order], winner[order], bid[order]
    new = np.ones(len(bid), dtype=bool)
    new[1:] = (loser[1:] != loser[:-1]) | (winner[1:] != winner[:-1])
    begins = np.append(np.flatnonzero(new), len(bid)).astype(np.int64)
    lot = market.bids.lot[bid].astype(np.int64)
    return _Lost(loser[new], winner[new], np.diff(begins), lot, bid, begins)


def _chances(market: Cobidding, lost: _Lost) -> tuple[Tail, F64]:
    """Tail of the losses given one, and their mean, inside niches and common spans of days."""
    bids, pairs = market.bids, len(lost.lots)
    if not pairs:
        return Tail(np.zeros(0), np.zeros(0)), np.zeros(0)
    first, last = _active(market)
    # Large lots have more losers: each number of bidders is a market of its own.
    sizes = int(bids.size.max(initial=0)) + 1
    place = (market.cell * sizes + bids.size).astype(np.int32)
    cells = int(place.max(initial=0)) + 1
    used = np.flatnonzero((bids.size > 0) & (market.winner >= 0))
    none = np.zeros(len(used), np.int32)
    everything = Spans(place[used], none, market.day[used], 1)
    taken = Spans(market.winner[used].astype(np.int32), place[used], market.day[used], cells)
    decided = np.flatnonzero((market.winner >= 0)[bids.lot])
    lot = bids.lot[decided]
    entered = Spans(bids.company[decided], place[lot], market.day[lot], cells)
    # The cells in which each loser bid.
    own = np.unique(bids.company[decided].astype(np.int64) * cells + place[lot])
    low = np.searchsorted(own, lost.loser * cells)
    high = np.searchsorted(own, (lost.loser + 1) * cells)
    row = np.repeat(np.arange(pairs), high - low)
    cell = (own[slices(low, high)] % cells).astype(np.int32)
    start = np.maximum(first[lost.loser], first[lost.winner])[row]
    end = np.minimum(last[lost.loser], last[lost.winner])[row]
    counts = []
    for spans, one, two in (
        (everything, cell, np.zeros(len(row), np.int32)),
        (taken, lost.winner[row].astype(np.int32), cell),
        (entered, lost.loser[row].astype(np.int32), cell),
    ):
        begin, stop = spans.span(one, two, start, end)
        counts.append(stop - begin)
    population, marked, drawn = counts
    mean = np.bincount(row, marked * drawn / np.maximum(population, 1), minlength=pairs)
    offsets = np.searchsorted(row, np.arange(pairs + 1))
    ones = np.ones(pairs, np.int64)
    seen = hypergeometric_sum_tails(lost.lots, population, marked, drawn, offsets)
    once = hypergeometric_sum_tails(ones, population, marked, drawn, offsets)
    least = np.maximum(once.p, 1e-12)
    above = np.minimum(seen.above / least, 1.0)
    return Tail(above, np.minimum(seen.at / least, 1.0 - above)), np.asarray(mean)


def _active(market: Cobidding) -> tuple[I32, I32]:
    """First and last day on which each company bid."""
    first = np.full(market.bids.companies, FAR, np.int32)
    last = np.full(market.bids.companies, -FAR, np.int32)
    day = market.day[market.bids.lot]
    np.minimum.at(first, market.bids.company, day)
    np.maximum.at(last, market.bids.company, day)
    return first, last


def _high(market: Cobidding, lost: _Lost) -> BOOL:
    """Whether the losing bids lie in the upper half of the field on average, if it can be told."""
    bids = market.bids
    known = market.priced
    low, top = np.full(bids.lots, np.inf), np.full(bids.lots, -np.inf)
    np.minimum.at(low, bids.lot[known], market.amount[known])
    np.maximum.at(top, bids.lot[known], market.amount[known])
    spread = (top - low)[lost.lot]
    fit = known[lost.bid] & (spread > 0) & (bids.size[lost.lot] >= 3)
    place = np.where(fit, (market.amount[lost.bid] - low[lost.lot]) / np.where(fit, spread, 1), 0)
    pair = np.repeat(np.arange(len(lost.lots)), lost.lots)
    total = np.bincount(pair, place, minlength=len(lost.lots))
    count = np.bincount(pair, fit, minlength=len(lost.lots))
    return np.asarray((count == 0) | (total >= 0.5 * count))
