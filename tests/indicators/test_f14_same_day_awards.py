from collections.abc import Callable
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.f14_same_day_awards import SameDayAwards
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
START = date(2021, 1, 4)


def award(key: str, day: int, company: str, body: str = "Q0", **more: Any) -> Row:
    return {
        "award_id": key,
        "buyer_id": body,
        "company_id": company,
        "awarded_on": str(START + timedelta(days=day)),
        "amount": 5_000,
        "currency": "CNY",
        "method": "direct",
        "category": "4521",
    } | more


def market() -> list[Row]:
    rng = np.random.default_rng(14)
    return [
        award(f"{b}-{i:03d}", int(rng.integers(700)), f"c{rng.integers(10)}", f"Q{b}")
        for b in range(6)
        for i in range(120)
    ]


def bundle(days: tuple[int, ...] = (50, 50, 50, 50, 300, 300, 300, 500), **more: Any) -> list[Row]:
    return [award(f"x{i}", d, "acme", **more) for i, d in enumerate(days)]


def find(snapshot: Snap, rows: list[Row], **settings: Any) -> Findings:
    return run(SameDayAwards(**settings), snapshot(awards=rows))


def test_four_on_one_day_and_three_on_another(snapshot: Snap) -> None:
    findings = find(snapshot, market() + bundle())
    (flag,) = findings.flags
    assert flag.subject_id == '["Q0","acme"]'
    assert flag.value == 4
    assert flag.facts["repeats"] == 5
    assert flag.facts["days"] == 2
    assert flag.facts["count"] == 7
    assert flag.p_value is not None
    assert flag.p_value < 1e-3
    assert len(flag.evidence) == 7


def test_a_body_that_signs_once_a_month_explains_it(snapshot: Snap) -> None:
    """Innocent: everything the body buys is decided on the same days."""
    rng = np.random.default_rng(15)
    rows = [
        award(f"m{i:03d}", 30 * int(rng.integers(20)), f"c{rng.integers(6)}", "B1")
        for i in range(150)
    ]
    assert [f for f in find(snapshot, market() + rows).flags if f.body_id == "B1"] == []


NEAR_MISSES: dict[str, list[Row]] = {
    "tendered openly": bundle(method="open"),
    "method unknown": bundle(method=None),
    "on different days": bundle((50, 51, 52, 53, 300, 301, 302, 500)),
    "never three on one day": bundle((50, 50, 120, 121, 300, 310, 320, 500)),
    "the only supplier": bundle(category="9900"),
    "one a day in each of many kinds": [
        r | {"category": f"{10 + i}00"} for i, r in enumerate(bundle())
    ],
}


@pytest.mark.parametrize("rows", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_near_misses(rows: list[Row], snapshot: Snap) -> None:
    assert list(find(snapshot, market() + rows).flags) == []


def test_lots_of_one_process_are_one_decision(snapshot: Snap) -> None:
    rows = [r | {"tender_id": f"T{r['awarded_on']}"} for r in bundle()]
    tenders = [
        {"tender_id": t, "buyer_id": "Q0", "method": "direct"}
        for t in {r["tender_id"] for r in rows}
    ]
    snap = snapshot(awards=market() + rows, tenders=tenders)
    assert list(run(SameDayAwards(), snap).flags) == []


def test_what_is_expected_against_all_draws(snapshot: Snap) -> None:
    """Seven purchases on days of 3, 2, 1 and 1; acme has three of them."""
    days = [0, 0, 0, 5, 5, 9, 12]
    rows = [award(f"a{i}", d, "acme" if i in (0, 1, 3) else f"c{i}") for i, d in enumerate(days)]
    (flag,) = find(snapshot, rows, max_q=1.0, min_awards=2).flags
    repeats = [3 - len({days[i] for i in draw}) for draw in combinations(range(7), 3)]
    assert flag.facts["expected"] == pytest.approx(np.mean(repeats), abs=1e-4)
    assert flag.facts["repeats"] == 1


def test_without_methods_it_says_so(snapshot: Snap) -> None:
    findings = find(snapshot, bundle(method=None))
    assert findings.missing == "awards.method"
