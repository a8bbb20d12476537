from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r053_recurrent_winner import RecurrentWinner
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def day(i: int) -> str:
    return str(np.datetime64("2021-01-01") + i)


def honest(lot: Lot, seed: int = 0, lots: int = 450, firms: int = 12) -> Frames:
    """Firms of unlike strength; the winner is drawn by strength."""
    rng = np.random.default_rng(seed)
    strength = rng.gamma(4, 1, firms)
    frames: Frames = {}
    for i in range(lots):
        who = rng.permutation(firms)[: int(rng.integers(2, 5))]
        first = rng.choice(who, p=strength[who] / strength[who].sum())
        names = [f"f{first:02d}", *(f"f{k:02d}" for k in who if k != first)]
        prices = {name: 1000.0 + 20 * place for place, name in enumerate(names)}
        lot(frames, f"H{seed}-{i:03d}", prices, buyer=f"B{i % 7}", on=day(i % 700))
    return frames


def duels(frames: Frames, lot: Lot, wins: int, losses: int = 0, key: str = "D") -> None:
    for k in range(wins + losses):
        order = ["aa", "bb"] if k < wins else ["bb", "aa"]
        lot(frames, f"{key}{k:02d}", {order[0]: 500, order[1]: 510}, on=day(20 * k))


def elsewhere(frames: Frames, lot: Lot, name: str, wins: int, losses: int) -> None:
    for k in range(wins + losses):
        rival = f"f{k % 12:02d}"
        order = [name, rival] if k < wins else [rival, name]
        lot(frames, f"E{name}{k:02d}", {order[0]: 500, order[1]: 510}, on=day(15 * k))


def subjects(findings: Findings) -> list[str]:
    return [flag.subject_id for flag in findings.flags]


def test_one_of_two_equals_always_wins(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    duels(frames, lot, 16)
    for name in ("aa", "bb"):
        elsewhere(frames, lot, name, 10, 10)
    findings = run(RecurrentWinner(), snapshot(**frames))
    assert subjects(findings) == ['["aa","bb"]']
    (flag,) = findings.flags
    assert (flag.facts["winner"], flag.facts["loser"], flag.facts["lots"]) == ("aa", "bb", 16)
    assert 6 < float(str(flag.facts["expected"])) < 10
    assert flag.p_value is not None
    assert flag.p_value < 1e-3
    assert "bb met aa on 16 lots" in flag.reason
    assert "CNY 8,000" in flag.reason


CASES: dict[str, tuple[int, int, tuple[int, int], bool]] = {
    "always the same": (16, 0, (10, 10), True),
    "one loss": (16, 1, (10, 10), False),
    "a cost leader wins against everybody": (16, 0, (40, 1), False),
    "too few": (3, 0, (10, 10), False),
}


@pytest.mark.parametrize(("wins", "losses", "record", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    wins: int, losses: int, record: tuple[int, int], expected: bool, snapshot: Snap, lot: Lot
) -> None:
    frames = honest(lot)
    duels(frames, lot, wins, losses)
    elsewhere(frames, lot, "aa", *record)
    elsewhere(frames, lot, "bb", 6, 14) if record[0] > 20 else elsewhere(frames, lot, "bb", 10, 10)
    assert (subjects(run(RecurrentWinner(), snapshot(**frames))) == ['["aa","bb"]']) is expected


def test_honest_rivals_are_not_flagged_and_chance_is_chance(snapshot: Snap, lot: Lot) -> None:
    seen: list[float] = []
    for seed in range(3):
        findings = run(RecurrentWinner(), snapshot(**honest(lot, seed)))
        assert subjects(findings) == []
        assert findings.p_values is not None
        seen += findings.p_values.tolist()
    assert len(seen) > 150
    assert 0.02 < np.mean(np.array(seen) < 0.05) < 0.08


def test_settings_are_kept(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    duels(frames, lot, 16)
    for name in ("aa", "bb"):
        elsewhere(frames, lot, name, 10, 10)
    snap = snapshot(**frames)
    assert subjects(run(RecurrentWinner(min_wins=16, min_meetings=16), snap))
    assert not subjects(run(RecurrentWinner(min_wins=17), snap))
    assert not subjects(run(RecurrentWinner(min_meetings=17), snap))
    assert not subjects(run(RecurrentWinner(max_q=0.0), snap))
