"""Strings and sentences: both languages complete, numbers as a person says them."""

import re
from importlib.resources import files

import pytest

from graphgov.report.sentences import chance, record_dates, record_says, share, short_money, span
from graphgov.report.strings import _BOTH, KEYS, Words
from graphgov.report.terms import TERMS

EN, ZH = Words("en"), Words("zh")


@pytest.mark.parametrize("key", sorted(_BOTH))
def test_both_languages_ask_for_the_same_facts(key):
    en, zh = (sorted(re.findall(r"\{(\w+)", text)) for text in _BOTH[key])
    assert en == zh
    assert all(_BOTH[key])


def test_every_value_has_both_languages():
    assert [k for k, pair in TERMS.items() if not all(pair) or len(pair) != 2] == []


def test_every_string_a_page_asks_for_exists():
    room = files("graphgov.report")
    asked = set()
    for folder in ("static", "templates"):
        for file in (room / folder).iterdir():
            text = file.read_text(encoding="utf-8")
            asked |= set(re.findall(r"""\bt\(["']([a-z_0-9.?]+)["'][,)]""", text))
    assert len(asked) > 60
    assert asked <= KEYS


def test_an_unknown_language_reads_as_english():
    assert Words("fr")("amount") == "Amount"


def test_an_unknown_string_is_an_error():
    with pytest.raises(KeyError):
        EN("no such key")


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.5, "more than 1 in 3"),
        (1 / 3, "about 1 in 3"),
        (0.05, "about 1 in 20"),
        (0.000123, "about 1 in 8,100"),
        (1e-7, "less than 1 in a million"),
        (0, "less than 1 in a million"),
    ],
)
def test_a_p_value_is_said_as_a_chance(p, said):
    assert chance(EN, p) == f"Chance alone: {said}"


@pytest.mark.parametrize("p", [None, "", "0.1", float("nan"), True])
def test_no_p_value_says_nothing(p):
    assert chance(EN, p) == ""


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("999", "EUR 999"),
        ("1000", "EUR 1.0 k"),
        ("1234567.8901", "EUR 1.2 M"),
        ("250000000", "EUR 250 M"),
        ("-5000", "EUR -5.0 k"),
        ("nonsense", "EUR 0"),
        ("NaN", "EUR 0"),
    ],
)
def test_money_on_a_label_is_short(amount, said):
    assert short_money([["EUR", amount]]) == said


def test_money_in_two_currencies_is_not_added():
    assert short_money([["CNY", "2000"], ["EUR", "10"]]) == "CNY 2.0 k + EUR 10"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2020-01-01", "2021-01-01", "2020-01-01 to 2021-01-01"),
        ("2020-01-01", None, "since 2020-01-01"),
        (None, "2021-01-01", "until 2021-01-01"),
        (None, None, "no dates given"),
        ("2020-01-01", "2020-01-01", "2020-01-01"),
    ],
)
def test_spans(start, end, said):
    assert span(EN, start, end) == said


def test_shares():
    assert share(EN, {"share": 0.7}) == "70 %"
    assert share(EN, {"share_min": 0.25, "share_max": 0.5}) == "25–50 %"
    assert share(EN, {}) == "a share"


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("ties", {"kind": "parent"}, "A is a parent of B"),
        ("ties", {"kind": "hometown", "note": "see file"}, "A and B: same home town (see file)"),
        ("ownership", {"share": 0.5}, "A owns 50 % of B"),
        ("officers", {"role": "legal_representative"}, "A is legal representative of B"),
        ("offices", {"role": "head", "post": "Mayor"}, "A held the post of Mayor at B"),
        ("offices", {"role": "head"}, "A held the post of head at B"),
        ("bids", {"amount": "10", "currency": "EUR"}, "A bid EUR 10 in tender B"),
        ("decisions", {"role": "expert", "recused": True}, "A took part as expert in B; recused"),
        (
            "awards",
            {"amount": "10", "currency": "EUR", "title": "Sand"},
            "A awarded EUR 10 to B: Sand",
        ),
    ],
)
def test_records_in_words(table, row, said):
    record = {"table": table, "row": row, "ends": [["person", "A"], ["person", "B"]]}
    assert record_says(EN, record, lambda kind, key: key) == said
    assert record_says(ZH, record, lambda kind, key: key) != said


def test_a_record_of_a_table_without_ends_lists_its_cells():
    record = {"table": "thresholds", "row": {"amount": "5", "source": "x"}, "ends": []}
    assert record_says(EN, record, lambda kind, key: key) == "amount: 5"


def test_dates_of_a_record():
    assert record_dates({"submitted_at": "2020-01-02T03:04:05Z"}) == ("2020-01-02", "")
    assert record_dates({"started_on": "2020-01-01", "ended_on": "2021-01-01"}) == (
        "2020-01-01",
        "2021-01-01",
    )
    assert record_dates({}) == ("", "")
