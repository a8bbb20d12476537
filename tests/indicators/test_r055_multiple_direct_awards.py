from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r055_multiple_direct_awards import MultipleDirectAwards
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
LINE = {"method": "open", "amount": 100_000, "currency": "CNY"}


def given(
    body: str, company: str, amounts: list[float], *, step: int = 40, **more: Any
) -> list[Row]:
    return [
        {
            "award_id": f"{body}-{company}-{i:03d}",
            "buyer_id": body,
            "company_id": company,
            "awarded_on": str(date(2021, 1, 1) + timedelta(days=step * i)),
            "amount": round(v, 2),
            "currency": "CNY",
            "method": "direct",
            "category": "7110",
        }
        | more
        for i, v in enumerate(amounts)
    ]


def honest() -> list[Row]:
    rng = np.random.default_rng(9)
    return [
        row
        for b in range(15)
        for c in range(4)
        for row in given(f"Q{b:02d}", f"c{c}", rng.uniform(30_000, 90_000, 9).tolist())
    ]


LARGE = [95_000.0 + 5_000 * i for i in range(7)]


def find(snapshot: Snap, rows: list[Row], **settings: Any) -> Findings:
    return run(MultipleDirectAwards(**settings), snapshot(awards=rows, thresholds=[LINE]))


def test_a_years_worth_of_large_direct_awards(snapshot: Snap) -> None:
    findings = find(snapshot, honest() + given("Q00", "acme", LARGE))
    (flag,) = findings.flags
    assert flag.subject_id == '["Q00","acme"]'
    assert flag.facts["count"] == 7
    assert flag.value == pytest.approx(sum(LARGE) / 100_000)
    assert flag.q_value is not None
    assert flag.q_value <= 0.05
    assert flag.last_on is not None
    assert flag.first_on is not None
    assert (flag.last_on - flag.first_on).days <= 365


def test_only_the_busiest_year_is_shown(snapshot: Snap) -> None:
    rows = given("Q00", "acme", LARGE, step=100)
    (flag,) = find(snapshot, honest() + rows).flags
    assert flag.facts["count"] == 4
    assert flag.facts["first"] == "2021-10-28"


def test_small_needs_however_many_stay_out(snapshot: Snap) -> None:
    """Innocent: a hundred small direct awards a year."""
    rows = given("Q00", "acme", [9_000.0 + i for i in range(100)], step=3)
    findings = find(snapshot, honest() + rows)
    assert list(findings.flags) == []


@pytest.mark.parametrize(
    "rows",
    [
        given("Q00", "acme", LARGE, step=400),
        given("Q00", "acme", LARGE, method="open"),
        given("Q00", "acme", LARGE[:1]),
        given("Q00", "acme", [60_000.0 + i for i in range(7)]),
    ],
    ids=["never two in a year", "tendered", "only one", "half the line"],
)
def test_near_misses(rows: list[Row], snapshot: Snap) -> None:
    assert list(find(snapshot, honest() + rows).flags) == []


def test_a_line_of_a_simpler_method_is_not_the_competitive_one(snapshot: Snap) -> None:
    low = {"method": "limited", "amount": 20_000, "currency": "CNY"}
    snap = snapshot(awards=honest() + given("Q00", "acme", LARGE), thresholds=[LINE, low])
    (flag,) = run(MultipleDirectAwards(), snap).flags
    assert flag.facts["line"] == [["CNY", "100000.0000"]]
