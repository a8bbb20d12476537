"""Quantiles, fences and percentiles among peers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.stats.exact import FLOAT

MIN_FENCED = 20  # values below which a fence means nothing


def quantile8(values: npt.ArrayLike, q: float) -> float:
    """The quantile of type 8 after Hyndman and Fan; NaN of nothing, NaN cells left out.

    Args:
        values: In any order.
        q: In 0 to 1.
    """
    x = np.sort(np.asarray(values, dtype=np.float64).ravel())
    return _quantile_sorted(x[~np.isnan(x)], q)


def _quantile_sorted(x: FLOAT, q: float) -> float:
    n = len(x)
    if n == 0:
        return float("nan")
    h = (n + 1 / 3) * q + 1 / 3
    k = int(h)
    if k <= 0 or q == 0:
        return float(x[0])
    if k >= n or q == 1:
        return float(x[-1])
    return float(x[k - 1] + (h - k) * (x[k] - x[k - 1]))


@dataclass(frozen=True)
class Fences:
    """Quartiles and the fences 1.5 interquartile ranges beyond them."""

    q1: float
    q3: float
    count: int

    @property
    def iqr(self) -> float:
        """The interquartile range."""
        return self.q3 - self.q1

    @property
    def lower(self) -> float:
        """The lower fence."""
        return self.q1 - 1.5 * self.iqr

    @property
    def upper(self) -> float:
        """The upper fence."""
        return self.q3 + 1.5 * self.iqr

    @property
    def evaluable(self) -> bool:
        """Whether the fences mean anything: 20 values and some spread."""
        return self.count >= MIN_FENCED and self.iqr > 0


def fences(values: npt.ArrayLike) -> Fences:
    """The fences of some values; NaN cells left out."""
    x = np.sort(np.asarray(values, dtype=np.float64).ravel())
    x = x[~np.isnan(x)]
    return Fences(_quantile_sorted(x, 0.25), _quantile_sorted(x, 0.75), len(x))


def percentiles(values: npt.ArrayLike, ids: npt.ArrayLike | None = None) -> FLOAT:
    """Each value's place among its stratum: share below plus half of the share equal to it.

    Lies in (0, 1); alone it is 0.5; NaN stays NaN and counts for nothing.
    """
    x = np.asarray(values, dtype=np.float64)
    groups = np.zeros(len(x), np.int64) if ids is None else np.asarray(ids, dtype=np.int64)
    out = np.full(len(x), np.nan)
    known = np.flatnonzero(~np.isnan(x))
    if len(known) == 0:
        return out
    order = known[np.lexsort((x[known], groups[known]))]
    g, v = groups[order], x[order]
    new_group = np.r_[True, g[1:] != g[:-1]]
    new_value = new_group | np.r_[True, v[1:] != v[:-1]]
    begin_group, size = _runs(new_group)
    begin_value, equal = _runs(new_value)
    out[order] = (begin_value - begin_group + 0.5 * equal) / size
    return out


def _runs(starts: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the run of each position begins, and how long it is."""
    first = np.flatnonzero(starts)
    run = np.cumsum(starts) - 1
    length = np.diff(np.r_[first, len(starts)])
    return first[run], length[run]
