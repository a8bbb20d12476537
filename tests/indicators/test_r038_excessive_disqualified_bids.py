from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r038_excessive_disqualified_bids import ExcessiveDisqualifiedBids
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


@pytest.fixture
def peers(lot: Lot) -> Frames:
    """Twenty-four bodies and forty firms, one to four bids in twenty disqualified."""
    frames: Frames = {}
    for i in range(240):
        buyer = i % 24
        firms = [f"f{(i + 7 * j) % 40:02d}" for j in range(4)]
        out = firms[1 + i % 3 : 2 + i % 3] if (i // 24) < 1 + buyer % 4 else []
        lot(frames, f"P{i:03d}", {f: 1000 + j for j, f in enumerate(firms)}, out=out,
            buyer=f"Q{buyer:02d}")  # fmt: skip
    return frames


def found(findings: Findings) -> dict[tuple[str, str], Any]:
    return {(f.subject_kind, f.subject_id): f for f in findings.flags}


def test_a_body_that_puts_half_out(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    for i in range(10):
        firms = [f"f{(4 * i + j) % 40:02d}" for j in range(4)]
        lot(peers, f"T{i}", {f: 1000 + j for j, f in enumerate(firms)}, out=firms[2:])
    flags = found(run(ExcessiveDisqualifiedBids(), snapshot(**peers)))
    assert [k for k in flags if k[0] == "body"] == [("body", "B1")]
    flag = flags["body", "B1"]
    assert flag.value == 0.5
    assert flag.p_value < 1e-4
    assert flag.q_value < 0.01
    assert len(flag.evidence) == 20
    assert "disqualified 20 of 40 submitted bids" in flag.reason
    assert "CNY 20,050" in flag.reason


def test_a_company_that_is_always_put_out(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    for i in range(12):
        lot(peers, f"T{i}", {f"f{3 * i:02d}": 1000, "paper": 1040}, out=["paper"],
            buyer=f"Q{i:02d}")  # fmt: skip
    flags = found(run(ExcessiveDisqualifiedBids(), snapshot(**peers)))
    flag = flags["company", "paper"]
    assert (flag.value, flag.company_id, flag.body_id) == (1.0, "paper", "")
    assert "paper was disqualified with 12 of 12 submitted bids" in flag.reason
    assert {m.role for m in flag.members if m.kind == "body"} == {"buyer"}


def test_the_entity_is_named_where_it_is_not_the_buyer(
    snapshot: Snap, lot: Lot, peers: Frames
) -> None:
    for row in peers["tenders"]:
        row["procuring_entity_id"] = row["buyer_id"]
    for i in range(10):
        firms = [f"f{(4 * i + j) % 40:02d}" for j in range(4)]
        prices = {f: 1000 + j for j, f in enumerate(firms)}
        lot(peers, f"T{i}", prices, out=firms[2:], buyer=f"Q{i:02d}")
        peers["tenders"][-1]["procuring_entity_id"] = "agent"
    flags = found(run(ExcessiveDisqualifiedBids(), snapshot(**peers)))
    assert {m.role for m in flags["body", "agent"].members if m.kind == "body"} == {"entity"}


def test_usual_shares_explain_themselves(snapshot: Snap, peers: Frames) -> None:
    """Innocent: one body in four is stricter than the rest, as ever."""
    assert not run(ExcessiveDisqualifiedBids(), snapshot(**peers)).flags


def test_one_bid_is_no_share(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    lot(peers, "T1", {"f00": 1000, "paper": 1040}, out=["paper"])
    assert ("company", "paper") not in found(run(ExcessiveDisqualifiedBids(), snapshot(**peers)))


def test_who_received_no_bids_is_not_clean(snapshot: Snap, peers: Frames) -> None:
    peers["tenders"].append(peers["tenders"][0] | {"tender_id": "T1", "buyer_id": "B1"})
    findings = run(ExcessiveDisqualifiedBids(), snapshot(**peers))
    assert (findings.subjects, findings.computable) == (25, 24)
    assert findings.reason == "not computable, because 1 bodies received fewer than 2 bids"
