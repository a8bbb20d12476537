"""Two bidders of one lot with a large shareholder in common."""

from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._owners import owner_findings
from graphgov.network.shared_control import COLUMNS as CONTROL
from graphgov.network.shared_rivals import COLUMNS
from graphgov.snapshot import Snapshot


@dataclass(frozen=True)
class SharedShareholder(Detector):
    """One person or company has a large share of two companies that bid against each other.

    Method: As R032, with any shareholder, companies included, and a lower line: effective share
        on the day bids were due of at least **min_share** in both. A bidder with such a share
        of its rival counts too.
    Example: A trading house has fifteen per cent of each of two firms that bid for the same road.
    Why: Who profits from either bid can set both. Investors hold shares in whole industries, and
        a tenth is far from control.
    Score: 0.2, rising to 0.5 at half of both; less where edges are undated, declared, inferred
        or shares estimated, or a person holds through other companies.
    Skips: Bodies and state-owned companies as shareholders; owners of more than fifty companies;
        joint bids; shares that had ended or not begun.
    Source: OCP Red flags (2024) R033; PRC Tendering Law regulations art. 34.
    """

    code: ClassVar = "R033"
    title: ClassVar = {
        "en": "Bidders share the same major shareholder",
        "zh": "投标人主要股东相同",
    }
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "effective share"
    needs: ClassVar = ("bids.bid_id",)
    wants: ClassVar = (*COLUMNS, *CONTROL)
    sentences: ClassVar = {
        "en": (
            "{owner} stood behind {share_one:pct} of {one} and {share_two:pct} of {two}"
            "{unsure[en]:text} (through: {through:names}) while the two bid against each other on "
            "{lots_en} of {bodies:names} between {first} and {last}, winning {won:n} awards for "
            "{amounts:money}.",
            "An investor may hold shares in a whole industry without a say in any bid, and the "
            "register may be out of date.",
        ),
        "zh": (
            "{owner}持有{one}的{share_one:pct}和{two}的{share_two:pct}{unsure[zh]:text}"
            "（经由：{through:names}），而两者在{first}至{last}期间于{bodies:names}的{lots:n}个标段中"
            "相互竞标，其间中标{won:n}项，合计{amounts:money}。",
            "投资者可能持有整个行业的股份而不参与任何投标决定，登记也可能过时。",
        ),
    }

    min_share: float = bounded(0.1, low=0.01, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per pair, with all lots on which they met while it was so."""
        return owner_findings(self, snap, self.min_share, people_only=False, low=0.2, high=0.5)
