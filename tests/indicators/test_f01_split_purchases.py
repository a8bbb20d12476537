from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import run
from graphgov.indicators.f01_split_purchases import SplitPurchases
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.alike import alike

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
LINE = {"jurisdiction": "PR", "method": "open", "amount": 100_000, "currency": "CNY"}
BODIES = [
    {"body_id": b, "name": b, "jurisdiction": "PR", "kind": "county"}
    for b in ("B1", *(f"Q{i}" for i in range(10)))
]


def award(key: str, day: str | date, amount: float = 60_000, **more: Any) -> Row:
    row = {
        "award_id": key,
        "buyer_id": "B1",
        "company_id": "acme",
        "awarded_on": str(day),
        "amount": amount,
        "currency": "CNY",
        "method": "direct",
        "category": "7110",
    }
    return row | more


def ordinary(n: int = 300) -> list[Row]:
    """Small purchases of ten other bodies, spread over amounts and days."""
    rng = np.random.default_rng(3)
    return [
        award(
            f"O{i:03d}",
            date(2022, 1, 1) + timedelta(days=int(rng.integers(730))),
            round(float(rng.uniform(5_000, 99_000)), 2),
            buyer_id=f"Q{i % 10}",
            company_id=f"firm{rng.integers(6)}",
        )
        for i in range(n)
    ]


def at_b1(snap: Snapshot, **settings: Any) -> list[Flag]:
    return [f for f in run(SplitPurchases(**settings), snap).flags if f.body_id == "B1"]


def split(days: tuple[int, ...] = (0, 3, 6, 9, 200, 203, 206, 209)) -> list[Row]:
    return [
        award(f"S{i}", date(2022, 3, 1) + timedelta(days=d), 96_000 + i) for i, d in enumerate(days)
    ]


def test_a_burst_just_under_the_line_is_flagged(snapshot: Snap) -> None:
    snap = snapshot(awards=ordinary() + split(), thresholds=[LINE], bodies=BODIES)
    (flag,) = at_b1(snap)
    assert flag.subject_id == '["B1","acme"]'
    assert flag.p_value is not None
    assert flag.p_value < 1e-4
    assert flag.q_value is not None
    assert flag.q_value < 0.01
    assert flag.score > 0.6
    assert flag.value == pytest.approx(7.68028)
    assert {e.table for e in flag.evidence} == {"awards", "thresholds"}
    assert len([e for e in flag.evidence if e.table == "awards"]) == 8
    assert "CNY 100,000" in flag.reason


def test_open_tenders_are_not(snapshot: Snap) -> None:
    rows = [r | {"method": "open"} for r in split()]
    snap = snapshot(awards=ordinary() + rows, thresholds=[LINE], bodies=BODIES)
    assert at_b1(snap) == []


def test_weekly_vegetables_explain_themselves(snapshot: Snap) -> None:
    """Innocent: a canteen buys every week, for what the week needs."""
    rng = np.random.default_rng(8)
    rows = [
        award(
            f"W{i}",
            date(2022, 1, 3) + timedelta(days=7 * i),
            round(float(rng.uniform(20_000, 95_000)), 2),
        )
        for i in range(100)
    ]
    snap = snapshot(awards=ordinary() + rows, thresholds=[LINE], bodies=BODIES)
    flags = at_b1(snap)
    assert [f.first_on.year for f in flags if f.first_on] == [2022, 2023]
    assert max(f.score for f in flags) < 0.2
    assert all(f.p_value is not None and f.p_value > 0.2 for f in flags)


def test_a_market_that_bunches_explains_bunching(snapshot: Snap) -> None:
    """Innocent: everybody in this category buys just under the line."""
    bunched = [r | {"amount": 96_000} for r in ordinary()]
    spread = tuple(range(0, 320, 40))
    alone = at_b1(
        snapshot(awards=ordinary() + split(spread), thresholds=[LINE], bodies=BODIES), year_p=1.0
    )
    among = at_b1(
        snapshot(awards=bunched + split(spread), thresholds=[LINE], bodies=BODIES), year_p=1.0
    )
    assert max(f.score for f in among) < 0.3 < max(f.score for f in alone)


