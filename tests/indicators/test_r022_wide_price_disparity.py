from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r022_wide_price_disparity import WidePriceDisparity
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


@pytest.fixture
def peers(lot: Lot) -> Frames:
    """Sixty lots with three prices within 8 to 12 % of each other."""
    frames: Frames = {}
    for i in range(60):
        prices = {f"f{i % 11}": 1000, f"g{i % 7}": 1050, f"h{i % 5}": 1080 + (i * 7) % 40}
        lot(frames, f"P{i:02d}", prices, buyer=f"Q{i % 5}")
    return frames


def subjects(findings: Findings) -> set[str]:
    return {flag.subject_id for flag in findings.flags}


def test_prices_far_apart(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", {"acme": 1000, "zed": 2900, "far": 3100})
    findings = run(WidePriceDisparity(), snapshot(**peers))
    assert subjects(findings) == {"T1"}
    (flag,) = findings.flags
    assert flag.value == pytest.approx(2.1)
    assert flag.threshold == pytest.approx(0.15, abs=0.06)
    assert flag.p_value == pytest.approx(1 / 61)
    for part in ("CNY 1,000 of acme", "CNY 3,100 of far", "210% more", "2023-05-01"):
        assert part in flag.reason
    assert {m.role for m in flag.members if m.id == "acme"} == {"winner"}
    assert findings.p_values is not None
    assert np.ptp(findings.p_values) > 0.9


CASES: dict[str, tuple[dict[str, float], dict[str, Any], bool]] = {
    "far apart": ({"acme": 1000, "zed": 1500, "far": 1900}, {}, True),
    "as usual": ({"acme": 1000, "zed": 1050, "far": 1100}, {}, False),
    "the far one was put out": (
        {"a": 1000, "b": 1050, "c": 1100, "d": 1900}, {"out": ["d"]}, False),
    "a slip of the pen": ({"acme": 1000, "zed": 1500, "far": 19000}, {}, False),
    "two currencies": (
        {"acme": 1000, "zed": 1500, "far": 1900}, {"currency": {"far": "USD"}}, False),
    "quality decides": ({"acme": 1000, "zed": 1500, "far": 1900}, {"criteria": "quality"}, False),
    "a placeholder": ({"acme": 0, "zed": 1500, "far": 1560}, {}, False),
}  # fmt: skip


@pytest.mark.parametrize(("prices", "more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    prices: dict[str, float], more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot,
    peers: Frames,
) -> None:  # fmt: skip
    lot(peers, "T1", prices, **more)
    assert ("T1" in subjects(run(WidePriceDisparity(), snapshot(**peers)))) is expected


def test_a_trade_of_wide_prices_explains_itself(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    """Innocent: consultants' prices differ by half everywhere."""
    for i in range(60):
        prices = {f"h{i % 11}": 1000, f"k{i % 7}": 1300, f"m{i % 5}": 1400 + (i * 7) % 400}
        lot(peers, f"F{i:02d}", prices, category="7110", buyer=f"Q{i % 5}")
    lot(peers, "T1", {"acme": 1000, "zed": 1500, "far": 1750}, category="7110")
    assert not run(WidePriceDisparity(), snapshot(**peers)).flags


def test_too_few_peers_are_said(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    for i in range(6):
        lot(frames, f"T{i}", {"acme": 1000, "zed": 1100 + 400 * i})
    findings = run(WidePriceDisparity(), snapshot(**frames))
    assert (findings.subjects, findings.computable, list(findings.flags)) == (6, 0, [])
    assert "too few similar processes have several prices" in findings.reason


def test_settings_are_kept(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", {"acme": 1000, "zed": 2900, "far": 3100})
    assert not run(WidePriceDisparity(max_p=0.01), snapshot(**peers)).flags
