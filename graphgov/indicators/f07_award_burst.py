"""Awards of one body to one company that crowd into a short time."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._purchases import Bought, bought
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bursts import MOST, Burst, heaviest, overdispersion, weight_p_values
from graphgov.stats.exact import draws_for
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.purchases import COLUMNS, Purchases, distinct_runs, purchases
from graphgov.stats.shares import REPEAT_DAYS

I64 = npt.NDArray[np.int64]
_SEED = 2_107
_NONE = "not computable, because the rest met in fewer than three purchases of a kind"


@dataclass(frozen=True)
class AwardBurst(Detector):
    """A company's awards from a body burst: many in a short time, few before and after.

    Method: Per body, company and two-digit category, put the awards on a clock that runs with
        all of the body's purchases in that category. Find the interval in which they come
        **rate** times as fast as over the whole time and that saves most against an even flow
        (Kleinberg's automaton of two states). Its chance is that of as many awards at random
        places of the clock, widened by as much as pairs usually cluster. Purchases of one kind
        within a fortnight count once.
    Example: Of a body's 200 repairs in five years a firm does nine, seven of them one after the
        other in two months.
    Why: Someone hands out work while he can. Seasonal work, a framework that runs for a year
        or a project in many orders burst as well.
    Score: Surprise of the p-value.
    Skips: Pairs with fewer than **min_awards** awards in the burst are tested and not flagged.
    Source: Kleinberg 2002; catalogue F07.
    """

    code: ClassVar = "F07"
    title: ClassVar = {"en": "Burst of awards", "zh": "集中爆发的中标"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "times the usual pace"
    needs: ClassVar = ("awards.buyer_id", "awards.company_id", "awards.awarded_on")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{company} won {burst:n} of its {all:n} awards of this kind from {body} between "
            "{first} and {last} ({amounts:money}), {pace:times} times as fast as over the whole "
            "time, counted on {body}'s own purchases.",
            "Seasonal work, a framework contract or a project in many orders crowd in the same "
            "way.",
        ),
        "zh": (
            "{company}在{body}的{all:n}次同类中标中有{burst:n}次集中于{first}至{last}"
            "（金额{amounts:money}），按该单位自身采购节奏计算为平常的{pace:times}倍。",
            "季节性工作、框架合同或分多次下单的项目也会如此集中。",
        ),
    }

    rate: float = bounded(4.0, low=1.5, high=20.0)
    min_awards: int = bounded(5, low=3, high=500)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All triples of body, company and category with three awards."""
        buys = purchases(snap)
        units = _units(buys)
        if not len(units.starts) > 1:
            return Findings(subjects=snap.subjects("body_company"), reason=_NONE)
        size = np.diff(units.starts)
        seen = heaviest(units.place, units.starts, self.rate)
        p_value = weight_p_values(seen.weight, size, self.rate)
        drawn = heaviest(units.drawn, units.starts, self.rate)
        ties = draws_for(drawn.weight, size.astype(np.float64), seed=_SEED)
        random = weight_p_values(drawn.weight, size, self.rate, ties)
        wider = overdispersion(random)
        p_value, random = p_value ** (1.0 / wider), random ** (1.0 / wider)
        q = benjamini_hochberg(p_value)
        count = seen.last - seen.first + 1
        hits = np.flatnonzero((q <= self.max_q) & (count >= self.min_awards)).tolist()
        groups = [units.rows[seen.first[h] : seen.last[h] + 1] for h in hits]
        none = np.full(len(buys), -1, dtype=np.int32)
        shown = bought(snap, buys, groups, none)
        first = units.rows[units.starts[:-1]]
        pairs = np.unique(buys.body[first].astype(np.int64) << 32 | buys.company[first])
        return Findings(
            [
                self._flag(snap, buys, units, seen, h, s, (float(p_value[h]), float(q[h])))
                for h, s in zip(hits, shown, strict=True)
            ],
            subjects=snap.subjects("body_company"),
            computable=len(pairs),
            reason=_NONE,
            p_values=random,
        )

    def _flag(
        self,
        snap: Snapshot,
        buys: Purchases,
        units: "_Units",
        seen: Burst,
        unit: int,
        shown: Bought,
        chances: tuple[float, float],
    ) -> Flag:
        low, high = int(seen.first[unit]), int(seen.last[unit])
        size = int(units.starts[unit + 1] - units.starts[unit])
        taken = max(float(units.place[high] - units.place[low]), 1e-6)
        pace = (high - low) / size / taken
        return self.flag(
            (shown.body, shown.company),
            window=buys.division.word(int(units.rows[low])),
            score=surprise(chances[0]),
            value=round(pace, 6),
            threshold=self.rate,
            p_value=chances[0],
            q_value=chances[1],
            amounts=shown.amounts,
            first_on=shown.first,
            last_on=shown.last,
            body_id=shown.body,
            company_id=shown.company,
            facts=shown.facts(snap)
            | {"burst": high - low + 1, "all": size, "pace": round(pace, 4)},
            evidence=shown.evidence(),
            members=shown.members(),
        )


class _Units(NamedTuple):
    """Decisions of body, company and category, in order of days, and their place on the clock."""

    rows: I64
    starts: I64
    place: npt.NDArray[np.float64]
    drawn: npt.NDArray[np.float64]  # the same with the clock's ticks at random


def _units(buys: Purchases) -> _Units:
    rows = _decisions(buys)
    order, starts = distinct_runs(buys.body[rows], buys.division.codes[rows])
    rows = rows[order]
    cell = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    size = np.diff(starts)[cell]
    place = (np.arange(len(rows)) - starts[:-1][cell] + 1.0) / (size + 1.0)
    # As order statistics of uniform draws, ticks make any subset of them uniform draws too.
    draws = draws_for(place, buys.day[rows].astype(np.float64), seed=_SEED)
    drawn = draws[np.lexsort((draws, cell))]
    order, starts = distinct_runs(cell, buys.company[rows])
    rows, place, drawn = rows[order], place[order], drawn[order]
    count = np.diff(starts)
    kept = np.flatnonzero((count >= 3) & (count <= MOST))
    inside = np.repeat((count >= 3) & (count <= MOST), count)
    return _Units(rows[inside], np.append(0, np.cumsum(count[kept])), place[inside], drawn[inside])


def _decisions(buys: Purchases) -> I64:
    """Purchases in order of days, those of a kind from one company within a fortnight once."""
    order, starts = distinct_runs(buys.body, buys.company, buys.category.codes)
    unit = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = order[np.lexsort((order, buys.day[order], unit))]
    soon = np.zeros(len(order), dtype=bool)
    soon[1:] = (np.diff(buys.day[order]) <= REPEAT_DAYS) & (np.diff(unit) == 0)
    rows = order[~soon]
    return rows[np.lexsort((rows, buys.day[rows]))]
