"""Dossiers: what is gathered, from which rows, bounded and in a fixed order."""

import json
import random
from datetime import date
from decimal import Decimal

import pytest

from graphgov.cases import dossier
from graphgov.schema import Case, Evidence, Flag, Member

DAY = "2022-03-01"
FRAMES = {
    "bodies": [{"body_id": "B1", "name": "City"}, {"body_id": "B2", "name": "Port"}],
    "people": [{"person_id": f"P{i}", "name": f"Person {i}"} for i in range(5)],
    "companies": [{"company_id": f"C{i}", "name": f"Company {i}"} for i in range(30)],
    "awards": [
        {
            "award_id": f"A{i}",
            "buyer_id": "B1" if i < 40 else "B2",
            "company_id": "C0" if i % 4 == 0 else f"C{1 + i % 29}",
            "awarded_on": DAY,
            "amount": "100.0001",
            "currency": "EUR",
            "tender_id": f"T{i}",
        }
        for i in range(50)
    ],
    "tenders": [
        {"tender_id": f"T{i}", "buyer_id": "B1" if i < 40 else "B2", "title": f"Tender {i}"}
        for i in range(50)
    ],
    "bids": [
        {"bid_id": f"D{i}-{k}", "tender_id": f"T{i}", "company_id": f"C{k}"}
        for i in range(20)
        for k in ((0,) if i % 8 == 0 else (0, 1 + i % 29, 29))
    ],
    "offices": [
        {"person_id": "P0", "body_id": "B1", "role": "head", "started_on": "2020-01-01"},
        {"person_id": "P4", "body_id": "B1", "role": "member"},
    ],
    "ties": [
        {"person_a": "P0", "person_b": "P1", "kind": "sibling", "certainty": "declared"},
        {"person_a": "P2", "person_b": "P3", "kind": "friend"},
    ],
    "officers": [{"person_id": "P1", "company_id": "C0", "role": "director"}],
    "ownership": [
        {"owner_id": "C9", "owner_kind": "company", "company_id": "C0", "share": "0.6"},
        {"owner_id": "P2", "owner_kind": "person", "company_id": "C0", "share": "0.4"},
    ],
    "decisions": [{"person_id": "P4", "award_id": "A0", "role": "approver"}],
}


def flag(key="f", *, score=0.8, indicator="E01", evidence=(), members=()):
    return Flag(
        flag_id=key,
        indicator=indicator,
        family=indicator[0],
        class_="tie",
        subject_kind="person_company",
        subject_id='["P0","C0"]',
        score=score,
        evidence=tuple(evidence),
        members=tuple(members),
        reason="Seen.",
        innocent="Perhaps not.",
    )


def case(*flags, members, kind="cronyism", rank=1, score=0.7):
    return Case(
        case_id=f"{rank:016x}",
        rank=rank,
        score=score,
        kind=kind,
        title="Awards",
        summary="Seen.",
        amounts=(("EUR", Decimal("5.0000")),),
        flag_ids=tuple(f.flag_id for f in flags),
        members=members,
        first_on=date(2022, 3, 1),
        last_on=None,
        certainty="declared",
    )


CORE = (Member("body", "B1", "buyer"), Member("person", "P0", "official"))
CORE += (Member("company", "C0", "winner"),)


@pytest.fixture
def snap(snapshot):
    return snapshot(**FRAMES)


def cite(snap, table, where="true"):
    rows = snap.sql(f"SELECT row_key FROM {table} WHERE {where} ORDER BY row_key")
    return [Evidence(table, k) for k in rows["row_key"].to_pylist()]


def one(snap, *flags, members=CORE, **more):
    (made,) = dossier.build(
        snap, [case(*flags, members=members, **more)], {f.flag_id: f for f in flags}, top=5
    )
    json.dumps(made, allow_nan=False)
    return made


def node(made, key):
    return next(n for n in made["nodes"] if n["key"] == key)


