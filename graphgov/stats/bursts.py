"""Bursts: events of one kind that crowd together on the clock of all events.

The clock runs with everything that could have been an event, so a season or a busy year is
none. A burst is an interval in which events come `rate` times as fast as usual, as in
Kleinberg's automaton of two states; its weight is what the faster state saves over the slow
one, and a unit's statistic is the largest weight, a maximal sum over runs of gaps.
"""

from functools import lru_cache
from math import log
from typing import NamedTuple

import numpy as np

from graphgov.stats.spans import F64, I64

MOST = 500  # events of a unit that are looked at
_DRAWS = 4000
_TAIL = 0.02  # beyond this quantile weights fall off exponentially
_SEED = 20_020_815


class Burst(NamedTuple):
    """The heaviest burst of each unit: weight, and its first and last event."""

    weight: F64
    first: I64
    last: I64


def heaviest(times: F64, starts: I64, rate: float) -> Burst:
    """The heaviest burst of each unit.

    Args:
        times: On a clock from 0 to 1, ascending inside a unit, unit after unit.
        starts: Where each unit begins, and the end.
        rate: How many times as fast events come inside a burst.
    """
    size = np.diff(starts)
    weight, first, last = np.zeros(len(size)), np.zeros(len(size), np.int64), starts[:-1].copy()
    first[:] = starts[:-1]
    for n in np.unique(size[(size >= 2) & (size <= MOST)]).tolist():
        units = np.flatnonzero(size == n)
        block = times[starts[units][:, None] + np.arange(n)]
        found, low, high = _runs(block, rate)
        weight[units] = found
        first[units], last[units] = starts[units] + low, starts[units] + high
    return Burst(weight, first, last)


def _runs(block: F64, rate: float) -> tuple[F64, I64, I64]:
    n = block.shape[1]
    saved = np.log(rate) - n * (rate - 1.0) * np.diff(block, axis=1)
    total = np.concatenate([np.zeros((len(block), 1)), np.cumsum(saved, axis=1)], axis=1)
    lowest = np.minimum.accumulate(total, axis=1)
    gain = total - lowest
    high = np.argmax(gain, axis=1)
    rows = np.arange(len(block))
    best = gain[rows, high]
    before = np.where(np.arange(n)[None, :] <= high[:, None], total, np.inf)
    return best, np.argmin(before, axis=1).astype(np.int64), high.astype(np.int64)


def weight_p_values(weight: F64, events: I64, rate: float, ties: F64 | None = None) -> F64:
    """The chance of a burst as heavy among as many events at independent uniform times.

    Simulated, and beyond the last fiftieth of the draws continued exponentially.

    Args:
        weight: Of the heaviest burst of each unit.
        events: Of each unit.
        rate: As given to `heaviest`.
        ties: Uniform draws, with which units without any burst share out the chance of none.
    """
    p = np.ones(len(weight))
    near = np.array([_like(n) for n in range(int(events.max(initial=0)) + 1)])
    for n in np.unique(near[events[(events >= 2) & (events <= MOST)]]).tolist():
        mine = np.flatnonzero((near[events] == n) & (events >= 2))
        draws = _null(int(n), rate)
        beyond = len(draws) - np.searchsorted(draws, weight[mine], side="left")
        p[mine] = (beyond + 0.5) / (len(draws) + 1.0)
        edge = draws[-int(_TAIL * len(draws))]
        slope = float(np.mean(draws[draws > edge] - edge)) if (draws > edge).any() else 1.0
        far = weight[mine] > edge
        if ties is not None:
            none = mine[weight[mine] <= 0]
            some = 1.0 - np.searchsorted(draws, 0.0, side="right") / len(draws)
            p[none] = some + ties[none] * (1.0 - some)
        p[mine[far]] = _TAIL * np.exp(-(weight[mine[far]] - edge) / max(slope, 1e-9))
    return p


def _like(n: int) -> int:
    """The number of events whose draws stand for n: exact up to 40, steps of a tenth beyond."""
    if n <= 40:
        return n
    return min(MOST, round(40 * 1.1 ** round(log(n / 40) / log(1.1))))


@lru_cache(maxsize=512)
def _null(n: int, rate: float) -> F64:
    rng = np.random.default_rng([_SEED, n])
    block = np.sort(rng.random((_DRAWS, n)), axis=1)
    return np.sort(_runs(block, rate)[0])


def overdispersion(p: F64) -> float:
    """How many times larger the usual surprise is than chance would make it, at least 1.

    The median of -log p over log 2, less one standard error of it: honest units that cluster
    as well widen the yardstick, an accident of the draw does not.
    """
    if not len(p):
        return 1.0
    middle = float(np.median(-np.log(np.maximum(p, 1e-300))))
    return max(1.0, (middle - 1.0 / float(np.sqrt(len(p)))) / float(np.log(2.0)))
