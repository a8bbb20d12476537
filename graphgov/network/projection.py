"""From who bid where to who meets whom, and which pairs meet more often than chance.

The validation is Tumminello's (2011): two companies that bid on K_i and K_j of the N lots of a
stratum meet a hypergeometric number of times. Over several strata the counts add up, and N, K_i
and K_j are counted in the span of days in which both were active, because a firm that closed
before another opened could never have met it. That test lets a pair meet on a lot as if places
were free; where lots have few bidders it finds too little. Counting places instead of lots
(`by_place`) agrees with bidders dealt out anew.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphgov.network.ids import I32
from graphgov.stats.exact import FLOAT, Tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.spans import FAR, I64, Spans, distinct, slices
from graphgov.stats.sums import hypergeometric_sum_tails

_CHUNK = 100_000  # pairs validated at once


@dataclass(frozen=True, eq=False)
class Bidding:
    """Who bid on which lot: each pair once, by lot and company; lots of a usable size only.

    Args:
        lot: Lot of each bid, 0 to `lots` - 1.
        company: Company of each bid, 0 to `companies` - 1.
        size: Bidders per lot; 0 where the lot was left out.
    """

    lot: I32
    company: I32
    lots: int
    companies: int
    size: I64


def bidding(
    lot: npt.ArrayLike,
    company: npt.ArrayLike,
    *,
    lots: int,
    companies: int,
    min_size: int = 2,
    max_size: int = 20,
) -> Bidding:
    """The bids of lots with 2 to 20 bidders; a repeated bid counts once.

    Larger lots tell little about a pair and would make a clique each.

    Args:
        lot: Lot per bid.
        company: Company per bid.
        lots: How many lots there are.
        companies: How many companies there are.
        min_size: Fewest bidders of a lot.
        max_size: Most bidders of a lot.
    """
    key = np.asarray(lot, dtype=np.int64) * max(companies, 1) + np.asarray(company, dtype=np.int64)
    key = distinct(key)
    which, who = key // max(companies, 1), key % max(companies, 1)
    size = np.bincount(which, minlength=lots)
    size = np.where((size >= min_size) & (size <= max_size), size, 0).astype(np.int64)
    keep = size[which] > 0
    return Bidding(which[keep].astype(np.int32), who[keep].astype(np.int32), lots, companies, size)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of companies that met, by first and second company.

    Args:
        a: Smaller company.
        b: Larger company.
        joint: Lots on which both bid.
        weight: Jaccard: joint lots over lots of either.
        lots: Lots per company.
    """

    a: I32
    b: I32
    joint: I64
    weight: FLOAT
    lots: I64

    def take(self, rows: npt.NDArray[np.bool_] | I64) -> "Pairs":
        """Some of the pairs."""
        return Pairs(self.a[rows], self.b[rows], self.joint[rows], self.weight[rows], self.lots)


@dataclass(frozen=True, eq=False)
class Meetings:
    """Every meeting of two companies on a lot, by pair, then lot.

    Args:
        pairs: All pairs that met.
        pair: Row of the pair, per meeting.
        first: The bid of the smaller company.
        second: The bid of the larger company.
        begins: Where each pair's meetings begin, and the end.
    """

    pairs: Pairs
    pair: I32
    first: I32
    second: I32
    begins: I64

    def of(self, pair: int) -> slice:
        """The meetings of one pair."""
        return slice(int(self.begins[pair]), int(self.begins[pair + 1]))


