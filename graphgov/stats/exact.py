"""Exact tails of the counts that indicators test, vectorised and added up from small terms.

Every distribution gives a `Tail`, which holds P(X > x) and P(X = x) apart, so that the plain,
the mid and the randomised p-value come from one computation. Tails are sums of positive terms,
never one minus a sum, unless the observation lies below the mean; so a p-value of 1e-200 is
as exact as one of 0.1.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from graphgov.errors import InputError

FLOAT = npt.NDArray[np.float64]
INT = npt.NDArray[np.int64]
_EPSILON = 1e-18


@dataclass(frozen=True)
class Tail:
    """The upper tail of a count at what was observed.

    Args:
        above: P(X > x).
        at: P(X = x).
    """

    above: FLOAT
    at: FLOAT

    @property
    def p(self) -> FLOAT:
        """P(X >= x), the p-value to report."""
        return np.minimum(self.above + self.at, 1.0)

    @property
    def mid(self) -> FLOAT:
        """The mid p-value, P(X > x) + P(X = x) / 2."""
        return np.minimum(self.above + 0.5 * self.at, 1.0)

    def randomised(self, seed: int) -> FLOAT:
        """P(X > x) + U P(X = x): uniform under the null, for calibration tests.

        The draws follow the order of the rows: order them by content first.
        """
        return np.minimum(self.above + draws_for(self.above, self.at, seed=seed) * self.at, 1.0)


def draws_for(*values: FLOAT, seed: int) -> FLOAT:
    """Uniform draws, one for each entry, the same whenever the values are the same.

    Other values get other draws, or p-values pooled over many small markets would share them.
    """
    told = [zlib.crc32(np.ascontiguousarray(v).tobytes()) for v in values]
    return np.random.default_rng([seed, *told]).random(values[0].shape)


def binomial_tail(k: npt.ArrayLike, n: npt.ArrayLike, p: npt.ArrayLike) -> Tail:
    """The chance of k hits or more in n trials of chance p (recipe S-BIN)."""
    k_, n_, p_ = (np.atleast_1d(a) for a in np.broadcast_arrays(*_floats(k, n, p)))
    _probabilities(p_)
    inside = (k_ >= 0) & (k_ <= n_)
    k0, n0 = np.where(inside, k_, 0.0), np.maximum(n_, 0.0)
    at = np.where(inside, np.exp(_log_binomial(k0, n0, p_)), 0.0)
    above = np.where(
        k_ < 0,
        1.0,
        np.where(k_ < n_, special.betainc(k0 + 1, np.maximum(n0 - k0, 1e-300), p_), 0.0),
    )
    return Tail(above, at)


def hypergeometric_tail(
    x: npt.ArrayLike, population: npt.ArrayLike, marked: npt.ArrayLike, drawn: npt.ArrayLike
) -> Tail:
    """The chance of x marked ones or more among the drawn (recipe S-HYP).

    Args:
        x: Marked ones among the drawn.
        population: N, all units.
        marked: K, units with the mark; 0 to N.
        drawn: n, units drawn; 0 to N.
    """
    x_, n_all, k_all, n_draw = (
        np.atleast_1d(a).ravel()
        for a in np.broadcast_arrays(*_floats(x, population, marked, drawn))
    )
    if (k_all > n_all).any() or (n_draw > n_all).any() or (k_all < 0).any() or (n_draw < 0).any():
        raise InputError("A hypergeometric count needs 0 <= marked, drawn <= population.")
    low, high = np.maximum(0.0, k_all + n_draw - n_all), np.minimum(k_all, n_draw)
    inside = (x_ >= low) & (x_ <= high)
    start = np.clip(x_, low, high)
    at = np.exp(log_hypergeometric(start, n_all, k_all, n_draw))
    rest = n_all - k_all - n_draw

    def up(j: FLOAT, i: INT) -> FLOAT:
        return _floats((k_all[i] - j) * (n_draw[i] - j) / ((j + 1) * (rest[i] + j + 1)))[0]

    def down(j: FLOAT, i: INT) -> FLOAT:
        return _floats(j * (rest[i] + j) / ((k_all[i] - j + 1) * (n_draw[i] - j + 1)))[0]

    above = np.where(x_ < low, 1.0, 0.0)
    upper = inside & (x_ >= k_all * n_draw / np.maximum(n_all, 1.0))
    above[upper] = _ratio_sum(at[upper], start[upper], high[upper], _at(up, upper), 1)
    lower = inside & ~upper
    below = _ratio_sum(at[lower], start[lower], low[lower], _at(down, lower), -1)
    above[lower] = np.maximum(0.0, 1.0 - at[lower] - below)
    return Tail(above, np.where(inside, at, 0.0))


def beta_binomial_tail(
    k: npt.ArrayLike, n: npt.ArrayLike, alpha: npt.ArrayLike, beta: npt.ArrayLike
) -> Tail:
    """The chance of k hits or more in n trials whose own chance is beta (recipe S-BB)."""
    k_, n_, a, b = (
        np.atleast_1d(v).ravel() for v in np.broadcast_arrays(*_floats(k, n, alpha, beta))
    )
    if (a <= 0).any() or (b <= 0).any():
        raise InputError("A beta-binomial count needs alpha and beta above zero.")
    inside = (k_ >= 0) & (k_ <= n_)
    start = np.clip(k_, 0.0, n_)
    log_at = (
        -np.log1p(n_)
        - special.betaln(start + 1, n_ - start + 1)
        + special.betaln(start + a, n_ - start + b)
        - special.betaln(a, b)
    )
    at = np.exp(log_at)

    def up(j: FLOAT, i: INT) -> FLOAT:
        return _floats((n_[i] - j) * (j + a[i]) / ((j + 1) * (n_[i] - j - 1 + b[i])))[0]

    # With beta below one the terms rise again at the end, so no early stop there.
    above = np.where(k_ < 0, 1.0, 0.0)
    above[inside] = _ratio_sum(
        at[inside], start[inside], n_[inside], _at(up, inside), 1, early=b[inside] >= 1
    )
    return Tail(np.minimum(above, 1.0), np.where(inside, at, 0.0))


def mean_path_length(n: int) -> float:
    """c(n): mean depth of an unsuccessful search in a binary tree of n points."""
    if n <= 2:
        return float(max(n - 1, 0))
    return float(2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n)


def _floats(*values: npt.ArrayLike) -> list[FLOAT]:
    return [np.asarray(v, dtype=np.float64) for v in values]


def _probabilities(p: FLOAT) -> None:
    if not ((p >= 0) & (p <= 1)).all():
        raise InputError("A probability lies in 0 to 1.")


def _at(
    ratio: Callable[[FLOAT, INT], FLOAT], rows: npt.NDArray[np.bool_]
) -> Callable[[FLOAT, INT], FLOAT]:
    where = np.flatnonzero(rows)
    return lambda j, i: ratio(j, where[i])


def _ratio_sum(
    first: FLOAT,
    start: FLOAT,
    last: FLOAT,
    ratio: Callable[[FLOAT, INT], FLOAT],
    step: int,
    early: npt.NDArray[np.bool_] | None = None,
) -> FLOAT:
    """The sum of the terms after the first, each got from the one before by a ratio."""
    total = np.zeros_like(first)
    rows = np.flatnonzero((start != last) & (first > 0))
    j, term = start[rows].copy(), first[rows].copy()
    stop_early = np.ones(len(first), dtype=bool) if early is None else early
    while len(rows):
        r = ratio(j, rows)
        term = term * r
        total[rows] += term
        j = j + step
        # Ratios fall from here on, so a geometric series bounds what is left out.
        done = (j == last[rows]) | (term == 0)
        done |= stop_early[rows] & (r < 0.99) & (term < _EPSILON * 0.01 * total[rows])
        keep = ~done
        rows, j, term = rows[keep], j[keep], term[keep]
    return total


def log_hypergeometric(x: FLOAT, population: FLOAT, marked: FLOAT, drawn: FLOAT) -> FLOAT:
    """Log of the hypergeometric mass, by Loader's saddle point: no loss at N of millions."""
    p = np.divide(drawn, population, out=np.zeros_like(drawn), where=population > 0)
    return (
        _log_binomial(x, marked, p)
        + _log_binomial(drawn - x, population - marked, p)
        - _log_binomial(drawn, population, p)
    )


