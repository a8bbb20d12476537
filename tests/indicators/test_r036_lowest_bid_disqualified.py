from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r036_lowest_bid_disqualified import LowestBidDisqualified
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]
FOUR = {"acme": 1000, "zed": 800, "far": 1100, "near": 1200}


def found(findings: Findings) -> dict[str, Any]:
    return {f.subject_id: f for f in findings.flags}


def test_it_is_always_the_cheapest(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    for i in range(6):
        lot(frames, f"T{i}", FOUR, out=["zed"] if i < 5 else ["near"])
    flags = found(run(LowestBidDisqualified(), snapshot(**frames)))
    assert set(flags) == {f"T{i}" for i in range(5)}
    flag = flags["T0"]
    assert flag.value == pytest.approx(0.25)
    assert flag.p_value == pytest.approx(6 * 0.25**5 * 0.75 + 0.25**6)
    assert (flag.company_id, flag.body_id) == ("acme", "B1")
    assert {m.id: m.role for m in flag.members if m.kind == "company"} == {
        "acme": "winner", "zed": "disqualified"}  # fmt: skip
    for part in ("CNY 800 by zed", "acme won on 2023-05-01", "CNY 1,000", "6 lots", "out in 5"):
        assert part in flag.reason


CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "the lowest": ({"out": ["zed"]}, True),
    "another": ({"out": ["near"]}, False),
    "nobody": ({}, False),
    "no award": ({"out": ["zed"], "award": "cancelled"}, False),
    "two currencies": ({"out": ["zed"], "currency": {"far": "USD"}}, False),
    "quality decides": ({"out": ["zed"], "criteria": "quality"}, False),
    "everybody": ({"out": list(FOUR)}, False),
}


@pytest.mark.parametrize(("more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    lot(frames, "P0", {"f": 1, "g": 2, "h": 3}, out=["h"])
    lot(frames, "T1", FOUR, **more)
    assert ("T1" in found(run(LowestBidDisqualified(), snapshot(**frames)))) is expected


def test_the_lowest_of_each_lot(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    lot(frames, "T1", {"acme": 1000, "far": 1100}, lot="1", out=["far"])
    lot(frames, "T1", {"zed": 5000, "near": 4000}, lot="2", out=["near"])
    assert set(found(run(LowestBidDisqualified(), snapshot(**frames)))) == {'["T1","2"]'}


def test_chance_explains_itself(snapshot: Snap, lot: Lot) -> None:
    """Innocent: one in four disqualified bids is the lowest of four, as chance has it."""
    frames: Frames = {}
    for i in range(12):
        lot(frames, f"T{i}", FOUR, out=[list(FOUR)[i % 4]])
    flags = found(run(LowestBidDisqualified(), snapshot(**frames)))
    assert len(flags) == 3
    assert all(f.p_value > 0.4 and f.score < 0.55 for f in flags.values())


def test_what_has_no_prices_is_not_clean(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    lot(frames, "T1", FOUR, out=["zed"])
    lot(frames, "T2", FOUR, out=list(FOUR))
    findings = run(LowestBidDisqualified(), snapshot(**frames))
    assert (findings.subjects, findings.computable, findings.missing) == (2, 1, "bids.amount")
    assert findings.reason == "not computable, because no valid bid has a price (1 processes)"