def edges(made, kind):
    names = {n["id"]: n["key"] for n in made["nodes"]}
    return {(names[e["source"]], names[e["target"]]): e for e in made["edges"] if e["kind"] == kind}


def test_people_that_a_chain_passes_through_are_in_the_picture(snap):
    evidence = cite(snap, "ties", "kind = 'sibling'") + cite(snap, "officers")
    made = one(snap, flag(evidence=evidence, members=CORE))
    assert node(made, "P1")["core"]
    assert node(made, "P1")["part"] == "person"
    assert node(made, "P0")["part"] == "official"
    lit = set(made["flags"][0]["edges"])
    assert edges(made, "family")[("P0", "P1")]["id"] in lit
    assert edges(made, "officer")[("P1", "C0")]["id"] in lit
    assert edges(made, "award")[("B1", "C0")]["id"] in lit


def test_owners_and_signers_that_no_flag_names_are_surroundings(snap):
    made = one(snap, flag(members=CORE))
    assert {n["key"] for n in made["nodes"] if n["core"]} == {"B1", "P0", "C0"}
    for key in ("P1", "P2", "P4", "C9"):
        assert not node(made, key)["core"]
    assert "P3" not in {n["key"] for n in made["nodes"]}
    assert node(made, "C9")["part"] == "company"  # it sells to the city itself


def test_a_certainty_is_kept_on_the_tie(snap):
    made = one(snap, flag(evidence=cite(snap, "ties"), members=CORE))
    assert edges(made, "family")[("P0", "P1")]["certainty"] == "declared"
    assert edges(made, "personal")[("P2", "P3")]["certainty"] == "inferred"


def test_awards_of_the_pair_are_counted_and_summed_exactly(snap):
    made = one(snap, flag(members=CORE))
    edge = edges(made, "award")[("B1", "C0")]
    assert (edge["awards"], edge["amounts"]) == (10, [["EUR", "1000.0010"]])
    assert len(made["awards"]) == 10
    assert {a["buyer_id"] for a in made["awards"]} == {"B1"}
    assert (edge["single"], edge["counted"]) == (3, 5)  # T0, T8, T16 of T0, T4, … T16


def test_money_tells_here_from_elsewhere_and_counts_the_rest(snap):
    (part,) = one(snap, flag(members=CORE))["money"]
    mine = next(r for r in part["rows"] if r["company_id"] == "C0")
    assert (mine["amount"], mine["awards"], mine["in_case"]) == ("1000.0010", 10, True)
    assert mine["elsewhere"]["amount"] == "300.0003"
    assert part["awards"] == 40
    shown = sum(Decimal(r["amount"]) for r in part["rows"]) + Decimal(part["rest"]["amount"])
    assert shown == Decimal(part["total"]) == Decimal("4000.0040")
    every = {a["company_id"] for a in FRAMES["awards"] if a["buyer_id"] == "B1"}
    assert part["rest"]["suppliers"] + len(part["rows"]) == len(every)


def test_suppliers_beyond_the_bound_are_counted_not_hidden(snap):
    made = one(snap, flag(members=CORE))
    drawn = [n for n in made["nodes"] if n.get("supplier")]
    every = {
        r["company_id"]
        for r in snap.sql("SELECT company_id FROM awards WHERE buyer_id = 'B1'").to_pylist()
    }
    assert len(drawn) + made["omitted"]["suppliers"] + 1 == len(every)


def test_who_decided_an_award_is_named(snap):
    made = one(snap, flag(members=CORE))
    first = next(a for a in made["awards"] if a["award_id"] == "A0")
    assert first["signers"] == [{"id": "P4", "role": "approver"}]
    assert made["names"]["person:P4"] == "Person 4"
    assert first["bidders"] == 1


