"""Groups of companies that bid together and win in turns."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._groups import (
    F64,
    Inside,
    Rows,
    Tested,
    candidates,
    evidence,
    gathered,
    strongest,
    told,
    weighed,
)
from graphgov.network.cobidding import COLUMNS, Cobidding, cobidding, graph
from graphgov.network.groups import coherence, exclusivity
from graphgov.network.pricing import LotPrices, lot_prices
from graphgov.network.telling import group_ground
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.rotation import (
    against_others,
    clumping_p_values,
    joined,
    pooled_p_values,
    rotation_p_values,
)

_MOST_CLUMPING = 4.0  # powers of ten
_CLOSE = {
    "en": "what stands out is that the bids on these lots lie closer together than on lots of the "
    "category with as many bidders elsewhere",
    "zh": "突出之处在于这些标段的报价比其他投标人数相同的同类标段更为接近",
}
_NOTHING = math.exp(-1.0)  # a p-value as surprising as one of an accident is on average


@dataclass(frozen=True)
class CobiddingGroup(Detector):
    """Companies that meet far more often than chance and win in turns.

    Method: Project lots with 2 to **max_bidders** bidders on companies. Pairs that met more often
        than a hypergeometric null inside the category allows (q at most **max_q**) make the
        graph `cobidding` (D13). Candidates are its Leiden communities of three or more and the
        groups a greedy search for cohesion and exclusivity grows from each company, of 3 to
        **max_members**, with at least **min_lots** lots, in the category and region where they
        met most, on which three of them bid and one of them won. Four tests
        are joined by Fisher's method. Given who bid: is the winner the one that had waited
        longest, and are wins more even than the strengths of other groups' members let expect?
        Given the market: do members come together, or each for itself, more than in other
        groups of their size? And were prices odder than on lots of the category with as many
        bidders everywhere, outsiders making a lot count less: the dearest bid more of the
        estimate, and all bids closer together? Of overlapping candidates the strongest is kept.
    Example: Four computer dealers bid on forty lots together; each fourth one goes to each.
    Why: Firms that agree on who wins go in turns and cover for each other. Firms that share a
        niche and a region also meet always and only each other, and a full order book makes
        an honest firm bid high after it has won.
    Score: Half the sum of the four surprises in powers of ten. Coming together counts for four
        at most, since a small market explains it, prices twice, evenness half.
    Skips: Lots with one bidder or more than **max_bidders**; groups whose p is above **max_p**,
        with fewer than **least_points** of evidence, or that meet no more than their category
        does.
    Source: Wachs and Kertesz 2019; Tumminello and others 2011; OCP R057 (turn-taking); the
        test given who bid is this engine's own.
    """

    code: ClassVar = "D04"
    title: ClassVar = {"en": "Co-bidding group that takes turns", "zh": "轮流中标的投标群体"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "group"
    unit: ClassVar = "standard deviations of waiting rank"
    needs: ClassVar = ("bids.bid_id", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{companies:names} bid against each other on {lots:n} lots between {first} and "
            "{last}, {lift:times} times as often as their categories explain, and won {won:n} of "
            "them for {amounts:money} ({wins:names} wins); {ground[en]:text}.",
            "Few firms in one trade and region meet all the time, and a firm with a full order "
            "book bids high until it has room again, which also looks like taking turns.",
        ),
        "zh": (
            "{companies:names}在{first}至{last}之间共同参与{lots:n}个标段的投标，"
            "为其所属品类可解释次数的{lift:times}倍，赢得其中{won:n}个，"
            "合计{amounts:money}（各家中标次数：{wins:names}）；{ground[zh]:text}。",
            "同一行业和地区的少数企业自然经常相遇；企业产能饱和时报价偏高、有余力后再次中标，"
            "看上去也像轮流中标。",
        ),
    }

    max_bidders: int = bounded(20, low=2, high=100)
    max_members: int = bounded(12, low=3, high=30)
    min_lots: int = bounded(6, low=4, high=1000)
    max_p: float = bounded(0.05, low=0.0, high=1.0)
    least_points: float = bounded(2.25, low=0.0, high=20.0)
    max_q: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """The groups among communities and elsewhere that take turns."""
        market = cobidding(snap, self.max_bidders)
        seen = graph(snap, self.max_bidders, self.max_q)
        groups = candidates(snap, self.max_bidders, self.max_members, self.max_q)
        prices = snap.memo(f"cobidding prices {self.max_bidders}", lambda: lot_prices(market))
        views = (prices.level, prices.closeness)
        parts = gathered(snap, self.max_bidders, self.max_members, self.max_q)
        found = list(weighed(market, groups, parts, self.min_lots, least=3, scores=views))
        p_turns, p_even, _ = rotation_p_values([t.turns for t in found])
        size = np.array([len(t.members) for t in found], dtype=np.int64)
        p_clump = clumping_p_values(np.array([t.clumping for t in found]), size)
        odd = against_others(np.array([t.prices for t in found]).reshape(len(found), len(views)))
        p_price = pooled_p_values(odd)
        p_value = joined(p_turns, p_even, p_clump, p_price)
        q_value = benjamini_hochberg(p_value)
        inside = Inside(seen.pairs, seen.checked, market.bids.companies)
        worth = _points(p_turns, p_even, p_clump, p_price)
        fit = (p_value <= self.max_p) & (worth >= self.least_points)
        hits = []
        for i in strongest([t.members for t in found], -worth, fit):
            weights, lift = inside.inside(found[i].members)
            if lift > 1.0:
                clump, price = _said(p_clump[i]), _said(p_price[i])
                dear = _dearer(odd[i])
                chances = (p_turns[i], p_even[i], clump, price, dear, p_value[i], q_value[i],
                           worth[i])  # fmt: skip
                leaving = inside.leaving(found[i].members, float(weights.sum()))
                hits.append((found[i], chances, (weights, lift, leaving)))
        rows = evidence(snap, market, [(group.members, group.lots) for group, _, _ in hits])
        flags = [
            self._flag(snap, market, prices, *hit, rows=own)
            for hit, own in zip(hits, rows, strict=True)
        ]
        return Findings(
            flags=flags,
            subjects=len(groups),
            computable=len(found),
            reason="not computable, because the rest won too few lots on which two of them bid"
            if len(found) < len(groups)
            else "",
            p_values=p_value,
        )

    def _flag(
        self,
        snap: Snapshot,
        market: Cobidding,
        prices: LotPrices,
        group: Tested,
        chances: tuple[Any, ...],
        shape: tuple[F64, float, float],
        *,
        rows: Rows,
    ) -> Flag:
        p_turns, p_even, p_clump, p_price, dear, p_value, q_value, worth = chances
        asked, usual = prices.asked(group.lots)
        weights, lift, leaving = shape
        together = 1.0 if p_clump is None else p_clump
        who = told(market, group.members, group.lots, rows)
        return self.flag(
            who.companies,
            score=surprise(10.0 ** -min(float(worth), 290.0)),
            value=round(group.turns.z, 6),
            p_value=float(p_value),
            q_value=float(q_value),
            facts={
                **who.facts(snap),
                "lots": len(group.lots),
                "won": len(group.won),
                "wins": [str(int(w)) for w in group.turns.wins],
                "ground": group_ground(
                    together, p_even, p_turns, group.turns.longest, group.turns.longest_expected
                )
                if p_price is None or p_price > min(together, p_even, p_turns)
                else _dear_words(asked, usual)
                if dear
                else _CLOSE,
                "price_of_estimate": asked,
                "usual_price_of_estimate": usual,
                "longest": round(group.turns.longest, 2),
                "longest_expected": round(group.turns.longest_expected, 2),
                "lift": round(lift, 3),
                "coherence": round(coherence(weights), 4),
                "exclusivity": round(exclusivity(float(np.sort(weights).sum()), leaving), 4),
                "p_turns": float(f"{p_turns:.6g}"),
                "p_even": float(f"{p_even:.6g}"),
                "p_clumping": None if p_clump is None else float(f"{p_clump:.6g}"),
                "p_price": None if p_price is None else float(f"{p_price:.6g}"),
            },
            **who.parts(),
        )


def _points(turns: F64, even: F64, clump: F64, price: F64) -> F64:
    """What the four tests say together, in powers of ten; one that says nothing counts as usual.

    Coming together without turns or high prices is what a small town looks like.
    """
    by_turns, by_even, by_clump, by_price = (
        -np.log10(np.clip(np.where(np.isfinite(p), p, _NOTHING), 1e-290, 1.0))
        for p in (turns, even, clump, price)
    )
    points = by_turns + 0.5 * by_even + np.minimum(by_clump, _MOST_CLUMPING) + 2.0 * by_price
    return np.asarray(points / 2.0)


def _dearer(odd: F64) -> bool:
    """Whether dear bids stand out at least as much as close ones."""
    level, closeness = np.nan_to_num(odd, nan=-np.inf)
    return bool(level >= closeness)


def _said(p_value: float) -> float | None:
    """A p-value, or None where its test says nothing."""
    return float(p_value) if np.isfinite(p_value) else None


def _dear_words(asked: float | None, usual: float | None) -> dict[str, str]:
    if asked is None or usual is None:  # known on other lots of the group than those listed
        return {
            "en": "what stands out is that the dearest bids asked for more of the estimate than "
            "on lots of the category with as many bidders elsewhere",
            "zh": "突出之处在于最高报价占预算的比例高于其他投标人数相同的同类标段",
        }
    return {
        "en": f"what stands out is that the dearest bid on these lots asked for {asked:.1%} of the "
        f"estimate on average, where on lots of the category with as many bidders it asks for "
        f"{usual:.1%}",
        "zh": f"突出之处在于这些标段的最高报价平均为预算的{asked:.1%}，"
        f"而投标人数相同的同类标段为{usual:.1%}",
    }
