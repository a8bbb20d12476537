from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r058_heavily_discounted_bid import HeavilyDiscountedBid
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


@pytest.fixture
def peers(lot: Lot) -> Frames:
    """Sixty lots whose second bid lies 5.0 to 8.9 % above the first."""
    frames: Frames = {}
    for i in range(60):
        prices = {f"f{i % 11}": 1000, f"g{i % 7}": 1050 + (i * 7) % 40}
        lot(frames, f"P{i:02d}", prices, buyer=f"Q{i % 5}")
    return frames


def found(findings: Findings) -> dict[str, Any]:
    return {f.subject_id: f for f in findings.flags}


def test_half_the_price_of_the_next(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", {"acme": 1000, "zed": 2000, "far": 2100})
    findings = run(HeavilyDiscountedBid(), snapshot(**peers))
    assert set(found(findings)) == {"T1"}
    (flag,) = findings.flags
    assert (flag.value, flag.company_id, flag.body_id) == (1.0, "acme", "B1")
    assert 0.05 < flag.threshold < 0.2
    assert flag.p_value == pytest.approx(1 / 61)
    assert flag.q_value == pytest.approx(1.0)
    for part in ("CNY 1,000", "CNY 2,000", "100%", "2023-05-01"):
        assert part in flag.reason
    assert findings.p_values is not None
    assert np.ptp(findings.p_values) > 0.9


CASES: dict[str, tuple[dict[str, float], dict[str, Any], bool]] = {
    "a great gap": ({"acme": 1000, "zed": 1500}, {}, True),
    "as usual": ({"acme": 1000, "zed": 1060}, {}, False),
    "the dear one was put out": ({"acme": 1000, "zed": 1500}, {"out": ["zed"]}, False),
    "the dearer won": ({"acme": 1500, "zed": 1000}, {}, False),
    "two currencies": ({"acme": 1000, "zed": 1500}, {"currency": {"zed": "USD"}}, False),
    "quality decides": ({"acme": 1000, "zed": 1500}, {"criteria": "quality"}, False),
    "a placeholder": ({"acme": 0, "zed": 1500}, {}, False),
}


@pytest.mark.parametrize(("prices", "more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    prices: dict[str, float], more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot,
    peers: Frames,
) -> None:  # fmt: skip
    lot(peers, "T1", prices, **more)
    assert ("T1" in found(run(HeavilyDiscountedBid(), snapshot(**peers)))) is expected


def test_bids_of_two_lots_are_not_compared(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", {"acme": 1000, "far": 1070}, lot="1")
    lot(peers, "T1", {"zed": 2000, "away": 2140}, lot="2")
    assert not run(HeavilyDiscountedBid(), snapshot(**peers)).flags


def test_a_trade_of_wide_prices_explains_itself(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    """Innocent: consultants' prices differ by half everywhere."""
    for i in range(60):
        prices = {f"h{i % 11}": 1000, f"k{i % 7}": 1400 + (i * 7) % 400}
        lot(peers, f"F{i:02d}", prices, category="7110", buyer=f"Q{i % 5}")
    lot(peers, "T1", {"acme": 1000, "zed": 1700}, category="7110")
    assert not run(HeavilyDiscountedBid(), snapshot(**peers)).flags


def test_too_few_peers_are_said(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    for i in range(6):
        lot(frames, f"T{i}", {"acme": 1000, "zed": 1100 + 400 * i})
    findings = run(HeavilyDiscountedBid(), snapshot(**frames))
    assert (findings.subjects, findings.computable, list(findings.flags)) == (6, 0, [])
    assert "too few similar processes have a ratio" in findings.reason


def test_rounding_to_cents_is_no_spread(snapshot: Snap, lot: Lot) -> None:
    """Innocent: second bids lie 3 % above the first everywhere, but for a cent."""
    frames: Frames = {}
    for i in range(60):
        price = 5_000 + 7.31 * i
        prices = {f"f{i % 11}": round(price, 2), f"g{i % 7}": round(price * 1.03, 2)}
        lot(frames, f"P{i:02d}", prices, buyer=f"Q{i % 5}")
    assert not run(HeavilyDiscountedBid(), snapshot(**frames)).flags
