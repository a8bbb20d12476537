from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.d02_validated_pair import ValidatedPair
from graphgov.network.nullmodels import settled
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def honest(lot: Lot, seed: int = 0, lots: int = 600, firms: int = 40, tag: str = "f") -> Frames:
    """Firms of one trade that bid wherever they like."""
    rng = np.random.default_rng(seed)
    frames: Frames = {}
    for i in range(lots):
        names = [f"{tag}{k:02d}" for k in rng.permutation(firms)[: int(rng.integers(2, 5))]]
        prices = {name: 1000 + float(rng.integers(1, 400)) for name in names}
        lot(frames, f"H{seed}-{i:03d}", prices, buyer=f"B{i % 7}", on=day(i % 700))
    return frames


def day(i: int) -> str:
    return str(np.datetime64("2021-01-01") + i)


def pair_at(frames: Frames, lot: Lot, times: int, one: str = "aa", two: str = "bb") -> None:
    for k in range(times):
        prices = {one: 1000.5 + k, two: 1100.0 + 3 * k, f"f{k % 9:02d}": 1200.0 + k}
        lot(frames, f"P{one}{k:02d}", prices, buyer=f"B{k % 7}", on=day(30 * k))


def subjects(findings: Findings) -> list[str]:
    return [flag.subject_id for flag in findings.flags]


def test_two_that_are_always_together(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair_at(frames, lot, 12)
    findings = run(ValidatedPair(), snapshot(**frames))
    assert subjects(findings) == ['["aa","bb"]']
    (flag,) = findings.flags
    assert flag.facts["lots"] == 12
    assert flag.value is not None
    assert flag.value > 2
    assert flag.p_value is not None
    assert flag.p_value < 1e-6
    assert flag.q_value is not None
    assert flag.p_value <= flag.q_value <= 0.01
    assert "won 12 of them for CNY 12,072" in flag.reason
    assert sum(e.table == "bids" for e in flag.evidence) == 24
    assert sum(e.table == "awards" for e in flag.evidence) == 12


@pytest.mark.parametrize(("times", "flagged"), [(4, False), (5, True)], ids=["a few", "enough"])
def test_a_few_meetings_are_no_pattern(times: int, flagged: bool, snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair_at(frames, lot, times)
    found = subjects(run(ValidatedPair(max_q=1.0), snapshot(**frames)))
    assert ('["aa","bb"]' in found) is flagged


def test_two_alone_in_a_niche_explain_themselves(snapshot: Snap, lot: Lot) -> None:
    """Innocent: nobody else could have bid."""
    frames = honest(lot)
    for k in range(30):
        prices = {"aa": 1000 + k, "bb": 1100 + k}
        lot(frames, f"N{k:02d}", prices, category="9911", on=day(20 * k))
    assert subjects(run(ValidatedPair(), snapshot(**frames))) == []


def test_partners_of_a_joint_bid_do_not_meet(snapshot: Snap, lot: Lot) -> None:
    """Innocent: the two bid as one."""
    frames = honest(lot)
    for k in range(12):
        lot(frames, f"J{k:02d}", {"aa": 1000 + k, f"f{k:02d}": 1200}, on=day(30 * k))
        partner = next(b for b in frames["bids"] if b["bid_id"] == f"D-J{k:02d}--aa")
        frames["bids"].append(partner | {"company_id": "bb"})
    assert '["aa","bb"]' not in subjects(run(ValidatedPair(), snapshot(**frames)))


def test_honest_bidders_are_not_flagged_and_chance_is_chance(snapshot: Snap, lot: Lot) -> None:
    seen = []
    for seed in range(3):
        findings = run(ValidatedPair(), snapshot(**honest(lot, seed)))
        assert subjects(findings) == []
        assert findings.p_values is not None
        seen += findings.p_values.tolist()
    assert len(seen) > 1500
    assert 0.035 < np.mean(np.array(seen) < 0.05) < 0.065


def test_settings_are_kept(snapshot: Snap, lot: Lot) -> None:
    frames = honest(lot)
    pair_at(frames, lot, 12)
    snap = snapshot(**frames)
    assert subjects(run(ValidatedPair(min_lots=12), snap))
    assert not subjects(run(ValidatedPair(min_lots=13), snap))
    assert not subjects(run(ValidatedPair(min_lift=100.0), snap))
    assert not subjects(run(ValidatedPair(max_q=0.0), snap))


def test_what_all_share_is_taken_off() -> None:
    rng = np.random.default_rng(1)
    plain = rng.normal(size=5000)
    assert np.allclose(settled(plain), plain)
    lifted = plain * 2 + 1
    assert abs(np.median(settled(lifted))) < 0.05
    assert abs(settled(lifted).std() - 1) < 0.05
    assert settled(np.array([9.0, 9.0])).tolist() == [9.0, 9.0]
