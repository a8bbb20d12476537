"""Price screens: how the bids of one lot lie beside each other, for many lots at once.

Definitions are those of the catalogue's C01 to C09 (Imhof; Huber and Imhof; Wallimann and
others). Every screen is a pure number: it does not change when all prices are multiplied. What
a screen cannot say is NaN: too few bids, or no spread to measure by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]

DATA_ERROR = 10.0  # highest over lowest bid from which a slip of the pen is likelier than a market


@dataclass(frozen=True, eq=False)
class Ladders:
    """Bids by lot, the lowest first.

    Attributes:
        lot: Code of each lot with a bid, ascending.
        first: Where each lot's bids begin; one more than the lots.
        price: All bids.
        row: The place of each bid in what was given.
    """

    lot: I64
    first: I64
    price: F64
    row: I64

    def __len__(self) -> int:
        return len(self.lot)

    @property
    def count(self) -> I64:
        """Bids per lot."""
        return np.diff(self.first)

    def of(self, place: int) -> F64:
        """The bids of one lot."""
        return self.price[self.first[place] : self.first[place + 1]]

    def rung(self, number: int) -> F64:
        """The bid at a rung of each lot, NaN where it has fewer.

        Args:
            number: 0 is the lowest, -1 the highest.
        """
        at = self.first[:-1] + number if number >= 0 else self.first[1:] + number
        there = self.count > number if number >= 0 else self.count >= -number
        out = np.full(len(self.lot), np.nan)
        out[there] = self.price[at[there]]
        return out

    def take(self, keep: BOOL) -> "Ladders":
        """Only some of the lots."""
        count = self.count
        rows = np.repeat(keep, count)
        first = np.r_[0, np.cumsum(count[keep])].astype(np.int64)
        return Ladders(self.lot[keep], first, self.price[rows], self.row[rows])

    def plausible(self, most: float = DATA_ERROR) -> BOOL:
        """Per lot: the highest bid is at most so many times the lowest."""
        return np.asarray(self.rung(-1) <= most * self.rung(0))


def ladders(lot: npt.ArrayLike, price: npt.ArrayLike) -> Ladders:
    """The bids of each lot in order; the order of what is given does not matter.

    Prices that are unknown, infinite, zero or less are left out.

    Args:
        lot: Code per bid.
        price: Of each bid, in one currency within a lot.
    """
    lots, prices = np.asarray(lot, np.int64), np.asarray(price, np.float64)
    fit = np.flatnonzero(np.isfinite(prices) & (prices > 0))
    order = fit[np.lexsort((prices[fit], lots[fit]))]
    lots, prices = lots[order], prices[order]
    starts = np.flatnonzero(np.r_[True, lots[1:] != lots[:-1]]) if len(lots) else fit
    first = np.r_[starts, len(lots)].astype(np.int64)
    return Ladders(lots[starts], first, prices, order)


@dataclass(frozen=True, eq=False)
class Screens:
    """The screens of each lot of some ladders.

    Attributes:
        count: Bids.
        cv: C01, standard deviation (ddof 1) over mean; two bids or more.
        spread: C02, (highest - lowest) / lowest; two or more.
        gap: C03, (second - lowest) / lowest; two or more.
        rd: C04, second less lowest over the standard deviation of the losing bids; three or
            more; infinite where losing bids are equal and the lowest is not.
        rdnor: C05, second less lowest over the mean distance of neighbours; three or more.
        rdalt: C06, the same over the mean distance of neighbouring losing bids; three or more.
        kurtosis: C07, of a sample; four or more.
        skewness: C08, of a sample; three or more.
        ks: C09, distance of bids in standard deviations from an even law; three or more.
    """

    count: I64
    cv: F64
    spread: F64
    gap: F64
    rd: F64
    rdnor: F64
    rdalt: F64
    kurtosis: F64
    skewness: F64
    ks: F64

    def __getitem__(self, name: str) -> F64:
        return np.asarray(getattr(self, name), np.float64)


@dataclass(frozen=True)
class Reading:
    """How a screen is read.

    Attributes:
        code: In the catalogue.
        least: Bids a lot needs.
        high: Whether high values are the suspicious ones; else low ones are.
    """

    code: str
    least: int
    high: bool


READINGS: Mapping[str, Reading] = MappingProxyType(
    {
        "cv": Reading("C01", 3, high=False),
        "spread": Reading("C02", 2, high=False),
        "gap": Reading("C03", 2, high=True),
        "rd": Reading("C04", 3, high=True),
        "rdnor": Reading("C05", 3, high=True),
        "rdalt": Reading("C06", 3, high=True),
        "kurtosis": Reading("C07", 4, high=True),
        "skewness": Reading("C08", 3, high=False),
        "ks": Reading("C09", 3, high=True),
    }
)


def screens(bids: Ladders) -> Screens:
    """All screens of all lots; linear in the number of bids once they are sorted.

    A lot whose bids are all equal has a spread of zero and no shape.
    """
    if len(bids) == 0:
        none = np.empty(0)
        return Screens(bids.count, *(none for _ in READINGS))
    count = bids.count
    n = count.astype(np.float64)
    starts = bids.first[:-1]
    low, second, top = bids.rung(0), bids.rung(1), bids.rung(-1)
    # Relative to the lowest bid, so that large prices lose no digits.
    x = bids.price / np.repeat(low, count) - 1.0
    mean = np.add.reduceat(x, starts) / n
    away = x - np.repeat(mean, count)
    squares = np.add.reduceat(away**2, starts)
    spread = np.where(count >= 2, top / low - 1.0, np.nan)
    gap = second / low - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.where(top > low, np.sqrt(squares / (n - 1)), 0.0)
        z = away / np.repeat(np.where(sd > 0, sd, np.nan), count)
        third, fourth = (np.add.reduceat(z**k, starts) for k in (3, 4))
        skewness = n / ((n - 1) * (n - 2)) * third
        kurtosis = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * fourth
        kurtosis -= 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
        losing = np.where(top > second, _losing_spread(x, count, starts), 0.0)
        rd = np.where(losing > 0, gap / losing, np.where(gap > 0, np.inf, np.nan))
        rdnor = (n - 1) * gap / spread
        rest = (top - second) / low
        rdalt = np.where(rest > 0, (n - 2) * gap / rest, np.where(gap > 0, np.inf, np.nan))
        ks = _even(x + 1.0, sd, count, starts)
        found = {
            "cv": sd / (1.0 + mean), "spread": spread, "gap": gap, "rd": rd, "rdnor": rdnor,
            "rdalt": rdalt, "kurtosis": kurtosis, "skewness": skewness, "ks": ks,
        }  # fmt: skip
    for name, values in found.items():
        least = 2 if name == "cv" else READINGS[name].least
        found[name] = np.where(count >= least, values, np.nan)
    return Screens(count, **found)


def _losing_spread(x: F64, count: I64, starts: I64) -> F64:
    """Standard deviation of all bids but the lowest of each lot."""
    losing = x.copy()
    losing[starts] = 0.0
    n = np.maximum(count - 1, 1).astype(np.float64)
    mean = np.add.reduceat(losing, starts) / n
    away = (losing - np.repeat(mean, count)) ** 2
    away[starts] = 0.0
    return np.asarray(np.sqrt(np.add.reduceat(away, starts) / (count - 2.0)))


def _even(x: F64, sd: F64, count: I64, starts: I64) -> F64:
    """The largest distance of bids over their deviation from i / (n + 1)."""
    scaled = x / np.repeat(np.where(sd > 0, sd, np.nan), count)
    place = np.arange(len(x)) - np.repeat(starts, count) + 1
    away = np.abs(scaled - place / np.repeat(count + 1.0, count))
    return np.asarray(np.maximum.reduceat(away, starts))


def even_gap_chance(rdnor: npt.ArrayLike, count: npt.ArrayLike) -> F64:
    """P(RDNOR >= r) if the distances of neighbouring bids were exchangeable and exponential.

    A yardstick without data, not a model of competition: (1 - r / (n - 1)) ** (n - 2).
    """
    r, n = np.asarray(rdnor, np.float64), np.asarray(count, np.float64)
    return np.asarray(np.clip(1.0 - r / np.maximum(n - 1.0, 1.0), 0.0, 1.0) ** (n - 2.0))
