"""Uncompeted awards of one body to one company that fall on the same days."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._purchases import Bought, bought
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bunching import dispersed_tail, usual_spread
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.purchases import COLUMNS, Purchases, distinct_runs, purchases
from graphgov.stats.spans import slices

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_SEED = 2_114
_NO_METHOD = "not computable, because no award has a method"
_NONE = (
    "not computable, because the rest had fewer than two purchases of a kind without open "
    "competition, or were the body's only supplier of it"
)


@dataclass(frozen=True)
class SameDayAwards(Detector):
    """Several purchases without open competition go to one company on one day.

    Method: Take a body's purchases by direct or limited methods in a two-digit category, lots
        of one process once. Count the company's awards that fall on a day on which it has one
        already. Expected is what as many of the body's purchases, drawn at random, would have,
        given how it bundles decisions on days (hypergeometric mean); the tail is binomial,
        widened by how much pairs vary. A pair is flagged if one day has **min_awards** awards.
    Example: A body that decides on one thing at a time gives a firm four repairs on 12 May and
        three on 2 June.
    Why: One need is cut into orders that are signed together. Bodies that sign once a month,
        and branches that order the same thing, look alike.
    Score: Surprise of the p-value.
    Skips: Awards without a method; pairs in which the company is the only supplier. Consecutive
        document numbers are not looked at.
    Source: Catalogue F14.
    """

    code: ClassVar = "F14"
    title: ClassVar = {"en": "Same-day awards", "zh": "同日多次采购"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "awards on one day"
    needs: ClassVar = ("awards.buyer_id", "awards.company_id", "awards.awarded_on")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{body} gave {company} up to {most:n} purchases without open competition on one day: "
            "{count:n} on {days:n} days between {first} and {last} ({amounts:money}), where "
            "{expected:times} repeats were to be expected from how {body} bundles its decisions, "
            "and {repeats:n} were seen.",
            "{body} may sign such orders together once a month, or order the same thing for "
            "several sites.",
        ),
        "zh": (
            "{body}曾在同一天向{company}作出多达{most:n}次未经公开竞争的采购：{first}至{last}间共"
            "{days:n}天{count:n}次（金额{amounts:money}）；按该单位集中决策的习惯预期重复"
            "{expected:times}次，实际{repeats:n}次。",
            "{body}可能每月集中签批一次，或为多个地点订购同样物品。",
        ),
    }

    min_awards: int = bounded(3, low=2, high=100)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All triples of body, company and category with two uncompeted purchases."""
        buys = purchases(snap)
        if not buys.rank.any():
            return Findings(
                subjects=snap.subjects("body_company"), missing="awards.method", reason=_NO_METHOD
            )
        units = _units(buys)
        if not len(units.awards):
            return Findings(subjects=snap.subjects("body_company"), reason=_NONE)
        tries = units.awards - 1
        mean = np.clip(units.expected / tries, 1e-9, 1.0 - 1e-9)
        rho = usual_spread(units.repeats, tries, mean)
        tail = dispersed_tail(units.repeats, tries, mean, rho)
        q = benjamini_hochberg(tail.p)
        hits = np.flatnonzero((q <= self.max_q) & (units.most >= self.min_awards)).tolist()
        none = np.full(len(buys), -1, dtype=np.int32)
        shown = bought(snap, buys, (units.together(buys, h) for h in hits), none)
        return Findings(
            [
                self._flag(snap, buys, units, h, s, (float(tail.p[h]), float(q[h])))
                for h, s in zip(hits, shown, strict=True)
            ],
            subjects=snap.subjects("body_company"),
            computable=units.pairs(buys),
            reason=_NONE,
            p_values=tail.randomised(_SEED),
        )

    def _flag(
        self,
        snap: Snapshot,
        buys: Purchases,
        units: "_Units",
        unit: int,
        seen: Bought,
        chances: tuple[float, float],
    ) -> Flag:
        return self.flag(
            (seen.body, seen.company),
            window=buys.division.word(int(units.rows[units.starts[unit]])),
            score=surprise(chances[0]),
            value=float(units.most[unit]),
            threshold=float(self.min_awards),
            p_value=chances[0],
            q_value=chances[1],
            amounts=seen.amounts,
            first_on=seen.first,
            last_on=seen.last,
            body_id=seen.body,
            company_id=seen.company,
            facts=seen.facts(snap)
            | {
                "most": int(units.most[unit]),
                "days": len({r["awarded_on"] for r in seen.rows}),
                "repeats": int(units.repeats[unit]),
                "expected": round(float(units.expected[unit]), 4),
                "all": int(units.awards[unit]),
            },
            evidence=seen.evidence(),
            members=seen.members(),
        )


