from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r024_close_to_winning_bid import CloseToWinningBid
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


@pytest.fixture
def peers(lot: Lot) -> Frames:
    """Sixty lots whose second bid lies 5.0 to 8.9 % above the first."""
    frames: Frames = {}
    for i in range(60):
        first, second = f"f{i % 11}", f"g{i % 7}"
        lot(frames, f"P{i:02d}", {first: 1000, second: 1050 + (i * 7) % 40}, buyer=f"Q{i % 5}")
    return frames


def found(findings: Findings) -> dict[str, Any]:
    return {f.subject_id: f for f in findings.flags}


def test_two_firms_that_are_always_a_hair_apart(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    for i in range(5):
        lot(peers, f"T{i}", {"acme": 1000, "zed": 1000.5, "far": 1300})
    flags = found(run(CloseToWinningBid(), snapshot(**peers)))
    assert set(flags) == {f"T{i}" for i in range(5)}
    flag = flags["T0"]
    assert flag.value == pytest.approx(0.0005)
    assert flag.value < flag.threshold < 0.05
    assert flag.p_value < 1e-4
    assert flag.q_value >= flag.p_value
    assert flag.company_id == "acme"
    assert {m.id: m.role for m in flag.members if m.kind == "company"} == {
        "acme": "winner", "zed": "rival"}  # fmt: skip
    assert {e.id for e in flag.evidence if e.table == "bids"} == {"D-T0--acme", "D-T0--zed"}
    for part in ("CNY 1,000", "0.05%", "5 of 5 lots", "2023-05-01"):
        assert part in flag.reason


CASES: dict[str, tuple[dict[str, float], dict[str, Any], bool]] = {
    "close": ({"acme": 1000, "zed": 1000.5}, {}, True),
    "as usual": ({"acme": 1000, "zed": 1060}, {}, False),
    "the dearer won": ({"acme": 1000.5, "zed": 1000}, {}, False),
    "the close one was put out": ({"acme": 1000, "zed": 1000.5}, {"out": ["zed"]}, False),
    "an award is open": ({"acme": 1000, "zed": 1000.5}, {"award": "pending"}, False),
    "two currencies": ({"acme": 1000, "zed": 1000.5}, {"currency": {"zed": "USD"}}, False),
    "quality decides": ({"acme": 1000, "zed": 1000.5}, {"criteria": "quality"}, False),
    "quality has a say": ({"acme": 1000, "zed": 1000.5}, {"criteria": "mixed"}, True),
    "nobody else": ({"acme": 1000}, {}, False),
    "a placeholder": ({"acme": 0, "zed": 1}, {}, False),
}


@pytest.mark.parametrize(("prices", "more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    prices: dict[str, float], more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot,
    peers: Frames,
) -> None:  # fmt: skip
    lot(peers, "T1", prices, **more)
    assert ("T1" in found(run(CloseToWinningBid(), snapshot(**peers)))) is expected


def test_bids_of_two_lots_are_not_compared(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", {"acme": 1000, "far": 1070}, lot="1")
    lot(peers, "T1", {"zed": 1000.5, "away": 1070}, lot="2")
    lot(peers, "T2", {"acme": 1000, "zed": 1000.5}, lot="1")
    lot(peers, "T2", {"far": 1000, "away": 1070}, lot="2")
    flags = found(run(CloseToWinningBid(), snapshot(**peers)))
    assert set(flags) == {'["T2","1"]'}
    assert flags['["T2","1"]'].subject_kind == "lot"


def test_a_regulated_price_explains_itself(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    """Innocent: in this trade everybody is within a thousandth of everybody."""
    for i in range(60):
        prices = {f"h{i % 11}": 1000, f"k{i % 7}": 1000.5 + (i * 7 % 40) / 100}
        lot(peers, f"F{i:02d}", prices, category="0913", buyer=f"Q{i % 5}")
    assert not run(CloseToWinningBid(), snapshot(**peers)).flags


def test_too_few_peers_are_said(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    for i in range(6):
        lot(frames, f"T{i}", {"acme": 1000, "zed": 1000.5 + 40 * i})
    lot(frames, "T9", {"acme": 1000})
    findings = run(CloseToWinningBid(), snapshot(**frames))
    assert (findings.subjects, findings.computable) == (7, 0)
    assert findings.reason == (
        "not computable, because nobody else has a valid bid with a price (1 processes); "
        "too few similar processes have a ratio, or all the same one (6 processes)"
    )
