"""How dear the lots of a group are, held against the same category everywhere.

Every lot gets normal scores among lots of its category and number of bidders in all regions, so
that a group that fills a market of its own is still compared with somebody.

level
    The dearest bid over the estimate. Firms that agreed who wins get more of the estimate, and
    who bids to lose asks more still: the one bid tells both. A winning price tells less, as an
    outsider who bids keeps it down.
closeness
    Minus the coefficient of variation of the bids: bids written to lose keep near each other.

Either alone depends on how honest firms price: where many ask for more than the estimate, a dear
bid says nothing; where all ask for nearly as much, neither does a close one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from graphgov.network.cobidding import Cobidding
from graphgov.stats.spans import F64, I64
from graphgov.stats.strata import make_strata

BOOL = npt.NDArray[np.bool_]
_PEERS = 30
_SEVERAL = 6  # bidders from which lots are alike
_SANE = (0.2, 2.0)  # dearest bid over estimate; beyond is a slip of the pen
_WILD = 10.0  # dearest over cheapest


@dataclass(frozen=True, eq=False)
class LotPrices:
    """Normal scores of every lot, high where it is suspicious; NaN where it cannot be told.

    Attributes:
        ratio: Dearest bid over estimate, of lots with two priced bids or more.
        level: Of that ratio.
        closeness: Of the variation of bids.
        usual: The median ratio of lots of the category and number of bidders.
    """

    ratio: F64
    level: F64
    closeness: F64
    usual: F64

    @property
    def dear(self) -> F64:
        """The level where it is known, else the closeness."""
        return np.where(np.isfinite(self.level), self.level, self.closeness)

    def asked(self, lots: I64) -> tuple[float | None, float | None]:
        """Mean ratio of some lots, and what is usual for them; None if unknown."""
        known = lots[np.isfinite(self.ratio[lots])]
        if not len(known):
            return None, None
        return (
            round(float(np.sort(self.ratio[known]).mean()), 4),
            round(float(np.sort(self.usual[known]).mean()), 4),
        )


def lot_prices(market: Cobidding) -> LotPrices:
    """The scores of all lots of a market."""
    bids, count = market.bids, market.bids.lots
    rows = np.flatnonzero(market.priced)
    lot, amount = bids.lot[rows], market.amount[rows]
    number = np.bincount(lot, minlength=count)
    low, top = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(low, lot, amount)
    np.maximum.at(top, lot, amount)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = top / market.estimate
    sane = (number >= 2) & (ratio >= _SANE[0]) & (ratio <= _SANE[1])
    ratio = np.where(sane, ratio, np.nan)
    relative = amount / np.where(np.isfinite(low), low, 1.0)[lot]
    mean = np.bincount(lot, relative, minlength=count) / np.maximum(number, 1)
    square = np.bincount(lot, (relative - mean[lot]) ** 2, minlength=count)
    several = (number >= 3) & (top <= _WILD * low)
    variation = np.where(
        several, np.sqrt(square / np.maximum(number - 1, 1)) / np.maximum(mean, 1e-12), np.nan
    )
    level, usual = _scores(market, ratio)
    return LotPrices(ratio, level, _scores(market, -variation)[0], usual)


def _scores(market: Cobidding, value: F64) -> tuple[F64, F64]:
    """Normal scores inside category and number of bidders, and the median there."""
    rows = np.flatnonzero(np.isfinite(value))
    score, usual = np.full(len(value), np.nan), np.full(len(value), np.nan)
    if not len(rows):
        return score, usual
    groups = make_strata(
        {
            "division": market.division[rows],
            "size": np.minimum(market.bids.size[rows], _SEVERAL),
            "category": market.category[rows],
        },
        min_count=_PEERS,
    ).ids.astype(np.int64)
    known = np.round(value[rows], 9)
    order = np.lexsort((known, groups))
    group, ordered = groups[order], known[order]
    begins = np.searchsorted(group, np.arange(int(group.max()) + 2))
    size = np.diff(begins)
    # Equal values share the middle of their ranks.
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (group[1:] != group[:-1]) | (ordered[1:] != ordered[:-1])
    run = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(rows))
    rank = 0.5 * (first + last)[run] - begins[group]
    score[rows[order]] = ndtri(np.clip(rank / size[group], 1e-6, 1 - 1e-6))
    middle = ordered[np.minimum(begins[:-1] + size // 2, len(rows) - 1)]
    usual[rows] = middle[groups]
    return score, usual
