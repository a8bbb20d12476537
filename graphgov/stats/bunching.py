"""More of a unit's purchases in a zone than its peers explain: counts with fitted spread."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graphgov.stats.dispersed import intra_class, rate_elsewhere
from graphgov.stats.exact import Tail, beta_binomial_tail, binomial_tail
from graphgov.stats.spans import F64, I64

BOOL = npt.NDArray[np.bool_]
_PRIOR = 10.0  # weight, in purchases, of other bodies against the body's other companies
_ROUNDS = 8
_STANDS_OUT = 1e-3
_PLAIN = 1e-6  # correlation below which trials are independent


class Excess(NamedTuple):
    """Per unit, how many of its purchases lie in the zone, and the tail of that number."""

    trials: I64
    hits: I64
    usual: F64  # share expected in the zone
    tail: Tail


def excess(hits: BOOL, unit: npt.NDArray[Any], usual: F64, units: int) -> Excess:
    """How unusual each unit's number of hits is.

    Beta-binomial: the mean is that of the unit's own purchases, and how much units vary
    beyond chance is fitted on all others.

    Args:
        hits: Whether a purchase lies in the zone.
        unit: Of each purchase, 0 to `units` - 1.
        usual: Chance of each purchase to lie there, by its peers.
        units: How many units; one without purchases has a p-value of 1.
    """
    trials = np.bincount(unit, minlength=units).astype(np.int64)
    found = np.bincount(unit, weights=hits, minlength=units).round().astype(np.int64)
    mean = np.bincount(unit, weights=usual, minlength=units) / np.maximum(trials, 1)
    mean = np.clip(mean, 1e-6, 1.0 - 1e-6)
    rho = usual_spread(found, trials, mean)
    return Excess(trials, found, mean, dispersed_tail(found, trials, mean, rho))


def usual_spread(k: I64, n: I64, mean: F64) -> F64:
    """How much units vary beyond chance, those that stand out by themselves left aside.

    A few units that are what is looked for would widen the yardstick for themselves; so units
    whose tail is below one in a thousand are taken out and the rest fitted again.

    Args:
        k: Hits per unit.
        n: Trials per unit; units with none count for nothing.
        mean: Expected share of hits per unit, in (0, 1).
    """
    rho = intra_class(k, n, mean)
    kept = np.ones(len(k), dtype=bool)
    for _ in range(_ROUNDS):
        usual = dispersed_tail(k, n, mean, rho).mid >= _STANDS_OUT
        if (usual == kept).all():
            break
        kept = usual
        rho = intra_class(np.where(kept, k, 0), np.where(kept, n, 0), mean)
    return rho


def dispersed_tail(k: I64, n: I64, mean: F64, rho: F64) -> Tail:
    """The upper tail of k hits in n trials with a mean and a correlation per unit."""
    above, at = np.zeros(len(k)), np.ones(len(k))
    plain = rho < _PLAIN
    for rows in (np.flatnonzero(plain), np.flatnonzero(~plain)):
        if not len(rows):
            continue
        if plain[rows[0]]:
            found = binomial_tail(k[rows], n[rows], mean[rows])
        else:
            size = (1.0 - rho[rows]) / rho[rows]
            found = beta_binomial_tail(
                k[rows], n[rows], mean[rows] * size, (1.0 - mean[rows]) * size
            )
        above[rows], at[rows] = found.above, found.at
    return Tail(above, at)


def usual_share(
    hits: BOOL,
    body: npt.NDArray[Any],
    group: npt.NDArray[Any],
    company: npt.NDArray[Any] | None = None,
) -> F64:
    """The share of hits to be expected of each purchase, its own unit left out.

    The share of the group at other bodies; where companies are given, what the body does with
    its other companies counts as well, so that a habit of the body is no news about one.

    Args:
        hits: Whether a purchase lies in the zone.
        body: Of each purchase.
        group: Its peers, such as the category.
        company: Whose purchases at the body are to be explained.
    """
    one = np.ones(len(hits))
    marks = hits.astype(np.float64)
    groups = group.astype(np.int64) - int(group.min(initial=0))
    if not len(hits):
        return one
    elsewhere = rate_elsewhere(marks, one, body.astype(np.int64), groups)
    if company is None:
        return np.asarray(np.clip(elsewhere, 1e-6, 1.0 - 1e-6))
    _, pair = np.unique(
        body.astype(np.int64) * (int(company.max()) + 1) + company, return_inverse=True
    )
    own_hits = np.bincount(body, marks)[body] - np.bincount(pair, marks)[pair]
    own = np.bincount(body)[body] - np.bincount(pair)[pair]
    share = (own_hits + _PRIOR * elsewhere) / (own + _PRIOR)
    return np.asarray(np.clip(share, 1e-6, 1.0 - 1e-6))


def densest_window(day: I64, weight: F64, days: int) -> tuple[int, int]:
    """The rows of the span of days that weighs most: first, and one past the last.

    Args:
        day: Ascending.
        weight: Not negative.
        days: Length of the span; `days` apart is still inside.
    """
    total = np.concatenate([[0.0], np.cumsum(weight)])
    ends = np.searchsorted(day, day + days, side="right")
    best = int(np.argmax(total[ends] - total[:-1]))
    return best, int(ends[best])
