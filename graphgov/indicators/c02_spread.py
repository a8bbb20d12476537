"""Highest and lowest bid of a lot too near each other."""

from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._price_screens import WANTS, Limits, find_screen
from graphgov.snapshot import Snapshot


@dataclass(frozen=True)
class Spread(Detector):
    """Highest and lowest bid are unusually near, wherever the same two firms meet.

    Method: SPD = (highest - lowest) / lowest of a lot's valid bids. Peers, the test of pairs
        and the limits **max_share**, **min_lots** and **max_q** are those of C01.
    Example: Of seven offers the dearest is three percent above the cheapest, lot after lot.
    Why: Cover bids are made by adding a little to the winner's price. Firms that buy at one
        price and add one norm also end close together.
    Score: Surprise of the two firms' lots taken together.
    Skips: Fewer than two bidders; bids in several currencies or ten times apart; lots that
        quality alone decides; strata too small.
    Source: Huber and Imhof 2019; catalogue C02. The test of pairs is this engine's own.
    """

    code: ClassVar = "C02"
    title: ClassVar = {"en": "Small spread of bids", "zh": "最高与最低报价过于接近"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "share of the lowest bid"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "The highest of {bidders:n} bids for {title} of {body}, {highest:money}, is "
            "{screen:.1%} above the lowest, {lowest:money}; in comparable lots it is "
            "{usual:.1%}, and {as_strange:pct} of {peers:n} are as near. {firms:names} met in "
            "{unit_all:n} lots, {unit_hits:n} of them like this, where {unit_expected:times} "
            "were to be expected; {companies:names} won on {on} for {amounts:money}.",
            "Commodity prices, tariffs, published norms or the same supplier behind all bidders "
            "keep honest bids as near.",
        ),
        "zh": (
            "在{body}的“{title}”的{bidders:n}份报价中，最高{highest:money}仅比最低{lowest:money}"
            "高{screen:.1%}；可比标段为{usual:.1%}，{peers:n}个中仅{as_strange:pct}同样接近。"
            "{firms:names}在{unit_all:n}个标段中相遇，其中{unit_hits:n}个如此，预期约"
            "{unit_expected:times}个；{on}由{companies:names}中标，金额{amounts:money}。",
            "大宗商品价格、政府定价、公布的定额，或投标人使用同一供货商，都会使报价十分接近。",
        ),
    }

    max_share: float = bounded(0.05, low=0.0, high=0.5)
    min_lots: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All such lots, with the two firms."""
        return find_screen(self, snap, "spread", Limits(self.max_share, self.min_lots, self.max_q))
