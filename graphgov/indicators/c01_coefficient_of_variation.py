"""Bids of a lot that vary too little."""

from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._price_screens import WANTS, Limits, find_screen
from graphgov.snapshot import Snapshot


@dataclass(frozen=True)
class CoefficientOfVariation(Detector):
    """Bids vary far less than in comparable lots, wherever the same two firms meet.

    Method: CV = standard deviation over mean of a lot's valid bids, firms under one control
        being one bidder. A lot is flagged where at most **max_share** of the lots of its
        stratum (bidders, category, price band, method) without the two firms have as low a CV,
        and two of its bidders met in at least **min_lots** lots whose ranks among their peers,
        added up as normal scores, are too low for chance (q at most **max_q**). The variance
        that lots of one pair have in common anyway is estimated from all pairs. A firm whose
        lots look like that without the other explains it alone.
    Example: Four firms ask 98 to 101 for what elsewhere costs 80 to 120, each time they meet.
    Why: Who agrees on who wins need not leave room between bids. Prices of commodities, tariffs
        and shared suppliers also leave little.
    Score: Surprise of the two firms' lots taken together.
    Skips: Fewer than three bidders; bids in several currencies or ten times apart; lots that
        quality alone decides; strata too small. Region and year are left out of the strata, so
        that who fills a market of its own is compared with the trade elsewhere.
    Source: Abrantes-Metz and others 2006; Imhof 2017; catalogue C01. The test of pairs is this
        engine's own.
    """

    code: ClassVar = "C01"
    title: ClassVar = {"en": "Bids vary too little", "zh": "报价离散度过低"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "coefficient of variation"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "{bidders:n} bidders asked {lowest:money} to {highest:money} for {title} of {body}: "
            "bids vary by {screen:.1%} where comparable lots vary by {usual:.1%}, and "
            "{as_strange:pct} of {peers:n} vary as little. {firms:names} met in {unit_all:n} "
            "lots, {unit_hits:n} of them like this, where {unit_expected:times} were to be "
            "expected; {companies:names} won on {on} for {amounts:money}.",
            "Commodity prices, tariffs, published norms or the same supplier behind all bidders "
            "bring honest bids as close.",
        ),
        "zh": (
            "在{body}的“{title}”中，{bidders:n}家投标人报价为{lowest:money}至{highest:money}，"
            "变异系数{screen:.1%}，可比标段为{usual:.1%}，{peers:n}个可比标段中仅{as_strange:pct}"
            "同样接近。{firms:names}在{unit_all:n}个标段中相遇，其中{unit_hits:n}个如此，预期约"
            "{unit_expected:times}个；{on}由{companies:names}中标，金额{amounts:money}。",
            "大宗商品价格、政府定价、公布的定额，或投标人使用同一供货商，都会使报价十分接近。",
        ),
    }

    max_share: float = bounded(0.05, low=0.0, high=0.5)
    min_lots: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All such lots, with the two firms."""
        return find_screen(self, snap, "cv", Limits(self.max_share, self.min_lots, self.max_q))