def _log_binomial(x: FLOAT, n: FLOAT, p: FLOAT) -> FLOAT:
    """Log of the binomial mass (C. Loader 2000, Fast and accurate computation)."""
    q = 1.0 - p
    out = np.full(np.broadcast(x, n, p).shape, -np.inf)
    out[((p == 0) & (x == 0)) | ((q == 0) & (x == n)) | (n == 0)] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        edge = (p > 0) & (q > 0) & (n > 0)
        out = np.where(edge & (x == 0), n * np.log1p(-p), out)
        out = np.where(edge & (x == n), n * np.log(p), out)
    inner = edge & (x > 0) & (x < n)
    x_, n_, p_, q_ = x[inner], n[inner], p[inner], q[inner]
    error = _stirling_error(n_) - _stirling_error(x_) - _stirling_error(n_ - x_)
    error -= _deviance(x_, n_ * p_) + _deviance(n_ - x_, n_ * q_)
    out[inner] = error + 0.5 * np.log(n_ / (2 * np.pi * x_ * (n_ - x_)))
    return out


_SMALL = np.arange(1, 16, dtype=np.float64)
_SMALL_ERROR = np.concatenate(
    ([0.0], special.gammaln(_SMALL + 1) - (_SMALL + 0.5) * np.log(_SMALL) + _SMALL)
)
_SMALL_ERROR[1:] -= 0.5 * np.log(2 * np.pi)


def _stirling_error(n: FLOAT) -> FLOAT:
    """The log of n! less Stirling's approximation of it, for whole n above zero."""
    square = n * n
    series = 1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square
    series = (1 / 12 - (1 / 360 - series / square) / square) / n
    return np.where(n > 15, series, _SMALL_ERROR[np.minimum(n, 15).astype(np.int64)])


def _deviance(x: FLOAT, mean: FLOAT) -> FLOAT:
    """The sum x ln(x / mean) + mean - x without cancellation near x = mean."""
    far = x * np.log(x / mean) + mean - x
    v = (x - mean) / (x + mean)
    near = (x - mean) * v
    term = 2 * x * v
    for odd in range(3, 25, 2):
        term = term * v * v
        near = near + term / odd
    return np.where(np.abs(v) < 0.1, near, far)
