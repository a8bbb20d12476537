from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import run
from graphgov.indicators.r048_heterogeneous_supplier import HeterogeneousSupplier
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def supply(frames: Frames, lot: Lot, firm: str, count: int, kinds: int) -> None:
    for i in range(count):
        key = f"{firm}-{i:02d}"
        lot(frames, key, {firm: 1000})
        frames.setdefault("items", []).append(
            {
                "item_id": f"I-{key}",
                "owner_kind": "award",
                "owner_id": f"A-{key}-",
                "classification": f"{10 + i % kinds}{i:02d}",
            }
        )


@pytest.fixture
def peers(lot: Lot) -> Frames:
    """Twenty-four firms of twenty lots in one to four kinds."""
    frames: Frames = {}
    for k in range(24):
        supply(frames, lot, f"f{k:02d}", 20, 1 + k % 4)
    return frames


def test_who_supplies_everything(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    supply(peers, lot, "bazaar", 24, 12)
    findings = run(HeterogeneousSupplier(), snapshot(**peers))
    (flag,) = findings.flags
    assert (flag.subject_kind, flag.subject_id) == ("company", "bazaar")
    assert (flag.value, flag.company_id, flag.body_id) == (12, "bazaar", "B1")
    assert flag.p_value is not None
    assert flag.q_value >= flag.p_value
    assert {e.table for e in flag.evidence} == {"awards", "items"}
    assert len(flag.evidence) == 48
    for part in ("12 kinds", "24 lots", "CNY 24,000", "2023-05-01"):
        assert part in flag.reason


def test_what_is_too_little_to_judge(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    supply(peers, lot, "bazaar", 19, 12)
    findings = run(HeterogeneousSupplier(), snapshot(**peers))
    assert not findings.flags
    assert (findings.subjects, findings.computable) == (25, 24)
    assert findings.reason == (
        "not computable, because 1 companies have fewer than 20 lots with classified items"
    )


def test_few_kinds_and_joint_awards_explain_themselves(
    snapshot: Snap, lot: Lot, peers: Frames
) -> None:
    """Innocent: a wide supplier among wide ones, and one that never was alone."""
    supply(peers, lot, "wide", 24, 4)
    supply(peers, lot, "joint", 24, 12)
    own = [row for row in peers["awards"] if row["company_id"] == "joint"]
    peers["awards"] += [row | {"company_id": "pal"} for row in own]
    assert not run(HeterogeneousSupplier(), snapshot(**peers)).flags


def test_digits_make_the_kinds(snapshot: Snap, lot: Lot, peers: Frames) -> None:
    supply(peers, lot, "bazaar", 24, 12)
    snap = snapshot(**peers)
    assert not run(HeterogeneousSupplier(digits=1), snap).flags


def test_without_items_it_says_so(snapshot: Snap, peers: Frames) -> None:
    findings = run(HeterogeneousSupplier(), snapshot(**(peers | {"items": []})))
    assert (findings.missing, findings.computable) == ("items.classification", 0)
