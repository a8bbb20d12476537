"""Counts that vary more than chance: tails where each unit has a mean of its own."""

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, chi2

from graphgov.stats.exact import beta_binomial_tail, draws_for

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_MOST = 0.5  # bound of the intra-class correlation
_PRIOR = 20.0  # weight, in trials, of everything against one group


def intra_class(k: I64, n: I64, mean: F64) -> F64:
    """Over-dispersion of each unit's peers, by moments, the unit itself left out.

    The excess of squared deviations over binomial variance, as a share of what fully
    correlated trials would show; 0 where peers vary no more than chance.

    Args:
        k: Hits per unit.
        n: Trials per unit.
        mean: Expected share of hits per unit, in (0, 1).
    """
    variance = mean * (1.0 - mean)
    excess = (k - n * mean) ** 2 - n * variance
    room = n * (n - 1.0) * variance
    others = room.sum() - room
    rho = np.divide(excess.sum() - excess, others, out=np.zeros_like(mean), where=others > 1e-12)
    return np.asarray(np.clip(rho, 0.0, _MOST))


def dispersed_tails(k: I64, n: I64, mean: F64, rho: F64) -> tuple[F64, F64]:
    """(P(X >= k), P(X > k)) of a beta-binomial with these means and correlations.

    Below a correlation of 1e-6 it is the binomial. A unit without trials has 1 and 0.
    """
    mean = np.clip(mean, 1e-9, 1.0 - 1e-9)
    size = (1.0 - rho) / np.maximum(rho, 1e-6)
    plain = rho < 1e-6
    at_least, above = np.ones_like(mean), np.zeros_like(mean)
    for out, least in ((at_least, k - 1), (above, k)):
        out[plain] = binom.sf(least[plain], n[plain], mean[plain])
    wide = ~plain
    tail = beta_binomial_tail(k[wide], n[wide], (mean * size)[wide], ((1.0 - mean) * size)[wide])
    at_least[wide], above[wide] = tail.above + tail.at, tail.above
    return np.clip(at_least, 0.0, 1.0), np.clip(above, 0.0, 1.0)


def randomised(at_least: F64, above: F64, seed: int) -> F64:
    """P(X > k) + U x P(X = k): uniform where the null holds, however coarse the counts."""
    u = draws_for(at_least, above, seed=seed)
    return np.asarray(above + u * (at_least - above))


def fisher(first: F64, second: F64) -> F64:
    """One p-value from two independent ones."""
    logs = np.log(np.maximum(first, 1e-300)) + np.log(np.maximum(second, 1e-300))
    return np.asarray(chi2.sf(-2.0 * logs, 4), dtype=np.float64)


def rate_elsewhere(hits: F64, trials: F64, unit: I64, group: I64, weight: float = _PRIOR) -> F64:
    """Hits per trial in each row's group at other units, shrunk towards all groups.

    Args:
        hits: Per row.
        trials: Per row; may be an expected number instead.
        unit: What is left out as a whole, such as the body.
        group: Peers, such as the category.
        weight: Of all groups, in trials. Where trials are expected hits, a few: fewer are an
            accident.
    """

    def total(values: F64, key: I64) -> F64:
        return np.asarray(np.bincount(key, weights=values)[key], dtype=np.float64)

    _, own = np.unique(group * (int(unit.max()) + 1) + unit, return_inverse=True)
    overall = hits.sum() / max(trials.sum(), 1e-9)
    others = total(hits, group) - total(hits, own)
    rate = (others + weight * overall) / (total(trials, group) - total(trials, own) + weight)
    return np.asarray(np.maximum(rate, 1e-6))
