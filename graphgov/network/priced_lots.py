"""Lots with prices that can be compared: one currency, one bid per bidder, no slip of the pen.

Firms under common control are one bidder, with the lowest of their bids.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.network.ownership import holdings, ownership
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.frames import VALID, reasons
from graphgov.stats.bids.from_snapshot import BY_PRICE, Records, records
from graphgov.stats.screens import Ladders, ladders

I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]

# Columns that bidders under common control are told by, besides those of the frame of bids.
CONTROL = ("ownership.*", "officers.*", "companies.state_owned", "people.person_id")


@dataclass(frozen=True, eq=False)
class PricedLots:
    """Lots with prices of two bidders or more.

    Attributes:
        seen: The frame of bids and what its codes stand for.
        bids: The lowest bid of each bidder, by process.
        company: Code of the company of each of these; -1 for a joint bid.
        control: Per company the first of those under the same control.
        why, reasons: Why a process has no comparable prices; 0 where it has.
    """

    seen: Records
    bids: Ladders
    company: I64
    control: I64
    why: npt.NDArray[np.int8]
    reasons: tuple[str, ...]

    @property
    def bidder(self) -> I64:
        """Code of the bidder of each bid; -1 for a joint bid."""
        return np.where(self.company >= 0, self.control[self.company], -1)


def priced_lots(snap: Snapshot) -> PricedLots:
    """The lots of a snapshot; made once."""
    return snap.memo("priced lots", lambda: _read(snap))


def _read(snap: Snapshot) -> PricedLots:
    seen = records(snap)
    frames, bids = seen.frames, seen.frames.bids
    count = len(frames.processes)
    by_price = BY_PRICE.comparable(frames)
    entered = np.flatnonzero(
        (bids.status == VALID) & frames.priced & by_price[bids.process] & (bids.amount > 0)
    )
    owner = bids.process[entered]
    mixed = np.zeros(count, np.bool_)
    mixed[owner[1:][(np.diff(owner) == 0) & (np.diff(bids.currency[entered]) != 0)]] = True
    entered = entered[~mixed[owner]]
    control = _control(snap, len(seen.companies))
    single = _lowest_of_each(seen, entered, control)
    steps = ladders(bids.process[single], bids.amount[single])
    several, sane = steps.count >= 2, steps.plausible()
    kept = steps.take(several & sane)
    why, clauses = reasons(
        count,
        (~by_price, "its method does not compare prices"),
        (~frames.processes.has_bids, "no bids are published"),
        (mixed, "its bids are in several currencies"),
        (~_among(count, steps.lot), "no valid bid has a price"),
        (_among(count, steps.lot[~several]), "nobody else has a valid bid with a price"),
        (_among(count, steps.lot[~sane]), "one of its prices is more than ten times another"),
    )
    company = frames.sole[single[kept.row]].astype(np.int64)
    return PricedLots(seen, kept, company, control, why, clauses)


def _lowest_of_each(seen: Records, entered: I64, control: I64) -> I64:
    """Of each bidder of a process the lowest bid; a joint bid is a bidder of its own."""
    bids, sole = seen.frames.bids, seen.frames.sole[entered].astype(np.int64)
    firm = np.where(sole >= 0, control[sole], -1 - entered)
    process = bids.process[entered].astype(np.int64)
    order = np.lexsort((entered, bids.amount[entered], firm, process))
    changed = (np.diff(process[order]) != 0) | (np.diff(firm[order]) != 0)
    fresh = np.r_[True, changed][: len(order)]
    return np.sort(entered[order[fresh]])


def _control(snap: Snapshot, companies: int) -> I64:
    if not (snap.has("ownership.*") or snap.has("officers.*")):
        return np.arange(companies + 1)
    # One more place, for the code -1 of a joint bid.
    return np.append(ownership(holdings(snap)).clusters().astype(np.int64), companies)


def _among(count: int, rows: I64) -> BOOL:
    out = np.zeros(count, np.bool_)
    out[rows] = True
    return out
