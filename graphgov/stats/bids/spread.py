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


class Kinds:
    """Processes of each supplier and the kinds of goods it supplied, added up over frames.

    Args:
        tenderers: How many different codes there are.
        classes: The words of all classes.
        digits: Leading characters of a class that make a kind.
    """

    def __init__(self, tenderers: int, classes: tuple[str, ...], digits: int) -> None:
        self.processes: I64 = np.zeros(tenderers, np.int64)
        self._kinds = _kinds(classes, digits)
        self._base = max(len(classes), 1)
        self._known: I64 = np.empty(0, np.int64)  # supplier and kind, ascending
        self._fresh: list[I64] = []

    def add(self, frames: BidFrames) -> I64:
        """Add the items of frames; returns each process and supplier once, as one number."""
        items, wide = frames.items, max(frames.tenderers, 1)
        supplier = items.supplier.astype(np.int64)
        seen = distinct(items.process.astype(np.int64) * wide + supplier)
        np.add.at(self.processes, seen % wide, 1)
        self._fresh.append(distinct(supplier * self._base + self._kinds[items.category]))
        if sum(map(len, self._fresh)) > len(self._known):
            self._settle()
        return seen

    def _settle(self) -> None:
        """Join what is known; as it doubles each time, nothing is sorted often."""
        self._known = distinct(np.concatenate([self._known, *self._fresh]))
        self._fresh = []

    def judged(self, options: SpreadOptions) -> tuple[Marks, dict[str, float]]:
        """The number of kinds of each supplier, and the fences behind the flags."""
        self._settle()
        count = np.bincount(self._known // self._base, minlength=len(self.processes))
        codes = np.flatnonzero(self.processes >= max(options.minimum_contracting_processes, 1))
        number = count[codes].astype(np.float64)
        if options.threshold is None:
            made = fence(number)
            upper = made.upper
            meta = {"q1": made.q1, "q3": made.q3, "upper_fence": upper}
            judged = made.evaluable or not options.guarded
        else:
            upper = float(options.threshold)
            meta, judged = {"upper_fence": upper}, True
        return Marks(codes, number, (number >= upper) & judged), meta


def heterogeneous(frames: BidFrames, options: SpreadOptions) -> Measured:
    """R048: kinds supplied at or over the upper fence; `facts` has the `processes` of each."""
    total = Kinds(frames.tenderers, frames.words.classes, options.digits)
    seen, wide = total.add(frames), max(frames.tenderers, 1)
    marks, meta = total.judged(options)
    hit = np.zeros(frames.tenderers, np.bool_)
    hit[marks.leads()[0]] = True
    rows = seen[hit[seen % wide]]
    listed = np.zeros(len(frames.processes), np.bool_)
    listed[frames.items.process] = True
    why, clauses = reasons(
        len(listed),
        (~frames.processes.has_awards, "no awards are published"),
        (~listed, "no active award to one supplier has classified items"),
    )
    return Measured(
        tenderers=marks,
        pairs=np.stack([rows // wide, rows % wide]),
        meta=meta,
        why=why,
        reasons=clauses,
        facts={"processes": total.processes[marks.codes]},
    )


def _kinds(classes: tuple[str, ...], digits: int) -> I64:
    """Per class the code of its leading characters."""
    places: dict[str, int] = {}
    return np.array([places.setdefault(c[:digits], len(places)) for c in classes], np.int64)
