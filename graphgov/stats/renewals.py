"""How often what ends is taken up again: chains of renewals and their chance.

Each end is a trial that may lead to a renewal; the chance of it differs from chain to chain
around the mean of its peers (beta), so the number of renewals is beta-geometric.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import betaln

from graphgov.stats.exact import Tail
from graphgov.stats.spans import F64, I64

_USUAL = 0.98  # share of chains that tell how alike chains are
_SPREAD = (-2.0, 8.0)  # bounds of the log of alpha + beta


def spread(renewals: I64, mean: F64, ended: npt.NDArray[np.bool_]) -> float:
    """How alike chains are: alpha + beta of their chances, by likelihood.

    Args:
        renewals: Of each chain.
        mean: Chance of a renewal among its peers.
        ended: Whether the chain is known to have ended; else it may still be renewed.
    """
    if not len(renewals):
        return float(np.exp(_SPREAD[1]))
    # The longest chains are what is to be judged: of them only that they got so far counts.
    cap = max(2, int(np.quantile(renewals, _USUAL)))
    seen, over = np.minimum(renewals, cap), ended & (renewals < cap)

    def lost(log_size: float) -> float:
        size = np.exp(log_size)
        a, b = mean * size, (1.0 - mean) * size
        return -float(np.sum(betaln(a + seen, b + over) - betaln(a, b)))

    found = minimize_scalar(lost, bounds=_SPREAD, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))


def chain_tail(renewals: I64, mean: F64, size: float) -> Tail:
    """The chance of as many renewals or more.

    Args:
        renewals: Of each chain.
        mean: Chance of a renewal among its peers.
        size: As found by `spread`.
    """
    a, b = mean * size, (1.0 - mean) * size
    more = np.exp(betaln(a + renewals + 1, b) - betaln(a, b))
    least = np.exp(betaln(a + renewals, b) - betaln(a, b))
    return Tail(more, np.maximum(least - more, 0.0))
