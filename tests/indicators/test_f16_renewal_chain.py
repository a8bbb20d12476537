from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.f16_renewal_chain import RenewalChain
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
Frames = dict[str, list[Row]]
START = date(2010, 1, 1)


def contracts(frames: Frames, key: str, spans: list[tuple[int, int]], **more: Any) -> None:
    """Contracts of one pair: first and last day of each."""
    for i, (first, last) in enumerate(spans):
        begins = START + timedelta(days=first)
        frames["awards"].append(
            {
                "award_id": f"A-{key}-{i}",
                "buyer_id": f"B{key}",
                "company_id": f"C{key}",
                "awarded_on": str(begins - timedelta(days=10)),
                "amount": 70_000,
                "currency": "CNY",
                "method": "direct",
                "category": "9091",
                "title": "Cleaning",
            }
            | more
        )
        frames["contracts"].append(
            {
                "contract_id": f"K-{key}-{i}",
                "award_id": f"A-{key}-{i}",
                "signed_on": str(begins - timedelta(days=5)),
                "starts_on": str(begins),
                "ends_on": str(START + timedelta(days=last)),
            }
        )


def others(pairs: int = 120) -> Frames:
    """Most contracts of other bodies are not renewed, some once."""
    frames: Frames = {"awards": [], "contracts": []}
    rng = np.random.default_rng(16)
    for i in range(pairs):
        day, spans = int(rng.integers(1500)), []
        for _ in range(1 + int(rng.random() < 0.15)):
            spans.append((day, day + 360))
            day += 365
        contracts(frames, f"{i:03d}", spans)
    return frames


def yearly(n: int, *, gap: int = 5, length: int = 360) -> list[tuple[int, int]]:
    return [(i * (length + gap), i * (length + gap) + length) for i in range(n)]


def find(snapshot: Snap, frames: Frames, **settings: Any) -> Findings:
    return run(RenewalChain(**settings), snapshot(**frames))


def test_a_chain_of_eight_years(snapshot: Snap) -> None:
    frames = others()
    contracts(frames, "X", yearly(8))
    findings = find(snapshot, frames)
    (flag,) = findings.flags
    assert flag.subject_id == '["BX","CX"]'
    assert flag.value == 7
    assert flag.facts["years"] == pytest.approx(8.0, abs=0.1)
    assert flag.q_value is not None
    assert flag.q_value <= 0.05
    assert {m.kind for m in flag.members} == {"body", "company", "award", "contract"}
    assert len([e for e in flag.evidence if e.table == "contracts"]) == 8
    assert str(flag.first_on) == "2010-01-01"
    assert "7 times" in flag.reason


def with_pair(spans: list[tuple[int, int]], **more: Any) -> Frames:
    frames = others()
    contracts(frames, "X", spans, **more)
    return frames


NEAR_MISSES: dict[str, Frames] = {
    "tendered openly": with_pair(yearly(8), method="open"),
    "method unknown": with_pair(yearly(8), method=None),
    "pauses of three months": with_pair(yearly(8, gap=90)),
    "four years": with_pair(yearly(4)),
    "side by side": with_pair([(i * 50, i * 50 + 2000) for i in range(8)]),
    "weekly deliveries": with_pair(yearly(300, gap=1, length=6)),
}


@pytest.mark.parametrize("frames", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_near_misses(frames: Frames, snapshot: Snap) -> None:
    assert list(find(snapshot, frames).flags) == []


def test_other_objects_are_no_renewal(snapshot: Snap) -> None:
    frames = others()
    for i, span in enumerate(yearly(8)):
        contracts(frames, f"X{i}", [span], buyer_id="BX", company_id="CX", category=f"{50 + i}10")
    assert list(find(snapshot, frames).flags) == []


def test_where_renewing_is_usual_it_is_not_flagged(snapshot: Snap) -> None:
    """Innocent: licences go on and on everywhere."""
    frames: Frames = {"awards": [], "contracts": []}
    for i in range(40):
        contracts(frames, f"{i:03d}", yearly(5 + i % 6))
    contracts(frames, "X", yearly(9))
    assert list(find(snapshot, frames).flags) == []


def test_a_contract_ended_early_ends_there(snapshot: Snap) -> None:
    frames = with_pair(yearly(8))
    for row in frames["contracts"]:
        if row["contract_id"] == "K-X-3":
            row["terminated_on"] = str(date.fromisoformat(row["ends_on"]) - timedelta(days=200))
    assert list(find(snapshot, frames).flags) == []


def test_without_dates_it_is_not_computable(snapshot: Snap) -> None:
    frames = with_pair(yearly(8))
    bare = [{k: r[k] for k in ("contract_id", "award_id")} for r in frames["contracts"]]
    findings = find(snapshot, frames | {"contracts": bare})
    assert findings.computable == 0
    assert "not computable" in findings.reason
