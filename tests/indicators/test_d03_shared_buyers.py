from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.d03_shared_buyers import SharedBuyers
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]


def buy(frames: Frames, body: str, firm: str, **more: Any) -> None:
    n = len(frames["awards"])
    frames["awards"].append(
        {
            "award_id": f"A{n:04d}",
            "buyer_id": body,
            "company_id": firm,
            "awarded_on": str(np.datetime64("2021-01-01") + n % 900),
            "amount": 100,
            "currency": "CNY",
            "category": "5550",
        }
        | more
    )


def honest(seed: int = 0) -> Frames:
    """Eighty buyers of one trade, each with a few of fifty firms at random."""
    rng = np.random.default_rng(seed)
    frames: Frames = {"awards": []}
    for body in range(80):
        for firm in rng.permutation(50)[: int(rng.integers(3, 9))]:
            buy(frames, f"B{body:02d}", f"f{firm:02d}")
    return frames


def together(frames: Frames, shared: int, apart: int = 1) -> None:
    for k in range(shared):
        for firm in ("aa", "bb"):
            buy(frames, f"B{7 * k % 80:02d}", firm)
            buy(frames, f"B{7 * k % 80:02d}", firm)  # a second award is no second buyer
    for k in range(apart):
        buy(frames, f"B{70 + k}", "aa")
        buy(frames, f"B{60 + k}", "bb")


def subjects(findings: Findings) -> list[str]:
    return [flag.subject_id for flag in findings.flags]


def test_two_that_share_their_buyers(snapshot: Snap) -> None:
    frames = honest()
    together(frames, 8)
    findings = run(SharedBuyers(), snapshot(**frames))
    assert subjects(findings) == ['["aa","bb"]']
    (flag,) = findings.flags
    assert (flag.facts["shared"], flag.facts["buyers"]) == (8, ["9", "9"])
    assert flag.facts["awards"] == 32
    assert flag.amounts == (("CNY", 3200),)
    assert len(flag.evidence) == 32
    assert sum(m.kind == "body" for m in flag.members) == 8
    assert flag.p_value is not None
    assert flag.p_value < 1e-5
    assert "won from the same 8 buyers" in flag.reason


@pytest.mark.parametrize(
    ("shared", "apart"), [(3, 1), (6, 24)], ids=["three buyers", "busy firms share by chance"]
)
def test_what_is_no_pattern(shared: int, apart: int, snapshot: Snap) -> None:
    frames = honest()
    together(frames, shared, apart=min(apart, 9))
    for k in range(apart - 9):
        buy(frames, f"B{(k * 3) % 80:02d}", "aa")
        buy(frames, f"B{(k * 5 + 1) % 80:02d}", "bb")
    assert subjects(run(SharedBuyers(), snapshot(**frames))) == []


def test_another_region_is_another_market(snapshot: Snap) -> None:
    """Innocent: all firms of the south sell to the south."""
    frames = honest()
    rng = np.random.default_rng(9)
    for body in range(40):
        for firm in rng.permutation(8)[:6]:
            buy(frames, f"S{body:02d}", f"s{firm}", region="South")
    assert subjects(run(SharedBuyers(), snapshot(**frames))) == []


def test_chance_is_chance(snapshot: Snap) -> None:
    seen: list[float] = []
    for seed in range(5):
        findings = run(SharedBuyers(), snapshot(**honest(seed)))
        assert subjects(findings) == []
        assert findings.p_values is not None
        seen += findings.p_values.tolist()
    assert len(seen) > 500
    assert 0.03 < np.mean(np.array(seen) < 0.05) < 0.075


def test_settings_are_kept(snapshot: Snap) -> None:
    frames = honest()
    together(frames, 8)
    snap = snapshot(**frames)
    assert subjects(run(SharedBuyers(min_buyers=8), snap))
    assert not subjects(run(SharedBuyers(min_buyers=9), snap))
    assert not subjects(run(SharedBuyers(min_lift=100.0), snap))
    assert not subjects(run(SharedBuyers(max_q=0.0), snap))
