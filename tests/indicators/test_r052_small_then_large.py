from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r052_small_then_large import SmallThenLarge
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
LINE = {"method": "open", "amount": 200_000, "currency": "CNY"}


def buy(key: str, day: str, amount: float, **more: Any) -> Row:
    return {
        "award_id": key,
        "buyer_id": "B1",
        "company_id": "acme",
        "awarded_on": day,
        "amount": round(amount, 2),
        "currency": "CNY",
        "method": "direct" if amount < 100_000 else "open",
        "category": "7110",
    } | more


def ordinary(n: int = 1500) -> list[Row]:
    rng = np.random.default_rng(11)
    return [
        buy(
            f"O{i:04d}",
            str(date(2019, 1, 1) + timedelta(days=int(rng.integers(1500)))),
            float(np.exp(rng.normal(11.3, 0.8))),
            buyer_id=f"Q{i % 8}" if i % 4 else "B1",
            company_id=f"firm{rng.integers(150)}",
        )
        for i in range(n)
    ]


FOOT = [
    buy("S1", "2021-02-01", 2_500),
    buy("S2", "2021-06-01", 1_900_000),
    buy("S3", "2022-02-01", 2_400_000),
]


def find(snapshot: Snap, rows: list[Row], **settings: Any) -> Findings:
    return run(SmallThenLarge(**settings), snapshot(awards=rows, thresholds=[LINE]))


def at_acme(findings: Findings) -> list[Any]:
    return [f for f in findings.flags if f.company_id == "acme"]


def test_a_foot_in_the_door(snapshot: Snap) -> None:
    findings = find(snapshot, ordinary() + FOOT, max_q=1.0)
    (flag,) = at_acme(findings)
    assert flag.subject_id == '["B1","acme"]'
    assert flag.value == pytest.approx(4_300_000 / 2_500)
    assert flag.p_value < 2e-3
    assert flag.facts["later"] == 2
    assert len(flag.evidence) == 3 + 1
    assert "CNY 2,500" in flag.reason
    others = [f.p_value for f in findings.flags if f.company_id != "acme"]
    assert flag.p_value <= min([1.0, *others])


NEAR_MISSES: dict[str, list[Row]] = {
    "ten times is not reached": [FOOT[0] | {"amount": 500_000, "method": "direct"}, *FOOT[1:]],
    "the first was tendered": [FOOT[0] | {"method": "open"}, *FOOT[1:]],
    "the first has no method": [FOOT[0] | {"method": None}, *FOOT[1:]],
    "years later": [FOOT[0], buy("S2", "2023-02-02", 1_900_000)],
    "nothing followed": FOOT[:1],
    "below the competitive line": [FOOT[0], buy("S2", "2021-06-01", 150_000)],
    "they may have met before": [buy("S0", "2019-03-01", 2_500), *FOOT[1:]],
    "a large one came first": [*FOOT, buy("S0", "2020-12-01", 900_000)],
    "another body": [FOOT[0] | {"buyer_id": "Q1"}, *FOOT[1:]],
    "another currency": [FOOT[0], FOOT[1] | {"currency": "USD"}],
}


@pytest.mark.parametrize("rows", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_near_misses(rows: list[Row], snapshot: Snap) -> None:
    assert at_acme(find(snapshot, ordinary(300) + rows, max_q=1.0)) == []


def test_ordinary_trade_has_none(snapshot: Snap) -> None:
    """Innocent: sizes go up and down by themselves."""
    findings = find(snapshot, ordinary())
    assert list(findings.flags) == []
    assert findings.p_values is not None
    assert findings.computable == len(findings.p_values) > 50
    assert 0.0 <= np.mean(findings.p_values < 0.05) < 0.12


def test_nothing_to_compare(snapshot: Snap) -> None:
    findings = find(snapshot, FOOT[:1])
    assert findings.computable == 0
    assert findings.reason.startswith("not computable, because")
