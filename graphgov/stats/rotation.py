"""Do the members of a group win in turns? Tests on who won, given who bid (C10).

Who bid is taken as given, so a shared niche explains nothing away and adds nothing.

turns
    At every lot the winner is drawn among the members that bid, in proportion to strengths
    fitted on the group's own wins. Under that null the rank of the winner's waiting time is a
    sum of martingale differences, whose mean and variance are known lot by lot.
evenness
    Chi-square distance of wins from equal chances, lower tail. Honest members differ in
    strength; how much they do is fitted on the other groups.
clumping
    Members of an honest trade come and go each for itself; members of a ring come when there is
    cover to give. Counted are meetings of pairs on the lots of one market, against members dealt
    out anew among its lots of the same number of bidders. Other candidate groups tell how much
    honest groups clump, as firms near to one body or new on the market do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import chi2

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]

_ROUNDS = 20  # of the fit of strengths
_PRIOR = 1.0  # wins and expected wins of an average member
_MOST_SPREAD = 1.0
_MOST_SWAPS = 1500
_ENOUGH = 20  # candidates from which they say what is usual


@dataclass(frozen=True, eq=False)
class Turns:
    """The wins of one group in time order.

    Args:
        z: Excess of the winners' waiting ranks, in standard deviations.
        longest: Lots won by the member that had waited longest (ties shared out).
        longest_expected: The same, expected from strengths.
        wins: Per member.
        distance: Chi-square distance from equal chances, its mean under them `freedom`.
        freedom: Members less one.
        trials: Mean number of lots per member.
        step: Half of what one win more or less changes the distance by: wins are whole, and
            without it the most even of outcomes would look impossible.
    """

    z: float
    longest: float
    longest_expected: float
    wins: I64
    distance: float
    freedom: int
    trials: float
    step: float


def turns(took_part: BOOL, winner: I64) -> Turns:
    """Turn-taking statistics of one group.

    Args:
        took_part: Lots in time order by members.
        winner: Member that won each lot; all lots have a winner among those that took part.
    """
    return turns_of_many(took_part, winner, np.array([0, len(winner)]))[0]


def turns_of_many(took_part: BOOL, winner: I64, begins: I64) -> list[Turns]:
    """Turn-taking statistics of groups of equally many members, all at once.

    Args:
        took_part: Lots by members, group after group, each in time order.
        winner: Member that won each lot; all lots have a winner among those that took part.
        begins: Where each group's lots begin, and the end; none is empty.
    """
    members, lots = took_part.shape[1], np.diff(begins)
    of = np.repeat(np.arange(len(lots)), lots)
    flat = np.bincount(of * members + winner, minlength=len(lots) * members)
    wins = flat.reshape(len(lots), members).astype(np.int64)
    strength = _strengths(took_part, wins, begins)
    z, longest, expected = _waiting(took_part, winner, begins, strength)
    share = took_part / took_part.sum(axis=1, keepdims=True)
    mean = np.add.reduceat(share, begins[:-1], axis=0)
    spread = np.add.reduceat(share * (1 - share), begins[:-1], axis=0)
    used = mean > 0
    safe = np.where(used, mean, 1.0)
    raw = np.where(used, (wins - mean) ** 2 / safe, 0.0).sum(axis=1)
    usual = np.where(used, spread / safe, 0.0).sum(axis=1)
    freedom = used.sum(axis=1) - 1
    scale = np.divide(freedom, usual, out=np.ones(len(lots)), where=usual > 0)
    trials = np.where(used, mean, 0.0).sum(axis=1) / used.sum(axis=1)
    columns = (z, longest, expected, raw * scale, freedom, trials, scale / trials)
    return [
        Turns(z, longest, expected, own, distance, freedom, trials, step)
        for own, z, longest, expected, distance, freedom, trials, step in zip(
            wins, *(c.tolist() for c in columns), strict=True
        )
    ]


def _waiting(took_part: BOOL, winner: I64, begins: I64, strength: F64) -> tuple[F64, F64, F64]:
    """Per group: standardised waiting ranks of winners; longest waits won, and expected."""
    lots = np.diff(begins)
    order = np.argsort(-lots, kind="stable")  # those still going on are the first ones
    going = np.searchsorted(-lots[order], -np.arange(lots.max(initial=0)), side="left")
    last = np.full((len(lots), took_part.shape[1]), -1)
    excess, variance, longest, expected = (np.zeros(len(lots)) for _ in range(4))
    for t, count in enumerate(going.tolist()):
        group = order[:count]
        here, row = np.arange(count), begins[group] + t
        bids, won = took_part[row], winner[row]
        wait = np.where(bids, t - last[group], -1)
        ahead = (wait[:, :, None] > wait[:, None, :]) & bids[:, None, :]
        like = (wait[:, :, None] == wait[:, None, :]) & bids[:, None, :]
        rank = ahead.sum(axis=2) + 0.5 * (like.sum(axis=2) - 1)
        rank /= np.maximum(bids.sum(axis=1) - 1, 1)[:, None]
        chance = np.where(bids, strength[group], 0.0)
        chance /= chance.sum(axis=1, keepdims=True)
        mean = (chance * rank).sum(axis=1)
        excess[group] += rank[here, won] - mean
        variance[group] += (chance * rank**2).sum(axis=1) - mean**2
        top = bids & (wait == wait.max(axis=1, keepdims=True))
        ties = top.sum(axis=1)
        longest[group] += top[here, won] / ties
        expected[group] += np.where(top, chance, 0.0).sum(axis=1) / ties
        last[group, won] = t
    sure = variance > 1e-12
    z = np.where(sure, excess, 0.0) / np.sqrt(np.where(sure, variance, 1.0))
    return z, longest, expected


def rotation_p_values(found: Sequence[Turns]) -> tuple[F64, F64, F64]:
    """Per group: p-values of turns, of evenness, and of both by Fisher's method."""
    if not found:
        none = np.zeros(0)
        return none, none, none
    p_turns = ndtr(-np.array([t.z for t in found]))
    freedom = np.array([float(t.freedom) for t in found])
    trials = np.array([t.trials for t in found])
    distance = np.array([t.distance for t in found])
    scale = 1.0 + _spread_of_others(distance, freedom, trials) * np.maximum(trials - 1, 0.0)
    step = np.array([t.step for t in found])
    p_even = np.clip(chi2.cdf((distance + step) / scale, freedom), 1e-12, 1.0)
    return p_turns, p_even, joined(p_turns, p_even)


