"""Bodies whose calls end just below the line more often than those of their peers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._purchases import Bought, Compared, bought, compared
from graphgov.schema import Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.purchases import COLUMNS, purchases

_SEED = 2_002
_NO_METHOD = "not computable, because no award has a method"
_NONE = "not computable, because no purchase of the rest comes near a threshold from below"


@dataclass(frozen=True)
class ThresholdManipulation(Detector):
    """A body's simple purchases crowd just below the threshold of a stricter method.

    Method: Of a body's purchases by a method that is allowed only below a threshold in force
        that day, take those worth at least half of it (the estimate where there is one) and
        count how many lie within **band** of it. Compare with the share at other bodies in the
        same two-digit categories; beta-binomial, with the spread between bodies fitted.
    Example: Of 60 purchases between 50,000 and 100,000 a school has 35 above 90,000, where
        others have one in six.
    Why: Estimates are trimmed, or needs cut, to escape an open tender. Budgets capped at the
        threshold, list prices and round numbers crowd there as well.
    Score: Surprise of the p-value.
    Skips: Purchases without a method or a threshold; bodies with fewer than **min_hits** such
        purchases near the line are tested and not flagged.
    Source: OCP R002; catalogue A-R002 and F02.
    """

    code: ClassVar = "R002"
    title: ClassVar = {"en": "Manipulation of thresholds", "zh": "规避采购限额"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body"
    unit: ClassVar = "times the usual share"
    needs: ClassVar = ("awards.award_id", "thresholds.amount")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{hits:n} of {body}'s {trials:n} purchases in the upper half below the line ended "
            "within {band:pct} of it, by a method that is allowed only below it, where {usual:pct} "
            "were to be expected from other bodies ({first} to {last}, {amounts:money}; line "
            "{line:money}).",
            "{body} may have budgets capped at the line, or buy goods whose list price lies "
            "there; see whether needs were cut to fit.",
        ),
        "zh": (
            "{body}在限额下半程以上的{trials:n}项采购中有{hits:n}项位于限额以下{band:pct}之内，"
            "且采用仅在限额以下才允许的方式，其他单位的通常比例为{usual:pct}"
            "（{first}至{last}，金额{amounts:money}，限额{line:money}）。",
            "{body}的预算可能以限额为上限，或所购商品的标价正好在此；请核实是否为规避限额而压缩需求。",
        ),
    }

    band: float = bounded(0.1, low=0.01, high=0.4)
    min_hits: int = bounded(5, low=2, high=1000)
    min_ratio: float = bounded(1.5, low=1.0, high=100.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All bodies with purchases in the upper half below a line."""
        buys = purchases(snap)
        line, rule = buys.lines.nearest_above(buys.value, buys.rank)
        share = buys.value / line
        rows = np.flatnonzero(share >= 0.5)  # NaN where no line concerns it
        if not len(rows):
            unknown = not buys.rank.any()
            return Findings(
                subjects=snap.subjects("body"),
                missing="awards.method" if unknown else "",
                reason=_NO_METHOD if unknown else _NONE,
            )
        units = compared(buys, rows, share[rows] >= 1.0 - self.band, pairs=False)
        hits = units.notable(self.max_q, self.min_hits, self.min_ratio)
        shown = bought(snap, buys, (units.inside(u) for u in hits), rule)
        return Findings(
            [self._flag(snap, units, u, seen) for u, seen in zip(hits, shown, strict=True)],
            subjects=snap.subjects("body"),
            computable=len(units.starts) - 1,
            reason=_NONE,
            p_values=units.found.tail.randomised(_SEED),
        )

    def _flag(self, snap: Snapshot, units: Compared, unit: int, seen: Bought) -> Flag:
        found = units.found
        usual = float(found.usual[unit])
        share = int(found.hits[unit]) / int(found.trials[unit])
        p_value = float(found.tail.p[unit])
        return self.flag(
            seen.body,
            score=surprise(p_value),
            value=round(share / usual, 6),
            threshold=self.min_ratio,
            p_value=p_value,
            q_value=float(units.q[unit]),
            amounts=seen.amounts,
            first_on=seen.first,
            last_on=seen.last,
            body_id=seen.body,
            facts=seen.facts(snap)
            | {
                "hits": int(found.hits[unit]),
                "trials": int(found.trials[unit]),
                "usual": round(usual, 4),
                "band": self.band,
            },
            evidence=seen.evidence(),
            members=[m for m in seen.members() if m.kind != "company"]
            + [Member("body", seen.body, "buyer")],
        )
