"""How unusual it is that purchases of one object stay under a line and follow each other fast."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphgov.stats.bunching import BOOL, dispersed_tail, usual_spread
from graphgov.stats.dispersed import fisher, rate_elsewhere
from graphgov.stats.spans import F64, I64

_SHORT = 0.35  # of a unit's mean gap: shorter ones make a burst
_SEED = 20_240_301
_CENT = 1e4  # amounts have four decimals


@dataclass(frozen=True, eq=False)
class Parts:
    """Purchases under a line, grouped by unit (body, supplier, object) and in order of days.

    Args:
        row: Place among all purchases.
        unit: Ascending number of the unit.
        starts: First place of each unit, and the end.
        body, division, day, year: Of each purchase.
        amount: In its currency.
        line: That concerned it.
    """

    row: I64
    unit: I64
    starts: I64
    body: I64
    division: I64
    day: I64
    year: I64
    amount: F64
    line: F64

    @cached_property
    def share(self) -> F64:
        """Amounts as shares of their lines."""
        return self.amount / self.line

    def of_unit(self, unit: int) -> I64:
        """Places of a unit's purchases."""
        return np.arange(self.starts[unit], self.starts[unit + 1])

    def crossing(self) -> I64:
        """Units of which some fiscal year reaches the line in two purchases or more."""
        fresh = np.flatnonzero(_changes(self.unit) | _changes(self.year))
        count = np.diff(np.append(fresh, len(self.unit)))
        together = np.rint(np.add.reduceat(self.amount, fresh) * _CENT)
        line = np.rint(np.maximum.reduceat(self.line, fresh) * _CENT)
        return np.unique(self.unit[fresh[(count >= 2) & (together >= line)]])

    def crosses(self, places: I64) -> bool:
        """Whether two or more reach the line together, each being below it."""
        if len(places) < 2:
            return False
        together = np.rint(float(self.amount[places].sum()) * _CENT)
        return bool(together >= np.rint(float(self.line[places].max()) * _CENT))


class Chance(NamedTuple):
    """Per unit, how its purchases compare with the category."""

    purchases: I64
    close: I64  # just below the line
    usual: F64  # share that would be, by the category at other bodies
    p_band: F64
    p_dates: F64
    p_value: F64  # NaN where not testable
    randomised: F64
    testable: npt.NDArray[np.bool_]


def chance(parts: Parts, *, band: float, max_days: int) -> Chance:
    """Two independent tails per unit: values near the line, and bursts in time.

    Redrawing values from the category's other purchases leaves the dates alone, so under the
    null the tails are independent and Fisher's method joins them.

    Args:
        parts: The purchases.
        band: Share of the line from which a value is near it.
        max_days: Gap beyond which nothing is a burst.
    """
    first = parts.starts[:-1]
    n = np.diff(parts.starts)
    body, division = parts.body[first], parts.division[first]
    close = np.add.reduceat((parts.share >= band).astype(np.int64), first)
    testable = n >= 2
    usual = rate_elsewhere(
        np.where(testable, close, 0.0), np.where(testable, n, 0.0), body, division
    )
    short, mean_gap = _bursts(parts, n, max_days)
    tails = []
    for hits, tries, mean in ((close, n, usual), (short, n - 1, mean_gap)):
        mean = np.clip(mean, 1e-9, 1.0 - 1e-9)
        rho = usual_spread(np.where(testable, hits, 0), np.where(testable, tries, 0), mean)
        tails.append(dispersed_tail(hits, tries, mean, rho))
    drawn = [tail.randomised(_SEED + i) for i, tail in enumerate(tails)]
    p_value = np.where(testable, fisher(tails[0].p, tails[1].p), np.nan)
    return Chance(n, close, usual, tails[0].p, tails[1].p, p_value, fisher(*drawn), testable)


def _bursts(parts: Parts, n: I64, max_days: int) -> tuple[I64, F64]:
    """Gaps shorter than evenly spread dates would leave, and their usual share."""
    first = parts.starts[:-1]
    fresh = _changes(parts.unit)
    years = np.add.reduceat((_changes(parts.year) | fresh).astype(np.int64), first)
    span = 365.0 * years
    reach = np.minimum(max_days, _SHORT * span / n)
    gaps = np.diff(parts.day, prepend=0)
    burst = ~fresh & (gaps <= np.repeat(reach, n))
    short = np.add.reduceat(burst.astype(np.int64), first)
    even = (n - 1) * (1.0 - (1.0 - reach / span) ** n)
    body, division = parts.body[first], parts.division[first]
    # Few purchases lie further apart than their years say, many closer: what units of like
    # size do elsewhere comes first, the category on top of it.
    size = np.minimum(np.floor(2 * np.log2(np.maximum(n, 1))), 12).astype(np.int64)
    for group in (size, size, division):  # twice, as each step is shrunk
        even = even * rate_elsewhere(short.astype(float), np.maximum(even, 1e-9), body, group)
    return short, np.clip(even / np.maximum(n - 1, 1), 1e-4, 0.98)


def _changes(values: I64) -> BOOL:
    out = np.ones(len(values), dtype=bool)
    out[1:] = values[1:] != values[:-1]
    return out
