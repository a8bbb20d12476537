"""A small first purchase without competition that opens the door to much larger ones."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._purchases import Bought, bought
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.dispersed import fisher
from graphgov.stats.exact import draws_for
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.purchases import COLUMNS, Purchases, distinct_runs, purchases
from graphgov.stats.spans import slices
from graphgov.stats.thresholds import RANKS

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_SEED = 2_052
_PRIOR = 5.0  # weight, in purchases, of the category against a body's own level of prices
_NONE = (
    "not computable, because the rest began with a competitive purchase, too early to know that "
    "it was the first, or no purchase followed"
)


@dataclass(frozen=True)
class SmallThenLarge(Detector):
    """A company's first, small, uncompeted award from a body is followed by far larger ones.

    Method: Take pairs of body and company whose first award came **lead_days** or more after
        the body's first award in the data, by a direct or limited method. Compare it with what
        followed within **days**: the sum must be **min_ratio** times the first amount and reach
        the competitive threshold. Unusual is a first amount that is low, and a later one that
        is high, among all purchases of the same two-digit category and method, the body's own
        level of prices taken out; values are exchanged among companies under the null, and the
        two independent tails are joined by Fisher's method.
    Example: A first order of 3,000 for a test installation, then 900,000 within a year.
    Why: A foot in the door makes the supplier known and the rest a continuation. Pilots and
        projects in stages do the same on purpose.
    Score: Surprise of the p-value.
    Skips: Pairs that may have dealt before the data begin; purchases without a method.
    Source: OCP R052; catalogue A-R052.
    """

    code: ClassVar = "R052"
    title: ClassVar = {
        "en": "Small initial purchase followed by much larger ones",
        "zh": "小额首单后大额采购",
    }
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "times the first purchase"
    needs: ClassVar = ("awards.award_id", "awards.amount", "thresholds.amount")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{body} first bought from {company} on {first} for {small:money}, by a {method} "
            "procedure, and then {later:n} times until {last} for {large:money} "
            "({times:times} times as much).",
            "A pilot, or a project planned in stages, begins small and goes on with the same "
            "company.",
        ),
        "zh": (
            "{body}于{first}以{method}方式首次向{company}采购{small:money}，此后至{last}又采购"
            "{later:n}次，合计{large:money}（为首单的{times:times}倍）。",
            "试点或分阶段实施的项目也会从小额开始并由同一企业继续。",
        ),
    }

    days: int = bounded(730, low=30, high=3000)
    lead_days: int = bounded(365, low=0, high=3000)
    min_ratio: float = bounded(10.0, low=1.0, high=10_000.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs that began small enough to tell and went on."""
        buys = purchases(snap)
        begun = _beginnings(buys, self.lead_days, self.days)
        if not len(begun.first):
            unknown = not buys.rank.any()
            return Findings(
                subjects=snap.subjects("body_company"),
                missing="awards.method" if unknown else "",
                reason=_NONE,
            )
        low, high = _tails(buys)
        tails = [_joined(begun, *(side[d] for side in (low, high))) for d in (0, 1)]
        p_value = tails[0]
        q = benjamini_hochberg(p_value)
        line, rule = buys.lines.competitive()
        later = np.add.reduceat(buys.amount[begun.rows], begun.starts[:-1])
        most = np.fmax.reduceat(line[begun.rows], begun.starts[:-1])
        one = _one_currency(buys, begun)
        enough = (later >= self.min_ratio * buys.amount[begun.first]) & (later >= most) & one
        hits = np.flatnonzero((q <= self.max_q) & enough)
        groups = [np.append(begun.first[h], begun.of(int(h))) for h in hits]
        shown = bought(snap, buys, groups, rule)
        return Findings(
            [
                self._flag(snap, seen, float(p_value[h]), float(q[h]))
                for h, seen in zip(hits.tolist(), shown, strict=True)
            ],
            subjects=snap.subjects("body_company"),
            computable=len(begun.first),
            reason=_NONE,
            p_values=tails[1],
        )

    def _flag(self, snap: Snapshot, seen: Bought, p_value: float, q_value: float) -> Flag:
        first, *rest = seen.rows
        currency = first["currency"] or ""
        small, large = first["amount"], sum(r["amount"] for r in rest)
        return self.flag(
            (seen.body, seen.company),
            score=surprise(p_value),
            value=round(float(large / small), 6),
            threshold=self.min_ratio,
            p_value=p_value,
            q_value=q_value,
            amounts=seen.amounts,
            first_on=seen.first,
            last_on=seen.last,
            body_id=seen.body,
            company_id=seen.company,
            facts=seen.facts(snap)
            | {
                "method": first["method"],
                "small": [[currency, str(small)]],
                "large": [[currency, str(large)]],
                "later": len(rest),
                "times": round(float(large / small), 4),
            },
            evidence=seen.evidence(),
            members=seen.members(),
        )