def meetings(bids: Bidding) -> Meetings:
    """All meetings on the lots of a market; a lot of n bidders has n (n - 1) / 2 of them."""
    used = np.flatnonzero(bids.size > 0)
    ends = np.cumsum(bids.size[used])
    starts = ends - bids.size[used]
    ones, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for size in np.unique(bids.size[used]).tolist():
        low, high = np.triu_indices(size, 1)
        begin = starts[bids.size[used] == size]
        ones.append((begin[:, None] + low).ravel())
        others.append((begin[:, None] + high).ravel())
    first, second = np.concatenate(ones), np.concatenate(others)
    wide = np.int64(max(bids.companies, 1))
    key = bids.company[first] * wide + bids.company[second]
    order = np.lexsort((first, key))  # bids are in lot order
    key = key[order]
    new = np.ones(len(key), dtype=bool)
    np.not_equal(key[1:], key[:-1], out=new[1:])
    begins = np.append(np.flatnonzero(new), len(key)).astype(np.int64)
    found = key[new]
    a, b = (found // wide).astype(np.int32), (found % wide).astype(np.int32)
    lots = np.bincount(bids.company, minlength=bids.companies).astype(np.int64)
    joint = np.diff(begins)
    weight = joint / (lots[a] + lots[b] - joint)
    return Meetings(
        pairs=Pairs(a, b, joint, weight, lots),
        pair=(np.cumsum(new) - 1).astype(np.int32),
        first=first[order].astype(np.int32),
        second=second[order].astype(np.int32),
        begins=begins,
    )


def project(bids: Bidding) -> Pairs:
    """All pairs of companies that bid on the same lot."""
    shape = (bids.lots, bids.companies)
    ones = np.ones(len(bids.lot), dtype=np.int32)
    matrix = sparse.csr_array((ones, (bids.lot, bids.company)), shape)
    met = sparse.csr_array(sparse.triu(sparse.csr_array(matrix.T @ matrix), k=1))
    met.sort_indices()
    cells = met.tocoo()
    a, b = (c.astype(np.int32) for c in cells.coords)
    joint = cells.data.astype(np.int64)
    lots = np.bincount(bids.company, minlength=bids.companies).astype(np.int64)
    return Pairs(a, b, joint, joint / (lots[a] + lots[b] - joint), lots)


@dataclass(frozen=True, eq=False)
class Validation:
    """How surprising the meetings of each pair are.

    Args:
        tail: P(X > joint) and P(X = joint) under chance meetings inside strata.
        expected: Mean number of meetings under chance.
        q_value: After Benjamini and Hochberg over `tests`.
        tests: Pairs that could be tested, those below `min_joint` included.
    """

    tail: Tail
    expected: FLOAT
    q_value: FLOAT
    tests: int

    def bonferroni(self, alpha: float = 0.01) -> npt.NDArray[np.bool_]:
        """Pairs of the Bonferroni network."""
        return np.asarray(self.tail.p < alpha / max(self.tests, 1))

    def discovered(self, alpha: float = 0.01) -> npt.NDArray[np.bool_]:
        """Pairs of the false-discovery network."""
        return np.asarray(self.q_value <= alpha)


def validate(
    bids: Bidding,
    pairs: Pairs,
    *,
    stratum: npt.ArrayLike | None = None,
    day: npt.ArrayLike | None = None,
    min_joint: int = 2,
    by_place: bool = False,
) -> Validation:
    """The hypergeometric test of every pair (D02).

    Pairs that met fewer than `min_joint` times are tests too, but get a p-value of one.

    Args:
        bids: What the pairs were made from.
        pairs: All pairs, as `project` gives them.
        stratum: Stratum per lot, from 0; one for all if None.
        day: Day per lot; without it companies count as active all the time.
        min_joint: Meetings below which a pair is not looked at.
        by_place: Count bidders' places: the second company's bids fall on places not taken by
            the first, of which each of the first's lots has one less than it has bidders.
    """
    strata = np.zeros(bids.lots, np.int32) if stratum is None else np.asarray(stratum, np.int32)
    days = np.zeros(bids.lots, np.int32) if day is None else np.asarray(day, np.int32)
    chance = _Chance(bids, strata, days)
    m = len(pairs.a)
    above, at, expected = np.zeros(m), np.ones(m), np.full(m, np.nan)
    rows = np.flatnonzero(pairs.joint >= min_joint)
    for begin in range(0, len(rows), _CHUNK):
        part = rows[begin : begin + _CHUNK]
        tail, expected[part] = chance.tails(
            pairs.a[part], pairs.b[part], pairs.joint[part], by_place
        )
        above[part], at[part] = tail.above, tail.at
    tail = Tail(above, at)
    return Validation(tail, expected, benjamini_hochberg(tail.p), m)


class _Chance:
    """Counts of lots per company, stratum and span of days."""

    def __init__(self, bids: Bidding, stratum: I32, day: I32) -> None:
        self.strata = int(stratum.max(initial=0)) + 1
        lot, company = bids.lot, bids.company
        used = np.flatnonzero(bids.size > 0)
        nothing = np.zeros(len(used), dtype=np.int32)
        self.all_lots = Spans(stratum[used], nothing, day[used], 1)
        self.own_lots = Spans(company, stratum[lot], day[lot], self.strata)
        self.all_places = _running(bids.size[used][self.all_lots.order])
        self.own_places = _running(bids.size[lot][self.own_lots.order] - 1)
        self.first = np.full(bids.companies, FAR, dtype=np.int32)
        self.last = np.full(bids.companies, -FAR, dtype=np.int32)
        np.minimum.at(self.first, company, day[lot])
        np.maximum.at(self.last, company, day[lot])
        self.cells = distinct(company.astype(np.int64) * self.strata + stratum[lot])
        bounds = np.arange(bids.companies + 1, dtype=np.int64) * self.strata
        self.begins = np.searchsorted(self.cells, bounds)
        self.weight = _activity(bids, stratum, day)

    def tails(self, a: I32, b: I32, joint: I64, by_place: bool) -> tuple[Tail, FLOAT]:
        """Tail and mean of the meetings of each pair."""
        # The more active of two companies has its places marked, whatever their ids.
        swap = self.weight[a] < self.weight[b]
        a, b = np.where(swap, b, a).astype(np.int32), np.where(swap, a, b).astype(np.int32)
        row, stratum = self._common_strata(a, b)
        start = np.maximum(self.first[a], self.first[b])[row]
        end = np.minimum(self.last[a], self.last[b])[row]
        nothing = np.zeros(len(row), dtype=np.int32)
        all_low, all_high = self.all_lots.span(stratum, nothing, start, end)
        a_low, a_high = self.own_lots.span(a[row], stratum, start, end)
        b_low, b_high = self.own_lots.span(b[row], stratum, start, end)
        population, marked, drawn = all_high - all_low, a_high - a_low, b_high - b_low
        if by_place:
            population = self.all_places[all_high] - self.all_places[all_low] - marked
            marked = self.own_places[a_high] - self.own_places[a_low]
        offsets = np.searchsorted(row, np.arange(len(a) + 1))
        chance = marked * drawn / np.maximum(population, 1)
        mean: FLOAT = np.bincount(row, chance, minlength=len(a)).astype(np.float64)
        return hypergeometric_sum_tails(joint, population, marked, drawn, offsets), mean

    def _common_strata(self, a: I32, b: I32) -> tuple[I64, I32]:
        """The strata in which both of a pair bid, pair after pair."""
        shorter = np.diff(self.begins)[a] <= np.diff(self.begins)[b]
        few, other = np.where(shorter, a, b), np.where(shorter, b, a)
        low, high = self.begins[few], self.begins[few + 1]
        row = np.repeat(np.arange(len(a)), high - low)
        stratum = (self.cells[slices(low, high)] % self.strata).astype(np.int32)
        wanted = other[row].astype(np.int64) * self.strata + stratum
        at = np.minimum(np.searchsorted(self.cells, wanted), len(self.cells) - 1)
        keep = self.cells[at] == wanted
        return row[keep], stratum[keep]


def _activity(bids: Bidding, stratum: I32, day: I32) -> I64:
    """A rank of companies by what they did, not by what they are called; equals are equal."""
    common = np.bincount(stratum[bids.size > 0], minlength=int(stratum.max(initial=0)) + 1)
    did = (np.ones(bids.lots), bids.size, common[stratum], day)
    sums = [np.bincount(bids.company, d[bids.lot], minlength=bids.companies) for d in did]
    _, rank = np.unique(np.column_stack(sums), axis=0, return_inverse=True)
    return rank.ravel().astype(np.int64)


def _running(values: I64) -> I64:
    """Sums of the first 0, 1, 2, … values."""
    return np.concatenate([[0], np.cumsum(values)]).astype(np.int64)
