"""Pairs of companies whose prices stand in the same ratio again and again."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._groups import F64, I64, Rows, evidence, told, won_clause
from graphgov.network.cobidding import COLUMNS, Cobidding, cobidding, met
from graphgov.network.projection import Meetings
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg

_SEED = 23
_NEAR = 2  # hundredths: prices as close as this are near to each other, not in a ratio
_MOST = 400  # meetings of a pair that are counted
_WINDOW = 5  # hundredths on either side, in which a pair's own ratios must pile up
_LOST = 1e-9
_WIDE = 10.0  # ratios beyond are slips of the pen


@dataclass(frozen=True)
class FixedMultiplePrices(Detector):
    """One company's price is the same multiple of another's in lot after lot.

    Method: Per pair and lot with prices in one currency, the dearer price over the cheaper one
        to two decimals, with who was dearer; ratios up to 1.02 are only counted. The statistic
        is how often the pair's most frequent ratio occurs. Under the null the ratios are drawn
        from those of all pairs in the category's division, given how often either firm was the
        dearer one (exact multinomial maximum). Flagged are **min_lots** or more with q at most
        **max_q** which also stand out among the pair's own ratios nearby (chance at most
        **max_own_p**).
    Example: On seven of nine common lots one firm asked 1.15 times what the other asked.
    Why: Whoever writes both bids needs a rule for the second price. Two resellers of one
        price list with fixed mark-ups follow a rule too.
    Score: Surprise of the p-value, decades / (decades + 2).
    Skips: Pairs with fewer than three such lots; prices ten times as high or more.
    Source: OCP Red flags (2024) R023; Cardinal issue 103; the null is this engine's own.
    """

    code: ClassVar = "R023"
    title: ClassVar = {"en": "Fixed multiple of a rival's price", "zh": "报价呈固定倍数"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "lots with the same ratio"
    needs: ClassVar = ("bids.amount", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "On {lots:n} of the {meetings:n} priced lots on which {cheaper} and {dearer} met, "
            "between {first} and {last}, {dearer} asked {ratio:.2f} times the price of {cheaper}; "
            "lots of {bodies:names}, of which they {wins[en]:text}.",
            "Resellers of one price list with fixed mark-ups, or tariffs, give such ratios; "
            "compare with the firms' prices to others.",
        ),
        "zh": (
            "{cheaper}与{dearer}在{first}至{last}之间同场报价的{meetings:n}个标段中，有{lots:n}个"
            "{dearer}的报价均为{cheaper}的{ratio:.2f}倍（{bodies:names}的标段，{wins[zh]:text}）。",
            "按同一价目表加固定比例转售，或执行统一定价，也会出现这样的比值；请比较其对其他客户的报价。",
        ),
    }

    max_bidders: int = bounded(20, low=2, high=100)
    min_lots: int = bounded(3, low=3, high=1000)
    max_own_p: float = bounded(0.01, low=0.0, high=1.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs with three priced lots or more."""
        market = cobidding(snap, self.max_bidders)
        seen = met(snap, self.max_bidders)
        ratios = _ratios(market, seen)
        most = _most(ratios)
        tail = _tails(ratios, most)
        p = tail.p
        q = benjamini_hochberg(p)
        strong = (most.times >= self.min_lots) & (q <= self.max_q)
        hits = [
            int(i) for i in np.flatnonzero(strong) if _own_p(ratios, most, int(i)) <= self.max_own_p
        ]
        lots, members = [], []
        for i in hits:
            part = slice(int(ratios.begins[i]), int(ratios.begins[i + 1]))
            chosen = ratios.bin[part] == most.bin[i]
            lots.append(ratios.lot[part][chosen])
            pair = int(ratios.pair[i])
            both = (int(seen.pairs.a[pair]), int(seen.pairs.b[pair]))
            members.append(both if most.bin[i] < 0 else both[::-1])  # the cheaper first
        cells = evidence(snap, market, list(zip(members, lots, strict=True)))
        flags = [
            self._flag(
                snap, market, members[j], lots[j], cells[j],
                (int(ratios.begins[i + 1] - ratios.begins[i]), abs(int(most.bin[i])) / 100),
                (float(p[i]), float(q[i])),
            )
            for j, i in enumerate(hits)
        ]  # fmt: skip
        rest = len(seen.pairs.a) - len(most.times)
        why = f"not computable, because {rest} pairs have fewer than three lots with both prices"
        return Findings(
            flags=flags,
            subjects=len(seen.pairs.a),
            computable=len(most.times),
            missing="" if ratios.pair.size else "bids.amount",
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
        counted: tuple[int, float],
        chances: tuple[float, float],
    ) -> Flag:
        meetings, ratio = counted
        p_value, q_value = chances
        who = told(market, ends, lots, rows)
        cheaper, dearer = who.companies
        return self.flag(
            who.companies,
            score=surprise(p_value),
            value=float(len(lots)),
            threshold=float(self.min_lots),
            p_value=p_value,
            q_value=q_value,
            facts={
                **who.facts(snap),
                "cheaper": snap.name("company", cheaper),
                "dearer": snap.name("company", dearer),
                "ratio": ratio,
                "lots": len(lots),
                "meetings": meetings,
                "wins": won_clause(who),
            },
            **who.parts(),
        )


