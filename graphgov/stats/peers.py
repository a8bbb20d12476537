"""A value against its peers: ranks among other units, and counts against an expectation."""

import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom

from graphgov.stats.exact import FLOAT, Tail

I64 = npt.NDArray[np.int64]
_SIZE = (0.05, 1e6)  # bounds of the negative binomial's size


def peer_tail(values: npt.ArrayLike, strata: npt.ArrayLike, units: npt.ArrayLike) -> Tail:
    """The share of peers with a higher value, and of those with the same, the row among them.

    Peers are the rows of the same stratum that belong to another unit, so that what a unit does
    often does not make itself usual. With exchangeable values `p` is (1 + number of peers at
    least as high) / (m + 1), a conformal p-value. NaN gives NaN and is nobody's peer.

    Args:
        values: Higher is stranger.
        strata: Codes of strata.
        units: Codes of what is left out as a whole, such as the body.
    """
    x = np.asarray(values, dtype=np.float64)
    g, u = np.asarray(strata, dtype=np.int64), np.asarray(units, dtype=np.int64)
    higher, at = np.full(len(x), np.nan), np.full(len(x), np.nan)
    known = np.flatnonzero(~np.isnan(x))
    if len(known) == 0:
        return Tail(higher, at)
    _, cell = np.unique(g[known] * (int(u.max()) + 1) + u[known], return_inverse=True)
    in_stratum = _ranks(x[known], g[known])
    in_cell = _ranks(x[known], cell)
    above, equal, size = (a - b for a, b in zip(in_stratum, in_cell, strict=True))
    higher[known] = above / (size + 1.0)
    at[known] = (equal + 1.0) / (size + 1.0)
    return Tail(higher, at)


def _ranks(x: FLOAT, group: I64) -> tuple[I64, I64, I64]:
    """Rows of the same group above each row, equal to it (itself included), and all of them."""
    order = np.lexsort((x, group))
    g, v = group[order], x[order]
    first_of_group = np.r_[True, g[1:] != g[:-1]]
    first_of_value = first_of_group | np.r_[True, v[1:] != v[:-1]]
    group_begin, group_size = _runs(first_of_group)
    value_begin, value_size = _runs(first_of_value)
    above, equal, size = (np.empty(len(x), dtype=np.int64) for _ in range(3))
    above[order] = group_begin + group_size - value_begin - value_size
    equal[order] = value_size
    size[order] = group_size
    return above, equal, size


def _runs(starts: npt.NDArray[np.bool_]) -> tuple[I64, I64]:
    first = np.flatnonzero(starts)
    run = np.cumsum(starts) - 1
    length = np.diff(np.r_[first, len(starts)])
    return first[run], length[run]


def count_tail(k: npt.ArrayLike, mean: npt.ArrayLike) -> Tail:
    """Counts against their means, over-dispersed: a negative binomial fitted by moments.

    The variance is m + m² / size; one size is fitted on all counts given. Counts that spread no
    more than chance get a Poisson tail in effect.

    Args:
        k: Counts.
        mean: Expected counts, above zero.
    """
    seen, m = np.asarray(k, dtype=np.float64), np.maximum(np.asarray(mean, np.float64), 1e-9)
    if len(seen) == 0:
        return Tail(np.empty(0), np.empty(0))
    excess = float(np.sum((seen - m) ** 2 - m)) / float(np.sum(m**2))
    size = float(np.clip(1.0 / max(excess, 1.0 / _SIZE[1]), *_SIZE))
    chance = size / (size + m)
    above, at = nbinom.sf(seen, size, chance), nbinom.pmf(seen, size, chance)
    return Tail(np.asarray(above, np.float64), np.asarray(at, np.float64))
