"""Bodies that spend far more of their year in its last weeks than their peers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._purchases import Bought, Compared, bought, compared
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.purchases import COLUMNS, Purchases, purchases

_SEED = 2_106
_SLACK = 31  # days of a fiscal year that the data may lack at either end
_NONE = "not computable, because the rest bought nothing in a fiscal year that the data cover"


@dataclass(frozen=True)
class YearEndRush(Detector):
    """A body makes an unusual share of its purchases in the last weeks of the fiscal year.

    Method: In every fiscal year that the data cover (years begin in month **fiscal_month**),
        count a body's purchases in the last **weeks** weeks. Expected is the share that other
        bodies have there in the same two-digit categories, so the rush that budget rules cause
        everywhere does not count; beta-binomial, with the spread between bodies fitted.
    Example: A department makes 70 of its 150 purchases in December, where others make one in
        eight.
    Why: Money that would lapse is spent on whatever can be signed in time, with little
        competition. Deliveries and grants may also fall due at the end of the year.
    Score: Surprise of the p-value.
    Skips: Fiscal years at the ends of the data that are not whole; bodies with fewer than
        **min_hits** purchases in the last weeks are tested and not flagged.
    Source: Liebman and Mahoney 2017; catalogue F06.
    """

    code: ClassVar = "F06"
    title: ClassVar = {"en": "End-of-year rush", "zh": "年末突击采购"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body"
    unit: ClassVar = "times the weekly value of the rest of the year"
    needs: ClassVar = ("awards.buyer_id", "awards.awarded_on", "awards.amount")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{body} made {hits:n} of {trials:n} purchases in the last {weeks:n} weeks of its "
            "fiscal years, where {usual:pct} were to be expected from other bodies; it spent "
            "{times:times} times as much per week then as in the rest of the year "
            "({amounts:money}), {simple:pct} of these purchases without open competition against "
            "{simple_rest:pct} otherwise.",
            "Grants and deliveries of {body} may fall due at the end of the year.",
        ),
        "zh": (
            "{body}的{trials:n}项采购中有{hits:n}项发生在财政年度最后{weeks:n}周，按其他单位预期比例"
            "为{usual:pct}；期间每周支出为其余时间的{times:times}倍（{amounts:money}），其中"
            "{simple:pct}未经公开竞争，其余时间为{simple_rest:pct}。",
            "{body}的拨款或交付可能集中在年末到期。",
        ),
    }

    weeks: int = bounded(4, low=1, high=26)
    fiscal_month: int = bounded(1, low=1, high=12)
    min_hits: int = bounded(10, low=2, high=1000)
    min_ratio: float = bounded(1.5, low=1.0, high=100.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All bodies with a purchase in a whole fiscal year."""
        buys = purchases(snap)
        left = _days_left(buys, self.fiscal_month)
        rows = np.flatnonzero(_whole(buys, self.fiscal_month))
        if not len(rows):
            return Findings(subjects=snap.subjects("body"), reason=_NONE)
        late = left < 7 * self.weeks
        units = compared(buys, rows, late[rows], pairs=False)
        hits = units.notable(self.max_q, self.min_hits, self.min_ratio)
        shown = bought(snap, buys, (units.inside(u) for u in hits), np.full(len(buys), -1, "i4"))
        return Findings(
            [self._flag(snap, buys, units, u, s) for u, s in zip(hits, shown, strict=True)],
            subjects=snap.subjects("body"),
            computable=len(units.starts) - 1,
            reason=_NONE,
            p_values=units.found.tail.randomised(_SEED),
        )

    def _flag(
        self, snap: Snapshot, buys: Purchases, units: Compared, unit: int, seen: Bought
    ) -> Flag:
        found = units.found
        inside = units.inside(unit)
        every = units.rows[units.starts[unit] : units.starts[unit + 1]]
        rest = np.setdiff1d(every, inside)
        p_value = float(found.tail.p[unit])
        times = self._times(buys, inside, rest)
        return self.flag(
            seen.body,
            score=surprise(p_value),
            value=round(times, 6),
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
                "usual": round(float(found.usual[unit]), 4),
                "weeks": self.weeks,
                "times": round(times, 4),
                "simple": _simple(buys, inside),
                "simple_rest": _simple(buys, rest),
            },
            evidence=seen.evidence(),
            members=[m for m in seen.members() if m.kind != "company"],
        )

    def _times(
        self, buys: Purchases, inside: npt.NDArray[np.int64], rest: npt.NDArray[np.int64]
    ) -> float:
        """Weekly value of the last weeks over that of the others, in the commonest currency."""
        codes = buys.currency.codes[np.concatenate([inside, rest])]
        main = int(np.argmax(np.bincount(codes + 1))) - 1
        late, other = (
            float(np.sort(buys.amount[r][buys.currency.codes[r] == main]).sum())
            for r in (inside, rest)
        )
        weekly = other / (365.25 / 7 - self.weeks)
        return min(late / self.weeks / weekly, 1e6) if weekly > 0 else 1e6


def _days_left(buys: Purchases, month: int) -> npt.NDArray[np.int64]:
    """Days from each purchase to the end of its fiscal year; 0 on the last day."""
    next_year = (buys.fiscal_year(month).astype(np.int64) - 1970 + 1) * 12 + (month - 1)
    ends = next_year.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.asarray(ends - 1 - buys.day, dtype=np.int64)


def _whole(buys: Purchases, month: int) -> npt.NDArray[np.bool_]:
    """Purchases in fiscal years from whose beginning to end there are data."""
    if not len(buys):
        return np.zeros(0, dtype=bool)
    last = buys.day + _days_left(buys, month)
    first = last - 364
    begins, ends = int(buys.day.min()), int(buys.day.max())
    return np.asarray((first >= begins - _SLACK) & (last <= ends + _SLACK))


def _simple(buys: Purchases, rows: npt.NDArray[np.int64]) -> float | None:
    """The share without open competition among purchases whose method is known."""
    rank = buys.rank[rows]
    known = int((rank > 0).sum())
    return round(int(((rank > 0) & (rank < 3)).sum()) / known, 4) if known else None