PAIR = [award("S1", "2022-03-01"), award("S2", "2022-03-31")]
CASES: dict[str, tuple[list[Row], list[Row], int]] = {
    "two within thirty days cross the line": (PAIR, [LINE], 1),
    "a day too late": ([PAIR[0], award("S2", "2022-04-01")], [LINE], 0),
    "exactly the line together": ([award("S1", "2022-03-01", 40_000), PAIR[1]], [LINE], 1),
    "a cent below it": ([award("S1", "2022-03-01", 39_999.99), PAIR[1]], [LINE], 0),
    "one at the line is no part": ([award("S1", "2022-03-01", 100_000), PAIR[1]], [LINE], 0),
    "the year ends between": ([award("S1", "2022-12-20"), award("S2", "2023-01-05")], [LINE], 0),
    "another company": ([PAIR[0], award("S2", "2022-03-31", company_id="zed")], [LINE], 0),
    "another body": ([PAIR[0], award("S2", "2022-03-31", buyer_id="Q1")], [LINE], 0),
    "another object": ([PAIR[0], award("S2", "2022-03-31", category="3010")], [LINE], 0),
    "another code, other titles": (
        [
            award("S1", "2022-03-01", title="Survey of wells"),
            award("S2", "2022-03-31", category="7150", title="Audit of books"),
        ],
        [LINE],
        0,
    ),
    "another code, like titles": (
        [
            award("S1", "2022-03-01", title="Survey of wells, part 1"),
            award("S2", "2022-03-31", category="7150", title="Survey of wells, part 2"),
        ],
        [LINE],
        1,
    ),
    "a longer code of the same object": (
        [PAIR[0], award("S2", "2022-03-31", category="71109999")],
        [LINE],
        1,
    ),
    "no method": ([PAIR[0], award("S2", "2022-03-31", method=None)], [LINE], 0),
    "a cancelled award": ([PAIR[0], award("S2", "2022-03-31", status="cancelled")], [LINE], 0),
    "another currency": ([PAIR[0], award("S2", "2022-03-31", currency="USD")], [LINE], 0),
    "the line is of another jurisdiction": (PAIR, [LINE | {"jurisdiction": "XX"}], 0),
    "the line is of another kind of body": (PAIR, [LINE | {"body_kind": "school"}], 0),
    "the line is of another category": (PAIR, [LINE | {"category_prefix": "45"}], 0),
    "the line began later": (PAIR, [LINE | {"starts_on": "2022-04-01"}], 0),
    "the line had ended": (PAIR, [LINE | {"ends_on": "2022-02-28"}], 0),
    "a higher line of the category holds": (
        PAIR,
        [LINE, LINE | {"category_prefix": "71", "amount": 500_000}],
        0,
    ),
    "a line that obliges to no more": (PAIR, [LINE | {"method": "direct"}], 0),
    "a line for selective tendering": (PAIR, [LINE | {"method": "selective"}], 1),
}


@pytest.mark.parametrize(("rows", "lines", "expected"), CASES.values(), ids=CASES)
def test_what_is_a_cluster(
    rows: list[Row], lines: list[Row], expected: int, snapshot: Snap
) -> None:
    snap = snapshot(awards=rows, thresholds=lines, bodies=BODIES)
    assert len(at_b1(snap, year_p=0.0)) == expected


def test_the_fiscal_year_may_begin_in_july(snapshot: Snap) -> None:
    rows = [award("S1", "2022-12-20"), award("S2", "2023-01-05")]
    snap = snapshot(awards=rows, thresholds=[LINE], bodies=BODIES)
    assert len(at_b1(snap, fiscal_month=7)) == 1


def test_without_a_threshold_it_says_so(snapshot: Snap) -> None:
    findings = run(SplitPurchases(), snapshot(awards=PAIR, bodies=BODIES))
    assert findings.missing == "thresholds.amount"
    assert findings.computable == 0


def test_titles_that_read_alike_are_one_object() -> None:
    titles = {
        1: ["市政府办公楼屋面维修工程一标段"],
        2: ["市政府办公楼屋面维修工程二标段"],
        3: ["蔬菜"],
    }
    assert alike(titles) == {1: 1, 2: 1, 3: 3}
    assert alike({1: [""], 2: [""]}) == {1: 1, 2: 2}


OWNED = [
    {"owner_id": "p1", "owner_kind": "person", "company_id": c, "share": 0.9}
    for c in ("acme", "zed")
]
TURNS = [award("S1", "2022-03-01"), award("S2", "2022-03-20", company_id="zed")]


def test_companies_of_one_owner_are_one_supplier(snapshot: Snap) -> None:
    snap = snapshot(awards=TURNS, thresholds=[LINE], bodies=BODIES, ownership=OWNED)
    (flag,) = at_b1(snap, year_p=0.0)
    assert {m.id for m in flag.members if m.kind == "company"} == {"acme", "zed"}
    assert flag.company_id == ""
    assert "under common control" in flag.reason
    assert {e.table for e in flag.evidence} == {"awards", "thresholds", "ownership"}
    assert flag.certainty == "documented"


OWNERS: dict[str, list[Row]] = {
    "two owners": [OWNED[0], OWNED[1] | {"owner_id": "p2"}],
    "a minority in one": [OWNED[0], OWNED[1] | {"share": 0.3}],
    "sold before the second award": [OWNED[0], OWNED[1] | {"ended_on": "2022-03-10"}],
    "bought after it": [OWNED[0], OWNED[1] | {"started_on": "2022-03-21"}],
}


@pytest.mark.parametrize("owned", OWNERS.values(), ids=OWNERS)
def test_companies_of_two_hands_are_two(owned: list[Row], snapshot: Snap) -> None:
    snap = snapshot(awards=TURNS, thresholds=[LINE], bodies=BODIES, ownership=owned)
    assert at_b1(snap, year_p=0.0) == []


def test_what_one_of_them_split_alone_remains(snapshot: Snap) -> None:
    rows = [*PAIR, award("S3", "2022-03-20", 90_000, company_id="zed")]
    owned = [OWNED[0], OWNED[1] | {"ended_on": "2022-01-01"}]
    snap = snapshot(awards=rows, thresholds=[LINE], bodies=BODIES, ownership=owned)
    (flag,) = at_b1(snap, year_p=0.0)
    assert flag.company_id == "acme"
    assert flag.facts["count"] == 2
