"""The first step between bids larger than the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._price_screens import F64, WANTS, Limits, find_screen
from graphgov.snapshot import Snapshot
from graphgov.stats.screens import even_gap_chance


@dataclass(frozen=True)
class NormalisedDistance(Detector):
    """The step from the lowest bid to the next is the large one, where the same two firms meet.

    Method: RDNOR = (second - lowest) over the mean step between neighbouring bids of a lot,
        above **min_distance**. Peers, the test of pairs and the limits **max_share**,
        **min_lots** and **max_q** are those of C01. For comparison the sentence says how often
        steps drawn at random, exchangeable and exponential, would give as much.
    Example: Bids of 100, 112, 113, 114 and 116: the first step is three times the mean one.
    Why: The one whose turn it is needs a margin that nobody undercuts by mistake. A leader in
        cost has one as well.
    Score: Surprise of the two firms' lots taken together.
    Skips: Fewer than three bidders; bids in several currencies or ten times apart; lots that
        quality alone decides; lots whose bids are all equal; strata too small.
    Source: Imhof 2017; catalogue C05. The test of pairs is this engine's own.
    """

    code: ClassVar = "C05"
    title: ClassVar = {"en": "Large first step between bids", "zh": "最低价与次低价间距异常"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "mean steps"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "Of {bidders:n} bids for {title} of {body}, from {lowest:money}, the first step is "
            "{screen:.1f} times the mean one; in comparable lots {usual:.1f}, and "
            "{as_strange:pct} of {peers:n} show as much (steps at random: {yardstick:pct}). "
            "{firms:names} met in {unit_all:n} lots, {unit_hits:n} of them like this, where "
            "{unit_expected:times} were to be expected; {companies:names} won on {on} for "
            "{amounts:money}.",
            "A leader in cost, idle plant or a slip in the lowest price leaves a large first "
            "step too.",
        ),
        "zh": (
            "在{body}的“{title}”的{bidders:n}份报价（最低{lowest:money}）中，最低价与次低价的间距为"
            "平均间距的{screen:.1f}倍；可比标段为{usual:.1f}倍，{peers:n}个中仅{as_strange:pct}如此"
            "（随机间距：{yardstick:pct}）。{firms:names}在{unit_all:n}个标段中相遇，其中"
            "{unit_hits:n}个如此，预期约{unit_expected:times}个；{on}由{companies:names}中标，"
            "金额{amounts:money}。",
            "成本领先、产能闲置，或最低报价的笔误，也会造成较大的间距。",
        ),
    }

    min_distance: float = bounded(1.0, low=0.0, high=100.0)
    max_share: float = bounded(0.05, low=0.0, high=0.5)
    min_lots: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All such lots, with the two firms."""
        limits = Limits(self.max_share, self.min_lots, self.max_q, self.min_distance)
        return find_screen(self, snap, "rdnor", limits, _yardstick)


def _yardstick(prices: F64) -> Mapping[str, object]:
    steps = len(prices) - 1
    rdnor = steps * (prices[1] - prices[0]) / (prices[-1] - prices[0])
    return {"yardstick": round(float(even_gap_chance(rdnor, len(prices))), 6)}
