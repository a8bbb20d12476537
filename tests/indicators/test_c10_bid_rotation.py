from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.c10_bid_rotation import BidRotation
from graphgov.snapshot import Snapshot
from graphgov.stats.rotation import shuffled_turns

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]
RING = ["r1", "r2", "r3", "r4"]


def day(i: int) -> str:
    return str(np.datetime64("2021-01-01") + i)


def towns(lot: Lot, seed: int = 0, count: int = 8) -> Frames:
    """Honest trades of five firms each; the winner is drawn by strength."""
    rng = np.random.default_rng(seed)
    frames: Frames = {}
    for town in range(count):
        firms = [f"t{town}f{i}" for i in range(5)]
        strength = rng.gamma(3, 1, 5)
        for k in range(30):
            who = rng.permutation(5)[: int(rng.integers(2, 6))]
            first = int(rng.choice(who, p=strength[who] / strength[who].sum()))
            order = [first, *(int(w) for w in who if w != first)]
            prices = {firms[w]: 1000.0 + 10 * place for place, w in enumerate(order)}
            lot(frames, f"H{town}-{k:02d}", prices, on=day(int(rng.integers(900))))
    return frames


def ring(frames: Frames, lot: Lot, lots: int, *, order: str = "turns", **more: Any) -> None:
    rng = np.random.default_rng(3)
    for k in range(lots):
        turn = {"turns": k % 4, "blocks": 4 * k // lots, "chance": int(rng.integers(4))}[order]
        others = [RING[(turn + j) % 4] for j in range(1, 4) if (k + j) % 3]
        prices = {RING[turn]: 1000.0} | {name: 1100.0 + j for j, name in enumerate(others)}
        lot(frames, f"R{k:02d}", prices, on=day(25 * k), **more)


def rings(findings: Findings) -> list[str]:
    return [f.subject_id for f in findings.flags if any(m.id in RING for m in f.members)]


def test_wins_go_round(snapshot: Snap, lot: Lot) -> None:
    frames = towns(lot)
    ring(frames, lot, 28)
    findings = run(BidRotation(), snapshot(**frames))
    assert rings(findings) == ['["r1","r2","r3","r4"]']
    (flag,) = findings.flags
    assert flag.p_value is not None
    assert flag.p_value < 1e-4
    assert float(str(flag.facts["p_shuffled"])) <= 0.01
    assert float(str(flag.facts["longest"])) > 1.4 * float(str(flag.facts["longest_expected"]))
    assert "shared 28 lots of B1" in flag.reason


def test_a_ring_alone_in_its_market_is_seen(snapshot: Snap, lot: Lot) -> None:
    """Nothing but who won can tell: nobody else bids in the category."""
    frames = towns(lot)
    ring(frames, lot, 28, category="9911")
    assert rings(run(BidRotation(), snapshot(**frames))) == ['["r1","r2","r3","r4"]']


@pytest.mark.parametrize(
    ("lots", "order"),
    [(28, "blocks"), (28, "chance"), (7, "turns")],
    ids=["blocks", "chance", "few"],
)
def test_what_is_no_rotation(lots: int, order: str, snapshot: Snap, lot: Lot) -> None:
    """Innocent: equal wins one firm after the other, or by luck; and too few lots."""
    frames = towns(lot)
    ring(frames, lot, lots, order=order)
    assert rings(run(BidRotation(), snapshot(**frames))) == []


def test_honest_towns_are_not_flagged_and_chance_is_chance(snapshot: Snap, lot: Lot) -> None:
    seen: list[float] = []
    for seed in range(3):
        findings = run(BidRotation(), snapshot(**towns(lot, seed)))
        assert len(findings.flags) == 0
        assert findings.p_values is not None
        seen += findings.p_values.tolist()
    assert np.mean(np.array(seen) < 0.05) < 0.12


def test_settings_are_kept(snapshot: Snap, lot: Lot) -> None:
    frames = towns(lot, count=4)
    ring(frames, lot, 28)
    snap = snapshot(**frames)
    assert rings(run(BidRotation(min_lots=28), snap))
    assert not rings(run(BidRotation(min_lots=29), snap))
    assert not rings(run(BidRotation(max_members=3, min_lots=28), snap))
    assert not rings(run(BidRotation(max_shuffled_p=0.0), snap))


def test_shuffles_keep_bidders_and_wins() -> None:
    everybody = np.ones((24, 4), dtype=bool)
    waits, changes = shuffled_turns(everybody, np.arange(24) % 4, 1, 199)
    assert waits == 1 / 200
    assert changes <= 0.025
    waits, changes = shuffled_turns(everybody, np.repeat(np.arange(4), 6), 1, 199)
    assert waits == 1.0
    assert changes == 1.0
    apart = np.repeat(np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool), 12, axis=0)
    fixed = np.where(np.arange(24) < 12, 0, 2)  # nothing can be exchanged
    assert shuffled_turns(apart, fixed, 1, 49) == (1.0, 1.0)
