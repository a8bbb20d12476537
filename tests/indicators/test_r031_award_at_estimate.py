from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r031_award_at_estimate import AwardAtEstimate
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def award(frames: Frames, lot: Lot, key: str, firm: str, ratio: float, **more: Any) -> None:
    estimate = 10_000
    lot(frames, key, {firm: round(estimate * ratio, 2)}, buyer=more.pop("buyer", "B0"), **more)
    frames["tenders"][-1] |= {"estimated_value": estimate, "currency": "CNY"}


def honest(lot: Lot, seed: int = 0, count: int = 300, share: float = 0.1) -> Frames:
    rng = np.random.default_rng(seed)
    frames: Frames = {}
    for i in range(count):
        ratio = 0.998 if rng.random() < share else 0.8 + 0.18 * float(rng.random())
        award(frames, lot, f"H{i:03d}", f"f{rng.integers(25):02d}", ratio, buyer=f"B{i % 20}")
    return frames


def subjects(findings: Findings) -> set[tuple[str, str]]:
    return {(flag.subject_kind, flag.subject_id) for flag in findings.flags}


def test_a_supplier_always_at_the_estimate(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    for k in range(12):
        ratio = 1.01 if k < 3 else 0.999 if k < 10 else 0.9
        award(frames, lot, f"A{k:02d}", "acme", ratio, buyer=f"B{k % 20}")
    findings = run(AwardAtEstimate(), snapshot(**frames))
    assert subjects(findings) == {("company", "acme")}
    (flag,) = findings.flags
    assert (flag.facts["hits"], flag.facts["all"], flag.facts["over"]) == (10, 12, 3)
    assert 0.5 < float(str(flag.facts["expected"])) < 2.5
    assert "10 of 12 awards won by acme" in flag.reason
    assert len(flag.evidence) == 10
    assert flag.value == pytest.approx(10 / 12)


def test_a_buyer_always_at_the_estimate(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    for k in range(14):
        award(frames, lot, f"A{k:02d}", f"f{k:02d}", 1.0, buyer="BX")
    findings = run(AwardAtEstimate(), snapshot(**frames))
    assert subjects(findings) == {("body", "BX")}
    assert "awards given by BX" in findings.flags[0].reason


CASES: dict[str, tuple[float, dict[str, Any], bool]] = {
    "at the estimate": (0.996, {}, True),
    "a little below": (0.99, {}, False),
    "twice the estimate is a slip": (2.5, {}, False),
    "cancelled": (0.999, {"award": "cancelled"}, False),
}


@pytest.mark.parametrize(("ratio", "more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    ratio: float, more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot
) -> None:
    frames = honest(lot)
    for k in range(12):
        award(frames, lot, f"A{k:02d}", "acme", ratio, buyer=f"B{k % 20}", **more)
    found = subjects(run(AwardAtEstimate(), snapshot(**frames)))
    assert (("company", "acme") in found) is expected


def test_another_currency_is_not_compared(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    for k in range(12):
        award(frames, lot, f"A{k:02d}", "acme", 0.999, buyer=f"B{k % 20}")
        frames["tenders"][-1]["currency"] = "USD"
    assert not run(AwardAtEstimate(), snapshot(**frames)).flags


def test_public_ceilings_explain_themselves(snapshot: Snap, lot: Lot) -> None:
    """Innocent: in a trade of administered prices nearly every award is at the ceiling."""
    frames = honest(lot, share=0.9)
    for k in range(12):
        award(frames, lot, f"A{k:02d}", "acme", 0.999, buyer=f"B{k % 20}")
    assert not run(AwardAtEstimate(), snapshot(**frames)).flags


def test_without_estimates_it_is_not_computable(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    lot(frames, "T1", {"acme": 10.0})
    findings = run(AwardAtEstimate(), snapshot(**frames))
    assert findings.computable == 0
    assert findings.missing == "tenders.estimated_value"
    assert findings.reason.startswith("not computable, because")


def test_chance_is_chance(snapshot: Snap, lot: Lot) -> None:
    seen: list[float] = []
    for seed in range(4):
        findings = run(AwardAtEstimate(), snapshot(**honest(lot, seed)))
        assert not findings.flags
        assert findings.p_values is not None
        seen += findings.p_values.tolist()
    assert 0.02 < np.mean(np.array(seen) < 0.05) < 0.09
