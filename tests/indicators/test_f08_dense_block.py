from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.f08_dense_block import DenseBlock
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
Frames = dict[str, list[Row]]
START = date(2021, 1, 4)


def process(frames: Frames, key: str, body: str, company: str, day: int, **more: Any) -> None:
    frames["tenders"].append(
        {
            "tender_id": f"T{key}",
            "buyer_id": body,
            "method": "open",
            "bidders": 1,
            "category": "4521",
            "region": "North",
        }
        | more
    )
    frames["awards"].append(
        {
            "award_id": f"A{key}",
            "tender_id": f"T{key}",
            "buyer_id": body,
            "company_id": company,
            "awarded_on": str(START + timedelta(days=day)),
            "amount": 90_000,
            "currency": "CNY",
        }
    )


def market(seed: int = 17) -> Frames:
    """Single bids at random in eight markets of fifteen bodies and twenty firms."""
    frames: Frames = {"tenders": [], "awards": []}
    rng = np.random.default_rng(seed)
    for m in range(8):
        for i in range(150):
            process(
                frames, f"{m}-{i:03d}", f"B{m}-{rng.integers(15):02d}",
                f"c{m}-{rng.integers(20):02d}", int(rng.integers(350)),
                region=f"R{m}",
            )  # fmt: skip
    return frames


def block(frames: Frames, n: int = 60, **more: Any) -> Frames:
    rng = np.random.default_rng(18)
    for i in range(n):
        body, firm = f"B0-{rng.integers(3):02d}", f"ring{rng.integers(3)}"
        process(frames, f"x{i:03d}", body, firm, int(rng.integers(350)), region="R0", **more)
    return frames


def find(snapshot: Snap, frames: Frames, **settings: Any) -> Findings:
    return run(DenseBlock(**settings), snapshot(**frames))


def test_three_bodies_and_three_firms(snapshot: Snap) -> None:
    findings = find(snapshot, block(market()))
    (flag,) = findings.flags
    members = {m.id for m in flag.members if m.kind != "award"}
    assert {"ring0", "ring1", "ring2", "B0-00", "B0-01", "B0-02"} <= members
    assert len(members) <= 9
    assert flag.q_value is not None
    assert flag.q_value <= 0.05
    assert flag.subject_kind == "group"
    assert findings.computable == 8


def test_honest_awards_elsewhere_are_no_cover(snapshot: Snap) -> None:
    frames = block(market())
    rng = np.random.default_rng(19)
    for i in range(120):  # the three win as much from others, against rivals
        process(frames, f"y{i:03d}", f"B0-{3 + rng.integers(12):02d}", f"ring{i % 3}",
                int(rng.integers(350)), region="R0", bidders=4)  # fmt: skip
    (flag,) = find(snapshot, frames).flags
    assert {"ring0", "ring1", "ring2"} <= {m.id for m in flag.members}


def test_chance_alone_has_none(snapshot: Snap) -> None:
    findings = find(snapshot, market())
    assert list(findings.flags) == []
    assert findings.p_values is not None
    assert len(findings.p_values) == 8


@pytest.mark.parametrize(
    "more", [{"bidders": 2}, {"method": "direct"}], ids=["two bids", "direct, no line near"]
)
def test_awards_without_a_mark_are_not_counted(more: Row, snapshot: Snap) -> None:
    assert list(find(snapshot, block(market(), **more)).flags) == []


def test_bids_tell_where_the_number_is_missing(snapshot: Snap) -> None:
    frames = block(market())
    frames["bids"] = [
        {"bid_id": f"D{a['award_id']}", "tender_id": a["tender_id"], "company_id": a["company_id"]}
        for a in frames["awards"]
    ]
    for tender in frames["tenders"]:
        tender.pop("bidders")
    assert len(find(snapshot, frames).flags) == 1


def test_a_small_market_is_not_searched(snapshot: Snap) -> None:
    findings = find(snapshot, block({"tenders": [], "awards": []}, 9))
    assert findings.computable == 0
    assert "not computable" in findings.reason
