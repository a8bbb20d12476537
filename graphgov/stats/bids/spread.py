"""Suppliers of everything: many different kinds of goods (R048)."""

from dataclasses import dataclass

import numpy as np

from graphgov.stats.bids.fences import fence
from graphgov.stats.bids.frames import I64, BidFrames, Marks, Measured, distinct, reasons


@dataclass(frozen=True)
class SpreadOptions:
    """How kinds are told apart and what is too many.

    Attributes:
        digits: Leading characters of a class that make a kind.
        threshold: A fixed number of kinds instead of a fence.
        minimum_contracting_processes: Suppliers in fewer processes are not judged.
        guarded: Judge nobody where the fence means nothing.
    """

    digits: int = 2
    threshold: int | None = None
    minimum_contracting_processes: int = 20
    guarded: bool = False


def heterogeneous(frames: BidFrames, options: SpreadOptions) -> Measured:
    """R048: kinds supplied at or over the upper fence; `facts` has the `processes` of each."""
    items = frames.items
    supplier = items.supplier.astype(np.int64)
    kinds = _kinds(frames.words.classes, options.digits)
    wide = max(frames.tenderers, 1)
    seen = distinct(items.process.astype(np.int64) * wide + supplier)
    processes = np.bincount(seen % wide, minlength=frames.tenderers)
    base = max(len(frames.words.classes), 1)
    made_of = distinct(supplier * base + kinds[items.category])
    count = np.bincount(made_of // base, minlength=frames.tenderers)
    codes = np.flatnonzero(processes >= max(options.minimum_contracting_processes, 1))
    number = count[codes].astype(np.float64)
    meta: dict[str, float]
    judged = True
    if options.threshold is None:
        made = fence(number)
        upper = made.upper
        meta = {"q1": made.q1, "q3": made.q3, "upper_fence": upper}
        judged = made.evaluable or not options.guarded
    else:
        upper = float(options.threshold)
        meta = {"upper_fence": upper}
    flagged = (number >= upper) & judged
    hit = np.zeros(frames.tenderers, np.bool_)
    hit[codes[flagged]] = True
    rows = seen[hit[seen % wide]]
    listed = np.zeros(len(frames.processes), np.bool_)
    listed[items.process] = True
    why, clauses = reasons(
        len(listed),
        (~frames.processes.has_awards, "no awards are published"),
        (~listed, "no active award to one supplier has classified items"),
    )
    return Measured(
        tenderers=Marks(codes, number, flagged),
        pairs=np.stack([rows // wide, rows % wide]),
        meta=meta,
        why=why,
        reasons=clauses,
        facts={"processes": processes[codes]},
    )


def _kinds(classes: tuple[str, ...], digits: int) -> I64:
    """Per class the code of its leading characters."""
    places: dict[str, int] = {}
    return np.array([places.setdefault(c[:digits], len(places)) for c in classes], np.int64)
