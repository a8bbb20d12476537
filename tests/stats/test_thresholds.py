from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.snapshot import Snapshot
from graphgov.stats.purchases import Purchases, distinct_runs, purchases

Row = dict[str, Any]
BODIES = [
    {"body_id": "B1", "name": "B1", "jurisdiction": "PR", "kind": "county"},
    {"body_id": "B2", "name": "B2"},
]
LINE = {"method": "open", "amount": 100_000}


def award(**more: Any) -> Row:
    return {
        "award_id": "A1",
        "buyer_id": "B1",
        "company_id": "acme",
        "awarded_on": "2022-03-01",
        "amount": 60_000,
        "currency": "CNY",
        "method": "direct",
        "category": "45112000",
    } | more


def read(snapshot: Callable[..., Snapshot], lines: list[Row], **more: Any) -> Purchases:
    return purchases(snapshot(awards=[award(**more)], thresholds=lines, bodies=BODIES))


# lines, what the purchase is, the nearest line above it
CASES: dict[str, tuple[list[Row], Row, float | None]] = {
    "a line for all": ([LINE], {}, 100_000),
    "an open tender keeps below none": ([LINE], {"method": "open"}, None),
    "an unknown method": ([LINE], {"method": None}, None),
    "an unknown category takes the line for all": ([LINE], {"category": None}, 100_000),
    "a category of its own": (
        [LINE, LINE | {"category_prefix": "45", "amount": 500_000}], {}, 500_000),
    "the longest category": (
        [LINE | {"category_prefix": "451", "amount": 300_000},
         LINE | {"category_prefix": "45", "amount": 500_000}], {}, 300_000),
    "no line for an unknown category": (
        [LINE | {"category_prefix": "45"}], {"category": None}, None),
    "another jurisdiction": ([LINE | {"jurisdiction": "XX"}], {}, None),
    "its own jurisdiction before all": (
        [LINE, LINE | {"jurisdiction": "PR", "amount": 70_000}], {}, 70_000),
    "a body of unknown jurisdiction": ([LINE | {"jurisdiction": "PR"}], {"buyer_id": "B2"}, None),
    "another kind of body": ([LINE | {"body_kind": "school"}], {}, None),
    "its kind of body": ([LINE | {"body_kind": "county"}], {}, 100_000),
    "the first day": ([LINE | {"starts_on": "2022-03-01"}], {}, 100_000),
    "a day before": ([LINE | {"starts_on": "2022-03-02"}], {}, None),
    "the last day": ([LINE | {"ends_on": "2022-03-01"}], {}, 100_000),
    "a day after": ([LINE | {"ends_on": "2022-02-28"}], {}, None),
    "the later of two in force": (
        [LINE | {"starts_on": "2015-01-01"}, LINE | {"starts_on": "2020-01-01", "amount": 200_000}],
        {}, 200_000),
    "another currency": ([LINE | {"currency": "USD"}], {}, None),
    "its currency": ([LINE | {"currency": "CNY"}], {}, 100_000),
    "at the line": ([LINE], {"amount": 100_000}, None),
    "the nearest of two methods": (
        [LINE, {"method": "limited", "amount": 80_000}], {}, 80_000),
    "past the nearer": (
        [LINE, {"method": "limited", "amount": 50_000}], {}, 100_000),
    "a method that keeps the nearer": (
        [LINE, {"method": "limited", "amount": 80_000}], {"method": "limited"}, 100_000),
    "an unknown method of the rule": ([{"method": "auction", "amount": 100_000}], {}, None),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "more", "expected"), CASES.values(), ids=CASES)
def test_the_line_above(
    lines: list[Row], more: Row, expected: float | None, snapshot: Callable[..., Snapshot]
) -> None:
    line, rule = read(snapshot, lines, **more).below
    assert (None if np.isnan(line[0]) else line[0]) == expected
    assert (rule[0] < 0) == (expected is None)


def test_the_competitive_line_is_that_of_the_most_demanding_method(
    snapshot: Callable[..., Snapshot],
) -> None:
    lines = [LINE, {"method": "limited", "amount": 300_000}]
    assert read(snapshot, lines).lines.competitive()[0].tolist() == [100_000]
    assert read(snapshot, lines[1:]).lines.competitive()[0].tolist() == [300_000]
    assert np.isnan(read(snapshot, []).lines.competitive()[0]).all()


def test_what_is_held_against_a_line(snapshot: Callable[..., Snapshot]) -> None:
    def tender(key: str, value: float, **more: Any) -> Row:
        return {"tender_id": key, "buyer_id": "B1", "estimated_value": value} | more

    rows = [
        award(award_id="A1", tender_id="T1"),
        award(award_id="A2", tender_id="T2"),
        award(award_id="A3", tender_id="T2"),
        award(award_id="A4"),
        award(award_id="A5", tender_id="T5"),
    ]
    tenders = [tender("T1", 70_000), tender("T2", 130_000), tender("T5", 9_000, currency="USD")]
    buys = purchases(snapshot(awards=rows, tenders=tenders, bodies=BODIES))
    # An estimate of several awards, or in another currency, says nothing about one of them.
    assert buys.value.tolist() == [70_000, 60_000, 60_000, 60_000, 60_000]


def test_a_consortium_is_one_purchase(snapshot: Callable[..., Snapshot]) -> None:
    rows = [award(company_id="zed"), award(company_id="acme"), award(award_id="A2")]
    snap = snapshot(awards=rows, bodies=BODIES)
    buys = purchases(snap)
    assert len(buys) == 2
    assert [snap.ids("company")[c] for c in buys.company] == ["acme", "acme"]
    assert [r["award_id"] for r in buys.details(snap, [1, 0])] == ["A2", "A1"]
    assert buys.details(snap, []) == []


def test_codes_that_are_no_numbers_are_one_object(snapshot: Callable[..., Snapshot]) -> None:
    words = ["45112000", "4511", "45", "4", "works", "４５１１", None]
    rows = [award(award_id=f"A{i}", category=w) for i, w in enumerate(words)]
    buys = purchases(snapshot(awards=rows, bodies=BODIES))
    assert [buys.object.word(i) for i in range(7)] == [
        "4511",
        "4511",
        "45",
        "4",
        "works",
        "４５１１",
        "",
    ]
    assert [buys.division.word(i) for i in range(7)] == [
        "45",
        "45",
        "45",
        "4",
        "works",
        "４５１１",
        "",
    ]


def test_fiscal_years(snapshot: Callable[..., Snapshot]) -> None:
    days = ["2021-12-31", "2022-06-30", "2022-07-01", "1969-12-31"]
    rows = [award(award_id=f"A{i}", awarded_on=d) for i, d in enumerate(days)]
    buys = purchases(snapshot(awards=rows, bodies=BODIES))
    assert buys.fiscal_year(1).tolist() == [2021, 2022, 2022, 1969]
    assert buys.fiscal_year(7).tolist() == [2021, 2021, 2022, 1969]


def test_runs_of_equal_keys() -> None:
    order, starts = distinct_runs(np.array([2, 1, 2, 1]), np.array([0, 5, 0, 4]))
    assert order.tolist() == [3, 1, 0, 2]
    assert starts.tolist() == [0, 1, 2, 4]
    assert distinct_runs(np.zeros(0), np.zeros(0))[1].tolist() == [0]
