"""Exact tails of sums of unlike counts: many small groups at once.

Groups lie one after another in flat arrays, `offsets` (length groups + 1) says where each
begins. Groups of like size are padded to one block, so that 200 000 groups of ten cost a few
hundred array operations.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import special

from graphgov.errors import InputError
from graphgov.stats.exact import FLOAT, INT, Tail, hypergeometric_tail, log_hypergeometric

_CELLS = 2_000_000  # of one block
_EXACT_WORK = 200_000_000  # trials times hits beyond which the normal approximation is used


def poisson_binomial_tail(pi: npt.ArrayLike, k: int) -> Tail:
    """The chance of k hits or more in trials of unequal chances (recipe S-PB)."""
    chances = np.asarray(pi, dtype=np.float64)
    return poisson_binomial_tails(chances, np.array([0, len(chances)]), np.array([k]))


def poisson_binomial_tails(pi: npt.ArrayLike, offsets: npt.ArrayLike, k: npt.ArrayLike) -> Tail:
    """One Poisson-binomial tail per group (recipe S-PB), by dynamic programming.

    Exact while trials times hits of a group stay below 2e8; beyond that (more than
    14 000 trials) the normal approximation with skewness correction, whose absolute error is
    of the order 1 / variance.

    Args:
        pi: Chances of all trials, group after group.
        offsets: Where each group begins, and the end.
        k: Hits seen, per group.
    """
    chances = np.asarray(pi, dtype=np.float64)
    if not ((chances >= 0) & (chances <= 1)).all():
        raise InputError("A probability lies in 0 to 1.")
    bounds, seen = np.asarray(offsets, dtype=np.int64), np.asarray(k, dtype=np.int64)
    sizes = np.diff(bounds)
    above, at = np.zeros(len(seen)), np.zeros(len(seen))
    above[seen < 0] = 1.0
    possible = (seen >= 0) & (seen <= sizes)
    large = possible & (sizes * (seen + 1) > _EXACT_WORK)
    for group in np.flatnonzero(large):
        own = chances[bounds[group] : bounds[group + 1]]
        above[group], at[group] = _refined_normal(own, int(seen[group]))
    for rows in _blocks(sizes, seen + 1, possible & ~large):
        block = _padded(chances, bounds, rows, 0.0)
        above[rows], at[rows] = _poisson_binomial_block(block, seen[rows])
    return Tail(above, at)


def hypergeometric_sum_tails(
    x: npt.ArrayLike,
    population: npt.ArrayLike,
    marked: npt.ArrayLike,
    drawn: npt.ArrayLike,
    offsets: npt.ArrayLike,
) -> Tail:
    """The tail of a sum of independent hypergeometric counts, one sum per group.

    Exact convolution over the strata of a group; all terms are positive.

    Args:
        x: Sum seen, per group.
        population: N of every stratum, group after group.
        marked: K of every stratum.
        drawn: n of every stratum.
        offsets: Where each group begins, and the end.
    """
    bounds, seen = np.asarray(offsets, dtype=np.int64), np.asarray(x, dtype=np.int64)
    parts = [np.asarray(v, dtype=np.float64) for v in (population, marked, drawn)]
    if ((parts[1] > parts[0]) | (parts[2] > parts[0]) | (parts[1] < 0) | (parts[2] < 0)).any():
        raise InputError("A hypergeometric count needs 0 <= marked, drawn <= population.")
    sizes = np.diff(bounds)
    above, at = np.zeros(len(seen)), np.zeros(len(seen))
    above[seen < 0] = 1.0
    at[(seen == 0) & (sizes == 0)] = 1.0
    for rows in _blocks(sizes, seen + 1, (seen >= 0) & (sizes > 0)):
        strata = [_padded(v, bounds, rows, 0.0) for v in parts]
        above[rows], at[rows] = _hypergeometric_block(strata, seen[rows])
    return Tail(np.minimum(above, 1.0), at)


def _blocks(sizes: INT, widths: INT, wanted: npt.NDArray[np.bool_]) -> Iterator[INT]:
    """Rows of like size and width, in blocks that fit in memory."""
    rows = np.flatnonzero(wanted)
    if len(rows) == 0:
        return
    # Steps of a quarter octave: at most a fifth of a block is padding.
    size_class = np.ceil(4 * np.log2(np.maximum(sizes[rows], 1))).astype(np.int64)
    width_class = np.ceil(2 * np.log2(np.maximum(widths[rows], 1))).astype(np.int64)
    order = np.lexsort((rows, width_class, size_class))
    rows = rows[order]
    key = size_class[order] * 1000 + width_class[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    for begin, end in zip(starts, np.r_[starts[1:], len(rows)], strict=True):
        group = rows[begin:end]
        cells = int(max(sizes[group].max(), widths[group].max())) + 1
        step = max(1, _CELLS // cells)
        for i in range(0, len(group), step):
            yield group[i : i + step]


def _padded(values: FLOAT, bounds: INT, rows: INT, fill: float) -> FLOAT:
    sizes = bounds[rows + 1] - bounds[rows]
    column = np.arange(int(sizes.max()) if len(sizes) else 0)
    where = bounds[rows][:, None] + column[None, :]
    inside = column[None, :] < sizes[:, None]
    return np.where(inside, values[np.minimum(where, len(values) - 1)], fill)


def _poisson_binomial_block(pi: FLOAT, k: INT) -> tuple[FLOAT, FLOAT]:
    groups, trials = pi.shape
    rows = np.arange(groups)
    mass = np.zeros((groups, int(k.max()) + 1))
    mass[:, 0] = 1.0
    above = np.zeros(groups)
    for t in range(trials):
        p = pi[:, t]
        above += mass[rows, k] * p
        moved = mass[:, :-1] * p[:, None]
        mass *= (1.0 - p)[:, None]
        mass[:, 1:] += moved
    return np.minimum(above, 1.0), mass[rows, k]


def _refined_normal(pi: FLOAT, k: int) -> tuple[float, float]:
    """Volkova's second-order normal approximation of P(K > k) and P(K = k)."""
    ordered = np.sort(pi)
    spread = ordered * (1 - ordered)
    sigma = float(np.sqrt(spread.sum()))
    if sigma == 0:
        sure = round(float(ordered.sum()))
        return float(sure > k), float(sure == k)
    skew = float((spread * (1 - 2 * ordered)).sum()) / sigma**3
    mean = float(ordered.sum())

    def above(j: int) -> float:
        z = (j + 0.5 - mean) / sigma
        density = float(np.exp(-z * z / 2) / np.sqrt(2 * np.pi))
        tail = float(special.ndtr(-z)) - skew * (1 - z * z) * density / 6
        return min(1.0, max(0.0, tail))

    upper = above(k)
    return upper, max(0.0, above(k - 1) - upper)


