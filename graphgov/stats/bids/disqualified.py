"""Disqualified bids: all but the winner's (R035), the lowest (R036), too many (R038)."""

from dataclasses import dataclass, field

import numpy as np

from graphgov.stats.bids.fences import Fence, fence
from graphgov.stats.bids.frames import (
    ACTIVE,
    DISQUALIFIED,
    I64,
    NO_MARKS,
    VALID,
    BidFrames,
    Marks,
    Measured,
    distinct,
    reasons,
)
from graphgov.stats.bids.prices import PriceGate, first_lowest, in_currency, lowest_bids


@dataclass(frozen=True)
class OthersOptions:
    """How many other tenderers must have been disqualified, at least one."""

    threshold: int = 1


def all_others(frames: BidFrames, options: OthersOptions) -> Measured:
    """R035: one tenderer alone has valid bids and all awards; the others were disqualified."""
    bids, awards = frames.bids, frames.awards
    why, clauses = reasons(
        len(frames.processes),
        (~frames.processes.has_bids, "no bids are published"),
        (~frames.settled, "no awards are published, or one is still open"),
        (~frames.awarded, "no award is active"),
    )
    out = bids.status == DISQUALIFIED
    fit = (why == 0) & (frames.per_process(out) > 0)
    valid_of, valid = _members(frames, np.flatnonzero((bids.status == VALID) & fit[bids.process]))
    award, supplier = frames.suppliers_of(
        np.flatnonzero((awards.status == ACTIVE) & fit[awards.process])
    )
    won_of, won = _unique(awards.process[award], supplier, frames.tenderers)
    alone = _single(valid_of, valid, len(fit))
    alone[alone != _single(won_of, won, len(fit))] = -1
    out_of, loser = _members(frames, np.flatnonzero(out & (alone >= 0)[bids.process]))
    others = np.bincount(out_of[loser != alone[out_of]], minlength=len(fit))
    rows = np.flatnonzero(why == 0)
    value = np.where(alone[rows] >= 0, others[rows], 0)
    flagged = value >= max(options.threshold, 1)
    hit = np.zeros(len(fit), np.bool_)
    hit[rows[flagged]] = True
    pairs = np.stack([rows[flagged], alone[rows[flagged]]])
    codes = distinct(pairs[1])
    return Measured(
        processes=Marks(rows, value.astype(np.float64), flagged),
        tenderers=Marks(codes, np.zeros(len(codes)), np.ones(len(codes), np.bool_)),
        pairs=pairs,
        why=why,
        reasons=clauses,
        bids=np.flatnonzero((out | (bids.status == VALID)) & hit[bids.process]),
        awards=np.flatnonzero((awards.status == ACTIVE) & hit[awards.process]),
    )


@dataclass(frozen=True)
class LowestOptions:
    """Which processes compete by price, and in which currency.

    Attributes:
        gate: Which processes compete by price.
        currency: Code of the one currency compared; None: each process in its own, if it has one.
    """

    gate: PriceGate = field(default_factory=PriceGate)
    currency: int | None = None


def lowest(frames: BidFrames, options: LowestOptions) -> Measured:
    """R036: the lowest submitted bid was disqualified while a valid bid has a price."""
    bids, count = frames.bids, len(frames.processes)
    entered, mixed = in_currency(frames, lowest_bids(frames, options.gate), options.currency)
    process, place = first_lowest(bids.process[entered], bids.amount[entered])
    has_valid = np.zeros(count, np.bool_)
    has_valid[bids.process[entered[bids.status[entered] == VALID]]] = True
    why, clauses = reasons(
        count,
        (~options.gate.comparable(frames), "its method does not compare prices"),
        (~frames.processes.has_bids, "no bids are published"),
        (~frames.awarded, "no award is active"),
        (mixed, "its bids are in several currencies"),
        (~has_valid, "no valid bid has a price"),
    )
    first = np.full(count, -1, np.int64)
    first[process] = entered[place]
    rows = np.flatnonzero(why == 0)
    flagged = bids.status[first[rows]] == DISQUALIFIED
    return Measured(
        processes=Marks(rows, flagged.astype(np.float64), flagged),
        why=why,
        reasons=clauses,
        bids=first[rows[flagged]],
        facts={"lowest_bid": first[rows]},
    )


@dataclass(frozen=True)
class ExcessOptions:
    """What is excessive.

    Attributes:
        threshold: A fixed share instead of a fence.
        minimum_submitted_bids: Tenderers with fewer submitted bids are not judged.
        minimum_contracting_processes: Buyers and entities with fewer submitted *bids* are not
            judged; the name says processes, the count never was of them.
        guarded: Judge nobody of a kind where the fence means nothing.
    """

    threshold: float | None = None
    minimum_submitted_bids: int = 2
    minimum_contracting_processes: int = 2
    guarded: bool = False


