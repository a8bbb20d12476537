"""What else tells favour from habit: which purchases a company went for, and when it came and went.

What the odds of `spells` do not see, since these count awards and bids inside and outside some
days:

size
    Whoever is favoured is favoured where it pays. The estimated values (award amounts where no
    bids are known) of the purchases that the company took part in, in standard deviations of
    their line of business, against what is usual for bids at the body.
breadth
    A supplier with a habit sells what it is good at; who is favoured is handed what there is to
    buy. Counted are the lines of business in which the company took part.
edges
    Favour begins and ends with an office or a tie; a supplier who was there in the year before
    and stays in the year after has a habit, and so has one who comes again and again at other
    times. Counted are its bids in those two years and at all other times, over the purchases
    that the body made in lines which the company sells.
margins
    Who is told what the others ask wins by a hair. How close the second price was, among lots of
    the division with as many bidders that the cheapest bid won.

The weights are half those of a logistic regression on synthetic provinces, rounded: half of them
order the pairs of these provinces no worse, and those of provinces whose schemes and honest
suppliers are made otherwise better (benchmarks/results/detection-notes.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from graphgov.snapshot import Snapshot
from graphgov.stats.shares import Shares
from graphgov.stats.spans import F64, FAR, I32, I64, Spans, distinct, slices, sums

SIZE, MOST_SIZE = 0.12, 2.5  # points per standard deviation, and deviations that count
BREADTH, MOST_LINES = 0.5, 10  # points per tenfold number of lines, and lines that count
BEFORE, AFTER = 0.18, 0.15  # points that a tenfold rate of bids in the year next to it takes off
YEAR = 365
_ALIKE = 30  # lots of a division and size from which their margins are compared
OUTSIDE = 0.2  # the same, of the rate at all times outside
BLIND = 0.5  # points taken off where no bids are known, so that a habit cannot be seen
NARROW, MOST_NARROW = 0.06, 2.5  # points per standard deviation, and deviations that count
_LINES = 0.3  # decimal log of the lines of an ordinary pair
_USUAL = -0.8  # decimal log of the rate of an ordinary pair, and of one of which nothing is known
_SEEN, _BOUGHT = 0.3, 2.0  # bids and purchases added to every count

_MARGINS = f"""
WITH c AS (SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company
    FROM companies),
b AS (SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies),
priced AS (
    SELECT buyer_id, company_id, awarded_on, division, won, least(competitors, 6) AS size,
        tender_id, lot, amount, lead(amount) OVER cheap AS second,
        row_number() OVER cheap AS place,
        count(*) FILTER (won) OVER (PARTITION BY tender_id, lot) AS winners,
        min(coalesce(amount, 0)) OVER (PARTITION BY tender_id, lot) AS least,
        min(currency) OVER (PARTITION BY tender_id, lot) AS one,
        max(currency) OVER (PARTITION BY tender_id, lot) AS other
    FROM contests WHERE competitors >= 2
    WINDOW cheap AS (PARTITION BY tender_id, lot ORDER BY amount, won DESC, company_id)
),
won AS (
    SELECT *, (second / amount)::DOUBLE AS margin FROM priced
    WHERE won AND place = 1 AND winners = 1 AND least > 0 AND one IS NOT DISTINCT FROM other
),
among AS (
    SELECT *, count(*) OVER (PARTITION BY size, division) >= {_ALIKE} AS enough FROM won
)
SELECT company::INTEGER AS company, body::INTEGER AS body,
    date_diff('day', DATE '1970-01-01', awarded_on)::INTEGER AS day,
    (rank() OVER alike + rank() OVER (PARTITION BY size, CASE WHEN enough THEN division END, enough
        ORDER BY margin DESC)) AS both, rank() OVER alike AS place, count(*) OVER (
        PARTITION BY size, CASE WHEN enough THEN division END, enough) AS lots
