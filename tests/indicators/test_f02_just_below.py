from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.f02_just_below import JustBelow
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
LINE = {"method": "open", "amount": 100_000, "currency": "CNY"}


def bought(body: str, company: str, amounts: list[float], **more: Any) -> list[Row]:
    return [
        {
            "award_id": f"{body}-{company}-{i:03d}",
            "buyer_id": body,
            "company_id": company,
            "awarded_on": str(date(2022, 1, 1) + timedelta(days=5 * i)),
            "amount": round(v, 2),
            "currency": "CNY",
            "method": "limited" if v < 100_000 else "open",
            "category": "7110",
        }
        | more
        for i, v in enumerate(amounts)
    ]


def honest() -> list[Row]:
    """Purchases on both sides of the line, as many above as below."""
    rng = np.random.default_rng(6)
    return [
        row
        for b in range(15)
        for c in range(4)
        for row in bought(f"Q{b:02d}", f"c{c}", rng.uniform(90_000, 110_000, 8).tolist())
    ]


def below(n: int) -> list[float]:
    return [91_000.0 + 500 * i for i in range(n)]


def find(snapshot: Snap, rows: list[Row], **settings: Any) -> Findings:
    return run(JustBelow(**settings), snapshot(awards=rows, thresholds=[LINE]))


def test_one_company_always_below(snapshot: Snap) -> None:
    findings = find(snapshot, honest() + bought("Q00", "acme", below(14)))
    (flag,) = findings.flags
    assert flag.subject_id == '["Q00","acme"]'
    assert flag.value == 14
    assert flag.p_value is not None
    assert flag.p_value < 1e-3
    assert flag.q_value is not None
    assert flag.q_value <= 0.05
    assert {m.kind for m in flag.members} == {"body", "company", "award"}
    assert findings.computable == 61


def test_a_habit_of_the_whole_body_is_not_the_companys(snapshot: Snap) -> None:
    """Innocent: the body caps its budgets, whoever delivers."""
    rows = [r for k in range(5) for r in bought("B1", f"d{k}", below(14))]
    flags = find(snapshot, honest() + rows).flags
    assert [f for f in flags if f.p_value is not None and f.p_value < 1e-3] == []


@pytest.mark.parametrize(
    "rows",
    [
        bought("Q00", "acme", below(4)),
        bought("Q00", "acme", below(7) + [101_000.0 + 900 * i for i in range(7)]),
        bought("Q00", "acme", [70_000.0 + 900 * i for i in range(14)]),
    ],
    ids=["too few", "as many above", "far below"],
)
def test_near_misses(rows: list[Row], snapshot: Snap) -> None:
    assert list(find(snapshot, honest() + rows).flags) == []


def test_the_line_itself_is_above(snapshot: Snap) -> None:
    flags = find(snapshot, honest() + bought("Q00", "acme", [100_000.0] * 14)).flags
    assert list(flags) == []


def test_nothing_near_a_line(snapshot: Snap) -> None:
    findings = find(snapshot, bought("Q00", "acme", [5_000.0] * 3))
    assert findings.computable == 0
    assert "not computable" in findings.reason
