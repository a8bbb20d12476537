"""Tables of who is there and who decides; ids of everything."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from graphgov.synth.cells import dates, money, opaque_ids, pick, write
from graphgov.synth.demand import Tenders, threshold_rows
from graphgov.synth.plan import Draft
from graphgov.synth.relations import Ties
from graphgov.synth.words import BODY_KINDS, TRADES, company_names, join, person_names, phones, take
from graphgov.synth.world import DAYS, ROLES, Ints, World


@dataclass(frozen=True)
class Ids:
    """Opaque ids by kind."""

    bodies: pa.Array
    people: pa.Array
    firms: pa.Array
    tenders: pa.Array
    awards: pa.Array


def make_ids(rng: np.random.Generator, world: World, people: int, awards: int) -> Ids:
    """Ids that say nothing."""
    return Ids(
        bodies=opaque_ids(rng, "B", world.bodies),
        people=opaque_ids(rng, "P", people),
        firms=opaque_ids(rng, "C", world.firms),
        tenders=opaque_ids(rng, "T", awards),
        awards=opaque_ids(rng, "A", awards),
    )


def write_nodes(
    folder: Path, rng: np.random.Generator, world: World, draft: Draft, ties: Ties, ids: Ids
) -> dict[str, int]:
    """Bodies, people and companies."""
    return {
        "bodies": _bodies(folder, rng, world, ids),
        "people": _people(folder, rng, world, draft, ties, ids),
        "companies": _companies(folder, rng, world, ids),
    }


def _address(rng: np.random.Generator, world: World, region: Ints, centres: float) -> pa.Array:
    """Street addresses; a share of them is one of a few business centres."""
    streets = ["Renmin Road", "Jiefang Street", "Beijing Road", "Xinhua Street", "Minzhu Road"]
    count = len(region)
    number = rng.integers(1, 900, count)
    shared = rng.random(count) < centres
    street = np.where(shared, 0, rng.integers(len(streets), size=count))
    number = np.where(shared, 900 + rng.integers(3, size=count), number)
    return join(
        take(streets, street), " ", pa.array(number).cast(pa.string()), ", ",
        take(world.places, region),
    )  # fmt: skip


def _bodies(folder: Path, rng: np.random.Generator, world: World, ids: Ids) -> int:
    offices = [name for kind in BODY_KINDS for name in kind[2]]
    first = np.cumsum([0, *(len(k[2]) for k in BODY_KINDS)])
    width = np.array([len(k[2]) for k in BODY_KINDS])[world.body_kind]
    office = first[world.body_kind] + rng.integers(0, width)
    number = pa.array(1 + rng.integers(0, 40, world.bodies)).cast(pa.string())
    region = take(world.places, world.body_region)
    return write(
        folder,
        "bodies",
        rng,
        {
            "body_id": ids.bodies,
            "name": join(region, " ", take(offices, office), " No. ", number),
            "kind": take([k[0] for k in BODY_KINDS], world.body_kind),
            "region": region,
            "address": _address(rng, world, world.body_region, 0.0),
            "phone": phones(rng, world.bodies),
        },
    )


def _people(
    folder: Path, rng: np.random.Generator, world: World, draft: Draft, ties: Ties, ids: Ids
) -> int:
    count = draft.people
    name = person_names(rng, count)
    alike = np.arange(count)
    for who, model in draft.namesakes:
        alike[who] = model
    hometown = rng.integers(len(world.places), size=count)
    home = ties.kind == "hometown"
    hometown[ties.b[home]] = hometown[ties.a[home]]
    stated = pa.array(rng.random(count) < 0.7)
    return write(
        folder,
        "people",
        rng,
        {
            "person_id": ids.people,
            "name": pick(name, alike),
            "birth_year": pa.array(rng.integers(1950, 1992, count)),
            "gender": take(["female", "male"], (rng.random(count) < 0.62).astype(np.int64)),
            "hometown": pa.compute.if_else(stated, take(world.places, hometown), None),
        },
    )


def _companies(folder: Path, rng: np.random.Generator, world: World, ids: Ids) -> int:
    count = world.firms
    trade = world.firm_trades[:, 0]
    forms = ["limited liability", "joint stock", "sole proprietor"]
    capital = np.round(world.firm_size * rng.lognormal(14.2, 0.8, count), -4) + 10_000
    return write(
        folder,
        "companies",
        rng,
        {
            "company_id": ids.firms,
            "name": company_names(rng, world.places, world.firm_region, trade),
            "region": take(world.places, world.firm_region),
            "founded_on": dates(world.firm_founded),
            "registered": "true",
            "legal_form": take(forms, rng.choice(3, size=count, p=[0.84, 0.1, 0.06])),
            "industry": take([t.firm for t in TRADES], trade),
            "registered_capital": money(capital),
            "currency": "CNY",
            "employees": pa.array(1 + rng.poisson(14 * world.firm_size)),
            "address": _address(rng, world, world.firm_region, 0.05),
            "phone": phones(rng, count),
            "state_owned": take(["false", "true"], (rng.random(count) < 0.03).astype(np.int64)),
        },
    )


def write_offices(
    folder: Path, rng: np.random.Generator, world: World, tenders: Tenders, ids: Ids
) -> dict[str, int]:
    """Posts, who decided what, thresholds, and yearly plans."""
    terms = world.terms
    rows = {
        "offices": write(
            folder,
            "offices",
            rng,
            {
                "person_id": pick(ids.people, terms.person),
                "body_id": pick(ids.bodies, terms.body),
                "role": take(list(ROLES), terms.role),
                "started_on": dates(terms.start),
                "ended_on": dates(terms.end, terms.end >= 0),
            },
        ),
        "decisions": _decisions(folder, rng, world, tenders, ids),
    }
    limits = threshold_rows()
    rows["thresholds"] = write(
        folder,
        "thresholds",
        rng,
        {
            "category_prefix": pa.array([r[0] for r in limits]),
            "method": "open",
            "amount": money(np.array([float(r[1]) for r in limits])),
            "currency": "CNY",
            "starts_on": pa.array([r[2] for r in limits]),
            "ends_on": pa.array([r[3] or None for r in limits]),
        },
    )
    body = np.repeat(np.arange(world.bodies), 8)
    due = np.tile(np.arange(8) * 365 + 60, world.bodies)
    late = np.where(rng.random(len(due)) < 0.1, rng.integers(1, 90, len(due)), -3)
    rows["disclosures"] = write(
        folder,
        "disclosures",
        rng,
        {
            "body_id": pick(ids.bodies, body),
            "kind": "plan",
            "due_on": dates(due),
            "published_on": dates(due + late, (rng.random(len(due)) > 0.03)),
        },
    )
    return rows


def in_office(world: World, body: Ints, role: Ints, day: Ints) -> Ints:
    """The term that filled a post on a day, or -1 where it was vacant."""
    terms = world.terms
    far = 1 << 20
    key = (terms.body * len(ROLES) + terms.role) * far + terms.start + far // 2
    order = np.argsort(key, kind="stable")
    asked = (body * len(ROLES) + role) * far + day + far // 2
    found = order[np.maximum(np.searchsorted(key[order], asked, side="right") - 1, 0)]
    fits = (terms.body[found] == body) & (terms.role[found] == role)
    fits &= (terms.start[found] <= day) & (day <= terms.until()[found])
    return np.where(fits, found, -1)


def _decisions(
    folder: Path, rng: np.random.Generator, world: World, tenders: Tenders, ids: Ids
) -> int:
    count = len(tenders)
    signer = rng.choice(3, size=count, p=[0.4, 0.35, 0.25])
    juror = rng.choice([2, 3, 4], size=count)
    second = np.nonzero((tenders.method <= 1) & (rng.random(count) < 0.6))[0]
    row = np.concatenate([np.arange(count), second])
    term = in_office(
        world, tenders.body[row], np.concatenate([signer, juror[second]]), tenders.day[row]
    )
    known = np.nonzero(term >= 0)[0]
    row, juror_row = row[known], known >= count
    recused = rng.random(len(row)) < 0.004
    return write(
        folder,
        "decisions",
        rng,
        {
            "person_id": pick(ids.people, world.terms.person[term[known]]),
            "award_id": pick(ids.awards, row),
            "role": take(["approver", "evaluator"], juror_row.astype(np.int64)),
            "decided_on": dates(np.minimum(tenders.day[row], DAYS)),
            "recused": take(["false", "true"], recused.astype(np.int64)),
        },
    )