class _Ratios(NamedTuple):
    """Ratios of pairs with three or more, pair after pair.

    Attributes:
        pair: Row of each pair.
        begins: Where each pair's ratios begin, and the end.
        bin: Hundredths of dearer over cheaper, negative where the second is the dearer one; 0
            where they are near to each other.
        lot: The lot of each.
        trade: Per pair, the division in which most of them lie.
    """

    pair: I64
    begins: I64
    bin: I64
    lot: I64
    trade: I64


class _Most(NamedTuple):
    """The most frequent ratio of each pair, and how often it occurs; 0 for none."""

    bin: I64
    times: I64


def _ratios(market: Cobidding, seen: Meetings) -> _Ratios:
    known = market.priced[seen.first] & market.priced[seen.second]
    rows = np.flatnonzero(known)
    one, two = market.amount[seen.first[rows]], market.amount[seen.second[rows]]
    ratio = np.maximum(one, two) / np.minimum(one, two)
    sane = ratio < _WIDE
    rows, ratio, first = rows[sane], ratio[sane], (one > two)[sane]
    pair = seen.pair[rows].astype(np.int64)
    often = np.bincount(pair, minlength=len(seen.pairs.a)) >= 3
    kept = often[pair]
    rows, ratio, first, pair = rows[kept], ratio[kept], first[kept], pair[kept]
    hundredths = np.round(ratio * 100 + 1e-6).astype(np.int64)
    code = np.where(hundredths <= 100 + _NEAR, 0, np.where(first, hundredths, -hundredths))
    names = np.flatnonzero(often)
    begins = np.searchsorted(pair, np.append(names, len(often)))
    lot = market.bids.lot[seen.first[rows]].astype(np.int64)
    trade = np.zeros(len(names), np.int64)
    if len(names):
        wide = int(market.division.max()) + 1
        place = np.searchsorted(names, pair)
        cells, counts = np.unique(place * wide + market.division[lot], return_counts=True)
        order = np.lexsort((cells, -counts, cells // wide))
        _, best = np.unique((cells // wide)[order], return_index=True)
        trade = cells[order][best] % wide
    return _Ratios(names, begins, code, lot, trade)


def _most(ratios: _Ratios) -> _Most:
    place = np.repeat(np.arange(len(ratios.pair)), np.diff(ratios.begins))
    fit = ratios.bin != 0
    span = int(100 * _WIDE) + 2
    keys, counts = np.unique(place[fit] * (2 * span) + ratios.bin[fit] + span, return_counts=True)
    of = keys // (2 * span)
    order = np.lexsort((keys, -counts, of))
    found, best = np.unique(of[order], return_index=True)
    code, times = np.zeros(len(ratios.pair), np.int64), np.zeros(len(ratios.pair), np.int64)
    code[found] = keys[order][best] % (2 * span) - span
    times[found] = counts[order][best]
    return _Most(code, times)


def _tails(ratios: _Ratios, most: _Most) -> Tail:
    """P(maximum > seen) and P(maximum = seen), ratios drawn from those of the division.

    Given how often the one and the other was dearer: who usually is the dearer one keeps to it.
    """
    pairs = len(ratios.pair)
    place = np.repeat(np.arange(pairs), np.diff(ratios.begins))
    signs = [np.bincount(place[ratios.bin * sign > 0], minlength=pairs) for sign in (1, -1)]
    numbers = [np.minimum(n, _MOST).astype(np.int64) for n in signs]
    times = np.minimum(most.times, np.maximum(*numbers))
    up_to, below, bound = np.ones(pairs), np.zeros(pairs), np.ones(pairs)
    trade_of = ratios.trade[place]
    for trade in np.unique(ratios.trade).tolist():
        mine = ratios.trade == trade
        apart = np.abs(ratios.bin[(trade_of == trade) & (ratios.bin != 0)])
        if not len(apart):
            continue  # nobody's prices are apart: times is zero everywhere
        _, counts = np.unique(apart, return_counts=True)
        share = counts / counts.sum()
        most_n = int(max(n[mine].max() for n in numbers))
        wanted = np.unique(np.concatenate([times[mine], times[mine] - 1]))
        for most_t in wanted[wanted >= 0].tolist():
            table = _maximum_up_to(share, most_t, most_n)
            for out, shift in ((up_to, 0), (below, 1)):
                rows = mine & (times - shift == most_t)
                out[rows] = table[numbers[0][rows]] * table[numbers[1][rows]]
        each = sum(
            np.asarray(binom.sf(times[mine][:, None] - 1, n[mine][:, None], share[None, :]))
            for n in numbers
        )
        bound[mine] = np.minimum(np.sum(each, axis=1), 1.0)
    above = np.clip(1.0 - up_to, 0.0, 1.0)
    at = np.clip(up_to - below, 0.0, 1.0)
    tiny = (above + at < _LOST) & (times > 0)  # lost digits: the sum over ratios is as good
    at[tiny], above[tiny] = bound[tiny], 0.0
    return Tail(above, at)


def _maximum_up_to(shares: F64, times: int, most: int) -> F64:
    """P(no ratio occurs more than `times` times) among 0, 1, … `most` draws.

    The coefficient of x^n in n! prod_v sum_(j <= times) (share_v x)^j / j!, with x in units that
    keep the numbers within reach.
    """
    n = np.arange(most + 1)
    scale = float(max(most, 1))
    total = (n == 0).astype(np.float64)
    j = np.arange(min(times, most) + 1)
    unique, repeats = np.unique(shares, return_counts=True)
    for share, repeat in zip(unique.tolist(), repeats.tolist(), strict=True):
        term = np.exp(j * np.log(share * scale) - gammaln(j + 1))
        for _ in range(repeat):
            total = np.convolve(total, term)[: most + 1]
    logs = gammaln(n + 1) - n * np.log(scale)
    return np.asarray(np.clip(total * np.exp(logs), 0.0, 1.0))


def _own_p(ratios: _Ratios, most: _Most, i: int) -> float:
    """Whether the ratio stands out among the pair's own ones within five hundredths of it."""
    mine = ratios.bin[ratios.begins[i] : ratios.begins[i + 1]]
    near = int((np.abs(mine - most.bin[i]) <= _WINDOW).sum())
    bins = 2 * _WINDOW + 1
    return float(min(1.0, bins * binom.sf(int(most.times[i]) - 1, near, 1.0 / bins)))
