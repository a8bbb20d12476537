"""Many tests at once: false-discovery control and the combination of dependent p-values."""

import numpy as np
import numpy.typing as npt

from graphgov.errors import InputError
from graphgov.stats.exact import FLOAT


def benjamini_hochberg(p: npt.ArrayLike, tests: int | None = None) -> FLOAT:
    """q-values after Benjamini and Hochberg; NaN stays NaN and is no test.

    Args:
        p: P-values in any order.
        tests: How many tests were made, where p-values of 1 were left out.
    """
    return _step_up(p, 1.0, tests)


def benjamini_yekutieli(p: npt.ArrayLike, tests: int | None = None) -> FLOAT:
    """q-values that hold under any dependence: Benjamini and Yekutieli."""
    values = np.asarray(p, dtype=np.float64)
    m = int(np.isfinite(values).sum()) if tests is None else tests
    return _step_up(values, float((1.0 / np.arange(1, m + 1)).sum()), tests)


def _step_up(p: npt.ArrayLike, factor: float, tests: int | None) -> FLOAT:
    values = np.asarray(p, dtype=np.float64)
    known = ~np.isnan(values)
    found = values[known]
    if ((found < 0) | (found > 1)).any():
        raise InputError("A p-value lies in 0 to 1.")
    m = len(found) if tests is None else tests
    if m < len(found):
        raise InputError(f"{len(found)} p-values cannot come from {m} tests.")
    out = np.full(values.shape, np.nan)
    if len(found) == 0:
        return out
    order = np.argsort(found, kind="stable")[::-1]
    rank = np.arange(len(found), 0, -1)
    # Values equal in theory must stay equal: divide last.
    q = np.minimum.accumulate(found[order] * (m * factor) / rank)
    back = np.empty(len(found))
    back[order] = np.minimum(q, 1.0)
    out[known] = back
    return out


def cauchy_combination(p: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """One p-value from several that may depend on one another (Liu and Xie 2020).

    NaN is left out; nothing at all gives NaN; a zero gives zero.
    """
    values = np.asarray(p, dtype=np.float64).ravel()
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64).ravel()
    keep = ~np.isnan(values) & (shares > 0)
    order = np.lexsort((shares[keep], values[keep]))
    values, shares = values[keep][order], shares[keep][order]
    if len(values) == 0:
        return float("nan")
    if values[0] <= 0:
        return 0.0
    # tan loses everything near its pole: 1 / (p pi) there. A p of one must not cancel the rest.
    capped = np.clip(values, 1e-300, 1 - 1e-6)
    small = capped < 1e-12
    bent = np.where(small, 1 / (capped * np.pi), np.tan((0.5 - capped) * np.pi))
    total = float((shares * bent).sum() / shares.sum())
    if total > 1e12:
        return 1 / (total * float(np.pi))
    return float(0.5 - np.arctan(total) / np.pi)
