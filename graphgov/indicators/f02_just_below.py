"""Pairs of body and company with many purchases just below a line and few just above it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._purchases import Bought, Compared, bought, compared
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.purchases import COLUMNS, purchases

_SEED = 2_102
_NONE = "not computable, because no purchase of the rest comes near a threshold"


@dataclass(frozen=True)
class JustBelow(Detector):
    """Purchases from one company lie just below a threshold and hardly ever just above it.

    Method: Take a body's purchases from a company, by any method, whose value (the estimate
        where there is one) lies within **band** of a threshold in force that day, on either
        side. Count those below. The share expected is what the body has with its other
        companies, and other bodies in the same two-digit categories; so round numbers and
        habits of the body count for nothing. Beta-binomial, the spread between pairs fitted.
    Example: Twelve purchases from a firm are worth 92,000 to 99,500 and none 100,000 to
        110,000, where other firms of that body have as many on either side.
    Why: Values are set to fall below the line for one supplier. List prices that happen to
        lie there look the same.
    Score: Surprise of the p-value.
    Skips: Purchases that no threshold concerns; pairs with fewer than **min_hits** just below
        are tested and not flagged.
    Source: Catalogue F02; the binomial test around a cutoff as in rddensity.
    """

    code: ClassVar = "F02"
    title: ClassVar = {"en": "Just-below-threshold count", "zh": "紧贴限额之下的采购数"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "purchases just below"
    needs: ClassVar = ("awards.award_id", "thresholds.amount")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "Of {trials:n} purchases of {body} from {company} within {band:pct} of the line "
            "({line:money}) {hits:n} lie just below it, where {usual:pct} were to be expected "
            "from other companies and bodies ({first} to {last}, {amounts:money}).",
            "{company} may sell something whose list price lies just below the line, or {body} "
            "a budget capped there.",
        ),
        "zh": (
            "{body}向{company}的采购中有{trials:n}项金额在限额（{line:money}）上下{band:pct}之内，"
            "其中{hits:n}项紧贴限额之下，按其他企业和单位预期比例为{usual:pct}"
            "（{first}至{last}，金额{amounts:money}）。",
            "{company}的商品标价可能正好略低于限额，或{body}的预算以限额为上限。",
        ),
    }

    band: float = bounded(0.1, low=0.01, high=0.4)
    min_hits: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs with a purchase near a line."""
        buys = purchases(snap)
        near = np.abs(buys.value[:, None] / buys.lines.amount - 1.0)
        nearest = np.argmin(np.where(np.isnan(near), np.inf, near), axis=1)
        every = np.arange(len(buys))
        line = buys.lines.amount[every, nearest]
        ratio = buys.value / line
        rows = np.flatnonzero((ratio >= 1.0 - self.band) & (ratio < 1.0 + self.band))
        units = compared(buys, rows, ratio[rows] < 1.0, pairs=True)
        hits = units.notable(self.max_q, self.min_hits, 1.0)
        rule = buys.lines.rule[every, nearest]
        shown = bought(snap, buys, (units.inside(u) for u in hits), rule)
        return Findings(
            [self._flag(snap, units, u, seen) for u, seen in zip(hits, shown, strict=True)],
            subjects=snap.subjects("body_company"),
            computable=len(units.starts) - 1,
            reason=_NONE,
            p_values=units.found.tail.randomised(_SEED) if len(rows) else None,
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
