"""Chance markets: the same bids, dealt out anew among like lots."""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from graphgov.network.ids import I32
from graphgov.network.projection import Bidding

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_ROUNDS = 200


def reshuffle(bids: Bidding, seed: int, *, stratum: npt.ArrayLike | None = None) -> Bidding:
    """Bidders dealt out anew among lots of the same stratum and the same number of bidders.

    Every lot keeps its size, every company its number of lots per stratum and size, and nobody
    bids twice on a lot. Bids of a lot that cannot be untangled (a company on every lot of its
    kind) stay where they were.

    Args:
        bids: The market.
        seed: Of the draw.
        stratum: Stratum per lot; one for all if None.
    """
    strata = np.zeros(bids.lots, np.int64) if stratum is None else np.asarray(stratum, np.int64)
    kind = (strata * (int(bids.size.max(initial=0)) + 1) + bids.size)[bids.lot]
    rng = np.random.default_rng(seed)
    company = bids.company.astype(np.int64)
    out = company.copy()
    order = np.lexsort((rng.random(len(kind)), kind))
    out[np.argsort(kind, kind="stable")] = company[order]
    begins, ends = _bounds(kind)
    for _ in range(_ROUNDS):
        twice = _repeats(bids.lot, out, bids.companies)
        if len(twice) == 0:
            break
        _swap(out, bids.lot, twice, begins, ends, rng, bids.companies)
    else:
        stuck = np.isin(kind, kind[_repeats(bids.lot, out, bids.companies)])
        out[stuck] = company[stuck]
    order = np.lexsort((out, bids.lot))
    return Bidding(
        bids.lot[order], out[order].astype(np.int32), bids.lots, bids.companies, bids.size
    )


def _bounds(kind: I64) -> tuple[list[I64], I64]:
    """The rows of each kind, and the kind of each row."""
    _, dense = np.unique(kind, return_inverse=True)
    order = np.argsort(dense, kind="stable")
    cuts = np.searchsorted(dense[order], np.arange(1, int(dense.max(initial=0)) + 1))
    return np.split(order, cuts), dense


def _repeats(lot: I32, company: I64, companies: int) -> I64:
    """Rows that give a company a second bid on the same lot."""
    key = lot.astype(np.int64) * companies + company
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(key[order][1:] == key[order][:-1]) + 1
    return order[again]


def _swap(
    company: I64,
    lot: I32,
    rows: I64,
    groups: list[I64],
    group: I64,
    rng: np.random.Generator,
    companies: int,
) -> None:
    """Exchange each row's company with that of a random row of its kind, if both then fit."""
    taken = set((lot.astype(np.int64) * companies + company).tolist())
    for row in rows.tolist():
        pool = groups[group[row]]
        other = int(pool[rng.integers(len(pool))])
        mine, theirs = int(company[row]), int(company[other])
        here, there = int(lot[row]) * companies, int(lot[other]) * companies
        if here == there or here + theirs in taken or there + mine in taken:
            continue
        taken.discard(there + theirs)
        taken.update((here + theirs, there + mine))
        company[row], company[other] = theirs, mine


_ENOUGH = 50  # values from which they say what is usual
_HIGH = 0.9  # quantile that tells the upper spread; what is looked for is rarer


def settled(z: F64, usual: F64 | None = None) -> F64:
    """Standard scores after what all of them share is taken off.

    Towns, habits and trades too fine for the strata lift many pairs a little, and some more
    than others. The median, if above zero, and how far the highest tenth lies above it are what
    is usual in these data; only what exceeds it counts. Scores that follow the null stay as
    they are, but for what few values leave to chance.

    Args:
        z: Scores to be settled.
        usual: Scores that say what is usual; `z` itself if None. With fewer than 50 of them
            nothing is taken off.
    """
    base = z if usual is None else usual
    if len(base) < _ENOUGH:
        return z
    middle = float(np.median(base))
    # A spread by the middle half would not know of a tail that unlike trades make heavy.
    spread = (float(np.quantile(base, _HIGH)) - middle) / float(ndtri(_HIGH))
    # Chance alone moves both; a null that holds must not be made stricter by half.
    room = 2.0 / np.sqrt(len(base))
    spread = spread if abs(spread - 1.0) > room else 1.0
    middle = middle if middle > 1.25 * room else 0.0
    return np.asarray((z - middle) / spread)
