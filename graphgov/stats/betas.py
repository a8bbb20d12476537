"""Rates of small counts: beta-binomial fits and rates shrunk towards their peers."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from graphgov.stats.exact import FLOAT

_PRECISION = (0.05, 1e6)  # of alpha + beta; the upper end is the binomial


class Beta(NamedTuple):
    """A beta distribution of rates."""

    alpha: float
    beta: float

    @property
    def mean(self) -> float:
        """The mean rate."""
        return self.alpha / (self.alpha + self.beta)


def fit_beta_binomial(k: npt.ArrayLike, n: npt.ArrayLike) -> Beta:
    """The beta distribution of rates among peer units, by maximum likelihood.

    Units without trials say nothing. With fewer than two units, or none that differ, the
    spread cannot be told from the data: the mean is (hits + 1/2) / (trials + 1) and
    alpha + beta is 2 with fewer than two units, else what the likelihood supports, at most 1e6.

    Args:
        k: Hits per unit.
        n: Trials per unit.
    """
    from scipy import optimize  # imported here: slow, and not every run fits

    hits, trials = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    seen = trials > 0
    pairs, times = np.unique(
        np.column_stack([hits[seen], trials[seen]]), axis=0, return_counts=True
    )
    mean = (float(hits[seen].sum()) + 0.5) / (float(trials[seen].sum()) + 1.0)
    if int(times.sum()) < 2:
        return Beta(2 * mean, 2 * (1 - mean))

    def loss(at: FLOAT) -> float:
        mu, precision = special.expit(at[0]), np.exp(at[1])
        a, b = mu * precision, (1 - mu) * precision
        gain = special.betaln(pairs[:, 0] + a, pairs[:, 1] - pairs[:, 0] + b)
        return -float((times * (gain - special.betaln(a, b))).sum()) / float(times.sum())

    bounds = [(-16.0, 16.0), (float(np.log(_PRECISION[0])), float(np.log(_PRECISION[1])))]
    tries = [
        optimize.minimize(
            loss, [special.logit(mean), np.log(precision)], method="L-BFGS-B", bounds=bounds
        )
        for precision in (2.0, 50.0)
    ]
    best = min(tries, key=lambda t: float(t.fun))
    mu, precision = float(special.expit(best.x[0])), float(np.exp(best.x[1]))
    return Beta(mu * precision, (1 - mu) * precision)


def shrunken_rate(
    k: npt.ArrayLike, n: npt.ArrayLike, alpha: npt.ArrayLike, beta: npt.ArrayLike
) -> FLOAT:
    """The posterior mean rate (k + alpha) / (n + alpha + beta)."""
    hits, trials, a, b = (np.asarray(v, dtype=np.float64) for v in (k, n, alpha, beta))
    return np.asarray((hits + a) / (trials + a + b), dtype=np.float64)


def rate_quantile(
    k: npt.ArrayLike,
    n: npt.ArrayLike,
    alpha: npt.ArrayLike,
    beta: npt.ArrayLike,
    q: float = 0.05,
) -> FLOAT:
    """A quantile of the posterior rate; rank by the lower 5 %, not by the raw ratio."""
    hits, trials, a, b = (np.asarray(v, dtype=np.float64) for v in (k, n, alpha, beta))
    return np.asarray(special.betaincinv(hits + a, trials - hits + b, q), dtype=np.float64)
