from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.f10_dense_tensor import DenseTensor
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
START = date(2021, 1, 4)


def award(key: str, body: str, company: str, day: int, **more: Any) -> Row:
    return {
        "award_id": key,
        "buyer_id": body,
        "company_id": company,
        "awarded_on": str(START + timedelta(days=day)),
        "amount": 9_000,
        "currency": "CNY",
        "method": "direct",
        "category": "4521",
        "region": "R0",
    } | more


def market() -> list[Row]:
    rng = np.random.default_rng(20)
    return [
        award(
            f"{m}-{i:03d}",
            f"B{m}-{rng.integers(15):02d}",
            f"c{m}-{rng.integers(20):02d}",
            int(rng.integers(700)),
            region=f"R{m}",
        )
        for m in range(8)
        for i in range(200)
    ]


def season(first: int = 300, span: int = 50, firms: int = 2, n: int = 30, **more: Any) -> list[Row]:
    rng = np.random.default_rng(21)
    return [
        award(
            f"x{i:02d}",
            f"B0-{rng.integers(2):02d}",
            f"firm{rng.integers(firms)}",
            first + int(rng.integers(span)),
            **more,
        )
        for i in range(n)
    ]


def find(snapshot: Snap, rows: list[Row], **settings: Any) -> Findings:
    return run(DenseTensor(**settings), snapshot(awards=rows))


def test_two_bodies_two_firms_two_months(snapshot: Snap) -> None:
    findings = find(snapshot, market() + season())
    (flag,) = findings.flags
    assert {"firm0", "firm1", "B0-00", "B0-01"} <= {m.id for m in flag.members}
    assert flag.facts["months"] <= 3
    assert flag.q_value is not None
    assert flag.q_value <= 0.05
    assert flag.last_on is not None
    assert flag.first_on is not None
    assert (flag.last_on - flag.first_on).days <= 92
    assert findings.computable == 8


def test_chance_alone_has_none(snapshot: Snap) -> None:
    assert list(find(snapshot, market()).flags) == []


@pytest.mark.parametrize(
    "rows",
    [
        season(method="open"),
        season(firms=25),
        season(n=7),
        season(span=690),
    ],
    ids=["tendered", "from whoever sells it", "too few", "over two years"],
)
def test_near_misses(rows: list[Row], snapshot: Snap) -> None:
    """Innocent among them: a programme in which two bodies buy from everybody at once."""
    flags = find(snapshot, market() + rows).flags
    assert [f for f in flags if f.p_value is not None and f.p_value < 2e-3] == []


def test_a_single_bid_counts_like_a_direct_award(snapshot: Snap) -> None:
    rows = [r | {"method": None} for r in market() + season()]
    tenders = []
    for row in rows:
        row["tender_id"] = f"T{row['award_id']}"
        tenders.append({"tender_id": row["tender_id"], "buyer_id": row["buyer_id"],
                        "method": "open", "bidders": 1})  # fmt: skip
    snap = snapshot(awards=rows, tenders=tenders)
    assert len(run(DenseTensor(), snap).flags) == 1


def test_without_methods_it_says_so(snapshot: Snap) -> None:
    findings = find(snapshot, [r | {"method": None} for r in market()])
    assert findings.computable == 0
    assert findings.missing == "awards.method"
