from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.c01_coefficient_of_variation import CoefficientOfVariation
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]
Priced = Callable[..., Frames]


def odd(rng: np.random.Generator) -> list[float]:
    """All within four thousandths."""
    level = 1000 * float(np.exp(rng.normal(0, 0.05)))
    return [level * share for share in (1, *(1 + 0.004 * rng.random(3)))]


def found(findings: Findings) -> set[str]:
    return {flag.subject_id for flag in findings.flags}


def test_lots_of_a_pair_that_meets_in_odd_lots(snapshot: Snap, priced: Priced) -> None:
    findings = run(CoefficientOfVariation(), snapshot(**priced(odd)))
    ids = found(findings)
    assert len(ids) >= 10
    assert ids <= {f"T{i:02d}" for i in range(14)}
    flag = findings.flags[0]
    assert flag.subject_kind == "tender"
    assert flag.p_value is not None
    assert flag.p_value < 1e-4
    assert flag.q_value is not None
    assert flag.q_value >= flag.p_value
    assert flag.value is not None
    assert flag.threshold is not None
    assert flag.value < flag.threshold
    assert {m.id for m in flag.members if m.kind == "company"} >= {"acme", "zed"}
    assert len([e for e in flag.evidence if e.table == "bids"]) == 4
    for part in ("acme, zed", "4 b", "14 lots", "2023-05-01"):
        assert part in flag.reason


NEAR: dict[str, dict[str, Any]] = {
    "met too seldom": {"together": 4},
    "one of them explains it alone": {"alone": 30, "apart": 0},
    "the whole trade is like that": {"usual": odd, "together": 14},
}


@pytest.mark.parametrize("more", NEAR.values(), ids=NEAR)
def test_near_misses(more: dict[str, Any], snapshot: Snap, priced: Priced) -> None:
    assert not run(CoefficientOfVariation(), snapshot(**priced(odd, **more))).flags


def test_a_pair_in_ordinary_lots_is_no_lead(snapshot: Snap, priced: Priced) -> None:
    def plain(rng: np.random.Generator) -> list[float]:
        return [float(p) for p in 1000 * np.exp(rng.normal(0, 0.08, 4))]

    for seed in range(3):
        findings = run(CoefficientOfVariation(), snapshot(**priced(plain, together=40, seed=seed)))
        assert not findings.flags
        assert findings.p_values is not None
        assert 0.0 < float(np.mean(findings.p_values < 0.05)) < 0.12


def test_limits_are_kept(snapshot: Snap, priced: Priced) -> None:
    snap = snapshot(**priced(odd))
    assert not run(CoefficientOfVariation(max_share=0.0), snap).flags
    assert not run(CoefficientOfVariation(min_lots=15), snap).flags
    assert run(CoefficientOfVariation(min_lots=14), snap).flags
    assert not run(CoefficientOfVariation(max_q=0.0), snap).flags


def test_firms_under_one_control_are_one_bidder(snapshot: Snap, priced: Priced) -> None:
    frames = priced(odd)
    frames["ownership"] = [
        {"owner_id": "acme", "owner_kind": "company", "company_id": "zed", "share": 0.9}
    ]
    assert not run(CoefficientOfVariation(), snapshot(**frames)).flags


def test_too_few_peers_are_said(snapshot: Snap, priced: Priced) -> None:
    findings = run(CoefficientOfVariation(), snapshot(**priced(odd, peers=0, apart=2, together=10)))
    assert (findings.subjects, findings.computable) == (14, 0)
    assert "too few similar lots have prices (14 processes)" in findings.reason
