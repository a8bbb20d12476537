"""Ordinary relations: owners, managers, kin, and the many acquaintances of officials."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphgov.synth.plan import KIN, Draft
from graphgov.synth.world import DAYS, Ints, World

_ACQUAINTANCES = 8.5  # and some more in which another official is named first
_NO_DAY = -(10**6)  # a tie whose beginning is not known


@dataclass(frozen=True)
class Ties:
    """Rows of the ties table; kinds are words, unknown days are None."""

    a: Ints
    b: Ints
    kind: NDArray[np.str_]
    start: Ints
    known: NDArray[np.bool_]


def start_draft(rng: np.random.Generator, world: World) -> Draft:
    """Owners of firms, some of several firms; one firm in twenty-five does not trade."""
    owner = world.officials + np.arange(world.firms)
    serial = np.nonzero(rng.random(world.firms) < 0.06)[0]
    owner[serial] = owner[rng.integers(world.firms, size=len(serial))]
    dormant = rng.choice(world.firms, size=world.firms // 25, replace=False)
    return Draft(owner, world.officials + world.firms, closed=set(dormant.tolist()))


def make_ties(rng: np.random.Generator, world: World, draft: Draft) -> Ties:
    """Ties of officials and owners that mean nothing, and the arranged ones among them."""
    officials = world.officials
    region = np.zeros(officials, dtype=np.int64)
    region[world.terms.person] = world.body_region[world.terms.body]
    parts = [
        _acquaintances(rng, world, draft, region),
        _kin(rng, world, draft, region),
        _among_owners(rng, draft),
    ]
    given = draft.ties
    if given:
        parts.append(
            (
                np.array([t[0] for t in given]),
                np.array([t[1] for t in given]),
                np.array([t[2] for t in given]),
                np.array([_NO_DAY if t[3] is None else t[3] for t in given]),
            )
        )
    a, b, kind, start = (np.concatenate([p[i] for p in parts]) for i in range(4))
    apart = a != b
    a, b, kind, start = a[apart], b[apart], kind[apart], start[apart]
    return Ties(a, b, kind, start, start != _NO_DAY)


_Part = tuple[Ints, Ints, NDArray[np.str_], Ints]


def _acquaintances(rng: np.random.Generator, world: World, draft: Draft, region: Ints) -> _Part:
    """About ten classmates, countrymen and former colleagues per official, many local owners."""
    count = rng.poisson(_ACQUAINTANCES, world.officials)
    a = np.repeat(np.arange(world.officials), count)
    draw = rng.random(len(a))
    b = np.where(
        draw < 0.4,
        _local_owner(rng, world, draft, region[a]),
        np.where(
            draw < 0.6,
            rng.integers(world.officials, size=len(a)),
            np.where(
                draw < 0.8,
                draft.owner[rng.integers(world.firms, size=len(a))],
                draft.people + rng.integers(max(1, len(a) // 5), size=len(a)),
            ),
        ),
    )
    draft.people += max(1, len(a) // 5)
    words = np.array(["classmate", "hometown", "colleague", "friend", "associate"])
    kind = words[rng.choice(5, size=len(a), p=[0.34, 0.27, 0.25, 0.1, 0.04])]
    return a, b, kind, _starts(rng, len(a), 0.12)


def _local_owner(rng: np.random.Generator, world: World, draft: Draft, region: Ints) -> Ints:
    order = np.argsort(world.firm_region, kind="stable")
    first = np.searchsorted(world.firm_region[order], np.arange(len(world.places) + 1))
    low, high = first[region], first[region + 1]
    spot = low + (rng.random(len(region)) * np.maximum(high - low, 1)).astype(np.int64)
    return np.asarray(draft.owner[order[np.minimum(spot, world.firms - 1)]])


def _kin(rng: np.random.Generator, world: World, draft: Draft, region: Ints) -> _Part:
    """Close kin; one in ten has a firm."""
    count = rng.poisson(1.5, world.officials)
    a = np.repeat(np.arange(world.officials), count)
    fresh = draft.people + np.arange(len(a))
    draft.people += len(a)
    draw = rng.random(len(a))
    local = _local_owner(rng, world, draft, region[a])
    any_owner = draft.owner[rng.integers(world.firms, size=len(a))]
    b = np.where(draw < 0.05, local, np.where(draw < 0.1, any_owner, fresh))
    working = fresh[(draw >= 0.1) & (draw < 0.25)]
    place = rng.integers(world.firms, size=len(working))
    days = rng.integers(-2500, 2500, len(working))
    for who, firm, day in zip(working.tolist(), place.tolist(), days.tolist(), strict=True):
        draft.posts.append((who, firm, "manager", day))
    kind = np.array(KIN)[rng.integers(len(KIN), size=len(a))]
    return a, b, kind, _starts(rng, len(a), 0.15)


def _among_owners(rng: np.random.Generator, draft: Draft) -> _Part:
    """Owners know each other; partners of long standing are common."""
    count = len(draft.owner)
    a = draft.owner[rng.integers(len(draft.owner), size=count)]
    b = np.where(
        rng.random(count) < 0.6,
        draft.owner[rng.integers(len(draft.owner), size=count)],
        rng.integers(draft.people, size=count),
    )
    words = np.array(["business_partner", "classmate", "hometown", "kin", "spouse", "friend"])
    kind = words[rng.choice(6, size=count, p=[0.4, 0.15, 0.15, 0.1, 0.08, 0.12])]
    return a, b, kind, _starts(rng, count, 0.4)


def _starts(rng: np.random.Generator, count: int, lately: float) -> Ints:
    """Mostly long before the period, some within it, a quarter unknown."""
    old = -rng.integers(1500, 9000, count)
    late = rng.integers(-1400, DAYS - 30, count)
    start = np.where(rng.random(count) < lately, late, old)
    return np.where(rng.random(count) < 0.25, _NO_DAY, start)


def make_posts(rng: np.random.Generator, world: World, draft: Draft) -> list[tuple[Ints, ...]]:
    """Legal representatives and managers, owners themselves or somebody hired."""
    firms = np.arange(world.firms)
    hired = np.nonzero(rng.random(world.firms) < 0.35)[0]
    chief = draft.owner.copy()
    chief[hired] = draft.people + np.arange(len(hired))
    draft.people += len(hired)
    managed = np.nonzero(rng.random(world.firms) < 0.3)[0]
    manager = draft.people + np.arange(len(managed))
    draft.people += len(managed)
    since = np.maximum(world.firm_founded, -6000)
    _second_careers(rng, world, draft)
    return [
        (chief, firms, np.zeros(len(firms), dtype=np.int64), since),
        (manager, managed, np.ones(len(managed), dtype=np.int64), since[managed] + 100),
    ]


def _second_careers(rng: np.random.Generator, world: World, draft: Draft) -> None:
    """Some who leave office work for a firm of the region, which means nothing."""
    terms = world.terms
    gone = np.nonzero((terms.end >= 0) & (terms.end < DAYS - 400))[0]
    gone = gone[rng.random(len(gone)) < 0.08]
    where = world.body_region[terms.body[gone]]
    order = np.argsort(world.firm_region, kind="stable")
    first = np.searchsorted(world.firm_region[order], np.arange(len(world.places) + 1))
    spot = rng.integers(first[where], np.maximum(first[where + 1], first[where] + 1))
    firm = order[np.minimum(spot, world.firms - 1)]
    role = rng.choice(["director", "manager", "supervisor"], size=len(gone))
    start = terms.end[gone] + rng.integers(20, 380, len(gone))
    people = terms.person[gone].tolist()
    for row in zip(people, firm.tolist(), role.tolist(), start.tolist(), strict=True):
        draft.posts.append(row)