class _Begun(NamedTuple):
    """Pairs by their first purchase, and the rows that followed in time, pair after pair."""

    first: I64
    rows: I64
    starts: I64

    def of(self, pair: int) -> I64:
        return self.rows[self.starts[pair] : self.starts[pair + 1]]


def _beginnings(buys: Purchases, lead_days: int, days: int) -> _Begun:
    usable = np.flatnonzero(buys.amount > 0)
    known = np.lexsort((usable, buys.day[usable]))
    usable = usable[known]  # by day, then by id; groups keep that order
    order, starts = distinct_runs(buys.body[usable], buys.company[usable])
    rows = usable[order]
    first, ends = rows[starts[:-1]], starts[1:]
    opened = np.full(int(buys.body.max(initial=0)) + 1, np.iinfo(np.int32).max, dtype=np.int64)
    np.minimum.at(opened, buys.body, buys.day)
    simple = (buys.rank[first] > 0) & (buys.rank[first] <= RANKS["limited"])
    known_first = buys.day[first] >= opened[buys.body[first]] + lead_days
    # Later purchases inside the window; rows of a pair are in order of days.
    day = buys.day[rows].astype(np.int64)
    pair = np.repeat(np.arange(len(first)), np.diff(starts))
    within = (day <= day[starts[:-1]][pair] + days) & (buys.rank[rows] > 0)
    within[starts[:-1]] = False
    count = np.bincount(pair[within], minlength=len(first))
    kept = np.flatnonzero(simple & known_first & (count > 0))
    inside = slices(starts[:-1][kept], ends[kept])
    inside = inside[within[inside]]
    return _Begun(first[kept], rows[inside], np.append(0, np.cumsum(count[kept])))


def _tails(buys: Purchases) -> tuple[tuple[F64, F64], tuple[F64, F64]]:
    """How low, and how high, each value is among its like: as seen, and with ties drawn."""
    rows = np.flatnonzero(buys.amount > 0)
    value = np.log(buys.amount[rows])
    currencies = len(buys.currency.words) + 1
    kind = (buys.division.codes[rows].astype(np.int64) + 1) * 8 + buys.rank[rows]
    kind = kind * currencies + buys.currency.codes[rows] + 1
    cell = np.cumsum(np.bincount(kind) > 0)[kind] - 1
    bodies = int(buys.body.max(initial=0)) + 1
    _, own = np.unique(cell.astype(np.int64) * bodies + buys.body[rows], return_inverse=True)
    mean = np.bincount(cell, value) / np.bincount(cell)
    off = np.bincount(own, value - mean[cell]) / (np.bincount(own) + _PRIOR)
    rest = np.round(value - mean[cell] - off[own], 9)
    order = np.lexsort((rest, cell))
    fresh = np.append(True, np.diff(cell[order]) != 0)
    tied = fresh | np.append(True, np.diff(rest[order]) != 0)
    start, size = _run(fresh)
    begin, equal = _run(tied)
    below, above = begin - start, size - (begin - start) - equal
    draw = draws_for(rest, cell.astype(np.float64), seed=_SEED)
    out = np.full((4, len(buys)), np.nan)
    at = rows[order]
    for i, (count, more) in enumerate(((below, equal), (below, equal * draw), (above, equal),
                                       (above, equal * draw))):  # fmt: skip
        out[i, at] = (count + more) / size
    return (out[0], out[1]), (out[2], out[3])


def _run(fresh: npt.NDArray[np.bool_]) -> tuple[I64, I64]:
    """Where the run of each place begins, and how long it is."""
    first = np.flatnonzero(fresh)
    run = np.cumsum(fresh) - 1
    return first[run], np.diff(np.append(first, len(fresh)))[run]


def _joined(begun: _Begun, low: F64, high: F64) -> F64:
    """Fisher's p-value of a first value as low and a later one as high as these."""
    least = np.minimum.reduceat(high[begun.rows], begun.starts[:-1])
    among = np.diff(begun.starts)
    best = -np.expm1(among * np.log1p(-np.minimum(least, 1.0 - 1e-12)))
    return fisher(low[begun.first], best)


def _one_currency(buys: Purchases, begun: _Begun) -> npt.NDArray[np.bool_]:
    pair = np.repeat(np.arange(len(begun.first)), np.diff(begun.starts))
    other = buys.currency.codes[begun.rows] != buys.currency.codes[begun.first][pair]
    return np.asarray(np.bincount(pair, other, minlength=len(begun.first)) == 0)