def _hypergeometric_block(strata: list[FLOAT], x: INT) -> tuple[FLOAT, FLOAT]:
    groups, steps = strata[0].shape
    rows, width = np.arange(groups), int(x.max()) + 1
    column = np.arange(width)
    rest = x[:, None] - column[None, :]
    mass = np.zeros((groups, width))
    mass[:, 0] = 1.0
    above = np.zeros(groups)
    for t in range(steps):
        population, marked, drawn = (s[:, t] for s in strata)
        pmf, beyond = _hypergeometric_masses(population, marked, drawn, width)
        # What leaves through the top: j so far and more than x - j here.
        top = pmf.shape[1] - 1
        leaving = np.take_along_axis(beyond, np.clip(rest, 0, top), axis=1)
        leaving[(rest < 0) | (rest > top)] = 0.0
        above += (mass * leaving).sum(axis=1)
        new = mass * pmf[:, :1]
        for j in range(1, top + 1):
            new[:, j:] += mass[:, : width - j] * pmf[:, j, None]
        # Sums beyond x are counted in `above` already and must not come back.
        mass = np.where(rest >= 0, new, 0.0)
    return above, mass[rows, x]


def _hypergeometric_masses(
    population: FLOAT, marked: FLOAT, drawn: FLOAT, width: int
) -> tuple[FLOAT, FLOAT]:
    """P(X = m) and P(X > m) for m = 0 up to the end of all supports, at most `width` - 1."""
    low = np.maximum(0.0, marked + drawn - population)
    high = np.minimum(marked, drawn)
    columns = min(width, int(high.max()) + 1)
    top = np.clip(columns - 1.0, low, high)
    pmf, beyond = np.zeros((len(low), columns)), np.zeros((len(low), columns))
    upper = hypergeometric_tail(top, population, marked, drawn).above
    rest = population - marked - drawn
    # Masses at either end may be too small for a double where the middle is not.
    log_current = log_hypergeometric(top, population, marked, drawn)
    for m in range(columns - 1, -1, -1):
        inside = (m >= low) & (m <= high)
        pmf[:, m] = np.where(inside, np.exp(log_current), 0.0)
        beyond[:, m] = np.where(m >= high, 0.0, np.where(m < low, 1.0, upper))
        upper = np.where(inside, upper + pmf[:, m], upper)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = m * (rest + m) / ((marked - m + 1) * (drawn - m + 1))
            log_current = np.where(inside & (m > low), log_current + np.log(ratio), log_current)
    return pmf, np.minimum(beyond, 1.0)
