"""Pairs of companies that meet more often than their niche explains."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtr, ndtri

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._groups import F64, I64, Rows, evidence, told, won_clause
from graphgov.network.cobidding import (
    COLUMNS,
    Cobidding,
    Niche,
    cobidding,
    niche_of,
    niche_tails,
)
from graphgov.network.nullmodels import settled
from graphgov.network.projection import Pairs
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg

_SEED = 2
_MET = 2  # pairs that met once say nothing and would be nearly all there are


@dataclass(frozen=True)
class ValidatedPair(Detector):
    """Two companies bid on the same lots more often than their niche explains.

    Method: Lots with 2 to **max_bidders** bidders, joint bids counted as one, niche by niche
        (category and region). Given how often each of the two bids there while both are active,
        their meetings are hypergeometric over bidders' places. As only pairs that met are seen,
        p is the chance of so many meetings given two. What all pairs of the data share (towns
        and buyers' habits that are finer than the strata) is taken off. Flagged are pairs with
        **min_lots** meetings, **min_lift** times the expected ones and q at most **max_q**.
    Example: Two of sixty road builders of a province each bid on forty of its 900 lots, and on
        25 of them together, where two were to be expected.
    Why: A firm that gives cover has to be where the other one bids. So has one that sits next
        door, was invited by the same buyer or offers the same rare product.
    Score: Surprise of the p-value, decades / (decades + 2).
    Skips: Pairs that met once; lots with one bidder or more than **max_bidders**.
    Source: Tumminello and others 2011 (statistically validated projection); strata by niche and
        places instead of lots are this engine's own.
    """

    code: ClassVar = "D02"
    title: ClassVar = {"en": "Pair that meets too often", "zh": "两家企业同场投标异常频繁"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "times the expected meetings"
    needs: ClassVar = ("bids.bid_id", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{companies:names} bid against each other on {lots:n} lots of {bodies:names} between "
            "{first} and {last}, where {expected:times} meetings were to be expected from how "
            "often each bids in this trade and region; they {wins[en]:text}.",
            "Two firms of one small town, or the only two that a buyer knows for a product, meet "
            "all the time; see whether others could have bid.",
        ),
        "zh": (
            "{companies:names}在{first}至{last}之间同场竞争{bodies:names}的{lots:n}个标段，"
            "而按两家在该行业和地区的投标次数预期约{expected:times}次；{wins[zh]:text}。",
            "同一小镇的两家企业，或买方就某产品仅知的两家企业，自然经常相遇；请核实是否另有企业可投标。",
        ),
    }

    max_bidders: int = bounded(20, low=2, high=100)
    min_lots: int = bounded(5, low=3, high=1000)
    min_lift: float = bounded(2.0, low=1.0, high=100.0)
    max_q: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs that met twice."""
        market = cobidding(snap, self.max_bidders)
        niches = niche_of(snap, self.max_bidders)
        pairs = niches.pairs.take(niches.pairs.joint >= _MET)
        tail, expected = _given_met(market, niches, pairs)
        scores = -ndtri(np.clip(tail.randomised(_SEED), 1e-300, 1 - 1e-12))
        p = ndtr(-settled(-ndtri(np.clip(tail.p, 1e-300, 1 - 1e-12)), scores))
        q = benjamini_hochberg(p)
        lift = pairs.joint / np.maximum(expected, 1e-9)
        strong = (pairs.joint >= self.min_lots) & (lift >= self.min_lift) & (q <= self.max_q)
        hits = np.flatnonzero(strong)
        found = [_lots(market, niches, int(pairs.a[i]), int(pairs.b[i])) for i in hits]
        cells = evidence(snap, market, found)
        flags = [
            self._flag(
                snap, market, both, own, rows, (float(expected[i]), float(p[i]), float(q[i]))
            )
            for i, (both, own), rows in zip(hits, found, cells, strict=True)
        ]
        alone = len(niches.pairs.a) - len(pairs.a)
        why = f"not computable, because {alone} pairs met only once in a niche"
        return Findings(
            flags=flags,
            subjects=len(niches.pairs.a),
            computable=len(pairs.a),
            reason=why if alone else "",
            p_values=ndtr(-settled(scores)),
        )

    def _flag(
        self,
        snap: Snapshot,
        market: Cobidding,
        members: tuple[int, int],
        lots: I64,
        rows: Rows,
        chances: tuple[float, float, float],
    ) -> Flag:
        expected, p_value, q_value = chances
        who = told(market, members, lots, rows)
        return self.flag(
            who.companies,
            score=surprise(p_value),
            value=round(len(lots) / max(expected, 1e-9), 6),
            threshold=self.min_lift,
            p_value=p_value,
            q_value=q_value,
            facts={
                **who.facts(snap),
                "lots": len(lots),
                "expected": round(expected, 4),
                "wins": won_clause(who),
            },
            **who.parts(),
        )


def _given_met(market: Cobidding, niches: Niche, pairs: Pairs) -> tuple[Tail, F64]:
    """The tail of meetings in a niche given two of them, and their mean."""
    tail, mean = niche_tails(market, niches, pairs, pairs.joint)
    twice, _ = niche_tails(market, niches, pairs, np.full_like(pairs.joint, _MET))
    least = np.maximum(twice.p, 1e-12)
    above, at = (np.minimum(part / least, 1.0) for part in (tail.above, tail.at))
    return Tail(above, np.minimum(at, 1.0 - above)), mean


def _lots(market: Cobidding, niches: Niche, a: int, b: int) -> tuple[tuple[int, int], I64]:
    """The companies of two nodes, and the lots of their niche on which both bid."""
    bids = market.bids
    one, two = int(niches.company[a]), int(niches.company[b])
    mine, theirs = (bids.lot[bids.company == firm] for firm in (one, two))
    both = np.intersect1d(mine, theirs).astype(np.int64)
    return (one, two), both[market.cell[both] == niches.cell[a]]
