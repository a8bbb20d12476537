"""Lots whose prices rise by equal steps."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import gammaln

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import (
    COLUMNS,
    Contest,
    contests,
    flag_on,
    on_contests,
    rank_tails,
)
from graphgov.indicators._fields import F64, I64, Fields, fields, trade_strata
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.frames import Marks, Measured, reasons
from graphgov.stats.bids.from_snapshot import records
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.strata import rate_without

_LEAST = 4  # prices: three steps
_FORMS = 2  # equal differences, equal ratios
_PEERS = 200  # lots of a stratum of ranks
_WAYS = {
    0: {"en": "equal differences of about {0:,.0f}", "zh": "等差（约{0:,.0f}）"},
    1: {"en": "equal ratios of about {0:.4f}", "zh": "等比（约{0:.4f}）"},
}


@dataclass(frozen=True)
class RegularPriceSteps(Detector):
    """The prices of a lot form a regular series.

    Method: Per lot with four or more valid prices in one currency, the steps between
        neighbouring prices, as differences and as ratios less one; their coefficient of variation
        (standard deviation over mean), widened by what rounding of the prices can do. Null of
        p: steps are exchangeable and exponential, so that their shares fill a simplex evenly; p
        is the volume near its centre, twice for the two forms. Flagged are lots with a
        coefficient up to **max_variation** and q at most **max_q**, where at most **max_share**
        of like lots are as regular.
    Example: Bids of 981,370, 1,001,370, 1,021,370 and 1,041,370.
    Why: One hand that writes all bids takes even steps; Chinese law counts regular differences
        as a sign of it. Fixed discount steps of an electronic auction and tariff grids are even
        too.
    Score: Surprise of the p-value.
    Skips: Lots with fewer than four prices; prices ten times as high or more.
    Source: Implementing Regulations of the Bidding Law of China, article 40(4); the catalogue's
        I03 (null by simulation; here the exact volume).
    """

    code: ClassVar = "I03"
    title: ClassVar = {"en": "Regular price differences", "zh": "投标报价呈规律性差异"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "coefficient of variation of price steps"
    needs: ClassVar = ("bids.amount", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "The {number:n} prices for {title} of {body} ({on}, won by {companies:names} for "
            "{amounts:money}) rise by {steps[en]:text}: {prices:names}.",
            "Fixed steps of an electronic auction, a tariff grid or prices rounded alike give "
            "even steps; see whether the bids were written apart.",
        ),
        "zh": (
            "{body}的“{title}”（{on}，由{companies:names}中标，{amounts:money}）的{number:n}个报价呈"
            "{steps[zh]:text}递增：{prices:names}。",
            "电子竞价的固定加价幅度、统一价目或相同的取整习惯也会使报价等距；请核实各投标文件是否独立编制。",
        ),
    }

    max_variation: float = bounded(0.05, low=0.0, high=0.5)
    max_share: float = bounded(0.1, low=0.0, high=1.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All lots with four prices or more."""
        seen = records(snap)
        found, why = fields(seen, _LEAST)
        forms = _variations(found)
        form = np.argmin(forms, axis=0)
        value = forms[form, np.arange(len(form))]
        p = np.minimum(1.0, _FORMS * near_centre(value, found.size - 1))
        q = benjamini_hochberg(p)
        groups = trade_strata(seen, found.process, found.size, min_count=_PEERS)
        _, drawn = rank_tails(p, groups, high=False)
        regular = value <= self.max_variation
        usual = np.nan_to_num(rate_without(regular, seen.division[found.process]))
        flagged = regular & (q <= self.max_q) & (usual <= self.max_share)
        told, clauses = reasons(
            len(seen.frames.processes), *((mask, text) for text, mask in why.items())
        )
        hits = np.flatnonzero(flagged)
        flags = [
            self._flag(
                snap, contest, found.price[found.begins[i] : found.begins[i + 1]], int(form[i]),
                (float(value[i]), float(p[i]), float(q[i])),
            )
            for contest, i in zip(contests(snap, seen, found.process[hits]), hits, strict=True)
        ]  # fmt: skip
        measured = Measured(
            processes=Marks(found.process, value, flagged), why=told, reasons=clauses
        )
        return on_contests(measured, flags, p_values=drawn)

    def _flag(
        self,
        snap: Snapshot,
        contest: Contest,
        prices: F64,
        form: int,
        measured: tuple[float, float, float],
    ) -> Flag:
        value, p_value, q_value = measured
        step = np.diff(prices).mean() if form == 0 else (prices[1:] / prices[:-1]).mean()
        rows = [row for row in contest.bids if row["status"] in (None, "valid")]
        return flag_on(
            self,
            snap,
            contest,
            score=surprise(p_value),
            value=round(value, 6),
            threshold=self.max_variation,
            p_value=p_value,
            q_value=q_value,
            bids=rows,
            roles=dict.fromkeys((row["company_id"] for row in rows), "bidder")
            | dict.fromkeys(contest.winners, "winner"),
            facts={
                "number": len(prices),
                "prices": [f"{one:,.2f}" for one in prices.tolist()],
                "steps": {language: text.format(step) for language, text in _WAYS[form].items()},
            },
        )


