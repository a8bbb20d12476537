"""A province: a folder of tables and the truth about it."""

import copy
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from graphgov.errors import ConfigError
from graphgov.synth.cells import dates, pick, write
from graphgov.synth.demand import Tenders, make_tenders
from graphgov.synth.habits import USUAL, Habits
from graphgov.synth.look_alikes import LOOK_ALIKES, plan_look_alikes
from graphgov.synth.market import Bids, run_market
from graphgov.synth.market_tables import write_market
from graphgov.synth.plan import Draft, Item, Planner
from graphgov.synth.relations import Ties, make_posts, make_ties, start_draft
from graphgov.synth.schemes import SCHEMES, plan_schemes
from graphgov.synth.tables import Ids, make_ids, write_nodes, write_offices
from graphgov.synth.words import take
from graphgov.synth.world import World, make_world

LEAST_AWARDS = 200
_USUAL_AWARDS = 20_000
_POSTS = ["legal_representative", "manager", "director", "supervisor"]
TRUTH_COLUMNS = ("item_id", "item", "type", "kind", "id")


@dataclass(frozen=True)
class ProvinceSummary:
    """What was made.

    Args:
        folder: Where the tables are.
        truth: The file that says what is in them.
        rows: Per table.
        schemes: How many of each type; `_tie_not_in_data` ends a type whose tie is hidden.
        look_alikes: How many of each type.
    """

    folder: Path
    truth: Path
    rows: Mapping[str, int]
    schemes: Mapping[str, int]
    look_alikes: Mapping[str, int]


def province(
    folder: Path,
    *,
    awards: int = _USUAL_AWARDS,
    seed: int = 0,
    strength: float = 1.0,
    habits: Habits = USUAL,
) -> ProvinceSummary:
    """Write a simulated market that schemes bend, and the truth about it.

    The same arguments give the same bytes.

    Args:
        folder: Made if missing; files of the same names are replaced.
        awards: How many awards, at least 200; everything else grows with it.
        seed: Another one, another province.
        strength: Factor on what each scheme steers; 0 gives the clean twin, the same world
            and look-alikes without any scheme.
        habits: How schemes and honest suppliers go about it.

    Raises:
        ConfigError: Too few awards or a negative strength.
    """
    if awards < LEAST_AWARDS:
        raise ConfigError(f"A province needs at least {LEAST_AWARDS} awards, not {awards}.")
    if not 0 <= strength <= 10:
        raise ConfigError(f"strength must lie in 0 to 10, not {strength}.")
    folder.mkdir(parents=True, exist_ok=True)
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(8)]
    world = make_world(streams[0], awards)
    tenders = make_tenders(streams[1], world, awards)
    draft = start_draft(streams[2], world)
    planner = Planner(streams[3], world, tenders, draft, habits)
    before = copy.deepcopy((tenders, draft.owner, draft.closed))
    plan_schemes(planner, _scaled(SCHEMES, awards), strength or 1.0)
    if strength == 0:  # planned and forgotten: the rest of the province stays as it was
        tenders, owner, dormant = before
        planner.tenders = tenders
        draft.forget(owner, dormant)
    plan_look_alikes(planner, _scaled(LOOK_ALIKES, awards))
    bids = run_market(streams[4], world, tenders, draft, habits)
    ties = make_ties(streams[5], world, draft)
    posts = make_posts(streams[5], world, draft)
    shares = _shares(streams[5], world, draft)
    ids = make_ids(streams[6], world, draft.people, awards)
    rng = streams[7]
    rows = write_nodes(folder, rng, world, draft, ties, ids)
    rows |= write_market(folder, rng, world, tenders, bids, ids)
    rows |= write_offices(folder, rng, world, tenders, ids)
    rows["ties"] = _write_ties(folder, rng, ties, ids)
    rows["officers"] = _write_posts(folder, rng, draft, posts, ids)
    rows["ownership"] = _write_shares(folder, rng, shares, ids)
    truth = _write_truth(folder, rng, draft.items, tenders, bids, ids)
    return ProvinceSummary(
        folder,
        truth,
        rows,
        _count(draft.items, "scheme"),
        _count(draft.items, "look_alike"),
    )


def _scaled(counts: Mapping[str, int], awards: int) -> dict[str, int]:
    return {name: max(1, round(n * awards / _USUAL_AWARDS)) for name, n in counts.items()}


