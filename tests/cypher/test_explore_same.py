"""Both stores answer alike on a province that nobody drew by hand, whatever is asked of it."""

import csv
import random
from datetime import date, timedelta

import pytest

from graphgov.ingest import read_frames
from graphgov.schema import Case, Community, Flag, Member, Results
from graphgov.store import open_store, statements
from graphgov.synth import province

SEED = 20_240_501
FIRST = date(2017, 1, 1)


def _some(rng, *values):
    """One of the values, or unknown."""
    return rng.choice([*values, None])


def _day(rng):
    return str(FIRST + timedelta(days=rng.randrange(2500)))


def _span(rng):
    start = FIRST + timedelta(days=rng.randrange(1500))
    end = start + timedelta(days=rng.randrange(1500))
    return {"started_on": _some(rng, str(start), str(start)), "ended_on": _some(rng, str(end))}


def _entangled(frames, rng):
    """Rows of what a synthetic province lacks, dense among a few so that they meet."""
    people = rng.sample([r["person_id"] for r in frames["people"]], 25)
    firms = rng.sample(sorted({r["company_id"] for r in frames["awards"]}), 8)
    bodies = rng.sample(sorted({r["buyer_id"] for r in frames["awards"]}), 2)
    awards = [r for r in frames["awards"] if r["buyer_id"] in bodies]
    ours = {r["award_id"] for r in awards}
    contracts = [r["contract_id"] for r in frames["contracts"] if r["award_id"] in ours]
    certainty = ("documented", "declared", "inferred")
    kinds = ("spouse", "parent", "child", "sibling", "friend", "colleague", "superior")

    def many(count, make):
        return [{k: v for k, v in make(n).items() if v is not None} for n in range(count)]

    def edge(**row):
        return row | _span(rng) | {"certainty": _some(rng, *certainty)}

    one = rng.choice
    return {
        "ties": many(
            60, lambda _: edge(person_a=one(people), person_b=one(people), kind=one(kinds))
        ),
        "officers": many(
            25,
            lambda _: edge(
                person_id=one(people), company_id=one(firms), role=_some(rng, "director", "manager")
            ),
        ),
        "ownership": many(
            25,
            lambda _: edge(
                owner_id=one(people),
                owner_kind="person",
                company_id=one(firms),
                share=_some(rng, 0.25, 1),
            ),
        )
        + many(
            16,
            lambda _: edge(
                owner_id=one(firms), owner_kind="company", company_id=one(firms), share=0.3
            ),
        )
        + many(3, lambda _: edge(owner_id=one(bodies), owner_kind="body", company_id=one(firms))),
        "offices": many(
            30,
            lambda _: edge(
                person_id=one(people), body_id=one(bodies), role=_some(rng, "head", "member")
            ),
        ),
        "decisions": many(
            60,
            lambda _: {
                "person_id": one(people),
                **one(
                    [{"award_id": one(awards)["award_id"]}, {"tender_id": one(awards)["tender_id"]}]
                ),
                "role": _some(rng, "approver", "expert"),
                "recused": _some(rng, "true", "false"),
            },
        ),
        "awards": many(
            90,
            lambda n: {
                "award_id": f"X{n}",
                "buyer_id": one(bodies),
                "company_id": one(firms),
                "awarded_on": _day(rng),
                "amount": one(["0.05", "12.3456", "179999.99", "200000", "1e9"]),
                "currency": _some(rng, "CNY", "EUR"),
                "status": _some(rng, "active", "cancelled"),
            },
        ),
        "bids": many(
            80,
            lambda n: {
                "bid_id": f"X{n}",
                "tender_id": one(awards)["tender_id"],
                "company_id": one(firms),
                "status": _some(rng, "invited", "valid", "withdrawn"),
            },
        ),
        "amendments": many(
            40,
            lambda n: {
                "amendment_id": f"X{n}",
                "contract_id": one(contracts),
                "amended_on": _day(rng),
                "amount_change": _some(rng, "1000000.01", "-5", "33333.333"),
            },
        ),
        "payments": many(
            60,
            lambda n: {
                "payment_id": f"X{n}",
                "contract_id": one(contracts),
                "due_on": _some(rng, _day(rng)),
                "paid_on": _some(rng, _day(rng)),
                "amount": "7",
            },
        ),
        "subcontracts": many(
            60, lambda _: {"contract_id": one(contracts), "company_id": one(firms)}
        ),
        "debts": many(
            40,
            lambda n: {
                "debt_id": f"X{n}",
                "body_id": one(bodies),
                "creditor_kind": "company",
                "creditor_id": one(firms),
                "amount": "5",
                "settled_on": _some(rng, _day(rng)),
            },
        ),
        "sanctions": many(
            6,
            lambda _: (
                {"subject_kind": "person", "subject_id": one(people), "list": "a"} | _span(rng)
            ),
        )
        + many(
            4,
            lambda _: (
                {"subject_kind": "company", "subject_id": one(firms), "list": "b"} | _span(rng)
            ),
        ),
        "spells": many(
            40,
            lambda _: (
                {"person_id": one(people), "kind": one(["study", "work"])}
                | {"organisation": one(["A", "B"])}
                | _span(rng)
            ),
        ),
    }, {"people": people, "firms": firms, "bodies": bodies}


