from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r035_others_disqualified import OthersDisqualified
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]
THREE = {"acme": 1000, "zed": 900, "far": 950}


@pytest.fixture
def peers(lot: Lot) -> Frames:
    frames: Frames = {}
    for i in range(60):
        lot(frames, f"P{i:02d}", {"f": 1000, "g": 1050, "h": 1060}, buyer=f"Q{i % 6}",
            out=["g"] if i % 10 == 0 else [])  # fmt: skip
    return frames


def found(findings: Findings) -> dict[str, Any]:
    return {f.subject_id: f for f in findings.flags}


def test_only_the_winner_is_left(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    for i in range(4):
        lot(peers, f"T{i}", THREE, out=["zed", "far"])
    flags = found(run(OthersDisqualified(), snapshot(**peers)))
    assert set(flags) == {"T0", "T1", "T2", "T3"}
    flag = flags["T0"]
    assert (flag.value, flag.threshold, flag.company_id, flag.body_id) == (2, 1, "acme", "B1")
    assert flag.p_value < 1e-3
    assert flag.p_value <= flag.q_value
    assert {m.id: m.role for m in flag.members if m.kind == "company"} == {
        "acme": "winner", "zed": "disqualified", "far": "disqualified"}  # fmt: skip
    assert len([e for e in flag.evidence if e.table == "bids"]) == 3
    for part in ("disqualified 2", "far, zed", "4 of the body's 4 lots", "CNY 1,000"):
        assert part in flag.reason


CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "one of two rivals": ({"out": ["zed"]}, False),
    "both": ({"out": ["zed", "far"]}, True),
    "the winner too": ({"out": ["acme", "zed", "far"]}, False),
    "an open award": ({"out": ["zed", "far"], "award": "pending"}, False),
    "no active award": ({"out": ["zed", "far"], "award": "cancelled"}, False),
    "a lone bidder": ({"out": []}, False),
}


@pytest.mark.parametrize(("more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot, peers: Frames
) -> None:
    lot(peers, "T1", THREE, **more)
    assert ("T1" in found(run(OthersDisqualified(), snapshot(**peers)))) is expected


def test_one_disqualified_on_each_lot(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", {"acme": 1, "zed": 2}, lot="1", out=["zed"])
    lot(peers, "T1", {"far": 1, "near": 2}, lot="2")
    assert set(found(run(OthersDisqualified(), snapshot(**peers)))) == {'["T1","1"]'}


def test_a_strict_trade_explains_itself(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    """Innocent: every body in this trade puts all but one out, so one more says nothing."""
    for i in range(60):
        lot(peers, f"S{i:02d}", THREE, out=["zed", "far"], category="8511", buyer=f"Q{i % 6}")
    lot(peers, "T1", THREE, out=["zed", "far"], category="8511")
    lot(peers, "T2", THREE, out=["zed", "far"], buyer="B2")
    flags = found(run(OthersDisqualified(), snapshot(**peers)))
    assert flags["T1"].p_value > 0.5 > 3 * flags["T2"].p_value
    assert flags["T1"].score < flags["T2"].score


def test_what_has_no_bids_is_not_clean(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", THREE, award="pending")
    peers["tenders"].append(peers["tenders"][0] | {"tender_id": "T9"})
    findings = run(OthersDisqualified(), snapshot(**peers))
    assert (findings.subjects, findings.computable) == (62, 60)
    assert findings.reason == (
        "not computable, because no bids are published (1 processes); "
        "no awards are published, or one is still open (1 processes)"
    )


def test_the_threshold_is_a_setting(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", THREE, out=["zed", "far"])
    assert run(OthersDisqualified(threshold=2), snapshot(**peers)).flags
    assert not run(OthersDisqualified(threshold=3), snapshot(**peers)).flags