def near_centre(variation: F64, steps: I64) -> F64:
    """The chance that exchangeable exponential steps vary as little.

    Their shares of the sum lie evenly in a simplex of `steps` corners. A coefficient of
    variation up to c is a ball around its centre of radius c sqrt(steps - 1) / steps. Beyond
    the largest ball inside the simplex this is an upper bound.

    Args:
        variation: Standard deviation (one degree of freedom less) over mean.
        steps: How many, two or more.
    """
    k = np.maximum(np.asarray(steps, dtype=np.float64), 2.0)
    radius = np.maximum(variation, 1e-12) * np.sqrt(k - 1) / k
    ball = (k - 1) * (np.log(radius) + 0.5 * np.log(np.pi)) - gammaln((k - 1) / 2 + 1)
    simplex = 0.5 * np.log(k) - gammaln(k)
    return np.asarray(np.exp(np.minimum(ball - simplex, 0.0)))


def _variations(found: Fields) -> F64:
    """Coefficients of variation of differences and of ratios, one row each."""
    lot = np.repeat(np.arange(len(found.process)), found.size)
    inside = np.ones(len(lot), dtype=bool)
    inside[found.begins[:-1]] = False  # each price but the first of its lot ends a step
    upper = np.flatnonzero(inside)
    lower, lot = upper - 1, lot[upper]
    number = np.maximum(found.size - 1, 1).astype(np.float64)
    unit = _rounding(found)
    out = []
    for step, grain in (
        (found.price[upper] - found.price[lower], unit),
        (found.price[upper] / found.price[lower] - 1.0, unit / found.low),
    ):
        mean = np.bincount(lot, step, minlength=len(number)) / number
        square = np.bincount(lot, (step - mean[lot]) ** 2, minlength=len(number))
        safe = np.where(mean > 0, mean, 1.0)
        variance = square / np.maximum(number - 1, 1) / safe**2
        # A price rounded to a unit is off by up to half of it; a step has two such ends.
        rounded = (grain / safe) ** 2 / 6.0
        out.append(np.where(mean > 0, np.sqrt(variance + rounded), 1.0))
    return np.stack(out) if out else np.empty((2, 0))


def _rounding(found: Fields) -> F64:
    """The largest power of ten that all prices of a lot are multiples of; a cent at least."""
    cents = np.round(found.price * 100).astype(np.int64)
    unit = np.full(len(found.process), 0.01)
    if not len(unit):
        return unit
    for power in range(1, 10):
        whole = np.logical_and.reduceat(cents % 10**power == 0, found.begins[:-1])
        unit = np.where(whole, 10.0 ** (power - 2), unit)
    return unit
