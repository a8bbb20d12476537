from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.f07_award_burst import AwardBurst
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
START = date(2019, 1, 1)


def award(key: str, day: int, body: str, company: str, **more: Any) -> Row:
    return {
        "award_id": key,
        "buyer_id": body,
        "company_id": company,
        "awarded_on": str(START + timedelta(days=day)),
        "amount": 5_000,
        "currency": "CNY",
        "category": "4521",
    } | more


def market() -> list[Row]:
    """Eight bodies that buy from twelve firms at random; kinds differ, so none is a repeat."""
    rng = np.random.default_rng(13)
    return [
        award(
            f"{b}-{i:03d}",
            int(rng.integers(1400)),
            f"Q{b}",
            f"c{rng.integers(12)}",
            category=f"45{i % 90 + 10}",
        )
        for b in range(8)
        for i in range(150)
    ]


def crowd(days: list[int], **more: Any) -> list[Row]:
    return [
        award(f"x{i:02d}", d, "Q0", "acme", category=f"45{i + 10}", **more)
        for i, d in enumerate(days)
    ]


CROWD = [100, 700, 702, 704, 706, 708, 710, 712, 714, 1300]


def find(snapshot: Snap, rows: list[Row], **settings: Any) -> Findings:
    return run(AwardBurst(**settings), snapshot(awards=rows))


def test_eight_awards_in_two_weeks(snapshot: Snap) -> None:
    findings = find(snapshot, market() + crowd(CROWD))
    (flag,) = findings.flags
    assert flag.subject_id == '["Q0","acme"]'
    assert (flag.facts["burst"], flag.facts["all"]) == (8, 10)
    assert str(flag.first_on) == str(START + timedelta(days=700))
    assert str(flag.last_on) == str(START + timedelta(days=714))
    assert flag.q_value is not None
    assert flag.q_value <= 0.05
    assert flag.value is not None
    assert flag.value > 10
    assert len(flag.evidence) == 8


def test_ordinary_trade_has_none(snapshot: Snap) -> None:
    findings = find(snapshot, market())
    assert list(findings.flags) == []
    assert findings.p_values is not None
    assert np.mean(findings.p_values < 0.05) < 0.12


def test_when_the_body_itself_bursts_nobody_does(snapshot: Snap) -> None:
    """Innocent: a season, in which the body buys everything from everybody."""
    season = [
        award(f"s{i:03d}", 690 + i % 40, "Q0", f"c{i % 12}", category=f"45{i % 90 + 10}")
        for i in range(150)
    ]
    flags = find(snapshot, market() + crowd(CROWD) + season).flags
    assert [f for f in flags if f.company_id == "acme"] == []


@pytest.mark.parametrize(
    "rows",
    [
        crowd([40 + 140 * i for i in range(10)]),
        crowd([100, 700, 702, 704, 1300]),
        [r | {"category": "4599"} for r in crowd(CROWD)],
        crowd([100, 700], status="active"),
    ],
    ids=["evenly", "three in the burst", "one decision in parts", "two awards"],
)
def test_near_misses(rows: list[Row], snapshot: Snap) -> None:
    assert list(find(snapshot, market() + rows).flags) == []


def test_too_few_to_tell(snapshot: Snap) -> None:
    findings = find(snapshot, crowd([100, 700]))
    assert findings.computable == 0
    assert "not computable" in findings.reason
