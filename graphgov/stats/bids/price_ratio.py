"""The winner's price against the lowest of the others: close to it (R024), far below it (R058)."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from graphgov.stats.bids import fences
from graphgov.stats.bids.fences import Fence
from graphgov.stats.bids.frames import (
    BOOL,
    F64,
    I8,
    I32,
    I64,
    OPEN,
    BidFrames,
    Marks,
    Measured,
    distinct,
    reasons,
)
from graphgov.stats.bids.prices import PriceGate, first_lowest, in_currency, ratio_bids


@dataclass(frozen=True)
class RatioOptions:
    """How ratios are taken and judged.

    Attributes:
        gate: Which processes compete by price.
        currency: Code of the one currency compared; None: each process in its own, if it has one.
        threshold: A fixed limit instead of a fence.
        groups: A stratum per process, each with a fence of its own; None: one for all.
        guarded: Say "not computable" where a fence means nothing, instead of judging by it.
    """

    gate: PriceGate = field(default_factory=PriceGate)
    currency: int | None = None
    threshold: float | None = None
    groups: I64 | None = None
    guarded: bool = False


@dataclass(frozen=True)
class Ratios:
    """The ratio (second - winner) / winner of processes whose winner's price was the lowest.

    Attributes:
        process: Rows, ascending; of rows sharing an ocid the last with a ratio.
        value: The ratio; infinite or NaN where the winner's price is zero.
        winner, rival: Bids: the winner's lowest, the lowest of the others.
        why, reasons: As in `Measured`.
    """

    process: I64
    value: F64
    winner: I64
    rival: I64
    why: I8
    reasons: tuple[str, ...]


def ratios(frames: BidFrames, options: RatioOptions) -> Ratios:
    """Take the ratio of every process that has one."""
    bids = frames.bids
    entered, mixed = in_currency(frames, ratio_bids(frames, options.gate), options.currency)
    won = frames.sole[entered] == frames.winner[bids.process[entered]]
    own, other = entered[won], entered[~won]
    win_of, win = first_lowest(bids.process[own], bids.amount[own])
    alt_of, alt = first_lowest(bids.process[other], bids.amount[other])
    both, left, right = np.intersect1d(win_of, alt_of, assume_unique=True, return_indices=True)
    winner, rival = own[win[left]], other[alt[right]]
    kept = bids.amount[rival] >= bids.amount[winner]
    why = _why(frames, options.gate, mixed, win_of, alt_of, both[~kept])
    process, winner, rival = both[kept].astype(np.int64), winner[kept], rival[kept]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        value = (bids.amount[rival] - bids.amount[winner]) / bids.amount[winner]
    if options.guarded:
        zero = bids.amount[winner] <= 0
        why[0][process[zero]] = len(why[1])
        why = why[0], (*why[1], "the winning price is zero or less")
        process, value, winner, rival = (a[~zero] for a in (process, value, winner, rival))
    last = _last_of(frames.processes.ocid[process])
    return Ratios(process[last], value[last], winner[last], rival[last], *why)


@dataclass(frozen=True)
class Rule:
    """How ratios are held to a limit.

    Attributes:
        name: The fence that is the limit, as it is called in `meta`.
        guard: Whether a fence can be a limit at all.
        beyond: Tells of values and limits which are leads; none are where the limit is NaN.
        parties: Who is concerned: the winner alone or, as 2, the lowest of the others too.
    """

    name: str
    guard: Callable[[Fence], bool]
    beyond: Callable[[F64, F64], BOOL]
    parties: int

    def edge(self, made: Fence) -> float:
        """The fence that is the limit."""
        return made.lower if self.name == "lower_fence" else made.upper

    def limit(self, made: Fence) -> float:
        """The limit; NaN if the fence can be none."""
        return self.edge(made) if self.guard(made) else np.nan

    def fixed(self, threshold: float) -> float:
        """A threshold as the limit; NaN if it is not above zero."""
        return threshold if threshold > 0 else np.nan

    def meta(self, made: Fence) -> dict[str, float]:
        """The quartiles and the fence behind the flags."""
        return {"q1": made.q1, "q3": made.q3, self.name: self.edge(made)}


CLOSE = Rule("lower_fence", lambda made: made.q1 > 0 and made.lower > 0, np.less_equal, 2)
DISCOUNTED = Rule("upper_fence", lambda made: made.upper > 0, np.greater_equal, 1)


def close(frames: BidFrames, options: RatioOptions, taken: Ratios | None = None) -> Measured:
    """R024: a ratio at or under the lower fence, or a threshold above zero.

    Args:
        frames: What was read.
        options: How to judge.
        taken: The ratios, if they were taken before with the same options.
    """
    return _judge(frames, options, taken, CLOSE)


def discounted(frames: BidFrames, options: RatioOptions, taken: Ratios | None = None) -> Measured:
    """R058: a ratio at or over the upper fence, or a threshold above zero; arguments as above."""
    return _judge(frames, options, taken, DISCOUNTED)


def _judge(frames: BidFrames, options: RatioOptions, taken: Ratios | None, rule: Rule) -> Measured:
    found = ratios(frames, options) if taken is None else taken
    count = len(found.process)
    why, clauses = found.why.copy(), found.reasons
    meta: dict[str, float] = {}
    if options.threshold is not None:
        meta[rule.name] = options.threshold
        limits = np.full(count, rule.fixed(options.threshold))
    else:
        groups = None if options.groups is None else options.groups[found.process]
        place, made = fences.by_group(found.value, groups)
        if groups is None:
            meta = rule.meta(made[0])
        limits = np.array([rule.limit(one) for one in made] or [np.nan])[place]
        if options.guarded:
            vague = ~fences.evaluable(place, made)
            limits[vague] = np.nan
            why[found.process[vague]] = len(clauses)
            clauses = (*clauses, "too few similar processes have a ratio, or all the same one")
    flagged = rule.beyond(found.value, limits)
    parties = frames.sole[np.stack([found.winner, found.rival])[: rule.parties]][:, flagged]
    rows = found.process[flagged]
    pairs = np.stack([np.tile(rows, len(parties)), parties.ravel().astype(np.int64)])
    codes = distinct(pairs[1])
    return Measured(
        processes=Marks(found.process, found.value, flagged),
        tenderers=Marks(codes, np.zeros(len(codes)), np.ones(len(codes), np.bool_)),
        pairs=pairs,
        meta=meta,
        why=why,
        reasons=clauses,
        bids=np.sort(np.r_[found.winner[flagged], found.rival[flagged]]),
        facts={"winner_bid": found.winner, "rival_bid": found.rival, "limit": limits},
    )


def _last_of(codes: np.ndarray) -> I64:
    """Places of the last of each code, in order."""
    if (np.diff(codes) > 0).all():
        return np.arange(len(codes))
    _, place = np.unique(codes[::-1], return_index=True)
    return np.sort(len(codes) - 1 - place)


def _why(
    frames: BidFrames, gate: PriceGate, mixed: BOOL, win_of: I32, alt_of: I32, dearer: I32
) -> tuple[I8, tuple[str, ...]]:
    count = len(frames.processes)
    is_open = np.zeros(count, np.bool_)
    is_open[frames.awards.process[frames.awards.status == OPEN]] = True

    def without(rows: I32) -> BOOL:
        out = np.ones(count, np.bool_)
        out[rows] = False
        return out

    return reasons(
        count,
        (~gate.comparable(frames), "its method does not compare prices"),
        (~frames.processes.has_bids, "no bids are published"),
        (~frames.processes.has_awards, "no awards are published"),
        (is_open, "an award is still open"),
        (frames.winner < 0, "there is not one award alone to one supplier alone"),
        (mixed, "its bids are in several currencies"),
        (without(win_of), "the winner has no valid bid with a price"),
        (without(alt_of), "nobody else has a valid bid with a price"),
        (~without(dearer), "the lowest valid bid did not win, so price did not decide alone"),
    )