class _Units(NamedTuple):
    """Uncompeted purchases of body, company and category, in order of days."""

    rows: I64
    starts: I64  # of each unit, and behind it its end
    ends: I64
    awards: I64
    repeats: I64  # on a day that had one already
    most: I64  # on one day
    expected: F64

    def together(self, buys: Purchases, unit: int) -> I64:
        """Rows on days with two or more."""
        rows = self.rows[self.starts[unit] : self.ends[unit]]
        days, where = np.unique(buys.day[rows], return_inverse=True)
        return np.asarray(rows[np.bincount(where, minlength=len(days))[where] > 1])

    def pairs(self, buys: Purchases) -> int:
        """How many bodies and companies are among them."""
        first = self.rows[self.starts]
        return len(np.unique(buys.body[first].astype(np.int64) << 32 | buys.company[first]))


def _units(buys: Purchases) -> _Units:
    rows = np.flatnonzero((buys.rank == 1) | (buys.rank == 2))
    if not len(rows):
        none = np.zeros(0, np.int64)
        return _Units(none, none, none, none, none, none, np.zeros(0))
    order, starts = distinct_runs(buys.tender[rows], buys.company[rows], buys.day[rows])
    rows = np.sort(rows[order[starts[:-1]]])  # lots of one process once
    order, starts = distinct_runs(buys.body[rows], buys.division.codes[rows], buys.day[rows])
    rows = rows[order]
    bundle = np.diff(starts)  # purchases of a body and category on each of its days
    first = rows[starts[:-1]]
    _, cells = distinct_runs(buys.body[first], buys.division.codes[first])
    cell = np.repeat(np.arange(len(cells) - 1), np.diff(cells))  # of each day
    total = np.bincount(cell, bundle).astype(np.int64)
    place = np.repeat(cell, bundle)
    order, starts = distinct_runs(place, buys.company[rows])
    rows, place = rows[order], place[order]
    count = np.diff(starts)
    of = place[starts[:-1]]
    fresh = np.append(True, np.diff(buys.day[rows]) != 0)
    fresh[starts[:-1]] = True
    days = np.add.reduceat(fresh.astype(np.int64), starts[:-1])
    kept = np.flatnonzero((count >= 2) & (count < total[of]))
    run = np.flatnonzero(fresh)
    length = np.diff(np.append(run, len(rows)))
    most = np.zeros(len(count), dtype=np.int64)
    np.maximum.at(most, np.repeat(np.arange(len(count)), count)[run], length)
    return _Units(
        rows,
        starts[:-1][kept],
        starts[1:][kept],
        count[kept],
        (count - days)[kept],
        most[kept],
        count[kept] - _distinct_days(count[kept], of[kept], total, cells, bundle),
    )


def _distinct_days(count: I64, cell: I64, total: I64, cells: I64, bundle: I64) -> F64:
    """On how many days as many purchases of a cell, drawn at random, would fall."""
    # Days with equally many purchases count together.
    where = np.repeat(np.arange(len(cells) - 1), np.diff(cells))
    order, starts = distinct_runs(where, bundle)
    first = order[starts[:-1]]
    sizes, many, owner = bundle[first], np.diff(starts), where[first]
    begins = np.searchsorted(owner, np.arange(len(cells)))
    pick = slices(begins[cell], begins[cell + 1])
    unit = np.repeat(np.arange(len(count)), begins[cell + 1] - begins[cell])
    whole, drawn, size = total[cell][unit], count[unit], sizes[pick]
    left = whole - size
    possible = left >= drawn
    log_missed = np.where(
        possible,
        gammaln(left + 1.0)
        - gammaln(np.maximum(left - drawn, 0) + 1.0)
        - gammaln(whole + 1.0)
        + gammaln(whole - drawn + 1.0),
        -np.inf,
    )
    met = many[pick] * -np.expm1(np.minimum(log_missed, 0.0))
    return np.asarray(np.bincount(unit, met, minlength=len(count)), dtype=np.float64)
