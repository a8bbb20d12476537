"""The two lowest bids of a lot too far apart."""

from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._price_screens import WANTS, Limits, find_screen
from graphgov.snapshot import Snapshot


@dataclass(frozen=True)
class LowestBidsApart(Detector):
    """The second-lowest bid keeps its distance, wherever the same two firms meet.

    Method: DIFFP = (second - lowest) / lowest of a lot's valid bids, high values being the
        strange ones. Peers, the test of pairs and the limits **max_share**, **min_lots** and
        **max_q** are those of C01. Near zero it is R024's matter.
    Example: Nobody ever comes within a tenth of the firm whose turn it is.
    Why: Who covers for another makes sure not to win. A leader in cost is also far below the
        rest, but against everybody, not only beside one other firm.
    Score: Surprise of the two firms' lots taken together.
    Skips: Fewer than two bidders; bids in several currencies or ten times apart; lots that
        quality alone decides; strata too small.
    Source: Huber and Imhof 2019; catalogue C03. The test of pairs is this engine's own.
    """

    code: ClassVar = "C03"
    title: ClassVar = {"en": "Two lowest bids far apart", "zh": "最低两个报价相差过大"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "share of the lowest bid"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "The second of {bidders:n} bids for {title} of {body} lies {screen:.1%} above the "
            "lowest, {lowest:money}; in comparable lots it is {usual:.1%}, and {as_strange:pct} "
            "of {peers:n} keep such a distance. {firms:names} met in {unit_all:n} lots, "
            "{unit_hits:n} of them like this, where {unit_expected:times} were to be expected; "
            "{companies:names} won on {on} for {amounts:money}.",
            "A firm with lower costs, idle plant or a slip in one of the prices leaves such a "
            "gap too.",
        ),
        "zh": (
            "在{body}的“{title}”的{bidders:n}份报价中，次低报价比最低报价{lowest:money}高"
            "{screen:.1%}；可比标段为{usual:.1%}，{peers:n}个中仅{as_strange:pct}相差如此之大。"
            "{firms:names}在{unit_all:n}个标段中相遇，其中{unit_hits:n}个如此，预期约"
            "{unit_expected:times}个；{on}由{companies:names}中标，金额{amounts:money}。",
            "成本较低、产能闲置，或某个报价的笔误，也会造成这样的差距。",
        ),
    }

    max_share: float = bounded(0.05, low=0.0, high=0.5)
    min_lots: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All such lots, with the two firms."""
        return find_screen(self, snap, "gap", Limits(self.max_share, self.min_lots, self.max_q))