def test_points_follow_what_each_fact_adds(snap):
    flags = [
        flag("a", score=0.8, members=CORE),
        flag("b", score=0.3, members=CORE),
        flag("c", indicator="F01", score=0.5, members=CORE),
    ]
    made = one(snap, *flags, score=0.67)
    points = {f["flag_id"]: f["points"] for f in made["flags"]}
    assert sum(points.values()) == 67
    assert points["b"] == 0  # speaks of the same fact as the first
    assert points["a"] > points["c"] > 0
    assert [f["flag_id"] for f in made["flags"]] == ["a", "c", "b"]


def test_a_ring_shows_its_shared_lots(snap):
    members = tuple(Member("company", f"C{i}", "member") for i in (0, 1, 29))
    made = one(snap, flag(indicator="D04", members=members), members=members, kind="collusion")
    lots = {lot["tender_id"]: lot for lot in made["ring"]}
    assert "T8" not in lots  # a single bid
    assert lots["T4"] == {
        "tender_id": "T4",
        "lot": "",
        "on": DAY,
        "buyer": "B1",
        "competitors": 3,
        "bid": ["C0", "C29"],
        "won": ["C0"],
    }
    assert ("C0", "C29") in edges(made, "met")
    assert {r["company_id"] for r in made["money"][0]["rows"]} >= {"C0", "C1"}


def test_a_case_with_people_is_no_ring(snap):
    assert one(snap, flag(members=CORE))["ring"] == []


@pytest.mark.parametrize("key", ["no such key", "'; DROP TABLE awards; --", "\x00", "长"])
def test_evidence_that_is_nowhere_is_kept_as_it_is(snap, key):
    made = one(snap, flag(evidence=[Evidence("awards", key, "A?")], members=CORE))
    (lost,) = [r for r in made["records"] if r["key"] == key]
    assert (lost["ends"], lost["row"]) == ([], {"id": "A?"})


def test_ids_are_no_sql(snapshot):
    bad = "x'; DROP TABLE awards; --"
    snap = snapshot(
        awards=[
            {
                "award_id": bad,
                "buyer_id": bad,
                "company_id": bad,
                "awarded_on": DAY,
                "amount": "1",
            }
        ]
    )
    members = (Member("body", bad, "buyer"), Member("company", bad, "winner"))
    made = one(snap, flag(members=members), members=members)
    assert [a["award_id"] for a in made["awards"]] == [bad]


def test_only_the_first_cases_get_a_dossier(snap):
    f = flag(members=CORE)
    cases = [case(f, members=CORE, rank=i) for i in (3, 1, 2)]
    made = dossier.build(snap, cases, {"f": f}, top=2)
    assert [d["rank"] for d in made] == [1, 2]
    assert dossier.build(snap, cases, {"f": f}, top=0) == []
    assert dossier.build(snap, [], {}, top=5) == []


def test_a_case_is_the_same_alone_and_among_others(snap):
    f, g = flag("f", members=CORE), flag("g", members=(Member("body", "B2", "buyer"),))
    first = case(f, members=CORE)
    second = case(g, members=g.members, rank=2)
    both = dossier.build(snap, [first, second], {"f": f, "g": g}, top=2)
    assert both[0] == dossier.build(snap, [first], {"f": f}, top=2)[0]


def test_order_of_input_rows_changes_nothing(snapshot):
    dice = random.Random(3)
    mixed = {t: dice.sample(rows, len(rows)) for t, rows in FRAMES.items()}
    made = []
    for frames in (FRAMES, mixed):
        snap = snapshot(**frames)
        evidence = cite(snap, "ties") + cite(snap, "awards", "company_id = 'C0'")
        made.append(json.dumps(one(snap, flag(evidence=evidence, members=CORE)), sort_keys=True))
    assert made[0] == made[1]


def test_a_member_that_no_table_knows_is_still_a_member(snap):
    made = one(snap, flag(members=CORE), members=(*CORE, Member("company", "nowhere", "winner")))
    assert node(made, "nowhere")["name"] == "nowhere"
