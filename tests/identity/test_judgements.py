"""Judgements become aliases; names alone never do."""

import pytest

from graphgov.identity import aliases, conflicts
from graphgov.schema import TABLES


def judge(a, b, verdict, at=None, kind="person"):
    return {"kind": kind, "a": a, "b": b, "verdict": verdict, "at": at}


def renamed(data, **options):
    return {(r["kind"], r["id"]): r["new_id"] for r in aliases(data, **options).to_pylist()}


def test_ids_judged_the_same_become_the_smallest(tables):
    data = tables(judgements=[judge("c", "b", "same"), judge("a", "b", "same")])
    assert renamed(data) == {("person", "b"): "a", ("person", "c"): "a"}


def test_kinds_do_not_mix(tables):
    data = tables(judgements=[judge("a", "b", "same"), judge("b", "c", "same", kind="company")])
    assert renamed(data) == {("person", "b"): "a", ("company", "c"): "b"}


def test_a_different_verdict_inside_a_group_leaves_it_apart(tables):
    data = tables(
        judgements=[
            judge("a", "b", "same"),
            judge("b", "c", "same"),
            judge("c", "a", "different"),
            judge("x", "y", "same"),
        ]
    )
    assert renamed(data) == {("person", "y"): "x"}
    assert conflicts(data) == [("person", ("a", "b", "c"))]


def test_a_different_verdict_between_groups_changes_nothing(tables):
    data = tables(
        judgements=[judge("a", "b", "same"), judge("x", "y", "same"), judge("a", "x", "different")]
    )
    assert renamed(data) == {("person", "b"): "a", ("person", "y"): "x"}
    assert conflicts(data) == []


LATEST = {
    "taken back": (
        [("same", "2024-01-01"), ("different", "2024-02-01")],
        {},
    ),
    "confirmed after all": (
        [("different", "2024-01-01"), ("same", "2024-02-01")],
        {("person", "b"): "a"},
    ),
    "a dated one beats an undated one": (
        [("different", None), ("same", "2024-02-01")],
        {("person", "b"): "a"},
    ),
    "at once: the more careful": ([("same", "2024-01-01"), ("unsure", "2024-01-01")], {}),
    "unsure alone": ([("unsure", "2024-01-01")], {}),
}


@pytest.mark.parametrize(("said", "expected"), LATEST.values(), ids=LATEST)
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("turned", [False, True])
def test_the_latest_verdict_on_a_pair_counts(tables, said, expected, order, turned):
    rows = [judge("a", "b", verdict, at) for verdict, at in said][::order]
    if turned:
        rows[0] = rows[0] | {"a": "b", "b": "a"}
    assert renamed(tables(judgements=rows)) == expected


def test_the_same_name_merges_nothing_anywhere(tables, snapshot):
    twins = [{"person_id": p, "name": "Li Wei", "birth_date": "1970-01-01"} for p in ("P1", "P2")]
    firms = [{"company_id": c, "name": "Acme Ltd", "phone": "5551234567"} for c in ("C1", "C2")]
    awards = [
        {"award_id": f"A{c}", "buyer_id": "B", "company_id": c, "awarded_on": "2024-01-01",
         "amount": 1} for c in ("C1", "C2")
    ]  # fmt: skip
    frames = {"people": twins, "companies": firms, "awards": awards}
    assert aliases(tables(**frames)).num_rows == 0
    snap = snapshot(**frames)
    assert snap.sql("SELECT count(*) AS n FROM people")["n"].to_pylist() == [2]
    assert snap.sql("SELECT DISTINCT company_id FROM wins").num_rows == 2


def test_a_judgement_moves_every_row_and_can_be_taken_back(tables, snapshot):
    frames = {
        "people": [{"person_id": p, "name": "n"} for p in ("P1", "P2")],
        "companies": [{"company_id": "C", "name": "c"}],
        "officers": [{"person_id": "P2", "company_id": "C", "role": "director"}],
        "ownership": [{"owner_id": "P2", "owner_kind": "person", "company_id": "C"}],
        "ties": [{"person_a": "P2", "person_b": "P1", "kind": "friend"}],
    }
    merged = snapshot(**frames, judgements=[judge("P1", "P2", "same")])
    assert merged.sql("SELECT person_id FROM people")["person_id"].to_pylist() == ["P1"]
    assert merged.sql("SELECT person_id FROM officers")["person_id"].to_pylist() == ["P1"]
    assert merged.sql("SELECT owner_id FROM ownership")["owner_id"].to_pylist() == ["P1"]
    apart = snapshot(**frames, judgements=[])
    assert apart.sql("SELECT person_id FROM officers")["person_id"].to_pylist() == ["P2"]


def test_a_listed_row_stands_for_merged_ids_before_a_stub(snapshot):
    snap = snapshot(
        companies=[{"company_id": "C2", "name": "Acme"}],
        awards=[
            {"award_id": "A", "buyer_id": "B", "company_id": "C1", "awarded_on": "2024-01-01",
             "amount": 1}
        ],
        judgements=[judge("C1", "C2", "same", kind="company")],
    )  # fmt: skip
    rows = snap.sql("SELECT company_id, name, listed FROM companies").to_pylist()
    assert rows == [{"company_id": "C1", "name": "Acme", "listed": True}]


def test_tables_never_change(tables):
    data = tables(
        people=[{"person_id": p, "name": "n"} for p in ("a", "b")],
        judgements=[judge("a", "b", "same")],
        withheld=[{"kind": "person", "id": "a"}],
    )
    before = {n: data.con.execute(f"SELECT * FROM {n}").fetchall() for n in TABLES}
    aliases(data, mask_people=True)
    assert before == {n: data.con.execute(f"SELECT * FROM {n}").fetchall() for n in TABLES}
