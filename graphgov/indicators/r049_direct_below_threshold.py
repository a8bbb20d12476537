"""Direct awards to one company that crowd just below the line."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._purchases import Bought, Compared, bought, compared
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.purchases import COLUMNS, purchases

_SEED = 2_049
_NONE = "not computable, because the rest has no direct award that comes near a threshold"
_NO_METHOD = "not computable, because no award has a method"


@dataclass(frozen=True)
class DirectBelowThreshold(Detector):
    """A body's direct awards to one company end just below a threshold.

    Method: Of a body's direct awards to a company take those worth half or more of the lowest
        threshold that day from which more than a direct award is due (the estimate where there
        is one). Count those within **band** of it. Expected is the share that the body's other
        companies, and other bodies in the same two-digit categories, have; beta-binomial, with
        the spread between pairs fitted.
    Example: Nine of a firm's ten direct awards are worth 91,000 to 99,900, where direct awards
        end at 100,000 and other firms have one in five up there.
    Why: A price or a need is set to fit what may be given without competition. Recurring small
        needs of one size look the same.
    Score: Surprise of the p-value.
    Skips: Awards without a method; pairs with fewer than **min_hits** such awards are tested
        and not flagged.
    Source: OCP R049; catalogue A-R049.
    """

    code: ClassVar = "R049"
    title: ClassVar = {"en": "Direct awards below threshold", "zh": "限额以下的直接采购"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "direct awards"
    needs: ClassVar = ("awards.award_id", "thresholds.amount")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{hits:n} of {trials:n} larger direct awards of {body} to {company} lie within "
            "{band:pct} below the line of {line:money}, where {usual:pct} were to be expected "
            "({first} to {last}, {amounts:money}).",
            "{body} may need things of that size again and again, or {company} sell them at one "
            "price.",
        ),
        "zh": (
            "{body}向{company}的{trials:n}项较大直接采购中有{hits:n}项位于限额{line:money}以下"
            "{band:pct}之内，预期比例为{usual:pct}（{first}至{last}，金额{amounts:money}）。",
            "{body}可能反复需要该金额的采购，或{company}的价格固定。",
        ),
    }

    band: float = bounded(0.1, low=0.01, high=0.4)
    min_hits: int = bounded(3, low=2, high=1000)
    min_ratio: float = bounded(1.5, low=1.0, high=100.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs with a direct award in the upper half below a line."""
        buys = purchases(snap)
        line, rule = buys.lines.nearest_above(buys.value, buys.rank)
        share = buys.value / line
        rows = np.flatnonzero((buys.rank == 1) & (share >= 0.5))
        if not len(rows):
            unknown = not buys.rank.any()
            return Findings(
                subjects=snap.subjects("body_company"),
                missing="awards.method" if unknown else "",
                reason=_NO_METHOD if unknown else _NONE,
            )
        units = compared(buys, rows, share[rows] >= 1.0 - self.band, pairs=True)
        hits = units.notable(self.max_q, self.min_hits, self.min_ratio)
        shown = bought(snap, buys, (units.inside(u) for u in hits), rule)
        return Findings(
            [self._flag(snap, units, u, seen) for u, seen in zip(hits, shown, strict=True)],
            subjects=snap.subjects("body_company"),
            computable=len(units.starts) - 1,
            reason=_NONE,
            p_values=units.found.tail.randomised(_SEED),
        )

    def _flag(self, snap: Snapshot, units: Compared, unit: int, seen: Bought) -> Flag:
        found = units.found
        p_value = float(found.tail.p[unit])
        return self.flag(
            (seen.body, seen.company),
            score=surprise(p_value),
            value=float(found.hits[unit]),
            threshold=round(float(found.usual[unit] * found.trials[unit]), 4),
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
                "usual": round(float(found.usual[unit]), 4),
                "band": self.band,
            },
            evidence=seen.evidence(),
            members=seen.members(),
        )