def _run(few):
    """A run about some of them."""
    members = tuple(
        Member(kind, key, "member")
        for kind, keys in (("person", "people"), ("company", "firms"), ("body", "bodies"))
        for key in few[keys][:8]
    )
    flag = Flag(
        flag_id="f",
        indicator="E01",
        family="E",
        class_="tie",
        subject_kind="company",
        subject_id=few["firms"][0],
        score=0.5,
        members=members,
        evidence=(),
        reason="r",
        innocent="i",
        facts={},
    )
    case = Case("c", 1, 0.5, "mixed", "t", "s", (), ("f",), members, FIRST, FIRST, "declared")
    found = [Community("cobidding", "k", "company", few["firms"][0], 0.5)]
    return Results("run-1", date(2024, 6, 1), [flag], [case], found)


@pytest.fixture(scope="module")
def both(tmp_path_factory, neo4j_server, servers):
    """The same graph in both stores, and ids to ask about."""
    folder = tmp_path_factory.mktemp("province")
    province(folder / "p", awards=300, seed=SEED)
    frames = {}
    for path in sorted((folder / "p").glob("*.csv")):
        if path.stem != "truth":
            with path.open(encoding="utf-8", newline="") as file:
                frames[path.stem] = [
                    {k: v for k, v in row.items() if v} for row in csv.DictReader(file)
                ]
    more, few = _entangled(frames, random.Random(7))
    for company in frames["companies"]:
        if company["company_id"] in few["firms"]:
            company["phone"] = "1"
    for name, rows in more.items():
        frames[name] = frames.get(name, []) + rows
    tables = read_frames(frames, dataset="", timezone="UTC")
    with pytest.MonkeyPatch.context() as patch, neo4j_server.driver() as driver:
        patch.setenv("NEO4J_PASSWORD", neo4j_server.password)
        servers.wipe(driver)
        stores = [
            open_store(folder / "case.lbug"),
            open_store(neo4j_server.uri, user=neo4j_server.user),
        ]
        for store in stores:
            store.load(tables)
            store.save(_run(few))
        yield stores, few
        for store in stores:
            store.close()


def _choices(name, few):
    """Parameters to ask with: each given one from the data, each default also loosened."""
    people, firms, bodies = few["people"], few["firms"], few["bodies"]
    from_data = {
        "official": people[:2],
        "person": people[:2],
        "company": firms[:3],
        "company_a": firms[:4],
        "company_b": firms[4:],
        "body": bodies,
        "case_id": ["c"],
        "id": [people[0], firms[0], "nobody"],
        "text": ["an", "LTD", ""],
        "amount": [200_000, 1e9],
        "currency": ["CNY"],
        "from": [date(2017, 1, 1), date(2019, 6, 1)],
        "until": [date(2023, 12, 31), date(2020, 6, 1)],
    }
    loose = {
        "certainty": "declared",
        "dated": False,
        "family": False,
        "newcomers": False,
        "day": date(2019, 1, 1),
        "days": 4000,
        "meetings": 2,
        "awards": 1,
        "steps": 4,
        "share": 0.01,
        "margin": 0.5,
        "ties": 2,
        "top": 7,
        "from": date(2019, 1, 1),
        "until": date(2020, 12, 31),
    }
    parameters = statements.load("explore", name, "neo4j").parameters
    needed = [p.name for p in parameters if p.default is None]
    given = [
        dict(zip(needed, values, strict=True))
        for values in zip(*(from_data[n] for n in needed), strict=False)
    ] or [{}]
    looser = {p.name: loose[p.name] for p in parameters if p.name in loose and p.default}
    yield from given
    if looser:
        yield from (one | looser for one in given)


@pytest.mark.parametrize("name", statements.names("explore"))
def test_both_stores_give_the_same_rows(both, name):
    stores, few = both
    rows = 0
    for params in _choices(name, few):
        embedded, server = (store.query(name, params) for store in stores)
        assert embedded[0] == server[0]
        assert embedded[1] == server[1], params
        rows += len(embedded[1])
    assert rows, "nothing was found, so nothing was compared"
