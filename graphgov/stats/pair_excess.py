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
_CONTRAST = 0.5  # normal scores by which a pair's lots must differ from each firm's others
_APART = 3  # lots that tell how a firm's others look
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


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows by group."""

    order: I64
    codes: I64
    first: I64

    @staticmethod
    def of(group: I64) -> "Groups":
        """The rows of each code."""
        order = np.argsort(group, kind="stable")
        codes, first = np.unique(group[order], return_index=True)
        return Groups(order, codes, np.r_[first, len(order)])

    def of_group(self, code: int) -> I64:
        """Rows of one group, ascending."""
        at = int(np.searchsorted(self.codes, code))
        if at == len(self.codes) or self.codes[at] != code:
            return np.empty(0, np.int64)
        return self.order[self.first[at] : self.first[at + 1]]


class Circle:
    """Pairs that met in strange lots, and who of them explains the others.

    A firm that makes every lot look like that explains it alone; a third firm that happened to
    be there is explained by the pair it met.
    """

    def __init__(self, met: Meetings, pairs: I64, score: F64) -> None:
        self._met, self._score = met, score
        self._of_firm = Groups.of(np.concatenate([met.a, met.b]))
        self._pair: dict[tuple[int, int], int] = {}
        self._partners: dict[int, set[int]] = {}
        for pair in pairs.tolist():
            a, b = int(met.a[pair]), int(met.b[pair])
            self._pair[a, b] = self._pair[b, a] = pair
            self._partners.setdefault(a, set()).add(b)
            self._partners.setdefault(b, set()).add(a)
        self._lots: dict[int, I64] = {}

    def companions(self, pair: int) -> list[int]:
        """Firms that met both of a pair in strange lots."""
        a, b = int(self._met.a[pair]), int(self._met.b[pair])
        return sorted(self._partners[a] & self._partners[b])

    def explained(self, pairs: list[int]) -> set[int]:
        """Lots of firms whose other lots are as strange, outside the company of a pair."""
        alone = {firm for pair in pairs for firm in self._as_strange_apart(pair)}
        return {int(lot) for firm in alone for lot in self._lots_of(firm)}

    def _as_strange_apart(self, pair: int) -> list[int]:
        together = self._met.lots_of(pair).astype(np.int64)
        level = float(np.nanmean(self._score[together]))
        found = []
        for firm in (int(self._met.a[pair]), int(self._met.b[pair])):
            known = [self._met.lots_of(self._pair[firm, c]) for c in self.companions(pair)]
            in_company = np.unique(np.concatenate([together, *known]))
            rest = self._score[np.setdiff1d(self._lots_of(firm), in_company, assume_unique=True)]
            rest = rest[~np.isnan(rest)]
            if len(rest) >= _APART and level > float(rest.mean()) - _CONTRAST:
                found.append(firm)
        return found

    def _lots_of(self, firm: int) -> I64:
        if firm not in self._lots:
            pairs = self._of_firm.of_group(firm) % len(self._met)
            parts = [self._met.lots_of(int(pair)) for pair in pairs]
            self._lots[firm] = np.unique(np.concatenate(parts)).astype(np.int64)
        return self._lots[firm]