FROM among JOIN c USING (company_id) JOIN b ON b.body_id = buyer_id
WINDOW alike AS (PARTITION BY size, CASE WHEN enough THEN division END, enough ORDER BY margin)
ORDER BY body, company, day, tender_id, lot
"""


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


class Beside(NamedTuple):
    """What there is to tell of one group: lines of business, and bids in the years next to it.

    The years are None where they lie outside the data, in part or as a whole.
    """

    lines: int
    before: int | None
    after: int | None


class Circumstances:
    """All of these, prepared once on a snapshot's bids and awards."""

    def __init__(self, snap: Snapshot, presence: Shares, purchases: Shares) -> None:
        self._presence, self._purchases = presence, purchases
        self._margins = _Margins(snap, presence.companies)
        level = _levels(presence)
        known = np.isfinite(level)
        order = presence.by_pair.order
        self._level = np.concatenate([[0.0], np.cumsum(np.where(known, level, 0.0)[order])])
        self._known = np.concatenate([[0], np.cumsum(known[order])])

    def points(self, asked: Asked, groups: int) -> F64:
        """What the circumstances speak for favour, in powers of ten per group; 0 without a unit."""
        low, high = self._presence.by_pair.span(asked.body, asked.company, asked.start, asked.end)
        of = asked.unit_group[asked.unit]
        level = sums(of, self._level[high] - self._level[low], groups)
        known = sums(of, (self._known[high] - self._known[low]).astype(np.float64), groups)
        size = np.clip(level / np.sqrt(np.maximum(known, 1.0)), -MOST_SIZE, MOST_SIZE)
        lines = np.log10(np.clip(self._lines(of, low, high, groups), 1, MOST_LINES))
        there = np.bincount(asked.unit_group, minlength=groups) > 0
        points = SIZE * size
        if self._presence.lines > 1:
            points += BREADTH * (lines - _LINES)
        if self._presence is self._purchases:
            points -= BLIND  # nobody knows who was there in vain: no award is no absence
        else:
            before, after, outside = self._edges(asked, groups)
            points -= BEFORE * (before - _USUAL) + AFTER * (after - _USUAL)
            points -= OUTSIDE * (outside - _USUAL)
        points += NARROW * self._margins.narrow(asked, of, groups)
        return np.where(there, points, 0.0)

    def told(self, spans: Sequence[tuple[int, int, int, int]]) -> Beside | None:
        """Counts behind the points of a group, for hits only; None where no bids are known.

        Args:
            spans: Body, company, first and last day.
        """
        if self._presence is self._purchases:
            return None
        body, company, start, end = (np.array(v, np.int32) for v in zip(*spans, strict=True))
        low, high = self._presence.by_pair.span(body, company, start, end)
        lines = int(self._lines(np.zeros(len(spans), np.int64), low, high, 1)[0])
        known = self._presence.by_pair.low, self._presence.by_pair.low + self._presence.by_pair.days
        years: list[int | None] = [0, 0]
        for pair in sorted({(b, c) for b, c, s, e in spans if s <= e}):
            here = [(s, e) for b, c, s, e in spans if (b, c) == pair and s <= e]
            first, last = min(s for s, _ in here), max(e for _, e in here)
            for i, (since, until) in enumerate(
                ((first - YEAR, first - 1), (last + 1, last + YEAR))
            ):
                total = years[i]
                if total is None or since < known[0] or until >= known[1]:
                    years[i] = None
                    continue
                query = (np.array([v], np.int32) for v in (*pair, since, until))
                years[i] = total + int(self._bids(*query)[0])
        return Beside(lines, *years)

    def _lines(self, group: I64, low: I64, high: I64, groups: int) -> I64:
        """Distinct lines of business of the bids in each group's spans."""
        row = self._presence.by_pair.order[slices(low, high)]
        line = self._presence.line[row].astype(np.int64)
        once = distinct(np.repeat(group, high - low) * self._presence.lines + line)
        return np.bincount(once // self._presence.lines, minlength=groups)

    def _edges(self, asked: Asked, groups: int) -> tuple[F64, F64, F64]:
        """Decimal logs of the rates of bids per group: the years before and after, and outside."""
        units = asked.unit_body.size
        first, last = np.full(units, FAR, np.int64), np.full(units, -FAR, np.int64)
        some = asked.start <= asked.end  # a post and a chain may never have met
        np.minimum.at(first, asked.unit[some], asked.start[some])
        np.maximum.at(last, asked.unit[some], asked.end[some])
        pair = asked.unit_body, asked.unit_company
        always = _days(np.full(units, -FAR)), _days(np.full(units, FAR))
        years = [
            (_days(first - YEAR), _days(first - 1)),
            (_days(last + 1), _days(last + YEAR)),
            always,
        ]
        seen = [self._bids(*pair, *year) for year in years]
        bought = self._purchases.lines_in(*pair, years)
        spans = asked.body, asked.company, asked.start, asked.end
        (inside,) = self._purchases.lines_in(*spans[:2], [spans[2:]])
        seen[2] -= sums(asked.unit, self._bids(*spans), units)
        bought[2] -= sums(asked.unit, inside, units)
        of = asked.unit_group
        before, after, outside = (
            np.log10((sums(of, n, groups) + _SEEN) / (sums(of, m, groups) + _BOUGHT))
            for n, m in zip(seen, bought, strict=True)
        )
        return before, after, outside

    def _bids(self, body: I32, company: I32, start: I32, end: I32) -> F64:
        """Bids, repeats within a fortnight included: who comes every week is no stranger."""
        low, high = self._presence.by_pair.span(body, company, start, end)
        return np.asarray(high - low, np.float64)


class _Margins:
    """How narrowly each company won each lot of each body, as surprises of mean 0 and spread 1."""

    def __init__(self, snap: Snapshot, companies: int) -> None:
        found = snap.sql(_MARGINS)
        body, company, day = (
            found[name].to_numpy().astype(np.int32) for name in ("body", "company", "day")
        )
        place, both, lots = (
            found[name].to_numpy().astype(np.float64) for name in ("place", "both", "lots")
        )
        # Equal margins share the middle of their ranks.
        share = (place + (lots + 1 - both) / 2 - 0.5) / np.maximum(lots, 1.0)
        self._spans = Spans(body, company, day, companies)
        self._told = np.concatenate([[0.0], np.cumsum((-np.log(share) - 1.0)[self._spans.order])])

    def narrow(self, asked: Asked, group: I64, groups: int) -> F64:
        """Surprise of the margins in the spans of each group, in standard deviations."""
        low, high = self._spans.span(asked.body, asked.company, asked.start, asked.end)
        told = sums(group, self._told[high] - self._told[low], groups)
        lots = sums(group, (high - low).astype(np.float64), groups)
        return np.clip(told / np.sqrt(lots + 1.0), -MOST_NARROW, MOST_NARROW)


def _days(day: I64) -> I32:
    """Days inside what spans can ask about."""
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
