from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.f06_year_end_rush import YearEndRush
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]


def year_of(body: str, late: int, early: int, *, end: str = "2022-12-31", **more: Any) -> list[Row]:
    """Purchases in the four weeks before a day and in the eleven months before those."""
    last = date.fromisoformat(end)
    days = [last - timedelta(days=i % 28) for i in range(late)]
    days += [last - timedelta(days=28 + (i * 37) % 330) for i in range(early)]
    return [
        {
            "award_id": f"{body}-{end}-{i:03d}",
            "buyer_id": body,
            "company_id": f"firm{i % 9}",
            "awarded_on": str(day),
            "amount": 1_000 + i,
            "currency": "CNY",
            "method": "direct" if day > last - timedelta(days=28) else "open",
            "category": "7110",
        }
        | more
        for i, day in enumerate(days)
    ]


def honest(**more: Any) -> list[Row]:
    rng = np.random.default_rng(12)
    return [
        row
        for i in range(20)
        for row in year_of(f"Q{i:02d}", int(rng.binomial(50, 0.12)), 44, **more)
    ]


def find(snapshot: Snap, rows: list[Row], **settings: Any) -> Findings:
    return run(YearEndRush(**settings), snapshot(awards=rows))


def test_a_december_that_stands_out(snapshot: Snap) -> None:
    findings = find(snapshot, honest() + year_of("B1", 40, 44))
    (flag,) = findings.flags
    assert flag.subject_id == "B1"
    assert (flag.facts["hits"], flag.facts["trials"]) == (40, 84)
    assert flag.facts["simple"] == 1.0
    assert flag.facts["simple_rest"] == 0.0
    assert flag.value is not None
    assert flag.value > 5
    assert str(flag.first_on) == "2022-12-04"
    assert {m.kind for m in flag.members} == {"body", "award"}


def test_a_rush_of_all_is_none_of_one(snapshot: Snap) -> None:
    """Innocent: the budget rules make everybody hurry."""
    rows = [r for i in range(20) for r in year_of(f"Q{i:02d}", 38 + i % 3, 44)]
    assert list(find(snapshot, rows + year_of("B1", 41, 44)).flags) == []


def test_the_fiscal_year_may_end_in_march(snapshot: Snap) -> None:
    rows = honest(end="2022-03-31") + year_of("B1", 40, 44, end="2022-03-31")
    assert [f.subject_id for f in find(snapshot, rows, fiscal_month=4).flags] == ["B1"]
    assert list(find(snapshot, rows).flags) == []


def test_a_year_that_the_data_cut_short_is_left_out(snapshot: Snap) -> None:
    half = [r for r in honest() + year_of("B1", 40, 44) if r["awarded_on"] > "2022-07-01"]
    findings = find(snapshot, half)
    assert list(findings.flags) == []
    assert findings.computable == 0
    assert "not computable" in findings.reason


@pytest.mark.parametrize("late", [9, 12], ids=["too few", "as usual"])
def test_near_misses(late: int, snapshot: Snap) -> None:
    assert list(find(snapshot, honest() + year_of("B1", late, late * 5)).flags) == []


def test_currencies_are_not_added(snapshot: Snap) -> None:
    rows = year_of("B1", 40, 44)
    rows += [r | {"award_id": f"u{r['award_id']}", "currency": "USD"} for r in rows[:3]]
    (flag,) = find(snapshot, honest() + rows).flags
    assert [c for c, _ in flag.amounts] == ["CNY", "USD"]
