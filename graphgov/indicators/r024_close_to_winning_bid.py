"""Losing bids so close to the winner's that the two look made together."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import (
    COLUMNS,
    I64,
    Contest,
    contests,
    flag_on,
    on_contests,
    plain,
    price,
)
from graphgov.indicators._rates import Rates, rates
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.from_snapshot import BY_PRICE, Records, records
from graphgov.stats.bids.price_ratio import RatioOptions, close, ratios


@dataclass(frozen=True)
class CloseToWinningBid(Detector):
    """The lowest losing bid lies unusually close to the winning one.

    Method: Per lot with one winner, which has the lowest valid price, take the second-lowest
        bidder's distance as a share of the winning price. A lot is flagged at or below the
        lower fence (quartile less 1.5 interquartile ranges) of its stratum of category
        division, method, band of price, region and year, where that fence is above zero and
        rests on 20 lots or more. Null of p: the two firms are close to each other as often as
        other pairs of firms in the category (beta-binomial).
    Example: Everywhere the second bid lies 4 to 9 % above the first; two firms come within
        0.1 % of each other in six lots of seven.
    Why: A cover bid is written with the winner's price in sight. Regulated prices, commodities
        and auctions in rounds give close bids among strangers.
    Score: Surprise of the pair's number of close losses.
    Skips: Lots that quality alone decides; joint bids; several winners; bids in several
        currencies; strata too small for a fence.
    Source: OCP Red flags (2024) R024; Cardinal R024.
    """

    code: ClassVar = "R024"
    title: ClassVar = {"en": "Price close to the winning bid", "zh": "报价与中标价过于接近"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "share of the winning price"
    needs: ClassVar = ("bids.amount", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "For {title} of {body} {rival} asked {second:money}, {distance:.2%} more than the "
            "winner {companies:names} ({winning:money}, {on}); comparable second bids lie more "
            "than {limit:.2%} away. The two were as close in {unit_hits:n} of {unit_all:n} lots, "
            "where {unit_expected:times} were to be expected.",
            "Regulated prices, commodities and auctions in rounds bring strangers' bids as close.",
        ),
        "zh": (
            "在{body}的“{title}”中，{rival}报价{second:money}，仅比中标人{companies:names}"
            "（{winning:money}，{on}）高{distance:.2%}；可比项目的次低报价差距均大于{limit:.2%}。"
            "两家在{unit_all:n}个标段中有{unit_hits:n}个如此接近，预期约{unit_expected:times}个。",
            "政府定价、大宗商品或多轮竞价也会使互不相干的报价十分接近。",
        ),
    }

    max_q: float = bounded(1.0, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All close losses, with the record of the two firms."""
        seen = records(snap)
        frames = seen.frames
        taken = plain(ratios(frames, RatioOptions(gate=BY_PRICE, guarded=True)))
        groups = seen.strata(taken.process, frames.bids.amount[taken.winner])
        options = RatioOptions(gate=BY_PRICE, guarded=True, groups=groups)
        found = close(frames, options, taken)
        hit = found.processes.flagged
        firms = np.sort(np.stack([frames.sole[taken.winner], frames.sole[taken.rival]]), axis=0)
        keys = firms[0].astype(np.int64) * max(frames.tenderers, 1) + firms[1]
        _, pair = np.unique(keys, return_inverse=True)
        pairs = rates(pair, seen.division[taken.process], hit)
        shown = np.flatnonzero(hit)
        shown = shown[pairs.q[pair[shown]] <= self.max_q]
        flags = [
            self._flag(snap, seen, contest, found.facts["limit"][i], pairs, int(pair[i]), ends)
            for contest, i, ends in zip(
                contests(snap, seen, found.processes.codes[shown]),
                shown,
                np.stack([taken.winner, taken.rival], axis=1)[shown],
                strict=True,
            )
        ]
        return on_contests(found, flags, p_values=pairs.randomised)

    def _flag(
        self,
        snap: Snapshot,
        seen: Records,
        contest: Contest,
        limit: np.generic,
        pairs: Rates,
        pair: int,
        ends: I64,
    ) -> Flag:
        first, second = (contest.bid(seen.bid_ids[int(bid)].as_py())[0] for bid in ends)
        amounts = seen.frames.bids.amount[ends]
        at = pairs.of(pair)
        distance = float((amounts[1] - amounts[0]) / amounts[0])
        return flag_on(
            self,
            snap,
            contest,
            score=surprise(pairs.p_of(pair)),
            value=distance,
            threshold=float(limit),
            p_value=pairs.p_of(pair),
            q_value=float(pairs.q[at]),
            bids=(first, second),
            roles={second["company_id"]: "rival"},
            facts={
                "rival": snap.name("company", second["company_id"]),
                "winning": price(first),
                "second": price(second),
                "distance": round(distance, 8),
                "limit": round(float(limit), 8),
                **pairs.facts(pair),
            },
        )
