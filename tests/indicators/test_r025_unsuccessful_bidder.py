from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import run
from graphgov.indicators.r025_unsuccessful_bidder import UnsuccessfulBidder
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


@pytest.fixture
def fair(lot: Lot) -> Frames:
    """Four hundred lots of two bidders among thirty firms, either as likely to win."""
    rng, frames = np.random.default_rng(1), {}
    for i in range(400):
        one, two = (f"f{k:02d}" for k in rng.permutation(30)[:2])
        lot(frames, f"P{i:03d}", {one: 1000, two: 1100}, buyer=f"Q{i % 6}")
    return frames


def test_who_bids_to_lose(snapshot: Snap, lot: Lot, fair: Frames) -> None:
    for i in range(60):
        lot(fair, f"T{i:02d}", {f"f{i % 30:02d}": 1000, "cover": 1050}, on="2023-06-01")
    lot(fair, "T99", {"cover": 1000, "f00": 1050})
    findings = run(UnsuccessfulBidder(), snapshot(**fair))
    (flag,) = findings.flags
    assert (flag.subject_kind, flag.subject_id, flag.company_id) == ("company", "cover", "cover")
    assert flag.value == pytest.approx(1 / 61)
    assert flag.p_value == pytest.approx(62 * 0.5**61)
    assert flag.q_value == pytest.approx(31 * flag.p_value)
    assert 0 < flag.threshold < 0.5
    assert len([e for e in flag.evidence if e.table == "bids"]) == 61
    assert [e.id for e in flag.evidence if e.table == "awards"] == ["A-T99-"]
    for part in ("61 lots", "won 1", "CNY 64,000", "2023-05-01"):
        assert part in flag.reason
    assert findings.p_values is not None
    assert len(findings.p_values) == 31


def test_equal_chances_explain_themselves(snapshot: Snap, fair: Frames) -> None:
    """Innocent: somebody always wins least."""
    assert not run(UnsuccessfulBidder(), snapshot(**fair)).flags


def test_who_bids_seldom_is_not_judged(snapshot: Snap, lot: Lot, fair: Frames) -> None:
    for i in range(9):
        lot(fair, f"T{i:02d}", {f"f{i:02d}": 1000, "rare": 1050})
    assert not run(UnsuccessfulBidder(), snapshot(**fair)).flags


def test_lots_that_prove_nothing(snapshot: Snap, lot: Lot, fair: Frames) -> None:
    for i in range(60):  # put out, or the award still open: no record of losing
        more = {"out": ["cover"]} if i % 2 else {"award": "pending"}
        lot(fair, f"T{i:02d}", {f"f{i % 30:02d}": 1000, "cover": 1050}, **more)
    findings = run(UnsuccessfulBidder(), snapshot(**fair))
    assert not findings.flags
    assert (findings.subjects, findings.computable) == (31, 30)
    assert findings.reason == (
        "not computable, because 1 companies have no valid bid of their own for a lot with one "
        "winner"
    )


def test_few_companies_have_no_fence(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    for i in range(60):
        lot(frames, f"T{i:02d}", {f"f{i % 3}": 1000, "cover": 1050})
    assert not run(UnsuccessfulBidder(), snapshot(**frames)).flags
