"""What publishers really send: wrong types, blanks, text for numbers, hostile depth."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphgov.ingest.ocds_cells import cell, day, join_ids, nodes, number, plain_name, time


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        (None, None),
        ("", None),
        (" \t", None),
        (" a ", "a"),
        (True, "true"),
        (0, "0"),
        (1.5, "1.5"),
        ({}, None),
        ({"b": 1, "a": "é"}, '{"a": "é", "b": 1}'),
        ("a\ud800b", "a?b"),
        ("nul\0l", "nul\0l"),
    ],
)
def test_a_cell_is_text_or_unknown(given_, text):
    assert cell(given_) == text


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        ("1e3", "1000"),
        ("1.5E-2", "0.015"),
        ("1,000.00", "1,000.00"),
        ("1e999999999", "1e999999999"),
        ("NaN", "NaN"),
        ("-5", "-5"),
        ("_NO_APLICA_", "_NO_APLICA_"),
    ],
)
def test_a_number_loses_only_its_exponent(given_, text):
    assert number(given_) == text


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        ("2024-02-29", "2024-02-29"),
        ("2024-02-29T00:00:00Z", "2024-02-29"),
        ("2017-01-16T22:00:00+02:00", "2017-01-16"),
        ("2024-02-29 11:00", "2024-02-29"),
        ("29/02/2024", "29/02/2024"),
        ("2024-02-290", "2024-02-290"),
        ("", None),
    ],
)
def test_a_day_is_the_one_that_is_written(given_, text):
    assert day(given_) == text


def test_a_zone_that_is_written_out_becomes_an_offset():
    written = "2014-04-15 14:00 Eastern Daylight Time (EDT)"
    assert time(written) == "2014-04-15T14:00-04:00"
    assert time("2014-04-15 14:00 Somewhere Time (XYZ)") == (
        "2014-04-15 14:00 Somewhere Time (XYZ)"
    )
    assert time("2014-04-15T14:00:00Z") == "2014-04-15T14:00:00Z"


def test_lists_by_any_other_shape():
    one, two = {"id": "1"}, {"id": "2"}
    assert nodes(one) == nodes([one]) == nodes([one, None, "x"]) == [one]
    assert nodes({"0": one, "2": two}) == [one, two]
    assert nodes(None) == nodes("") == nodes("x") == nodes({}) == nodes([]) == []


def test_ids_are_joined_in_order_and_once():
    assert join_ids(["b", "a", "b"]) == '["a", "b"]'
    assert join_ids(["a", "a"]) == "a"
    assert join_ids([]) is None


def test_names_are_compared_without_case_width_and_spacing():
    assert plain_name("ＡＣＭＥ  Straße ") == plain_name("acme\u00a0STRASSE")
    assert plain_name("Acme") != plain_name("Acme.")


def test_objects_where_lists_should_be(read_json, release):
    award = release()["awards"][0]
    lone = award | {"suppliers": award["suppliers"][0], "items": {"id": "1"}}
    expected = read_json(release(award={"items": [{"id": "1"}]})).content()
    assert read_json(release(awards=lone)).content() == expected
    gap = {"0": lone | {"suppliers": {"1": award["suppliers"][0]}}}
    assert read_json(release(awards=gap)).content() == expected
    assert read_json(release(tag="award", awards=[lone])).content() == expected


def test_organisations_that_are_only_a_name(read_json, release):
    seen = read_json(release(buyer="City", award={"suppliers": "Acme"}))
    assert (seen.one("awards")["buyer_id"], seen.one("awards")["company_id"]) == ("B1", "C1")
    both = read_json(release(award={"suppliers": ["Acme", "Bolt"]}))
    assert len(both.awards) == 2


def test_ids_that_are_numbers_meet_ids_that_are_text(read_json, release):
    award = {"id": 7, "suppliers": [{"id": 1, "name": "Acme"}], "date": None}
    contracts = [{"id": 1.0, "awardID": "7", "dateSigned": "2024-01-05"}]
    seen = read_json(release(ocid=12, award=award, contracts=contracts))
    assert seen.one("awards")["award_id"] == seen.one("contracts")["award_id"] == "12/7"
    late = release(ocid="12", id="r2", date="2024-09-01T00:00:00Z", award=award | {"id": "7"})
    assert (
        len(read_json([release(ocid=12, award=award | {"date": "2024-01-01"}), late]).awards) == 1
    )


def test_amounts_of_any_writing(read_json, release):
    for amount in ("1000.00", "100000000000.05", "1e12", 12, "1.000,00"):
        seen = read_json(release(award={"value": {"amount": amount, "currency": "EUR"}}))
        assert seen.one("awards")["amount"] == number(str(amount))
    wrapped = read_json(release(award={"value": {"amount": {"$numberDecimal": "5"}}}))
    assert wrapped.one("awards")["amount"] == '{"$numberDecimal": "5"}'


def test_an_award_without_id_has_one_of_its_own(read_json, release):
    award = release()["awards"][0]
    del award["id"]
    other = award | {"value": {"amount": 3, "currency": "EUR"}}
    first = sorted(a["award_id"] for a in read_json(release(awards=[award, other])).awards)
    second = sorted(a["award_id"] for a in read_json(release(awards=[other, award])).awards)
    assert first == second
    assert len(set(first)) == 2


def test_things_that_are_no_objects_are_named(read_json, release):
    award = release()["awards"][0]
    bids = {"details": [None, {"id": "1", "tenderers": [{"id": "C1"}]}]}
    seen = read_json(release(awards=["x", award, 5], bids=bids))
    assert len(seen.awards) == len(seen.bids) == 1
    assert sorted((r.code, r.value) for r in seen.rejects) == [
        ("wrong_type", ""),
        ("wrong_type", "5"),
        ("wrong_type", "x"),
    ]


def test_items_without_or_with_equal_ids_stay_apart(read_json, release):
    items = [{"id": "1"}, {"id": "1", "quantity": 2}, {"id": ""}, {"quantity": 1}]
    seen = read_json(release(award={"items": items}))
    ids = [i["item_id"] for i in seen.items]
    assert len(set(ids)) == 4
    assert ids[0] == "ocds-1/award/a1/1"


def test_depth_beyond_reason_is_a_reject(tmp_path, read, release):
    deep = "[" * 700 + "]" * 700
    text = json.dumps(release(award={"title": "X"})).replace('"X"', deep)
    (tmp_path / "deep.jsonl").write_text(text + "\n" + "[" * 10**6 + "\n" + json.dumps(release()))
    seen = read(tmp_path)
    assert len(seen.awards) == 1
    assert {r.code for r in seen.rejects} <= {"bad_json"}
    assert 2 in {r.line for r in seen.rejects}


def test_a_value_of_ten_megabytes_is_a_cell(read_json, release):
    title = "x" * 10_000_000
    assert read_json(release(award={"title": title})).one("awards")["title"] == title


def test_surrogates_and_nul_do_not_stop_a_run(read_json, release):
    seen = read_json([release(award={"title": "a\ud800\0b"}), release(ocid="o\udfff")])
    assert {a["award_id"] for a in seen.awards} == {"ocds-1/a1", "o?/a1"}
    assert "a?\0b" in {a.get("title") for a in seen.awards}


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.text(max_size=3)
    | st.sampled_from(["C1", "a1"]),
    lambda v: (
        st.lists(v, max_size=2) | st.dictionaries(st.sampled_from(["id", "name", "value"]), v)
    ),
    max_leaves=6,
)
PATHS = [
    ["buyer", "parties", "tender", "awards", "contracts", "bids", "tag", "date", "id"],
    [
        "title",
        "items",
        "lots",
        "tenderers",
        "value",
        "tenderPeriod",
        "procuringEntity",
        "classification",
        "status",
    ],
    [
        "suppliers",
        "value",
        "date",
        "items",
        "relatedLots",
        "id",
        "status",
        "amendments",
        "implementation",
        "period",
    ],
]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), JUNK), min_size=1, max_size=5)
)
def test_no_junk_in_any_field_stops_a_run(read_json, release, changes):
    """A property: whatever stands anywhere, the other release of the file is read."""
    made = release(contracts=[{"id": "c", "awardID": "a1"}])
    for level, number_, junk in changes:
        key = PATHS[level][number_ % len(PATHS[level])]
        part = (
            [made, made.get("tender"), (made.get("awards") or [None])[0]][level]
            if isinstance(made.get("awards"), list)
            else made
        )
        if isinstance(part, dict):
            part[key] = junk
    seen = read_json([made, release(ocid="good"), made | {"id": "second"}])
    assert "good/a1" in {a["award_id"] for a in seen.awards}
