"""What is withheld shows nowhere."""

import re

import pytest

from graphgov.identity import Masker, aliases, candidates
from graphgov.identity.judgements import pseudonyms

PEOPLE = [
    {"person_id": "P1", "name": "Li Wei", "phone": "5551234567", "birth_date": "1970-01-01"},
    {"person_id": "P2", "name": "Wei Li", "phone": "5551234567", "birth_date": "1970-01-01"},
    {"person_id": "P3", "name": "Ana Diaz"},
]
WITHHELD = [{"kind": "person", "id": "P1", "reason": "minor"}]


@pytest.fixture
def data(tables):
    return tables(
        people=PEOPLE,
        companies=[{"company_id": "C1", "name": "Acme", "employees": "Li Wei"}],
        ties=[{"person_a": "P1", "person_b": "P3", "kind": "friend"}],
        officers=[{"person_id": "P1", "company_id": "?", "role": "director"}],
        withheld=WITHHELD,
    )


def test_a_withheld_id_becomes_a_pseudonym(data):
    (row,) = aliases(data).to_pylist()
    assert (row["kind"], row["id"], row["masked"]) == ("person", "P1", True)
    assert re.fullmatch(r"withheld-[0-9a-f]{8}", row["new_id"])


def test_mask_people_hides_all_of_them_and_nobody_else(data):
    found = aliases(data, mask_people=True).to_pylist()
    assert {(r["kind"], r["id"]) for r in found} == {("person", p) for p in ("P1", "P2", "P3")}


def test_a_group_with_a_withheld_member_is_withheld_as_one(tables):
    same = [{"kind": "person", "a": "P1", "b": "P2", "verdict": "same"}]
    found = aliases(tables(people=PEOPLE, withheld=WITHHELD, judgements=same)).to_pylist()
    assert [r["id"] for r in found] == ["P1", "P2"]
    assert len({r["new_id"] for r in found}) == 1
    assert all(r["masked"] for r in found)


def test_two_pseudonyms_never_collide():
    keys = [str(i) for i in range(200_000)]  # by chance alone four of them would
    assert len(set(pseudonyms("person", keys).values())) == len(keys)


def test_the_snapshot_hides_name_and_contact(snapshot):
    snap = snapshot(people=PEOPLE, withheld=WITHHELD, ties=[
        {"person_a": "P1", "person_b": "P3", "kind": "friend"}])  # fmt: skip
    text = str(
        [snap.sql(f"SELECT * EXCLUDE row_key FROM {t}").to_pylist() for t in ("people", "ties")]
    )
    assert "P1" not in text
    assert "Li Wei" not in text
    assert text.count("5551234567") == 1


def test_sources_show_the_pseudonym(data):
    rows = data.con.execute("SELECT * FROM sources").to_arrow_table()
    masked = Masker(data).sources(rows)
    assert "P1" in rows["id"].to_pylist()
    assert "P1" not in masked["id"].to_pylist()
    assert {"P2", "P3", "C1"} - set(masked["id"].to_pylist()) == {"C1"}
    assert masked.num_rows == rows.num_rows


def test_rejects_quote_nothing_withheld(data):
    rows = data.con.execute("SELECT * FROM rejects").to_arrow_table()
    assert "Li Wei" in rows["value"].to_pylist()
    assert "Li Wei" not in Masker(data).rejects(rows)["value"].to_pylist()


TEXTS = {
    "id": ("P1", True),
    "id in a row": ("x,P1,y", True),
    "name in a row": ('x,"Li Wei",y', True),
    "name in other case": ("LI WEI", True),
    "name over two spaces": ("li  wei", True),
    "another id that begins alike": ("x", False),
    "empty": ("", False),
    "none": (None, False),
    "somebody else": ("Ana Diaz", False),
}


@pytest.mark.parametrize(("text", "hidden"), TEXTS.values(), ids=TEXTS)
def test_texts(data, text, hidden):
    assert Masker(data).text(text) == ("(withheld)" if hidden else text)


def test_ids_before_the_prefix_are_hidden_too(tables):
    data = tables(dataset="X", people=PEOPLE, withheld=WITHHELD)
    assert Masker(data).text("x,P1,y") == "(withheld)"


def test_candidates_show_the_pseudonym(data):
    rows = candidates(data)
    assert rows["a"].to_pylist() == ["P1"]
    (masked,) = Masker(data).candidates(rows).to_pylist()
    assert masked["a"].startswith("withheld-")
    assert masked["b"] == "P2"
    assert "Wei" not in masked["why"]


def test_without_anything_withheld_nothing_changes(tables):
    mask = Masker(tables(people=PEOPLE))
    assert not mask.active
    assert mask.text("P1 Li Wei") == "P1 Li Wei"


def test_many_withheld_names_are_still_found(tables):
    people = [{"person_id": f"P{i}", "name": f"Name Number{i}"} for i in range(3000)]
    mask = Masker(tables(people=people), mask_people=True)
    assert mask.text("row,Name Number2999,x") == "(withheld)"
    assert mask.text("Name Number3000") == "Name Number3000"
