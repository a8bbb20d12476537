from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r002_threshold_manipulation import ThresholdManipulation
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
LINE = {"method": "open", "amount": 100_000, "currency": "CNY"}


def bought(values: dict[str, list[float]], **more: Any) -> list[Row]:
    """Purchases by limited methods, body by body."""
    return [
        {
            "award_id": f"{body}-{i:03d}",
            "buyer_id": body,
            "company_id": f"firm{i % 7}",
            "awarded_on": str(date(2022, 1, 1) + timedelta(days=3 * i)),
            "amount": round(v, 2),
            "currency": "CNY",
            "method": "limited",
            "category": "7110",
        }
        | more
        for body, amounts in values.items()
        for i, v in enumerate(amounts)
    ]


def honest(n: int = 30) -> dict[str, list[float]]:
    rng = np.random.default_rng(4)
    return {f"Q{i:02d}": rng.uniform(50_000, 100_000, n).tolist() for i in range(20)}


def crowd(near: int, far: int) -> list[float]:
    return [93_000.0 + 100 * i for i in range(near)] + [55_000.0 + 900 * i for i in range(far)]


def find(snapshot: Snap, rows: list[Row], lines: list[Row] | None = None, **set_: Any) -> Findings:
    snap = snapshot(awards=rows, thresholds=[LINE] if lines is None else lines)
    return run(ThresholdManipulation(**set_), snap)


def test_a_body_that_crowds_below_the_line(snapshot: Snap) -> None:
    findings = find(snapshot, bought(honest() | {"B1": crowd(25, 10)}))
    (flag,) = findings.flags
    assert flag.subject_id == "B1"
    assert flag.facts["hits"] == 25
    assert flag.facts["trials"] == 35
    assert flag.value is not None
    assert flag.value == pytest.approx(25 / 35 / 0.2, rel=0.15)
    assert flag.q_value is not None
    assert flag.q_value < 0.01
    assert "CNY 100,000" in flag.reason
    assert {m.kind for m in flag.members} == {"body", "award"}
    assert len([e for e in flag.evidence if e.table == "awards"]) == 25
    assert findings.computable == 21


def test_honest_bodies_alone_have_none(snapshot: Snap) -> None:
    findings = find(snapshot, bought(honest()))
    assert list(findings.flags) == []
    assert findings.p_values is not None
    assert len(findings.p_values) == 20


def test_where_everybody_crowds_nobody_does(snapshot: Snap) -> None:
    """Innocent: a list price of the category lies just below the line."""
    rows = bought({f"Q{i:02d}": crowd(25, 10) for i in range(12)} | {"B1": crowd(26, 9)})
    assert list(find(snapshot, rows).flags) == []


NEAR_MISSES: dict[str, tuple[list[Row], list[Row]]] = {
    "by open tender": (bought({"B1": crowd(25, 10)}, method="open"), [LINE]),
    "method unknown": (bought({"B1": crowd(25, 10)}, method=None), [LINE]),
    "above the line": (bought({"B1": [v + 8_000 for v in crowd(25, 0)]}), [LINE]),
    "too few": (bought({"B1": crowd(4, 0)}), [LINE]),
    "the line was raised before": (
        bought({"B1": crowd(25, 10)}),
        [LINE | {"category_prefix": "71", "amount": 150_000, "starts_on": "2015-01-01"}],
    ),
}


@pytest.mark.parametrize(("rows", "lines"), NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_near_misses(rows: list[Row], lines: list[Row], snapshot: Snap) -> None:
    flags = find(snapshot, bought(honest()) + rows, lines).flags
    assert [f for f in flags if f.subject_id == "B1"] == []


def test_the_estimate_counts_where_there_is_one(snapshot: Snap) -> None:
    rows = bought(honest() | {"B1": crowd(25, 10)})
    tenders = []
    for row in rows:
        if row["buyer_id"] == "B1":
            row["tender_id"] = f"T{row['award_id']}"
            tenders.append({"tender_id": row["tender_id"], "buyer_id": "B1",
                            "estimated_value": row["amount"], "currency": "CNY"})  # fmt: skip
            row["amount"] = 51_000  # bidders went far below the estimate
    snap = snapshot(awards=rows, tenders=tenders, thresholds=[LINE])
    assert [f.subject_id for f in run(ThresholdManipulation(), snap).flags] == ["B1"]


def test_without_methods_it_says_so(snapshot: Snap) -> None:
    findings = find(snapshot, bought(honest(), method=None))
    assert findings.missing == "awards.method"
    assert findings.computable == 0
