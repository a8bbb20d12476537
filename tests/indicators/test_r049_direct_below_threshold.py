from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r049_direct_below_threshold import DirectBelowThreshold
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
LINE = {"method": "open", "amount": 100_000, "currency": "CNY"}


def given(body: str, company: str, amounts: list[float], **more: Any) -> list[Row]:
    return [
        {
            "award_id": f"{body}-{company}-{i:03d}",
            "buyer_id": body,
            "company_id": company,
            "awarded_on": str(date(2022, 1, 1) + timedelta(days=6 * i)),
            "amount": round(v, 2),
            "currency": "CNY",
            "method": "direct",
            "category": "7110",
        }
        | more
        for i, v in enumerate(amounts)
    ]


def honest() -> list[Row]:
    rng = np.random.default_rng(7)
    return [
        row
        for b in range(15)
        for c in range(4)
        for row in given(f"Q{b:02d}", f"c{c}", rng.uniform(40_000, 100_000, 9).tolist())
    ]


NEAR = [91_000.0 + 700 * i for i in range(9)]


def find(snapshot: Snap, rows: list[Row], lines: list[Row] | None = None) -> Findings:
    snap = snapshot(awards=rows, thresholds=[LINE] if lines is None else lines)
    return run(DirectBelowThreshold(), snap)


def test_direct_awards_that_just_fit(snapshot: Snap) -> None:
    findings = find(snapshot, honest() + given("Q00", "acme", [*NEAR, 60_000]))
    (flag,) = findings.flags
    assert flag.subject_id == '["Q00","acme"]'
    assert (flag.facts["hits"], flag.facts["trials"]) == (9, 10)
    assert flag.q_value is not None
    assert flag.q_value < 0.01
    assert len([e for e in flag.evidence if e.table == "awards"]) == 9
    assert len([e for e in flag.evidence if e.table == "thresholds"]) == 1


def test_the_lower_line_of_direct_awards_counts(snapshot: Snap) -> None:
    low = {"method": "limited", "amount": 50_000, "currency": "CNY"}
    rows = honest() + given("Q00", "acme", [v / 2 for v in NEAR])
    assert [f.company_id for f in find(snapshot, rows, [LINE, low]).flags] == ["acme"]
    assert list(find(snapshot, rows).flags) == []


def test_a_price_list_that_everybody_pays(snapshot: Snap) -> None:
    """Innocent: in this category direct awards are that large everywhere."""
    rows = [r for b in range(15) for c in range(4) for r in given(f"Q{b:02d}", f"c{c}", NEAR)]
    assert list(find(snapshot, rows).flags) == []


@pytest.mark.parametrize(
    "rows",
    [
        given("Q00", "acme", NEAR, method="limited"),
        given("Q00", "acme", NEAR, method=None),
        given("Q00", "acme", NEAR[:2]),
        given("Q00", "acme", [v - 30_000 for v in NEAR]),
        given("Q00", "acme", [100_000.0] * 9),
        given("Q00", "acme", NEAR, status="cancelled"),
    ],
    ids=["not direct", "method unknown", "too few", "lower", "at the line", "cancelled"],
)
def test_near_misses(rows: list[Row], snapshot: Snap) -> None:
    assert list(find(snapshot, honest() + rows).flags) == []


def test_without_methods_it_says_so(snapshot: Snap) -> None:
    findings = find(snapshot, given("Q00", "acme", NEAR, method=None))
    assert findings.missing == "awards.method"
