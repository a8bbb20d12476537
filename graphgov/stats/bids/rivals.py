"""Tenderers that bid often and hardly ever win (R025)."""

from dataclasses import dataclass

import numpy as np

from graphgov.stats.bids.fences import fence, quantile
from graphgov.stats.bids.frames import (
    BOOL,
    I64,
    VALID,
    BidFrames,
    Marks,
    Measured,
    distinct,
    reasons,
)


@dataclass(frozen=True)
class RivalOptions:
    """Whose record counts, and what is a poor one.

    Attributes:
        percentile: Only tenderers in as many processes as this percentile of all are judged.
        threshold: A fixed share won instead of a fence.
        guarded: Judge nobody where the fence means nothing.
    """

    percentile: int = 75
    threshold: float | None = None
    guarded: bool = False


class Records:
    """Processes that each tenderer entered and won, added up over frames.

    A process counts once for a tenderer with a valid bid of its own, where all awards are final
    and one alone is active, with one supplier.
    """

    def __init__(self, tenderers: int) -> None:
        self.entered: I64 = np.zeros(tenderers, np.int64)
        self.won: I64 = np.zeros(tenderers, np.int64)

    def add(self, frames: BidFrames) -> tuple[BOOL, I64, I64]:
        """Add the processes of frames.

        Returns:
            Which bids count, and their processes and tenderers, each pair once.
        """
        fit = frames.settled & (frames.winner >= 0)
        mask = (frames.bids.status == VALID) & (frames.sole >= 0) & fit[frames.bids.process]
        wide = max(frames.tenderers, 1)
        keys = distinct(frames.bids.process[mask].astype(np.int64) * wide + frames.sole[mask])
        process, tenderer = keys // wide, keys % wide
        np.add.at(self.entered, tenderer, 1)
        np.add.at(self.won, tenderer[frames.winner[process] == tenderer], 1)
        return mask, process, tenderer

    def judged(self, options: RivalOptions) -> tuple[Marks, dict[str, float]]:
        """The share won of every tenderer, and the fences behind the flags."""
        codes = np.flatnonzero(self.entered)
        entered = self.entered[codes]
        share = self.won[codes] / entered
        upper = quantile(np.sort(entered).astype(np.float64), options.percentile / 100)
        if options.threshold is None:
            made = fence(share)
            low, q1 = made.lower, made.q1
            if options.guarded and not made.evaluable:
                q1 = 0.0
            meta = {"q1": made.q1, "q3": made.q3, "upper_fence": upper, "lower_fence": low}
        else:
            low, q1 = options.threshold, 1.0
            meta = {"upper_fence": upper, "lower_fence": low}
        flagged = (entered >= upper) & (share <= low) & (q1 > 0 and low > 0)
        return Marks(codes, share, flagged), meta


def unsuccessful(frames: BidFrames, options: RivalOptions) -> Measured:
    """R025: a share of processes won at or under the lower fence, among frequent tenderers.

    What counts is said in `Records`. `facts` has `won` and `entered` per tenderer.
    """
    records = Records(frames.tenderers)
    mask, process, tenderer = records.add(frames)
    marks, meta = records.judged(options)
    judged = np.zeros(frames.tenderers, np.bool_)
    judged[marks.leads()[0]] = True
    why, clauses = reasons(
        len(frames.processes),
        (~frames.settled, "bids or awards are not published, or an award is still open"),
        (frames.winner < 0, "there is not one award alone to one supplier alone"),
    )
    return Measured(
        tenderers=marks,
        meta=meta,
        why=why,
        reasons=clauses,
        bids=np.flatnonzero(mask)[judged[frames.sole[mask]]],
        pairs=np.stack([process, tenderer])[:, judged[tenderer]],
        facts={"won": records.won[marks.codes], "entered": records.entered[marks.codes]},
    )
