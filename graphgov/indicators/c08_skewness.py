"""Bids of a lot that lean to the high side."""

from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._price_screens import WANTS, Limits, find_screen
from graphgov.snapshot import Snapshot


@dataclass(frozen=True)
class Skewness(Detector):
    """Bids crowd at the high end with one low, wherever the same two firms meet.

    Method: Sample skewness of a lot's valid bids, below **max_skewness**. Peers, the test of
        pairs and the limits **max_share**, **min_lots** and **max_q** are those of C01.
    Example: Bids of 100, 112, 113, 114 and 116 lean far to the left: -1.9.
    Why: Where bids are made apart, some are always far too high; where they are made to lose to
        one, they crowd above it. A price ceiling crowds honest bids below it as well.
    Score: Surprise of the two firms' lots taken together.
    Skips: Fewer than three bidders; bids in several currencies or ten times apart; lots that
        quality alone decides; lots whose bids are all equal; strata too small.
    Source: Imhof 2017; catalogue C08. The test of pairs is this engine's own.
    """

    code: ClassVar = "C08"
    title: ClassVar = {"en": "Bids lean to the high side", "zh": "报价分布左偏"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "skewness"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "{bidders:n} bids for {title} of {body} crowd near {highest:money}, the lowest, "
            "{lowest:money}, apart (skewness {screen:.1f}; comparable lots {usual:.1f}; "
            "{as_strange:pct} of {peers:n} lean as far). {firms:names} met in {unit_all:n} lots, "
            "{unit_hits:n} of them like this, where {unit_expected:times} were to be expected; "
            "{companies:names} won on {on} for {amounts:money}.",
            "A price ceiling that all but one bidder keep close to, or a leader in cost, gives "
            "the same picture.",
        ),
        "zh": (
            "在{body}的“{title}”中，{bidders:n}份报价集中于{highest:money}附近，仅最低价"
            "{lowest:money}偏离（偏度{screen:.1f}；可比标段{usual:.1f}；{peers:n}个中仅"
            "{as_strange:pct}如此）。{firms:names}在{unit_all:n}个标段中相遇，其中{unit_hits:n}个"
            "如此，预期约{unit_expected:times}个；{on}由{companies:names}中标，金额{amounts:money}。",
            "除一家外均贴近最高限价，或一家成本领先，也会呈现同样的格局。",
        ),
    }

    max_skewness: float = bounded(0.0, low=-10.0, high=10.0)
    max_share: float = bounded(0.05, low=0.0, high=0.5)
    min_lots: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All such lots, with the two firms."""
        limits = Limits(self.max_share, self.min_lots, self.max_q, self.max_skewness)
        return find_screen(self, snap, "skewness", limits)
