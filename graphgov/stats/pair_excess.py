"""Pairs that meet in many lots: are those lots, taken together, unlike others of their kind?

Every lot has a rank among its peers, uniform in (0, 1) under the null that who bids has nothing
to do with it. Ranks of the lots where two firms met become normal scores and are added up
(Stouffer); their common variance, larger than one where firms of a trade meet in trades of their
own, is estimated from all pairs, so that an ordinary niche is not an excess.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_MOST_RHO = 0.5
_WINSOR = 9.0  # squared sums beyond three deviations are what is looked for, not the null


@dataclass(frozen=True, eq=False)
class Meetings:
    """Who met whom in which lots.

    Attributes:
        a, b: The two firms of each pair, a below b, pairs ascending.
        first: Where each pair's lots begin; one more than the pairs.
        lot: Places of lots, ascending within a pair.
    """

    a: I64
    b: I64
    first: I64
    lot: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.a)

    @property
    def count(self) -> I64:
        """In how many lots each pair met."""
        return np.diff(self.first)

    def lots_of(self, pair: int) -> npt.NDArray[np.int32]:
        """Where two firms met."""
        return self.lot[self.first[pair] : self.first[pair + 1]]

    def sums(self, score: F64) -> tuple[F64, I64]:
        """The sum of a score over each pair's lots, and of how many; NaN counts for nothing.

        Args:
            score: Per lot.
        """
        known = ~np.isnan(score)
        filled = np.where(known, score, 0.0)
        if len(self) == 0:
            return np.empty(0), np.empty(0, np.int64)
        if known.all():
            return np.add.reduceat(filled[self.lot], self.first[:-1]), self.count
        number = np.add.reduceat(known[self.lot].astype(np.int64), self.first[:-1])
        return np.add.reduceat(filled[self.lot], self.first[:-1]), number


def meetings(first: I64, firm: I64, *, most: int) -> Meetings:
    """All pairs of firms that bid in the same lot.

    Cost: sorts n (n - 1) / 2 entries per lot of n firms.

    Args:
        first: Where each lot's firms begin; one more than the lots.
        firm: Codes from 0, each once in a lot; -1 belongs to no pair.
        most: Lots with more firms are left out.
    """
    size = np.diff(first)
    keys, lots = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    wide = int(firm.max(initial=0)) + 1
    for n in range(2, most + 1):
        here = np.flatnonzero(size == n)
        if len(here) == 0:
            continue
        members = np.sort(firm[first[here][:, None] + np.arange(n)], axis=1)
        left, right = np.triu_indices(n, 1)
        a, b = members[:, left].ravel(), members[:, right].ravel()
        named = (a >= 0) & (a != b)
        keys.append((a * wide + b)[named])
        lots.append(np.repeat(here.astype(np.int32), len(left))[named])
    key, lot = np.concatenate(keys), np.concatenate(lots)
    order = np.lexsort((lot, key))
    key, lot = key[order], lot[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.empty(0, np.int64)
    pair = key[starts]
    return Meetings(pair // wide, pair % wide, np.r_[starts, len(key)].astype(np.int64), lot)


def normal_scores(rank: F64) -> F64:
    """Ranks in (0, 1) as normal scores; NaN stays NaN."""
    return np.asarray(ndtri(np.clip(rank, 1e-12, 1.0 - 1e-12)), np.float64)


def common_excess(met: Meetings, score: F64) -> float:
    """By how much scores of two lots of one pair go together, as a correlation in 0 to 0.5.

    From the squares of sums beyond what independent scores would show, by moments; very large
    sums count as three deviations.

    Args:
        met: Pairs and their lots.
        score: Normal scores per lot.
    """
    total, number = met.sums(score)
    many = number >= 2
    if not many.any():
        return 0.0
    n = number[many].astype(np.float64)
    squares = np.minimum(total[many] ** 2 / n, _WINSOR)
    rho = float((squares - 1.0).sum() / (n - 1.0).sum())
    return min(max(rho, 0.0), _MOST_RHO)


def low_tails(met: Meetings, score: F64, rho: float) -> tuple[F64, I64]:
    """P(a sum as low) per pair and its number of lots; NaN where it has no lot with a score.

    Args:
        met: Pairs and their lots.
        score: Normal scores per lot.
        rho: Correlation of two lots of one pair.
    """
    total, number = met.sums(score)
    n = np.maximum(number, 1).astype(np.float64)
    p = ndtr(total / np.sqrt(n * (1.0 + (n - 1.0) * rho)))
    return np.where(number > 0, p, np.nan), number


def stouffer(scores: F64, rho: float) -> float:
    """P(a sum of normal scores as low) where any two of them have a correlation."""
    n = len(scores)
    return float(ndtr(scores.sum() / np.sqrt(n * (1.0 + (n - 1.0) * rho)))) if n else 1.0
