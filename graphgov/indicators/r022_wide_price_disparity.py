"""Lots whose prices lie far further apart than is usual."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import (
    COLUMNS,
    Contest,
    contests,
    flag_on,
    on_contests,
    price,
    rank_tails,
)
from graphgov.indicators._fields import F64, fields, trade_strata
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids import fences
from graphgov.stats.bids.frames import Marks, Measured, reasons
from graphgov.stats.bids.from_snapshot import Records, records
from graphgov.stats.fdr import benjamini_hochberg


@dataclass(frozen=True)
class WidePriceDisparity(Detector):
    """The dearest bid on a lot is far further from the cheapest than on like lots.

    Method: Per lot with two or more valid prices in one currency, the logarithm of the highest
        over the lowest. A lot is flagged at or above the upper fence (quartile and 1.5
        interquartile ranges) of its stratum of category division, number of bids, method,
        region and year, where that fence rests on 20 lots or more, and p is at most **max_p**.
        Null of p: the lot is like the others of its stratum (conformal rank).
    Example: Three bids of 1.0, 2.9 and 3.1 million where like lots differ by a tenth.
    Why: Bids that are only there to lose need not be near the price. An alternative offer, a
        misread bill of quantities or a slip of the pen is as far away.
    Score: Surprise of the lot's rank in its stratum.
    Skips: Prices ten times as high or more, which are more likely slips; lots that quality
        alone decides; bids in several currencies; strata too small for a fence.
    Source: OCP Red flags (2024) R022; the spread of Huber and Imhof 2019.
    """

    code: ClassVar = "R022"
    title: ClassVar = {"en": "Wide disparity in bid prices", "zh": "投标报价差距悬殊"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "highest price above the lowest, as a share"
    needs: ClassVar = ("bids.amount", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "Prices for {title} of {body} ({on}, won by {companies:names} for {amounts:money}) "
            "lie between {lowest:money} of {cheapest} and {highest:money} of {dearest}, "
            "{spread:.0%} more, where prices of comparable lots lie within {limit:.0%}.",
            "An alternative offer, a misread bill of quantities, a full order book or a slip in "
            "one price explains such a gap.",
        ),
        "zh": (
            "{body}的“{title}”（{on}，由{companies:names}中标，{amounts:money}）报价最低为{cheapest}的"
            "{lowest:money}，最高为{dearest}的{highest:money}，高出{spread:.0%}；可比项目的报价差距在"
            "{limit:.0%}以内。",
            "备选方案、误读工程量清单、订单已满，或某个报价的笔误，都可能造成这样的差距。",
        ),
    }

    max_p: float = bounded(0.02, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All lots with prices, each against its stratum."""
        seen = records(snap)
        found, why = fields(seen, 2)
        value: F64 = np.round(np.log(found.top / found.low), 6).astype(np.float64)
        groups = trade_strata(seen, found.process, found.size)
        place, made = fences.by_group(value, groups)
        limits = np.array([one.upper for one in made] or [np.nan])[place]
        vague = ~fences.evaluable(place, made)
        limits[vague] = np.nan
        p, drawn = rank_tails(value, groups, high=True)
        q = benjamini_hochberg(p)
        flagged = (value >= limits) & (value > 0) & (p <= self.max_p)
        few = np.zeros(len(seen.frames.processes), np.bool_)
        few[found.process[vague]] = True
        told, clauses = reasons(
            len(few),
            *((mask, text) for text, mask in why.items()),
            (few, "too few similar processes have several prices, or all the same spread"),
        )
        hits = np.flatnonzero(flagged)
        ends = found.bid[np.stack([found.begins[hits], found.begins[hits + 1] - 1], axis=1)]
        flags = [
            self._flag(
                snap, seen, contest, (int(both[0]), int(both[1])),
                (float(np.expm1(value[i])), float(np.expm1(limits[i]))), (float(p[i]), float(q[i])),
            )
            for contest, i, both in zip(
                contests(snap, seen, found.process[hits]), hits, ends, strict=True
            )
        ]  # fmt: skip
        measured = Measured(
            processes=Marks(found.process, value, flagged), why=told, reasons=clauses
        )
        return on_contests(measured, flags, p_values=drawn[~vague])

    def _flag(
        self,
        snap: Snapshot,
        seen: Records,
        contest: Contest,
        ends: tuple[int, int],
        spread: tuple[float, float],
        chances: tuple[float, float],
    ) -> Flag:
        low, top = (contest.bid(seen.bid_ids[bid].as_py())[0] for bid in ends)
        return flag_on(
            self,
            snap,
            contest,
            score=surprise(chances[0]),
            value=round(spread[0], 6),
            threshold=round(spread[1], 6),
            p_value=chances[0],
            q_value=chances[1],
            bids=(low, top),
            roles={low["company_id"]: "bidder", top["company_id"]: "bidder"}
            | dict.fromkeys(contest.winners, "winner"),
            facts={
                "cheapest": snap.name("company", low["company_id"]),
                "dearest": snap.name("company", top["company_id"]),
                "lowest": price(low),
                "highest": price(top),
                "spread": round(spread[0], 6),
                "limit": round(spread[1], 6),
            },
        )
