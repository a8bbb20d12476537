"""A short time to bid (R003), and a late bid that won (R030)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from graphgov.stats.bids.frames import ACTIVE, VALID, BidFrames, Marks, Measured, distinct, reasons
from graphgov.stats.bids.prices import among


@dataclass(frozen=True)
class PeriodOptions:
    """What is short.

    Attributes:
        threshold: Days; fewer are a lead.
        methods: Procurement methods that are judged; none: all.
        by_details: Days by method details, before `threshold`.
    """

    threshold: int = 15
    methods: frozenset[str] = frozenset()
    by_details: Mapping[str, int] = field(default_factory=dict)


def short(frames: BidFrames, options: PeriodOptions) -> Measured:
    """R003: fewer whole days to bid than asked for; a negative period too."""
    processes = frames.processes
    fit = np.ones(len(processes), np.bool_)
    if options.methods:
        fit = among(frames.words.methods, processes.method, options.methods)
    limits = np.array(
        [
            *(options.by_details.get(word, options.threshold) for word in frames.words.details),
            options.threshold,
        ],
        np.float64,
    )
    why, clauses = reasons(
        len(processes),
        (~fit, "its method is not among those judged"),
        (np.isnan(processes.days), "the submission period is not published with exact times"),
    )
    rows = np.flatnonzero(why == 0)
    limit = limits[processes.details[rows]]
    days = processes.days[rows]
    return Measured(
        processes=Marks(rows, days, days < limit),
        why=why,
        reasons=clauses,
        facts={"limit": limit},
    )


def late(frames: BidFrames) -> Measured:
    """R030: a valid bid after the deadline, one of whose tenderers was awarded."""
    bids, awards = frames.bids, frames.awards
    count = len(frames.processes)
    valid = bids.status == VALID
    known = np.zeros(count, np.bool_)
    known[bids.process[valid & (bids.late >= 0)]] = True
    why, clauses = reasons(
        count,
        (~frames.processes.has_bids, "no bids are published"),
        (~frames.processes.has_awards, "no awards are published"),
        (~frames.awarded, "no award is active"),
        (~known, "no valid bid and deadline are published with their times"),
    )
    fit = (why == 0) & (frames.per_process(valid & (bids.late == 1)) > 0)
    bid, tenderer = frames.tenderers_of(
        np.flatnonzero(valid & (bids.late == 1) & fit[bids.process])
    )
    award, supplier = frames.suppliers_of(
        np.flatnonzero((awards.status == ACTIVE) & fit[awards.process])
    )
    wide = max(frames.tenderers, 1)
    key = bids.process[bid].astype(np.int64) * wide + tenderer
    won_key = awards.process[award].astype(np.int64) * wide + supplier
    won = np.isin(key, won_key)
    pairs = distinct(key[won])
    rows = np.flatnonzero(why == 0)
    flagged = np.isin(rows, pairs // wide)
    codes = distinct(pairs % wide)
    return Measured(
        processes=Marks(rows, flagged.astype(np.float64), flagged),
        tenderers=Marks(codes, np.ones(len(codes)), np.ones(len(codes), np.bool_)),
        pairs=np.stack([pairs // wide, pairs % wide]),
        why=why,
        reasons=clauses,
        bids=distinct(bid[won]),
        awards=distinct(award[np.isin(won_key, key[won])]),
    )
