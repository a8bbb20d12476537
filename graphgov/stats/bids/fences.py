"""Quartiles and fences as Cardinal draws them, to the last digit.

Quantiles are of type 8 after Hyndman and Fan; a fence rounds once (fused multiply-add).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from graphgov.stats.bids.frames import BOOL, F64, I64
from graphgov.stats.bids.ranked import Ranked

MIN_FENCED = 20  # values below which a fence means nothing


@dataclass(frozen=True)
class Fence:
    """Quartiles of some values and the fences 1.5 interquartile ranges beyond them."""

    q1: float
    q3: float
    lower: float
    upper: float
    count: int

    @property
    def evaluable(self) -> bool:
        """Whether the fences mean anything: 20 values and some spread."""
        return self.count >= MIN_FENCED and self.q3 > self.q1


def quantile(ordered: F64 | Ranked, tau: float) -> float:
    """The quantile of ascending values; NaN of none, or if `tau` lies outside 0 to 1.

    A NaN among the values stands last.
    """
    n = len(ordered)
    if n == 0 or not 0 <= tau <= 1:
        return math.nan
    h = (n + 1 / 3) * tau + 1 / 3
    k = int(h)
    if k <= 0 or tau == 0:
        return float(ordered[0])
    if k >= n or tau == 1:
        return float(ordered[-1])
    low, high = float(ordered[k - 1]), float(ordered[k])
    return low + (h - k) * (high - low)


def fused(a: float, b: float, c: float) -> float:
    """`a * b + c` rounded once."""
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c  # the sign of a zero
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def fence(values: F64) -> Fence:
    """The fences of values in any order."""
    return drawn(np.sort(values))


def drawn(ordered: F64 | Ranked) -> Fence:
    """The fences of ascending values."""
    q1, q3 = quantile(ordered, 0.25), quantile(ordered, 0.75)
    spread = q3 - q1
    return Fence(q1, q3, fused(spread, -1.5, q1), fused(spread, 1.5, q3), len(ordered))


def by_group(values: F64, groups: I64 | None) -> tuple[I64, list[Fence]]:
    """The fence of each group and which fence each value is held to; one group if none are given.

    Args:
        values: In any order.
        groups: A code from 0 for each value.
    """
    if groups is None:
        return np.zeros(len(values), np.int64), [fence(values)]
    names, place = np.unique(groups, return_inverse=True)
    order = np.argsort(place, kind="stable")
    cuts = np.searchsorted(place[order], np.arange(1, len(names)))
    return place, [fence(part) for part in np.split(values[order], cuts)]


def evaluable(place: I64, made: list[Fence]) -> BOOL:
    """Per value: the fence it is held to means something."""
    return np.array([one.evaluable for one in made] or [False])[place]