class Disqualified:
    """Disqualified and submitted bids of buyers, entities and tenderers, added up over frames.

    Args:
        buyers, entities, tenderers: How many different codes there are.
    """

    def __init__(self, buyers: int, entities: int, tenderers: int) -> None:
        self._sums = {
            name: (np.zeros(size, np.int64), np.zeros(size, np.int64))
            for name, size in (
                ("Buyer", buyers), ("ProcuringEntity", entities), ("Tenderer", tenderers),
            )
        }  # fmt: skip

    def add(self, frames: BidFrames) -> tuple[I64, I64]:
        """Add the bids of frames; returns how many were disqualified and submitted per process."""
        sent = frames.per_process(frames.submitted)
        out = frames.per_process(frames.bids.status == DISQUALIFIED)
        bid, tenderer = frames.tenderers_of(np.flatnonzero(frames.submitted))
        lost = frames.bids.status[bid] == DISQUALIFIED
        for name, codes in (
            ("Buyer", frames.processes.buyer), ("ProcuringEntity", frames.processes.entity),
        ):  # fmt: skip
            known = codes >= 0
            for into, values in zip(self._sums[name], (out, sent), strict=True):
                np.add.at(into, codes[known], values[known])
        top, bottom = self._sums["Tenderer"]
        np.add.at(top, tenderer[lost], 1)
        np.add.at(bottom, tenderer, 1)
        return out, sent

    def judged(self, options: ExcessOptions) -> tuple[list[Marks], dict[str, float]]:
        """Buyers, entities and tenderers, and the fences behind the flags."""
        by_org = options.minimum_contracting_processes
        least = {"Buyer": by_org, "ProcuringEntity": by_org}
        meta: dict[str, float] = {}
        marks = [
            _shares(name, *sums, least.get(name, options.minimum_submitted_bids), options, meta)
            for name, sums in self._sums.items()
        ]
        return marks, meta


def excessive(frames: BidFrames, options: ExcessOptions) -> Measured:
    """R038: a share of disqualified among submitted bids at or over the upper fence."""
    bids, processes = frames.bids, frames.processes
    total = Disqualified(frames.buyers, frames.entities, frames.tenderers)
    out, sent = total.add(frames)
    marks, meta = total.judged(options)
    why, clauses = reasons(
        len(processes),
        (~processes.has_bids, "no bids are published"),
        (sent == 0, "no bid was submitted"),
    )
    hit = np.zeros(frames.tenderers, np.bool_)
    hit[marks[2].leads()[0]] = True
    bid, tenderer = frames.tenderers_of(np.flatnonzero(bids.status == DISQUALIFIED))
    bid, tenderer = bid[hit[tenderer]], tenderer[hit[tenderer]]
    return Measured(
        buyers=marks[0],
        entities=marks[1],
        tenderers=marks[2],
        pairs=np.stack(_unique(bids.process[bid], tenderer, frames.tenderers)),
        meta=meta,
        why=why,
        reasons=clauses,
        bids=distinct(bid),
        facts={"disqualified": out, "submitted": sent},
    )


def _shares(
    name: str, num: I64, den: I64, minimum: int, options: ExcessOptions, meta: dict[str, float]
) -> Marks:
    kept = np.flatnonzero(den >= max(minimum, 1))
    if len(kept) == 0:
        return NO_MARKS
    share = num[kept] / den[kept]
    made: Fence | None = None
    if options.threshold is None:
        made = fence(share)
        meta[f"{name}_q1"], meta[f"{name}_q3"] = made.q1, made.q3
    upper = options.threshold if made is None else made.upper
    assert upper is not None
    meta[f"{name}_upper_fence"] = upper
    judged = upper > 0 and not (options.guarded and made is not None and not made.evaluable)
    return Marks(kept, share, (share >= upper) & judged)


def _members(frames: BidFrames, rows: I64) -> tuple[I64, I64]:
    bid, tenderer = frames.tenderers_of(rows)
    return _unique(frames.bids.process[bid], tenderer, frames.tenderers)


def _unique(process: np.ndarray, code: np.ndarray, size: int) -> tuple[I64, I64]:
    wide = max(size, 1)
    keys = distinct(process.astype(np.int64) * wide + code)
    return keys // wide, keys % wide


def _single(process: I64, code: I64, count: int) -> I64:
    """Per process its one code; -1 with none or several."""
    out = np.full(count, -1, np.int64)
    out[process] = code
    out[np.bincount(process, minlength=count) != 1] = -1
    return out
