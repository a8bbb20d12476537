"""Winning bids far below the second one."""

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
    rank_tails,
)
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.from_snapshot import BY_PRICE, Records, records
from graphgov.stats.bids.price_ratio import RatioOptions, discounted, ratios
from graphgov.stats.fdr import benjamini_hochberg


@dataclass(frozen=True)
class HeavilyDiscountedBid(Detector):
    """The winner asked far less than anybody else.

    Method: Per lot with one winner, which has the lowest valid price, take the second-lowest
        bidder's distance as a share of the winning price. A lot is flagged at or above the
        upper fence (quartile and 1.5 interquartile ranges) of its stratum of category division,
        method, band of price, region and year, where that fence rests on 20 lots or more. Null
        of p: the lot is like the others of its stratum (conformal rank of its distance).
    Example: A ring loses a price war for one lot to a member that bids half, knowing that
        amendments will bring the money back.
    Why: A price that nobody else can see a way to may count on later changes, or the others may
        have bid high to lose. New methods, idle plant or a slip of the pen do the same.
    Score: Surprise of the lot's rank in its stratum.
    Skips: Lots that quality alone decides; joint bids; several winners; bids in several
        currencies; strata too small for a fence.
    Source: OCP Red flags (2024) R058; Cardinal R058.
    """

    code: ClassVar = "R058"
    title: ClassVar = {"en": "Heavily discounted bid", "zh": "中标价远低于其他报价"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "share of the winning price"
    needs: ClassVar = ("bids.amount", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{companies:names} won {title} of {body} on {on} with {winning:money}; the next "
            "bidder, {rival}, asked {second:money}, {distance:.0%} more, where comparable second "
            "bids lie less than {limit:.0%} above the first.",
            "A new method, idle plant, a wish to enter a market or a slip in one of the two prices "
            "explains such a gap.",
        ),
        "zh": (
            "{companies:names}于{on}以{winning:money}中标{body}的“{title}”，而次低报价人{rival}"
            "报价{second:money}，高出{distance:.0%}；可比项目的次低报价高出不到{limit:.0%}。",
            "新工艺、产能闲置、急于进入市场，或两个报价之一的笔误，都可能造成这样的差距。",
        ),
    }

    max_p: float = bounded(1.0, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All lots with such a gap."""
        seen = records(snap)
        frames = seen.frames
        taken = plain(ratios(frames, RatioOptions(gate=BY_PRICE, guarded=True)))
        groups = seen.strata(taken.process, frames.bids.amount[taken.winner])
        options = RatioOptions(gate=BY_PRICE, guarded=True, groups=groups)
        found = discounted(frames, options, taken)
        p, drawn = rank_tails(taken.value, groups[taken.process], high=True)
        q = benjamini_hochberg(p)
        shown = np.flatnonzero(found.processes.flagged & (p <= self.max_p))
        limits = found.facts["limit"].astype(np.float64)
        ends = np.stack([taken.winner, taken.rival], axis=1)[shown]
        flags = [
            self._flag(snap, seen, contest, both, (float(limits[i]), float(p[i]), float(q[i])))
            for contest, i, both in zip(
                contests(snap, seen, found.processes.codes[shown]), shown, ends, strict=True
            )
        ]
        return on_contests(found, flags, p_values=drawn)

    def _flag(
        self,
        snap: Snapshot,
        seen: Records,
        contest: Contest,
        ends: I64,
        told: tuple[float, float, float],
    ) -> Flag:
        first, second = (contest.bid(seen.bid_ids[int(bid)].as_py())[0] for bid in ends)
        amounts = seen.frames.bids.amount[ends]
        limit, p_value, q_value = told
        distance = float((amounts[1] - amounts[0]) / amounts[0])
        return flag_on(
            self,
            snap,
            contest,
            score=surprise(p_value),
            value=distance,
            threshold=limit,
            p_value=p_value,
            q_value=q_value,
            bids=(first, second),
            roles={second["company_id"]: "rival"},
            facts={
                "rival": snap.name("company", second["company_id"]),
                "winning": price(first),
                "second": price(second),
                "distance": round(distance, 8),
                "limit": round(limit, 8),
            },
        )
