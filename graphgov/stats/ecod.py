"""ECOD: how far into a tail each value lies, by the empirical distribution of held-out peers.

Li and others 2022: U_l = -ln F(x) and U_r = -ln (1 - F(x)) per feature; U_s is U_l where the
feature is skewed to the left, U_r where it is skewed to the right, both added where it is
neither; a feature's term is max(U_s, (U_l + U_r) / 2), and a unit's score the sum of its terms.
Where only one end of a feature is strange, its term is that tail alone. Ties get the middle of
their steps. F is counted on a grid of quantiles, which costs one pass.
"""

import numpy as np
import numpy.typing as npt

from graphgov.stats.exact import FLOAT

I64 = npt.NDArray[np.int64]
_TAIL = np.logspace(-4.6, -2.8, 20)
# Steps of the empirical distribution, closer to each other in the tails.
_GRID = np.sort(np.concatenate([np.linspace(0, 1, 473), _TAIL, 1 - _TAIL]))
_SAMPLE = 40_000  # peers from which the grid is made; all of them are counted on it
UNKNOWN = 1.0  # the mean of a tail's term: what is missing is neither strange nor ordinary


def terms(x: FLOAT, stratum: I64, peers: FLOAT, peer_stratum: I64, end: int = 0) -> FLOAT:
    """The terms of one feature against peers of the same stratum.

    Args:
        x: Values; NaN gives `UNKNOWN`, as does a stratum without peers.
        stratum: Stratum per value.
        peers: Values of units that are not scored here; NaN left out.
        peer_stratum: Stratum per peer.
        end: Which end is strange: 1 high, -1 low, 0 both.
    """
    known = ~np.isnan(peers)
    base, where = peers[known], peer_stratum[known]
    out = np.full(len(x), UNKNOWN)
    if len(base) == 0:
        return out
    some = base[:: len(base) // _SAMPLE + 1]
    grid = np.unique(some)
    if len(grid) > len(_GRID):
        grid = np.unique(np.quantile(some, _GRID))
    strata = int(max(stratum.max(initial=0), where.max())) + 1
    # Odd cells are the grid's points, even ones what lies between them.
    cells = 2 * len(grid) + 1
    counts = np.bincount(where * cells + _cell(base, grid), minlength=strata * cells)
    counts = counts.reshape(strata, cells)
    total = counts.sum(axis=1)
    upto = np.cumsum(counts, axis=1)
    seen = np.flatnonzero(~np.isnan(x) & (total[stratum] > 0))
    g, cell = stratum[seen], _cell(x[seen], grid)
    at = counts[g, cell]
    below = upto[g, cell] - at
    n = total[g] + 1.0
    left = -np.log((below + 0.5 * at + 0.5) / n)
    right = -np.log((total[g] - below - 0.5 * at + 0.5) / n)
    if end:
        out[seen] = right if end > 0 else left
        return out
    skew = _skewness(base, where, strata)[g]
    both = np.where(skew < 0, left, np.where(skew > 0, right, left + right))
    out[seen] = np.maximum(both, (left + right) / 2)
    return out


def _cell(x: FLOAT, grid: FLOAT) -> I64:
    place = np.searchsorted(grid, x)
    on = grid[np.minimum(place, len(grid) - 1)] == x
    return np.asarray(2 * place + on, dtype=np.int64)


def _skewness(x: FLOAT, stratum: I64, strata: int) -> FLOAT:
    """The sign of the third central moment per stratum; 0 where there is no spread."""
    order = np.lexsort((x, stratum))  # sums in the order of values do not depend on rows
    v, g = x[order], stratum[order]
    n = np.maximum(np.bincount(g, minlength=strata), 1)
    mean = np.bincount(g, weights=v, minlength=strata) / n
    centred = v - mean[g]
    spread = np.sqrt(np.bincount(g, weights=centred**2, minlength=strata) / n)
    third = np.bincount(g, weights=(centred / np.maximum(spread[g], 1e-300)) ** 3,
                        minlength=strata) / n  # fmt: skip
    return np.where(spread > 0, np.sign(np.round(third, 9)), 0.0)
