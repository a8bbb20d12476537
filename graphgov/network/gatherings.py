"""Where groups of companies come together: many groups at once, whatever they have in common.

A group of three may be one of a hundred thousand candidates, and a lot may be on the way of
many: all of them are rows of one sorted table, and none costs a loop.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.network.projection import Bidding
from graphgov.stats.spans import F64, I32, I64, slices

BOOL = npt.NDArray[np.bool_]
_ROWS = 2_000_000  # bids of candidates looked at at once


@dataclass(frozen=True, eq=False)
class Gathered:
    """Lots of the home market on which three or more of a group bid, of some of the groups.

    Args:
        group: Rows of the groups that are left, ascending.
        clumping: Of each, excess of pairs that meet there, in standard deviations.
        lots: Lots, group after group in time order.
        begins: Where each group's lots begin, and the end.
        took_part: Who bid, per lot and place in the group.
        winner: Place in the group of who won; -1 where nobody of the group did.
    """

    group: I64
    clumping: F64
    lots: I64
    begins: I64
    took_part: BOOL
    winner: I64


class Lots:
    """Lots by company and by market, for looking up what many groups did.

    Args:
        bids: Who bid; lots are numbered in time order.
        market: Of each lot, such as category and region.
        winner: Company that won each lot, -1 for none or several.
    """

    def __init__(self, bids: Bidding, market: I32, winner: I64) -> None:
        self.size, self.market, self.winner = bids.size, market.astype(np.int64), winner
        self.count = max(bids.lots, 1)
        order = np.lexsort((bids.lot, bids.company))
        self.lot = bids.lot[order].astype(np.int64)
        self.begins = np.searchsorted(bids.company[order], np.arange(bids.companies + 1))
        used = np.flatnonzero(bids.size > 0)
        self.sizes = int(bids.size.max(initial=0)) + 1
        self.shelf = np.sort(self._shelf(self.market[used], self.size[used], used))

    def _shelf(self, market: I64, size: I64, lot: I64) -> I64:
        return np.asarray((market * self.sizes + size) * self.count + lot)

    def gather(self, groups: I64, min_lots: int, least: int = 3) -> Iterator[Gathered]:
        """What groups did in the market where most of their lots are on which two of them bid.

        Groups that met on fewer than `min_lots` lots, or won fewer of those where `least` of
        them bid, are left out. The span looked at is from their first to their last meeting.

        Args:
            groups: Companies of each group in order, -1 behind them.
            min_lots: Lots a group needs.
            least: Members that bid on a lot that counts.
        """
        there = groups >= 0
        safe = np.where(there, groups, 0)
        rows = np.where(there, self.begins[safe + 1] - self.begins[safe], 0).sum(axis=1)
        done = np.concatenate([[0], np.cumsum(rows)])
        begin = 0
        while begin < len(groups):
            end = max(begin + 1, int(np.searchsorted(done, done[begin] + _ROWS)) - 1)
            found = self._gather(groups[begin:end], begin, min_lots, least)
            if found is not None:
                yield found
            begin = end

    def _gather(self, groups: I64, first_group: int, min_lots: int, least: int) -> Gathered | None:
        bids = self._bids(groups)
        met = bids.runs[bids.here >= 2]
        often = np.bincount(bids.group[met], minlength=len(groups)) >= min_lots
        met = met[often[bids.group[met]]]
        if not len(met):
            return None
        home = self._homes(bids.group[met], bids.lot[met], len(groups))
        bids = bids.take(
            (self.market[bids.lot] == home.market[bids.group])
            & (bids.lot >= home.first[bids.group])
            & (bids.lot <= home.last[bids.group])
        )
        clumping = self._clumping(bids, home, len(groups))
        many = np.repeat(bids.here >= least, bids.here)
        bids = bids.take(many)
        width = groups.shape[1]
        winner = np.full(len(bids.runs), -1, dtype=np.int64)
        by_winner = groups[bids.group, bids.place] == self.winner[bids.lot]
        winner[bids.run[by_winner]] = bids.place[by_winner]
        group, lots = bids.group[bids.runs], bids.lot[bids.runs]
        took_part = np.zeros((len(bids.runs), width), dtype=bool)
        took_part[bids.run, bids.place] = True
        enough = np.bincount(group[winner >= 0], minlength=len(groups)) >= min_lots
        kept = enough[group]
        left = np.flatnonzero(enough)
        begins = np.searchsorted(group[kept], np.append(left, len(groups)))
        return Gathered(
            group=left + first_group,
            clumping=clumping[left],
            lots=lots[kept],
            begins=begins,
            took_part=took_part[kept],
            winner=winner[kept],
        )

    def _bids(self, groups: I64) -> "_Bids":
        """All bids of the members of groups, by group, lot and place."""
        group, place = np.nonzero(groups >= 0)
        company = groups[group, place]
        low, high = self.begins[company], self.begins[company + 1]
        lot = self.lot[slices(low, high)]
        group, place = np.repeat(group, high - low), np.repeat(place, high - low)
        order = np.argsort(group * self.count + lot, kind="stable")
        return _Bids.of(group[order], lot[order], place[order])

    def _homes(self, group: I64, lot: I64, groups: int) -> "_Homes":
        markets = int(self.market.max(initial=0)) + 1
        keys, counts = np.unique(group * markets + self.market[lot], return_counts=True)
        order = np.lexsort((keys, -counts, keys // markets))
        found, best = np.unique(keys[order] // markets, return_index=True)
        market = np.full(groups, -1, dtype=np.int64)
        market[found] = keys[order][best] % markets
        at_home = self.market[lot] == market[group]
        group, lot = group[at_home], lot[at_home]
        first, last = np.full(groups, self.count), np.full(groups, -1)
        first[group[::-1]], last[group] = lot[::-1], lot
        return _Homes(market, first, last)

    def _clumping(self, bids: "_Bids", home: "_Homes", groups: int) -> F64:
        """Excess of pairs that meet, bidders dealt out anew among lots of the same size.

        The same as `stats.rotation.clumping` on the lots of each group's market.
        """
        stratum = bids.group * self.sizes + self.size[bids.lot]
        strata, at = np.unique(stratum, return_inverse=True)
        group, size = strata // self.sizes, strata % self.sizes
        low = np.searchsorted(self.shelf, self._shelf(home.market[group], size, home.first[group]))
        high = np.searchsorted(
            self.shelf, self._shelf(home.market[group], size, home.last[group]), side="right"
        )
        lots = (high - low).astype(np.float64)
        width = int(bids.place.max(initial=0)) + 1
        own, counts = np.unique(at * width + bids.place, return_counts=True)
        of = own // width
        times = counts.astype(np.float64)
        rest = times * (lots[of] - times)

        def total(values: F64) -> F64:
            return np.asarray(np.bincount(of, values, minlength=len(strata)), dtype=np.float64)

        here = bids.here.astype(np.float64)
        seen = np.bincount(at[bids.runs], here * (here - 1), minlength=len(strata)) / 2
        several = lots >= 2
        safe = np.where(several, lots, 2.0)
        usual = (total(times) ** 2 - total(times**2)) / 2 / safe
        spread = (total(rest) ** 2 - total(rest**2)) / 2 / (safe**2 * (safe - 1))
        steps = np.where(several[:, None], np.column_stack([seen, -usual]), 0.0)
        excess = np.bincount(np.repeat(group, 2), steps.ravel(), minlength=groups)
        variance = np.bincount(group, np.where(several, spread, 0.0), minlength=groups)
        return np.divide(excess, np.sqrt(variance), out=np.zeros(groups), where=variance > 1e-9)


@dataclass(frozen=True, eq=False)
class _Homes:
    """Of every group: its market, and the first and last lot on which two of it met there."""

    market: I64
    first: I64
    last: I64


@dataclass(frozen=True, eq=False)
class _Bids:
    """Bids of groups, by group, lot and place in the group.

    `runs` is where each lot of a group begins, `run` which one a bid belongs to, `here` how
    many of the group bid on it.
    """

    group: I64
    lot: I64
    place: I64
    runs: I64
    run: I64
    here: I64

    @staticmethod
    def of(group: I64, lot: I64, place: I64) -> "_Bids":
        new = np.ones(len(lot), dtype=bool)
        new[1:] = (lot[1:] != lot[:-1]) | (group[1:] != group[:-1])
        runs = np.flatnonzero(new)
        return _Bids(group, lot, place, runs, np.cumsum(new) - 1, np.diff(runs, append=len(lot)))

    def take(self, rows: BOOL) -> "_Bids":
        return _Bids.of(self.group[rows], self.lot[rows], self.place[rows])
