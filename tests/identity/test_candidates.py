"""Pairs for review: what is found, why, and what is left out."""

import random

import pytest

from graphgov.identity import candidates
from graphgov.identity.candidates import MOST_IN_BLOCK
from graphgov.identity.names import comparable

NAMES = {
    "order of words": ("Wei, Li", "LI  WEI", False),
    "full width": ("ＡＣＭＥ", "acme", False),
    "accents": ("José Núñez", "Jose Nunez", False),
    "legal form": ("Acme Co., Ltd.", "ACME S.A.", True),
    "chinese legal form": ("宏达有限公司", "宏达有限责任公司", True),
    "dotted initials": ("A.B.C. Works", "ABC Works", True),
}


@pytest.mark.parametrize(("one", "two", "company"), NAMES.values(), ids=NAMES)
def test_spellings_that_compare_equal(one, two, company):
    assert comparable(one, company=company) == comparable(two, company=company)


@pytest.mark.parametrize(
    ("one", "two"), [("Acme North", "Acme South"), ("Co", "Ltd"), ("宏达", "宏大")]
)
def test_names_that_differ(one, two):
    assert comparable(one, company=True) != comparable(two, company=True)


def test_a_person_keeps_words_that_are_legal_forms():
    assert comparable("Sa Li") == "li sa"


def pairs(data):
    return {(r["a"], r["b"]): r["score"] for r in candidates(data).to_pylist()}


def person(key, name="Li Wei", **cells):
    return {"person_id": key, "name": name} | cells


def test_more_agreement_scores_higher(tables):
    data = tables(
        people=[
            person("P1", birth_date="1970-01-01", phone="555-123-4567"),
            person("P2", birth_date="1970-01-01", phone="5551234567"),
            person("P3", birth_date="1970-01-01"),
            person("P4"),
            person("P5", birth_date="1980-01-01"),
            person("P6", birth_year="1970"),
        ]
    )
    found = pairs(data)
    assert found["P1", "P2"] > found["P1", "P3"] > found["P1", "P6"] > found["P1", "P4"]
    assert ("P1", "P5") not in found, "another birth date"
    assert ("P5", "P6") not in found, "another birth year"
    assert ("P4", "P5") in found


def test_gender_that_differs_is_two_people(tables):
    data = tables(people=[person("P1", gender="F"), person("P2", gender="M")])
    assert pairs(data) == {}


def test_the_reason_is_in_words(tables):
    data = tables(people=[person("P1", email="a@b.c"), person("P2", "WEI LI", email="A@B.C")])
    (row,) = candidates(data).to_pylist()
    assert row["why"] == "the same name, whatever the order of words; the same e-mail address"


COMPANIES = {
    "identifier alone": (
        {"name": "A", "identifier_scheme": "x", "identifier": "9-1"},
        {"name": "B", "identifier_scheme": "X", "identifier": "91"},
        True,
    ),
    "identifiers of one scheme differ": (
        {"name": "A", "identifier_scheme": "x", "identifier": "91"},
        {"name": "A", "identifier_scheme": "x", "identifier": "92"},
        False,
    ),
    "identifiers of two schemes differ": (
        {"name": "A", "identifier_scheme": "x", "identifier": "91"},
        {"name": "A", "identifier_scheme": "y", "identifier": "92"},
        True,
    ),
    "the same number in two schemes": (
        {"name": "A", "identifier_scheme": "x", "identifier": "91"},
        {"name": "B", "identifier_scheme": "y", "identifier": "91"},
        False,
    ),
    "telephone alone": (
        {"name": "A", "phone": "5551234567"},
        {"name": "B", "phone": "5551234567"},
        False,
    ),
    "telephone and address": (
        {"name": "A", "phone": "5551234567", "address": "1, Main St."},
        {"name": "B", "phone": "5551234567", "address": "1 main st"},
        True,
    ),
    "telephone and number of another street": (
        {"name": "A", "phone": "5551234567", "address": "南京路 12 号"},
        {"name": "B", "phone": "5551234567", "address": "北京路 12 号"},
        False,
    ),
    "telephone and the same street": (
        {"name": "A", "phone": "5551234567", "address": "南京路 12 号"},
        {"name": "B", "phone": "5551234567", "address": "南京路12号"},
        True,
    ),
}


@pytest.mark.parametrize(("one", "two", "found"), COMPANIES.values(), ids=COMPANIES)
def test_companies(tables, one, two, found):
    data = tables(companies=[{"company_id": "C1"} | one, {"company_id": "C2"} | two])
    assert (("C1", "C2") in pairs(data)) is found


@pytest.mark.parametrize("verdict", ["same", "different", "unsure"])
def test_pairs_judged_already_are_left_out(tables, verdict):
    judged = [{"kind": "person", "a": "P2", "b": "P1", "verdict": verdict}]
    data = tables(people=[person(p) for p in ("P1", "P2", "P3")], judgements=judged)
    assert set(pairs(data)) == {("P1", "P3"), ("P2", "P3")}


def test_a_common_name_says_nothing_by_itself(tables):
    crowd = [person(f"P{i:03}") for i in range(MOST_IN_BLOCK + 1)]
    twins = [person(f"Q{i}", birth_date="1970-01-01") for i in range(2)]
    assert pairs(tables(people=crowd + twins)) == {("Q0", "Q1"): 0.9}
    assert len(pairs(tables(people=crowd[1:]))) == MOST_IN_BLOCK * (MOST_IN_BLOCK - 1) // 2


def test_stubs_and_nameless_rows_are_no_candidates(tables):
    award = {"buyer_id": "B", "awarded_on": "2024-01-01", "amount": 1}
    data = tables(awards=[award | {"award_id": c, "company_id": c} for c in ("C1", "C2")])
    assert pairs(data) == {}


def test_order_leaves_no_trace(tables):
    chance = random.Random(5)
    people = [
        person(f"P{i}", f"n{chance.randrange(9)}", birth_year=str(1970 + chance.randrange(3)))
        for i in range(40)
    ]
    one, two = tables(people=people), tables(people=people[::-1])
    assert candidates(one).equals(candidates(two))
    keys = [(r["kind"], r["a"], r["b"]) for r in candidates(one).to_pylist()]
    assert keys == sorted(keys)
    assert all(a < b for _, a, b in keys)
