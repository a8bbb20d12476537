"""One bidder only (R018)."""

from dataclasses import dataclass

import numpy as np

from graphgov.stats.bids.frames import BidFrames, Marks, Measured, reasons
from graphgov.stats.bids.prices import among


@dataclass(frozen=True)
class SingleOptions:
    """Procurement methods that invite competition; none: all processes count."""

    methods: frozenset[str] = frozenset({"open", "selective"})


def single(frames: BidFrames, options: SingleOptions) -> Measured:
    """R018: an open or selective process with one bidder."""
    processes = frames.processes
    fit = np.ones(len(processes), np.bool_)
    if options.methods:
        fit = among(frames.words.methods, processes.method, options.methods)
    why, clauses = reasons(
        len(processes),
        (~fit, "its method does not invite competition, or is unknown"),
        (processes.bidders < 0, "the number of bidders is not published"),
    )
    rows = np.flatnonzero(why == 0)
    count = processes.bidders[rows]
    return Measured(
        processes=Marks(rows, count.astype(np.float64), count == 1), why=why, reasons=clauses
    )
