"""Different tenderers, the same price to the digit (R028)."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from graphgov.stats.bids.frames import I64, BidFrames, Marks, Measured, distinct, reasons
from graphgov.stats.bids.prices import PriceGate

U64 = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class EqualOptions:
    """Which processes compete by price."""

    gate: PriceGate = field(default_factory=PriceGate)


def equal(frames: BidFrames, options: EqualOptions) -> Measured:
    """R028: submitted bids of one process, price and currency by different sets of tenderers."""
    bids, fit = frames.bids, options.gate.comparable(frames)
    named = _named(frames)
    entered = np.flatnonzero(frames.submitted & frames.priced & named & fit[bids.process])
    why, clauses = reasons(
        len(fit),
        (~fit, "its method does not compare prices"),
        (~frames.processes.has_bids, "no bids are published"),
        (np.bincount(bids.process[entered], minlength=len(fit)) < 2,
         "fewer than two bids have a price and a tenderer"),
    )  # fmt: skip
    entered = _repeated(frames, entered)
    group = _groups(frames, entered)
    teams = _teams(frames, entered)
    order = np.lexsort((teams, group))
    g, t = group[order], teams[order]
    differs = (g[1:] == g[:-1]) & (t[1:] != t[:-1])
    found = np.sort(entered[np.isin(group, g[1:][differs])])
    bid, tenderer = frames.tenderers_of(found)
    wide = max(frames.tenderers, 1)
    pairs = distinct(bids.process[bid].astype(np.int64) * wide + tenderer)
    codes = distinct(pairs % wide)
    rows = np.flatnonzero(why == 0)
    flagged = np.isin(rows, bids.process[found])
    return Measured(
        processes=Marks(rows, flagged.astype(np.float64), flagged),
        tenderers=Marks(codes, np.ones(len(codes)), np.ones(len(codes), np.bool_)),
        pairs=np.stack([pairs // wide, pairs % wide]),
        why=why,
        reasons=clauses,
        bids=found,
    )


def _named(frames: BidFrames) -> npt.NDArray[np.bool_]:
    """Per bid: some tenderer has an id."""
    total = np.r_[0, np.cumsum(frames.bids.tenderers >= 0)]
    return np.asarray(total[frames.bids.first[1:]] > total[frames.bids.first[:-1]], np.bool_)


def _repeated(frames: BidFrames, rows: I64) -> I64:
    """The bids whose process and price may occur twice: a cheap sieve before exact sorting."""
    bids = frames.bids
    amount = bids.amount[rows] + 0.0  # one zero, not two
    mixed = _mix(amount.view(np.uint64) ^ _mix(bids.process[rows].astype(np.uint64)))
    ordered = np.sort(mixed)
    twice = distinct(ordered[1:][ordered[1:] == ordered[:-1]])
    if len(twice) == 0:
        return rows[:0]
    likely = np.zeros(1 << 16, np.bool_)  # by the first bits, so that few are looked up
    likely[(twice >> np.uint64(48)).astype(np.int64)] = True
    some = np.flatnonzero(likely[(mixed >> np.uint64(48)).astype(np.int64)])
    hits: I64 = rows[some[np.isin(mixed[some], twice)]]
    return hits


def _groups(frames: BidFrames, rows: I64) -> I64:
    """A code per bid, the same for the same process, amount and currency."""
    bids = frames.bids
    process, currency, amount = bids.process[rows], bids.currency[rows], bids.amount[rows]
    order = np.lexsort((currency, amount, process))
    p, a, c = process[order], amount[order], currency[order]
    new = (p[1:] != p[:-1]) | (a[1:] != a[:-1]) | (c[1:] != c[:-1])
    out = np.empty(len(rows), np.int64)
    out[order] = np.r_[0, np.cumsum(new)][: len(rows)]
    return out


def _teams(frames: BidFrames, rows: I64) -> I64:
    """A code per bid, the same for the same set of tenderers."""
    bid, tenderer = frames.tenderers_of(rows)
    wide = max(frames.tenderers, 1)
    place = np.searchsorted(rows, bid)
    members = distinct(place * wide + tenderer)
    place, tenderer_of = members // wide, (members % wide).astype(np.uint64)
    # Sets are told apart by two sums of mixed codes and their size, whatever the order.
    size = np.bincount(place, minlength=len(rows))
    starts = np.r_[0, np.cumsum(size)[:-1]]
    sums = [
        np.add.reduceat(_mix(tenderer_of + np.uint64(salt)), starts) if len(rows) else size
        for salt in (0, 0x5851F42D4C957F2D)
    ]
    order = np.lexsort((*sums, size))
    parts = [part[order] for part in (*sums, size)]
    new = np.logical_or.reduce([part[1:] != part[:-1] for part in parts])
    out = np.empty(len(rows), np.int64)
    out[order] = np.r_[0, np.cumsum(new)][: len(rows)]
    return out


def _mix(x: U64) -> U64:
    """Spread 64 bits evenly, one to one (the finalizer of SplitMix64)."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
