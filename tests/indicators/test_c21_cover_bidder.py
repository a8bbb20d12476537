from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.c21_cover_bidder import CoverBidder
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def day(i: int) -> str:
    return str(np.datetime64("2021-01-01") + i)


def honest(lot: Lot, seed: int = 0, lots: int = 400, losers: int = 0) -> Frames:
    """Twenty firms that win as often; `losers` more that never do, wherever they bid."""
    rng = np.random.default_rng(seed)
    frames: Frames = {}
    for i in range(lots):
        names = [f"f{k:02d}" for k in rng.permutation(20)[: int(rng.integers(2, 5))]]
        names += [f"l{k:02d}" for k in range(losers) if rng.random() < 0.05]
        prices = {name: 1000.0 + 20 * place for place, name in enumerate(names)}
        lot(frames, f"H{seed}-{i:03d}", prices, buyer=f"B{i % 7}", on=day(i * 4 % 700))
    return frames


def cover(frames: Frames, lot: Lot, times: int, **more: Any) -> None:
    """`cov` loses to `win`; prices put it last of three, unless `near`."""
    for k in range(times):
        dear = 1001.0 if more.get("near") else 1300.0
        prices = {"win": 1000.0, "cov": dear, f"f{k % 20:02d}": 1200.0}
        lot(frames, f"C{k:02d}", prices, on=day(30 * k), category=more.get("category", "4521"))


def subjects(findings: Findings) -> list[str]:
    return [flag.subject_id for flag in findings.flags]


def test_who_only_ever_loses_to_one(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    cover(frames, lot, 8)
    findings = run(CoverBidder(), snapshot(**frames))
    assert subjects(findings) == ['["cov","win"]']
    (flag,) = findings.flags
    assert (flag.facts["loser"], flag.facts["winner"]) == ("cov", "win")
    assert (flag.facts["entered"], flag.facts["lots"]) == (8, 8)
    assert "went to win for CNY 8,000" in flag.reason
    assert flag.p_value is not None
    assert flag.p_value < 1e-6


def won_once(frames: Frames, lot: Lot) -> None:
    lot(frames, "W1", {"cov": 900.0, "f01": 1000.0})


def leader(frames: Frames, lot: Lot) -> None:
    for k in range(400):
        rivals = {f"f{(k + i) % 20:02d}": 1000.0 + i for i in range(1 + k % 2)}
        lot(frames, f"L{k:03d}", {"win": 900.0} | rivals, on=day(k))


CASES: dict[str, tuple[int, dict[str, Any], Any, bool]] = {
    "loses always": (8, {}, None, True),
    "won once": (8, {}, won_once, False),
    "the leader of the trade beats everybody": (5, {}, leader, False),
    "a niche of their own": (8, {"category": "9999"}, None, False),
    "close behind the winner": (8, {"near": True}, None, False),
    "three losses": (3, {}, None, False),
}


@pytest.mark.parametrize(("times", "more", "change", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    times: int, more: dict[str, Any], change: Any, expected: bool, snapshot: Snap, lot: Lot
) -> None:
    frames = honest(lot, lots=150)
    cover(frames, lot, times, **more)
    if change:
        change(frames, lot)
    assert (subjects(run(CoverBidder(), snapshot(**frames))) == ['["cov","win"]']) is expected


def test_weak_firms_lose_to_anybody(snapshot: Snap, lot: Lot) -> None:
    """Innocent: forty firms that never win, and chance says to whom they lose."""
    seen: list[float] = []
    for seed in range(3):
        findings = run(CoverBidder(), snapshot(**honest(lot, seed, losers=40)))
        assert subjects(findings) == []
        assert findings.p_values is not None
        assert findings.computable == 40
        seen += findings.p_values.tolist()
    assert len(seen) > 1000
    assert 0.035 < np.mean(np.array(seen) < 0.05) < 0.065


def test_settings_are_kept(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    cover(frames, lot, 8)
    snap = snapshot(**frames)
    assert subjects(run(CoverBidder(min_bids=8, min_losses=8), snap))
    assert not subjects(run(CoverBidder(min_bids=9), snap))
    assert not subjects(run(CoverBidder(min_losses=9), snap))
    assert not subjects(run(CoverBidder(max_q=0.0), snap))
