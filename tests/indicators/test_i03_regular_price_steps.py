from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.i03_regular_price_steps import RegularPriceSteps, near_centre
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def honest(lot: Lot, seed: int = 0, lots: int = 200) -> Frames:
    rng = np.random.default_rng(seed)
    frames: Frames = {}
    for i in range(lots):
        names = [f"f{k:02d}" for k in rng.permutation(20)[: 4 + i % 3]]
        amounts = np.sort(np.round(1e5 + rng.exponential(4e3, len(names)).cumsum(), 2))
        lot(frames, f"H{i:03d}", dict(zip(names, amounts.tolist(), strict=True)))
    return frames


def subjects(findings: Findings) -> set[str]:
    return {flag.subject_id for flag in findings.flags}


def named(*amounts: float) -> dict[str, float]:
    return {f"x{i}": amount for i, amount in enumerate(amounts)}


def test_equal_steps(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    lot(frames, "T1", named(981_370, 1_001_370, 1_021_370, 1_041_370, 1_061_370))
    findings = run(RegularPriceSteps(), snapshot(**frames))
    assert subjects(findings) == {"T1"}
    (flag,) = findings.flags
    assert flag.value is not None
    assert flag.value < 0.001
    assert flag.p_value is not None
    assert flag.p_value < 1e-6
    assert "equal differences of about 20,000" in flag.reason
    assert "981,370.00, 1,001,370.00" in flag.reason
    assert sum(e.table == "bids" for e in flag.evidence) == 5


CASES: dict[str, tuple[dict[str, float], dict[str, Any], bool]] = {
    "differences": (named(981_373, 1_001_373, 1_021_373, 1_041_373), {}, True),
    "ratios": (named(*[round(987_654.32 * 1.031**k, 2) for k in range(5)]), {}, True),
    "nearly": (named(981_373, 1_001_373, 1_024_373, 1_041_373), {}, False),
    "three prices": (named(981_373, 1_001_373, 1_021_373), {}, False),
    "all the same price": (named(981_373, 981_373, 981_373, 981_373), {}, False),
    "rounded to the step": (named(980_000, 1_000_000, 1_020_000, 1_040_000), {}, False),
    "one was put out": (
        named(981_373, 1_001_373, 1_021_373, 1_041_373), {"out": ["x1"]}, False),
    "another currency": (
        named(981_373, 1_001_373, 1_021_373, 1_041_373), {"currency": {"x2": "USD"}}, False),
}  # fmt: skip


@pytest.mark.parametrize(("prices", "more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    prices: dict[str, float], more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot
) -> None:
    frames = honest(lot)
    lot(frames, "T1", prices, **more)
    assert ("T1" in subjects(run(RegularPriceSteps(), snapshot(**frames)))) is expected


def test_steps_of_a_tariff_explain_themselves(snapshot: Snap, lot: Lot) -> None:
    """Innocent: an electronic auction with fixed discount steps."""
    frames = honest(lot, lots=60)
    for i in range(40):
        lot(frames, f"E{i}", named(*[100_003 + i + 500 * k for k in range(5)]))
    assert subjects(run(RegularPriceSteps(), snapshot(**frames))) == set()


def test_honest_lots_are_not_flagged(snapshot: Snap, lot: Lot) -> None:
    findings = run(RegularPriceSteps(), snapshot(**honest(lot, 3)))
    assert subjects(findings) == set()
    assert findings.p_values is not None
    assert len(findings.p_values) == findings.computable == 200


@pytest.mark.parametrize(("prices", "chance"), [(3, 0.035), (4, 0.0020), (5, 0.00013)])
def test_the_chance_of_even_steps_is_the_simulated_one(prices: int, chance: float) -> None:
    found = near_centre(np.array([0.05]), np.array([prices - 1]))
    assert found[0] == pytest.approx(chance, rel=0.03)


def test_the_volume_is_the_share_of_draws() -> None:
    rng = np.random.default_rng(7)
    steps = rng.exponential(size=(200_000, 4))
    variation = steps.std(axis=1, ddof=1) / steps.mean(axis=1)
    for limit in (0.15, 0.3):
        chance = near_centre(np.array([limit]), np.array([4]))[0]
        assert np.mean(variation <= limit) == pytest.approx(chance, rel=0.08)
