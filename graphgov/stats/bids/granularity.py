"""How likely two bids of a process are equal by chance, given how prices are rounded."""

import numpy as np

from graphgov.stats.bids.frames import F64, I64, BidFrames

_CENT = 100
_LEVELS = 13  # decimal zeros at the end of a price in cents that are told apart
_PRIOR = 1.0  # bids of each level added to every stratum


def trailing_zeros(cents: I64) -> I64:
    """How many decimal zeros whole numbers above zero end in, at most twelve."""
    out = np.zeros(len(cents), np.int64)
    rest, open_ = cents.copy(), np.ones(len(cents), np.bool_)
    for _ in range(_LEVELS - 1):
        open_ &= rest % 10 == 0
        if not open_.any():
            break
        rest[open_] //= 10
        out[open_] += 1
    return out


def match_chance(frames: BidFrames, processes: I64, groups: I64) -> F64:
    """The chance that some two priced bids of a process are equal though made independently.

    Prices scatter around the level of their process as in its stratum, and are rounded as
    prices there are: two bids meet if both are rounded to one step and fall on the same
    multiple. In closed form, normal scatter and independent rounding being assumed.

    Args:
        frames: What was read.
        processes: Rows that are asked for.
        groups: A stratum per process of the frame.
    """
    count = len(frames.processes)
    asked = np.zeros(count, np.bool_)
    asked[processes] = True
    rows = np.flatnonzero(frames.submitted & frames.priced & asked[frames.bids.process])
    process, amount = frames.bids.process[rows], frames.bids.amount[rows]
    group = groups[process]
    wide = int(groups.max(initial=0)) + 1
    zeros = trailing_zeros(np.maximum(np.rint(amount * _CENT), 1).astype(np.int64))
    counts = np.bincount(group * _LEVELS + zeros, minlength=wide * _LEVELS)
    overall = counts.reshape(wide, _LEVELS).sum(axis=0) / max(len(rows), 1)
    level = counts.reshape(wide, _LEVELS) + _PRIOR * overall
    share = level / np.maximum(level.sum(axis=1, keepdims=True), 1e-12)

    number = np.bincount(process, minlength=count)
    logs = np.log(amount)
    centre = np.bincount(process, weights=logs, minlength=count) / np.maximum(number, 1)
    squares = np.bincount(group, weights=(logs - centre[process]) ** 2, minlength=wide)
    freedom = np.bincount(groups[processes], weights=np.maximum(number[processes] - 1, 0),
                          minlength=wide)  # fmt: skip
    overall_spread = squares.sum() / max(freedom.sum(), 1.0)
    spread = np.sqrt((squares + overall_spread) / (freedom + 1.0))

    of = groups[processes]
    width = 2 * np.sqrt(np.pi) * np.maximum(spread[of], 1e-12) * np.exp(centre[processes])
    steps = 10.0 ** np.arange(_LEVELS) / _CENT
    one = (share[of] ** 2 * np.minimum(steps[None, :] / width[:, None], 1.0)).sum(axis=1)
    pairs = number[processes] * (number[processes] - 1) / 2
    return np.asarray(-np.expm1(pairs * np.log1p(-np.minimum(one, 1 - 1e-12))), np.float64)