def clumping(took_part: BOOL, stratum: I64) -> float:
    """Excess of pairs that meet on the lots of a market, in standard deviations.

    Args:
        took_part: All lots of the market by members.
        stratum: Of each lot, such as its number of bidders.
    """
    excess = variance = 0.0
    for one in np.unique(stratum):
        part = took_part[stratum == one].astype(np.float64)
        lots = len(part)
        if lots < 2:
            continue
        here = part.sum(axis=1)
        times = part.sum(axis=0)
        rest = times * (lots - times)
        excess += float((here * (here - 1)).sum() / 2)
        excess -= float((times.sum() ** 2 - (times**2).sum()) / 2 / lots)
        variance += float((rest.sum() ** 2 - (rest**2).sum()) / 2 / (lots**2 * (lots - 1)))
    return excess / np.sqrt(variance) if variance > 1e-9 else 0.0


def clumping_p_values(z: F64, size: I64 | None = None) -> F64:
    """Upper tails of a score against the other candidates': their median and spread.

    Places on a lot are few, so honest members crowd each other out and the median lies below
    zero; where the data do not tell one town from the next it lies far above. Fewer candidates
    than can say what is usual leave no p-value (NaN).

    Args:
        z: Scores in standard deviations.
        size: Members of each candidate: small ones are picked for meeting often, large ones
            fill their market, so each is held against candidates of about its size.
    """
    out = np.full(len(z), np.nan)
    sizes = np.zeros(len(z), np.int64) if size is None else size
    for one in np.unique(sizes):
        peers = z[np.abs(sizes - one) <= 1]
        if len(peers) >= _ENOUGH:
            middle, spread = _middle_and_spread(peers)
            own = sizes == one
            out[own] = ndtr(-(z[own] - middle) / max(spread, 1.0))
    return out


def against_others(z: F64) -> F64:
    """Scores in spreads from the other candidates' median, view by view.

    Args:
        z: Scores in standard deviations, a row per candidate and a column per view; NaN where a
            view says nothing. Fewer candidates than can say what is usual leave NaN.
    """
    out = np.full(z.shape, np.nan)
    for place, own in enumerate(z.T):
        known = np.isfinite(own)
        if known.sum() >= _ENOUGH:
            middle, spread = _middle_and_spread(own[known])
            out[known, place] = (own[known] - middle) / max(spread, 1.0)
    return out