def _count(items: list[Item], kind: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        if item.item == kind:
            found[item.type] = found.get(item.type, 0) + 1
    return dict(sorted(found.items()))


def _write_ties(folder: Path, rng: np.random.Generator, ties: Ties, ids: Ids) -> int:
    words = np.array(["documented", "declared", "inferred"])
    draw = rng.random(len(ties.a))
    kin = np.isin(ties.kind, ["spouse", "parent", "child", "sibling", "in_law"])
    sure = np.where(kin, 0.6, 0.4)
    level = np.where(draw < sure, 0, np.where(draw < 0.8, 1, 2))
    return write(
        folder,
        "ties",
        rng,
        {
            "person_a": pick(ids.people, ties.a),
            "person_b": pick(ids.people, ties.b),
            "kind": pa.array(ties.kind.tolist()),
            "started_on": dates(ties.start, ties.known),
            "certainty": take(words.tolist(), level),
        },
    )


def _write_posts(
    folder: Path,
    rng: np.random.Generator,
    draft: Draft,
    posts: list[tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]],
    ids: Ids,
) -> int:
    given = draft.posts
    extra = (
        np.array([p[0] for p in given], dtype=np.int64),
        np.array([p[1] for p in given], dtype=np.int64),
        np.array([_POSTS.index(p[2]) for p in given], dtype=np.int64),
        np.array([p[3] for p in given], dtype=np.int64),
    )
    person, firm, role, start = (np.concatenate([p[i] for p in [*posts, extra]]) for i in range(4))
    return write(
        folder,
        "officers",
        rng,
        {
            "person_id": pick(ids.people, person),
            "company_id": pick(ids.firms, firm),
            "role": take(_POSTS, role),
            "started_on": dates(start),
        },
    )


_Shares = list[tuple[str, int, int, float, int]]


def _shares(rng: np.random.Generator, world: World, draft: Draft) -> _Shares:
    """Who owns what: the arranged holdings, ordinary ones, main and second owners."""
    rows: _Shares = list(draft.holdings)
    held = {firm for _, _, firm, _, _ in rows}
    left = np.ones(world.firms)
    for _, _, firm, share, _ in rows:
        left[firm] = max(0.0, left[firm] - share)
    since = np.maximum(world.firm_founded, -6000)
    dormant = sorted(draft.closed)
    for firm in np.nonzero(rng.random(world.firms) < 0.07)[0].tolist():
        mother = int(rng.choice(dormant) if rng.random() < 0.5 else rng.integers(world.firms))
        if firm not in held and mother != firm and mother not in held:
            share = float(np.round(rng.uniform(0.3, 1.0), 2))
            rows.append(("company", mother, firm, share, int(since[firm])))
            left[firm] -= share
            held.add(firm)
    second = rng.random(world.firms) < 0.35
    part = np.round(rng.uniform(0.51, 0.95, world.firms), 2)
    main = np.round(np.where(second, part, 1.0) * left, 4).tolist()
    rest = np.round((1 - part) * left, 4).tolist()
    for firm, whole in enumerate(main):
        if whole > 0:
            rows.append(("person", int(draft.owner[firm]), firm, whole, int(since[firm])))
        if second[firm] and rest[firm] > 0:
            rows.append(("person", draft.new_person(), firm, rest[firm], int(since[firm])))
    return rows


def _write_shares(folder: Path, rng: np.random.Generator, shares: _Shares, ids: Ids) -> int:
    owner = np.array([s[1] for s in shares], dtype=np.int64)
    person = np.array([s[0] == "person" for s in shares])
    named = pa.compute.if_else(
        pa.array(person),
        pick(ids.people, np.where(person, owner, 0)),
        pick(ids.firms, np.where(person, 0, owner)),
    )
    return write(
        folder,
        "ownership",
        rng,
        {
            "owner_id": named,
            "owner_kind": take(["company", "person"], person.astype(np.int64)),
            "company_id": pick(ids.firms, np.array([s[2] for s in shares])),
            "share": pa.array([s[3] for s in shares]),
            "started_on": dates(np.array([s[4] for s in shares])),
        },
    )


def _write_truth(
    folder: Path,
    rng: np.random.Generator,
    items: list[Item],
    tenders: Tenders,
    bids: Bids,
    ids: Ids,
) -> Path:
    """The truth, items in random order so that their numbers say nothing."""
    winner = bids.firm[bids.won]
    names = {
        "person": ids.people.to_pylist(),
        "body": ids.bodies.to_pylist(),
        "company": ids.firms.to_pylist(),
        "award": ids.awards.to_pylist(),
    }
    path = folder / "truth.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(TRUTH_COLUMNS)
        for number, place in enumerate(rng.permutation(len(items)).tolist()):
            item = items[place]
            firms = item.firms
            if item.winners_of is not None:
                seen, count = np.unique(winner[item.winners_of], return_counts=True)
                firms = seen[np.argsort(-count, kind="stable")][:3].tolist()
            won = [r for r in item.rows if winner[r] in firms]
            parts = {
                "person": item.people,
                "body": item.bodies,
                "company": firms,
                "award": won,
            }
            for kind, members in parts.items():
                for name in sorted({names[kind][m] for m in members}):
                    out.writerow((f"S{number:05d}", item.item, item.type, kind, name))
    return path
