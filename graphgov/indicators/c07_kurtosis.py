"""Bids of a lot huddled together with a few far away."""

from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._price_screens import WANTS, Limits, find_screen
from graphgov.snapshot import Snapshot


@dataclass(frozen=True)
class Kurtosis(Detector):
    """Most bids huddle together with one or two far away, where the same two firms meet.

    Method: Sample excess kurtosis of a lot's valid bids, above **min_kurtosis**. Peers, the test
        of pairs and the limits **max_share**, **min_lots** and **max_q** are those of C01.
    Example: Seven bids, six of them within one percent of each other.
    Why: Bids that were agreed on lie closer together than bids made apart. One newcomer who does
        not know the trade's prices also stands far from the rest.
    Score: Surprise of the two firms' lots taken together.
    Skips: Fewer than four bidders; bids in several currencies or ten times apart; lots that
        quality alone decides; lots whose bids are all equal; strata too small.
    Source: Imhof 2017; catalogue C07. The test of pairs is this engine's own.
    """

    code: ClassVar = "C07"
    title: ClassVar = {"en": "Peaked bids", "zh": "报价峰度过高"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "excess kurtosis"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "Of {bidders:n} bids for {title} of {body}, {lowest:money} to {highest:money}, most "
            "huddle together and a few lie far away (kurtosis {screen:.1f}; comparable lots "
            "{usual:.1f}; {as_strange:pct} of {peers:n} show as much). {firms:names} met in "
            "{unit_all:n} lots, {unit_hits:n} of them like this, where {unit_expected:times} "
            "were to be expected; {companies:names} won on {on} for {amounts:money}.",
            "A newcomer who does not know the usual price, or a slip in one of the prices, gives "
            "the same picture.",
        ),
        "zh": (
            "在{body}的“{title}”的{bidders:n}份报价（{lowest:money}至{highest:money}）中，多数扎堆而"
            "少数偏离（峰度{screen:.1f}；可比标段{usual:.1f}；{peers:n}个中仅{as_strange:pct}如此）。"
            "{firms:names}在{unit_all:n}个标段中相遇，其中{unit_hits:n}个如此，预期约"
            "{unit_expected:times}个；{on}由{companies:names}中标，金额{amounts:money}。",
            "不了解行情的新投标人，或某个报价的笔误，也会呈现同样的格局。",
        ),
    }

    min_kurtosis: float = bounded(0.0, low=-10.0, high=1000.0)
    max_share: float = bounded(0.05, low=0.0, high=0.5)
    min_lots: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All such lots, with the two firms."""
        limits = Limits(self.max_share, self.min_lots, self.max_q, self.min_kurtosis)
        return find_screen(self, snap, "kurtosis", limits)
