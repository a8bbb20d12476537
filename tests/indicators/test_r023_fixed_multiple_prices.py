from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r023_fixed_multiple_prices import FixedMultiplePrices, _maximum_up_to
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def honest(lot: Lot, seed: int = 0, lots: int = 180) -> Frames:
    rng = np.random.default_rng(seed)
    frames: Frames = {}
    for i in range(lots):
        names = [f"f{k:02d}" for k in rng.permutation(9)[:3]]
        prices = {n: round(float(1e5 * np.exp(rng.normal(0, 0.15))), 2) for n in names}
        lot(frames, f"H{seed}-{i:03d}", prices, winner=min(prices, key=prices.__getitem__))
    return frames


def pair(frames: Frames, lot: Lot, ratios: list[float], **more: Any) -> None:
    rng = np.random.default_rng(1)
    for k, ratio in enumerate(ratios):
        low = round(float(1e5 * np.exp(rng.normal(0, 0.2))), 2)
        lot(frames, f"P{k:02d}", {"aa": low, "bb": round(low * ratio, 2)}, **more)


def subjects(findings: Findings) -> list[str]:
    return [flag.subject_id for flag in findings.flags]


def test_the_same_multiple_again_and_again(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair(frames, lot, [1.17] * 6 + [1.31, 1.05])
    findings = run(FixedMultiplePrices(), snapshot(**frames))
    assert subjects(findings) == ['["aa","bb"]']
    (flag,) = findings.flags
    assert (flag.facts["ratio"], flag.facts["lots"], flag.facts["meetings"]) == (1.17, 6, 8)
    assert (flag.facts["cheaper"], flag.facts["dearer"]) == ("aa", "bb")
    assert "On 6 of the 8 priced lots" in flag.reason
    assert "1.17 times the price of aa" in flag.reason
    assert sum(e.table == "bids" for e in flag.evidence) == 12


CASES: dict[str, tuple[list[float], dict[str, Any], bool]] = {
    "six times": ([1.17] * 6, {}, True),
    "twice": ([1.17] * 2 + [1.31], {}, False),
    "all near to each other": ([1.01] * 6, {}, False),
    "all within a few hundredths": ([1.15, 1.16, 1.17, 1.17, 1.18, 1.19, 1.20, 1.14], {}, False),
    "two currencies": ([1.17] * 6, {"currency": {"bb": "USD"}}, False),
    "tenfold slips": ([11.7] * 6, {}, False),
}


@pytest.mark.parametrize(("ratios", "more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    ratios: list[float], more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot
) -> None:
    frames = honest(lot)
    pair(frames, lot, ratios, **more)
    found = subjects(run(FixedMultiplePrices(), snapshot(**frames)))
    assert (found == ['["aa","bb"]']) is expected


def test_a_trade_with_fixed_mark_ups_explains_itself(snapshot: Snap, lot: Lot) -> None:
    """Innocent: everybody resells one price list at one of two mark-ups."""
    rng = np.random.default_rng(3)
    frames: Frames = {}
    for i in range(300):
        one, two = (f"f{k}" for k in rng.permutation(9)[:2])
        ratio = 1.17 if rng.random() < 0.7 else 1.25
        lot(frames, f"H{i:03d}", {one: 1000 + i, two: round((1000 + i) * ratio, 2)})
    assert subjects(run(FixedMultiplePrices(), snapshot(**frames))) == []


def test_chance_is_chance(snapshot: Snap, lot: Lot) -> None:
    seen: list[float] = []
    for seed in range(4):
        findings = run(FixedMultiplePrices(), snapshot(**honest(lot, seed)))
        assert subjects(findings) == []
        assert findings.p_values is not None
        seen += findings.p_values.tolist()
    assert len(seen) > 120
    assert 0.01 < np.mean(np.array(seen) < 0.05) < 0.1


def test_the_maximum_is_that_of_all_outcomes() -> None:
    shares = np.array([0.5, 0.3, 0.2])
    for most in (1, 2):
        table = _maximum_up_to(shares, most, 4)
        for n in range(5):
            chance = 0.0
            for draw in product(range(3), repeat=n):
                if max((draw.count(v) for v in range(3)), default=0) <= most:
                    chance += float(np.prod([shares[v] for v in draw]))
            assert table[n] == pytest.approx(chance)
    assert _maximum_up_to(np.array([0.5, 0.5]), 1, 3).tolist() == pytest.approx([1, 1, 0.5, 0])
