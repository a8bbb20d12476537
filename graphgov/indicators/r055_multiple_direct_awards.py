"""Several direct awards to one company within a year, above or just below the open line."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._purchases import Bought, Compared, bought, compared
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bunching import densest_window
from graphgov.stats.purchases import COLUMNS, Purchases, purchases

_SEED = 2_055
_NONE = "not computable, because the rest has no direct award of half a competitive threshold"
_NO_METHOD = "not computable, because no award has a method"


@dataclass(frozen=True)
class MultipleDirectAwards(Detector):
    """Direct awards to one company add up far above the competitive threshold.

    Method: Take a body's direct awards to a company that are worth half or more of the
        threshold in force that day from which competition is due (open before selective before
        limited). Count those within **band** below it or above. Expected is the share that the
        body's other companies, and other bodies in the same two-digit categories, have;
        beta-binomial, with the spread between pairs fitted. A pair is flagged where **min_hits**
        such awards within **days** exceed the threshold together.
    Example: Four direct awards of 95,000 to 130,000 in one year, where 100,000 must be tendered.
    Why: Money that would have had to be tendered goes to one company without competition.
        Recurrent needs without a framework, sole suppliers and catalogue orders look alike.
    Score: Surprise of the p-value.
    Skips: Awards without a method or a threshold; small direct awards, however many.
    Source: OCP R055; the sum above the open threshold after Cardinal's plans.
    """

    code: ClassVar = "R055"
    title: ClassVar = {
        "en": "Multiple direct awards above or just below the threshold",
        "zh": "多次直接采购超过或紧贴限额",
    }
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "times the threshold"
    needs: ClassVar = ("awards.award_id", "thresholds.amount")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{body} gave {company} {count:n} direct awards between {first} and {last}, each above "
            "or just below the line of {line:money}, {amounts:money} together ({times:times} "
            "times the line); of its larger direct awards to {company} {share:pct} are of that "
            "size, where {usual:pct} were to be expected.",
            "{company} may be the only supplier, or {body} lack a framework for what it needs "
            "again and again.",
        ),
        "zh": (
            "{body}在{first}至{last}之间向{company}作出{count:n}次直接采购，每次超过或紧贴限额"
            "{line:money}，合计{amounts:money}（为限额的{times:times}倍）；其对{company}的较大"
            "直接采购中{share:pct}属于此类，预期为{usual:pct}。",
            "{company}可能是唯一供应商，或{body}对经常性需求尚无框架协议。",
        ),
    }

    band: float = bounded(0.15, low=0.01, high=0.4)
    days: int = bounded(365, low=30, high=1500)
    min_hits: int = bounded(2, low=2, high=1000)
    min_ratio: float = bounded(1.5, low=1.0, high=100.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs with a direct award of half the competitive threshold or more."""
        buys = purchases(snap)
        line, rule = buys.lines.competitive()
        share = buys.amount / line
        rows = np.flatnonzero((buys.rank == 1) & (share >= 0.5))
        if not len(rows):
            unknown = not buys.rank.any()
            return Findings(
                subjects=snap.subjects("body_company"),
                missing="awards.method" if unknown else "",
                reason=_NO_METHOD if unknown else _NONE,
            )
        units = compared(buys, rows, share[rows] >= 1.0 - self.band, pairs=True)
        windows = {
            u: self._window(buys, line, units.inside(u))
            for u in units.notable(self.max_q, self.min_hits, self.min_ratio)
        }
        hits = [u for u, w in windows.items() if len(w)]
        shown = bought(snap, buys, (windows[u] for u in hits), rule)
        return Findings(
            [
                self._flag(snap, units, u, seen, float((buys.amount / line)[windows[u]].sum()))
                for u, seen in zip(hits, shown, strict=True)
            ],
            subjects=snap.subjects("body_company"),
            computable=len(units.starts) - 1,
            reason=_NONE,
            p_values=units.found.tail.randomised(_SEED),
        )

    def _window(
        self, buys: Purchases, line: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """The year that holds most of the rows' money, if it is two awards over the line."""
        rows = rows[np.lexsort((rows, buys.day[rows]))]
        share = buys.amount[rows] / line[rows]
        first, end = densest_window(buys.day[rows].astype(np.int64), share, self.days)
        found = rows[first:end]
        enough = len(found) >= self.min_hits and share[first:end].sum() > 1.0
        return found if enough else found[:0]

    def _flag(self, snap: Snapshot, units: Compared, unit: int, seen: Bought, times: float) -> Flag:
        found = units.found
        p_value = float(found.tail.p[unit])
        return self.flag(
            (seen.body, seen.company),
            score=surprise(p_value),
            value=round(times, 6),
            threshold=1.0,
            p_value=p_value,
            q_value=float(units.q[unit]),
            amounts=seen.amounts,
            first_on=seen.first,
            last_on=seen.last,
            body_id=seen.body,
            company_id=seen.company,
            facts=seen.facts(snap)
            | {
                "hits": int(found.hits[unit]),
                "trials": int(found.trials[unit]),
                "share": round(int(found.hits[unit]) / int(found.trials[unit]), 4),
                "usual": round(float(found.usual[unit]), 4),
                "times": round(times, 4),
            },
            evidence=seen.evidence(),
            members=seen.members(),
        )
