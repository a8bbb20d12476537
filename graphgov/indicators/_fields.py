"""The prices of a lot in ascending order, for the indicators that look at all of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.stats.bids.frames import VALID
from graphgov.stats.bids.from_snapshot import BY_PRICE, Records
from graphgov.stats.strata import make_strata

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]
MOST_RATIO = 10.0  # dearest over cheapest: beyond is a slip of the pen
MIN_PEERS = 30


@dataclass(frozen=True, eq=False)
class Fields:
    """Valid prices of lots in one currency, one per bidder, the lowest of each.

    Attributes:
        process: Rows of the frame, ascending.
        begins: Where each lot's prices begin, and the end.
        price: Ascending inside a lot.
        bid: The bid of each price.
    """

    process: I64
    begins: I64
    price: F64
    bid: I64

    @property
    def size(self) -> I64:
        """Prices per lot."""
        return np.diff(self.begins)

    @property
    def low(self) -> F64:
        """The lowest price of each lot."""
        return self.price[self.begins[:-1]]

    @property
    def top(self) -> F64:
        """The highest price of each lot."""
        return self.price[self.begins[1:] - 1]


def fields(seen: Records, least: int) -> tuple[Fields, dict[str, BOOL]]:
    """Lots with `least` prices or more, and why others have none, as masks over processes."""
    frames = seen.frames
    bids, count = frames.bids, len(frames.processes)
    comparable = BY_PRICE.comparable(frames)
    mask = (bids.status == VALID) & frames.priced & (frames.sole >= 0)
    rows = np.flatnonzero(mask & comparable[bids.process])
    order = np.lexsort((bids.amount[rows], frames.sole[rows], bids.process[rows]))
    rows = rows[order]
    process, firm = bids.process[rows], frames.sole[rows]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (process[1:] != process[:-1]) | (firm[1:] != firm[:-1])
    rows = rows[first]
    process = bids.process[rows].astype(np.int64)
    same = process[1:] == process[:-1]
    mixed = np.zeros(count, np.bool_)
    mixed[process[1:][same & (np.diff(bids.currency[rows]) != 0)]] = True
    number = np.bincount(process, minlength=count)
    low, top = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(low, process, bids.amount[rows])
    np.maximum.at(top, process, bids.amount[rows])
    wild = (number >= 2) & ~mixed & ((low <= 0) | (top > MOST_RATIO * low))
    fit = (number >= least) & ~mixed & ~wild
    rows = rows[fit[process]]
    rows = rows[np.lexsort((rows, bids.amount[rows], bids.process[rows]))]
    names = np.flatnonzero(fit)
    begins = np.append(0, np.cumsum(number[names]))
    found = Fields(names, begins, bids.amount[rows], rows.astype(np.int64))
    return found, {
        "its method does not compare prices": ~comparable,
        "its bids are in several currencies": mixed,
        "its prices differ tenfold, which is more likely a slip": wild,
        f"it has fewer than {least} valid prices": number < least,
    }


def trade_strata(seen: Records, rows: I64, size: I64, *, min_count: int = MIN_PEERS) -> I64:
    """A stratum per lot: division, number of bids, method, region and year, last dropped first."""
    return make_strata(
        {
            "division": seen.division[rows],
            "size": np.minimum(size, 8),
            "method": seen.frames.processes.method[rows],
            "region": seen.lots["region"].to_numpy(zero_copy_only=False)[rows],
            "year": seen.year[rows],
        },
        min_count=min_count,
    ).ids.astype(np.int64)
