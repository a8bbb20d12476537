"""What else tells favour from habit: which purchases a company went for, and when it came and went.

Two things that the odds of `spells` do not see, since these count awards and bids inside and
outside some days:

size
    Whoever is favoured is favoured where it pays. The estimated values (award amounts where no
    bids are known) of the purchases that the company took part in, in standard deviations of
    their line of business, against what the body's purchases there are usually like.
edges
    Favour begins and ends with an office or a tie; a supplier who was there in the year before
    and stays in the year after has a habit. Counted are its bids in those two years, per purchase
    that the body made in the company's lines.

The weights are those of a logistic regression on synthetic provinces, rounded; the order of
pairs hardly changes where each is halved or doubled (benchmarks/results/detection-notes.md).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from graphgov.stats.shares import Shares
from graphgov.stats.spans import F64, FAR, I32, I64, sums

SIZE, MOST_SIZE = 0.25, 2.5  # points per standard deviation, and deviations that count
BEFORE, AFTER = 0.35, 0.3  # points that a tenfold rate of bids in the year next to it takes off
YEAR = 365
_USUAL = -0.8  # decimal log of the rate of an ordinary pair, and of one of which nothing is known
_SEEN, _BOUGHT = 0.3, 2.0  # bids and purchases added to every count


@dataclass(frozen=True)
class Asked:
    """Spans of pairs of a body and a company, in units of one pair and groups of units.

    Args:
        body: Per span; likewise company, start, end (first and last day) and unit.
        unit_body: Per unit; likewise company and group.
    """

    body: I32
    company: I32
    start: I32
    end: I32
    unit: I64
    unit_body: I32
    unit_company: I32
    unit_group: I64


class Circumstances:
    """Sizes and edges, prepared once on a snapshot's bids and awards."""

    def __init__(self, presence: Shares, purchases: Shares) -> None:
        self._presence, self._purchases = presence, purchases
        level = _levels(presence)
        known = np.isfinite(level)
        order = presence.by_pair.order
        self._level = np.concatenate([[0.0], np.cumsum(np.where(known, level, 0.0)[order])])
        self._known = np.concatenate([[0], np.cumsum(known[order])])

    def points(self, asked: Asked, groups: int) -> F64:
        """What sizes and edges speak for favour, in powers of ten per group; 0 without a unit."""
        low, high = self._presence.by_pair.span(asked.body, asked.company, asked.start, asked.end)
        of = asked.unit_group[asked.unit]
        level = sums(of, self._level[high] - self._level[low], groups)
        known = sums(of, (self._known[high] - self._known[low]).astype(np.float64), groups)
        size = np.clip(level / np.sqrt(np.maximum(known, 1.0)), -MOST_SIZE, MOST_SIZE)
        before, after = self._edges(asked, groups)
        there = np.bincount(asked.unit_group, minlength=groups) > 0
        points = SIZE * size - BEFORE * (before - _USUAL) - AFTER * (after - _USUAL)
        return np.where(there, points, 0.0)

    def _edges(self, asked: Asked, groups: int) -> tuple[F64, F64]:
        """Decimal logs of the rates of bids in the years before and after, per group."""
        units = asked.unit_body.size
        first, last = np.full(units, FAR, np.int64), np.full(units, -FAR, np.int64)
        np.minimum.at(first, asked.unit, asked.start)
        np.maximum.at(last, asked.unit, asked.end)
        pair = asked.unit_body, asked.unit_company
        years = [
            (_days(first - YEAR), _days(first - 1)),
            (_days(last + 1), _days(last + YEAR)),
        ]
        bought = self._purchases.lines_in(*pair, years)
        rates = []
        for year, purchases in zip(years, bought, strict=True):
            low, high = self._presence.decisions.span(*pair, *year)
            seen = sums(asked.unit_group, (high - low).astype(np.float64), groups)
            there = sums(asked.unit_group, purchases, groups)
            rates.append(np.log10((seen + _SEEN) / (there + _BOUGHT)))
        return rates[0], rates[1]


def _days(day: I64) -> I32:
    return np.clip(day, -FAR, FAR).astype(np.int32)


def _levels(presence: Shares) -> F64:
    """Logs of values in standard deviations of their line, less the body's mean; NaN: unknown."""
    value = presence.rows["amount"].cast("float64").to_numpy(zero_copy_only=False)
    codes = pc.rank(presence.rows["currency"].fill_null(""), tiebreaker="dense")
    currency = codes.to_numpy(zero_copy_only=False).astype(np.int64)
    known = np.flatnonzero(value > 0)
    out = np.full(value.size, np.nan)
    if not known.size:
        return out
    log = np.log(value[known])
    line = currency[known] * presence.lines + presence.line[known]
    log = log - _mean(line, log)
    spread = np.sqrt(np.maximum(_mean(line, log**2), 1e-12))
    log = np.where(spread > 1e-3, log / spread, 0.0)
    out[known] = log - _mean(presence.body[known].astype(np.int64), log)
    return out


def _mean(group: I64, values: F64) -> F64:
    """The mean of each entry's group."""
    _, of = np.unique(group, return_inverse=True)
    return np.asarray((np.bincount(of, values) / np.bincount(of))[of])