def pooled_p_values(odd: F64) -> F64:
    """Upper tails of each candidate's mean over the views, against the other candidates' means.

    Views of the same lots depend on each other; how much the means spread tells by how much. A
    mean of fewer views spreads more, so each is held against those of as many views; where these
    are too few, against what views that agree in everything would give.

    Args:
        odd: As `against_others` gives them. Without any view there is no p-value (NaN).
    """
    seen = np.isfinite(odd).sum(axis=1)
    out = np.full(len(odd), np.nan)
    for views in np.unique(seen[seen > 0]).tolist():
        own = seen == views
        mean = np.nansum(odd[own], axis=1) / views
        middle, spread = _middle_and_spread(mean) if own.sum() >= _ENOUGH else (0.0, 1.0)
        out[own] = ndtr(-(mean - middle) / max(spread, views**-0.5))
    return out


def _middle_and_spread(values: F64) -> tuple[float, float]:
    """The median, and the spread of a normal distribution with that median deviation from it."""
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def joined(*p_values: F64) -> F64:
    """Fisher's combination, entry by entry, of independent p-values.

    A test that says nothing of an entry (NaN) is left out there; without any there is none.
    """
    told = np.stack(p_values) if p_values else np.zeros((0, 0))
    number = np.isfinite(told).sum(axis=0)
    logs = np.log(np.maximum(np.where(np.isfinite(told), told, 1.0), 1e-300)).sum(axis=0)
    p = chi2.sf(-2.0 * logs, 2 * np.maximum(number, 1))
    return np.where(number > 0, p, np.nan)


def _spread_of_others(distance: F64, freedom: F64, trials: F64) -> F64:
    """How far honest strengths differ: over-dispersion of the other groups' wins."""
    excess = distance - freedom
    room = freedom * np.maximum(trials - 1, 0.0)
    others = room.sum() - room
    rho = np.divide(excess.sum() - excess, others, out=np.zeros_like(room), where=others > 1e-9)
    return np.asarray(np.clip(rho, 0.0, _MOST_SPREAD))


def _strengths(took_part: BOOL, wins: I64, begins: I64) -> F64:
    """Bradley-Terry strengths of each group's members (Hunter's MM), shrunk towards 1."""
    strength = np.ones(wins.shape)
    of = np.repeat(np.arange(len(wins)), np.diff(begins))
    for _ in range(_ROUNDS):
        total = np.where(took_part, strength[of], 0.0).sum(axis=1)
        faced = np.add.reduceat(took_part / total[:, None], begins[:-1], axis=0)
        strength = (wins + _PRIOR) / (faced + _PRIOR)
    return np.asarray(strength)


def shuffled_turns(took_part: BOOL, winner: I64, seed: int, runs: int = 999) -> tuple[float, float]:
    """Chances that winners dealt out anew wait as long, and change as often (C10, S-PERM).

    Winners are exchanged between lots on which both of them bid, so that every lot keeps its
    bidders and every member its number of wins.

    Args:
        took_part: Lots in time order by members.
        winner: Member that won each lot.
        seed: Of the draw.
        runs: Shuffles.
    """
    lots = len(winner)
    rng = np.random.default_rng(seed)
    dealt = np.tile(winner, (runs, 1))
    each = np.arange(runs)
    for _ in range(min(8 * lots, _MOST_SWAPS)):
        one, two = rng.integers(lots, size=(2, runs))
        left, right = dealt[each, one], dealt[each, two]
        fit = took_part[one, right] & took_part[two, left]
        dealt[each[fit], one[fit]], dealt[each[fit], two[fit]] = right[fit], left[fit]
    every = np.concatenate([winner[None, :], dealt])
    begins = np.arange(runs + 2) * lots
    rows = np.tile(took_part, (runs + 1, 1))
    z = np.array([t.z for t in turns_of_many(rows, every.ravel(), begins)])
    changes = (every[:, 1:] != every[:, :-1]).sum(axis=1)
    longer = int((z[1:] >= z[0] - 1e-9).sum())
    oftener = int((changes[1:] >= changes[0]).sum())
    return (1 + longer) / (1 + runs), (1 + oftener) / (1 + runs)
