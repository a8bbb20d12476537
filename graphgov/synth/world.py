"""The standing world of a province: bodies, firms and the people in office.

Everything is an array; the position is the identity until ids are drawn at the very end, so
that no id, order of rows or name can tell what happens to whom.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphgov.synth.words import BODY_KINDS, TRADES, place_names

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FIRST_YEAR = 2016
YEARS = 8
DAYS = 365 * YEARS + 2  # two leap years
ROLES = ("head", "deputy", "procurement", "finance", "member")
MAX_TRADES = 4


@dataclass(frozen=True)
class Terms:
    """Spells of people in posts; `end` is -1 where the spell is open."""

    person: Ints
    body: Ints
    role: Ints
    start: Ints
    end: Ints

    def until(self) -> Ints:
        """The last day of each term inside the period."""
        return np.where(self.end < 0, DAYS, self.end)


@dataclass(frozen=True)
class World:
    """Who is there.

    Args:
        places: Names of regions.
        body_region: Per body; likewise kind (index of BODY_KINDS) and size.
        demand: Bodies by trades, rows sum to one.
        firm_region: Per company; likewise size, cost level (log) and reach (0 local,
            1 national).
        firm_trades: Companies by MAX_TRADES, -1 where there is none. Plans may widen it.
        officials: Number of people in office; they are people 0 … officials - 1.
    """

    places: list[str]
    body_region: Ints
    body_kind: Ints
    body_size: Floats
    demand: Floats
    firm_region: Ints
    firm_size: Floats
    firm_cost: Floats
    firm_reach: Floats
    firm_trades: Ints
    firm_founded: Ints
    terms: Terms
    officials: int

    @property
    def bodies(self) -> int:
        """How many bodies there are."""
        return len(self.body_region)

    @property
    def firms(self) -> int:
        """How many companies there are."""
        return len(self.firm_region)


def make_world(rng: np.random.Generator, awards: int) -> World:
    """A province in which about that many awards are made in eight years."""
    bodies = max(10, round(awards / 95))
    firms = max(150, round(awards * 0.12))
    regions = max(2, round(awards / 1700))
    body_region = rng.integers(regions, size=bodies)
    chances = np.array([k[1] for k in BODY_KINDS])
    body_kind = rng.choice(len(BODY_KINDS), size=bodies, p=chances / chances.sum())
    body_size = rng.lognormal(0, 0.75, bodies)
    firm_region = rng.integers(regions, size=firms)
    terms, officials = _terms(rng, body_region, body_size)
    return World(
        places=place_names(rng, regions),
        body_region=body_region,
        body_kind=body_kind,
        body_size=body_size,
        demand=_demand(rng, body_kind),
        firm_region=firm_region,
        firm_size=rng.lognormal(0, 1.1, firms),
        firm_cost=rng.normal(0, 0.05, firms),
        firm_reach=(rng.random(firms) < 0.12).astype(float),
        firm_trades=_firm_trades(rng, firms),
        firm_founded=rng.integers(-25 * 365, -200, firms),
        terms=terms,
        officials=officials,
    )


def _demand(rng: np.random.Generator, body_kind: Ints) -> Floats:
    liked = np.array([[k[0] in t.buyers for t in TRADES] for k in BODY_KINDS])
    shape = np.where(liked[body_kind], 0.9, 0.06)
    weight = rng.gamma(shape) + 1e-9
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _firm_trades(rng: np.random.Generator, firms: int) -> Ints:
    trades = np.full((firms, MAX_TRADES), -1)
    popular = rng.dirichlet(np.full(len(TRADES), 6.0))
    trades[:, 0] = rng.choice(len(TRADES), size=firms, p=popular)
    near = (trades[:, 0] + rng.choice([-2, -1, 1, 2], size=firms)) % len(TRADES)
    trades[:, 1] = np.where(rng.random(firms) < 0.55, near, -1)
    far = rng.integers(len(TRADES), size=firms)
    trades[:, 2] = np.where((rng.random(firms) < 0.15) & (far != trades[:, 1]), far, -1)
    return trades


def _terms(rng: np.random.Generator, region: Ints, size: Floats) -> tuple[Terms, int]:
    """Posts filled one holder after another; some officials move on to another body."""
    posts = np.repeat(np.arange(len(region)), 4 + (size > np.quantile(size, 0.5)))
    first = np.searchsorted(posts, np.arange(len(region)))
    role = np.minimum(np.arange(len(posts)) - first[posts], len(ROLES) - 1)
    longest = 6
    length = rng.integers(900, 2300, (len(posts), longest))
    starts = -rng.integers(0, 1500, len(posts))[:, None] + np.cumsum(length, axis=1) - length
    gap = rng.integers(1, 60, starts.shape)
    last = starts + length - gap
    keep = (starts < DAYS - 60) & (last > 0)
    row, column = np.nonzero(keep)
    start, end = starts[row, column], last[row, column]
    order = np.lexsort((row, start))
    row, start, end = row[order], start[order], end[order]
    person, officials = _fill_posts(rng, region[posts[row]], posts[row], start, end)
    return (
        Terms(person, posts[row], role[row], start, np.where(end >= DAYS, -1, end)),
        officials,
    )


def _fill_posts(
    rng: np.random.Generator, region: Ints, body: Ints, start: Ints, end: Ints
) -> tuple[Ints, int]:
    person = np.empty(len(start), dtype=np.int64)
    moves = rng.random(len(start)) < 0.6
    free: dict[int, list[tuple[int, int, int]]] = {}
    fresh = 0
    for i, (where, begins) in enumerate(zip(region.tolist(), start.tolist(), strict=True)):
        chosen = -1
        waiting = free.setdefault(where, [])
        if moves[i]:
            for k, (ended, who, left) in enumerate(waiting):
                if 0 < begins - ended < 200 and left != body[i]:
                    chosen = who
                    del waiting[k]
                    break
        if chosen < 0:
            chosen, fresh = fresh, fresh + 1
        person[i] = chosen
        if end[i] < DAYS:
            waiting.append((int(end[i]), chosen, int(body[i])))
            if len(waiting) > 60:
                del waiting[0]
    return person, fresh
