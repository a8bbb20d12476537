"""Losing bids close together and far from the lowest."""

from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._price_screens import WANTS, Limits, find_screen
from graphgov.snapshot import Snapshot


@dataclass(frozen=True)
class RelativeDistance(Detector):
    """Losing bids huddle away from the lowest one, wherever the same two firms meet.

    Method: RD = (second - lowest) / standard deviation of the losing bids of a lot, above
        **min_distance**. Peers, the test of pairs and the limits **max_share**, **min_lots**
        and **max_q** are those of C01.
    Example: One firm asks 100, the four others 112 to 116.
    Why: Cover bids are made in one go, a safe step above the winner's. Rivals who all rent the
        same machine from the cheapest one also stand together above it.
    Score: Surprise of the two firms' lots taken together.
    Skips: Fewer than three bidders; bids in several currencies or ten times apart; lots that
        quality alone decides; lots whose bids are all equal; strata too small.
    Source: Imhof 2017 and 2019; catalogue C04. The test of pairs is this engine's own.
    """

    code: ClassVar = "C04"
    title: ClassVar = {"en": "Losing bids huddle together", "zh": "落标报价扎堆且远离最低价"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "deviations of the losing bids"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "Of {bidders:n} bids for {title} of {body}, {lowest:money} to {highest:money}, the "
            "lowest keeps {screen:.1f} times the spread of the others away from them; in "
            "comparable lots {usual:.1f}, and {as_strange:pct} of {peers:n} show as much. "
            "{firms:names} met in {unit_all:n} lots, {unit_hits:n} of them like this, where "
            "{unit_expected:times} were to be expected; {companies:names} won on {on} for "
            "{amounts:money}.",
            "A leader in cost among rivals of equal cost, or rivals with one common supplier, "
            "give the same picture.",
        ),
        "zh": (
            "在{body}的“{title}”的{bidders:n}份报价（{lowest:money}至{highest:money}）中，最低价与"
            "其余报价的距离为其余报价离散度的{screen:.1f}倍；可比标段为{usual:.1f}倍，{peers:n}个中"
            "仅{as_strange:pct}如此。{firms:names}在{unit_all:n}个标段中相遇，其中{unit_hits:n}个"
            "如此，预期约{unit_expected:times}个；{on}由{companies:names}中标，金额{amounts:money}。",
            "一家成本领先而其余成本相近，或其余投标人使用同一供货商，也会呈现同样的格局。",
        ),
    }

    min_distance: float = bounded(1.0, low=0.0, high=100.0)
    max_share: float = bounded(0.05, low=0.0, high=0.5)
    min_lots: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All such lots, with the two firms."""
        limits = Limits(self.max_share, self.min_lots, self.max_q, self.min_distance)
        return find_screen(self, snap, "rd", limits)
