"""Two bidders of one lot whose money goes to the same person in the end."""

from dataclasses import dataclass
from typing import ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._owners import owner_findings
from graphgov.network.shared_control import COLUMNS as CONTROL
from graphgov.network.shared_rivals import COLUMNS
from graphgov.snapshot import Snapshot


@dataclass(frozen=True)
class SharedBeneficialOwner(Detector):
    """One person effectively owns a large part of two companies that bid against each other.

    Method: Effective share of each person in each bidder on the day bids were due, added up
        over all chains of holdings, cross-holdings solved exactly (E07). Flag the pair if one
        person has at least **min_share** of both. Where a register gives ranges the lower end
        counts; where it leaves shares out an equal part of the rest does, at a lower score.
    Example: Two firms bid for a school; a Mr Li has sixty per cent of one, and of the other
        through a holding of which he has half, thirty.
    Why: Offers of one owner are no competition, and many laws bar them. A fund, a register that
        is out of date or affiliates who said so are innocent.
    Score: 0.35, rising to 0.6 at half of both; less where edges are undated, declared, inferred
        or shares estimated, and where the person holds through other companies, as open groups do.
    Skips: Bodies and state-owned companies as owners; owners of more than fifty companies; joint
        bids; shares that had ended or not begun.
    Source: OCP Red flags (2024) R032; PRC Tendering Law regulations art. 34.
    """

    code: ClassVar = "R032"
    title: ClassVar = {
        "en": "Bidders share the same beneficial owner",
        "zh": "投标人受益所有人相同",
    }
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "effective share"
    needs: ClassVar = ("bids.bid_id",)
    wants: ClassVar = (*COLUMNS, *CONTROL)
    sentences: ClassVar = {
        "en": (
            "{owner} effectively owned {share_one:pct} of {one} and {share_two:pct} of {two}"
            "{unsure[en]:text} (through: {through:names}) while the two bid against each other on "
            "{lots_en} of {bodies:names} between {first} and {last}, winning {won:n} awards for "
            "{amounts:money}.",
            "A fund or an investor may hold shares in rivals that run separately, the register may "
            "be out of date, and the affiliation may have been declared.",
        ),
        "zh": (
            "{owner}实际持有{one}的{share_one:pct}和{two}的{share_two:pct}{unsure[zh]:text}"
            "（经由：{through:names}），而两者在{first}至{last}期间于{bodies:names}的{lots:n}个标段中"
            "相互竞标，其间中标{won:n}项，合计{amounts:money}。",
            "基金或投资者可能同时持有各自独立经营的竞争者股份，登记可能过时，关联关系也可能已申报。",
        ),
    }

    min_share: float = bounded(0.25, low=0.05, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per pair, with all lots on which they met while it was so."""
        return owner_findings(self, snap, self.min_share, people_only=True, low=0.35, high=0.6)
