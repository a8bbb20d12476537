"""Firms that deliver late, bodies that make everybody late, and records nobody keeps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r067_delivery_failure import DeliveryFailure
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Signed = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]
GOOD, LATE = ("2022-06-01", "2022-06-10"), ("2022-06-01", "2022-08-15")
OPEN = ("2022-06-01", None)


def market(signed: Signed, late: float = 0.1, n: int = 400, firms: int = 20) -> Frames:
    """Ten bodies and their firms; the last event is on 2023-03-01."""
    rng = np.random.default_rng(8)
    frames: Frames = {}
    for i in range(n):
        due = LATE if rng.random() < late else GOOD
        signed(frames, f"P{i:03d}", buyer=f"Q{i % 10}", company=f"p{i * 7 % firms:02d}", due=[due])
    signed(frames, "Z", on="2023-03-01", buyer="Q0", company="p00")
    return frames


def found(findings: Findings) -> set[str]:
    return {f.subject_id for f in findings.flags}


CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "two months late each time": ({"due": [LATE]}, True),
    "one of two milestones late": ({"due": [GOOD, LATE]}, True),
    "never met": ({"due": [OPEN]}, True),
    "thirty days are borne": ({"due": [("2022-06-01", "2022-07-01")]}, False),
    "thirty-one are not": ({"due": [("2022-06-01", "2022-07-02")]}, True),
    "in time": ({"due": [GOOD]}, False),
    "not yet overdue": ({"due": [("2023-02-20", None)]}, False),
    "late with a payment, which is the buyer's": ({"due": [LATE], "kind": "payment"}, False),
    "late with a report": ({"due": [LATE], "kind": "report"}, True),
    "open, but the contract has ended": ({"due": [OPEN], "completed": "2022-07-01"}, False),
    "no award in force": ({"due": [LATE], "award_status": "cancelled"}, False),
}


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES)
def test_what_is_late(
    given: dict[str, Any], expected: bool, snapshot: Snap, signed: Signed
) -> None:
    frames = market(signed)
    for i in range(8):
        signed(frames, f"{i}", buyer=f"Q{i}", **given)
    assert found(run(DeliveryFailure(), snapshot(**frames))) == ({"acme"} if expected else set())


def test_a_flag_says_where_and_how_late(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed)
    for i in range(6):
        signed(frames, f"{i}", buyer="Q3", due=[LATE if i else GOOD])
    (flag,) = run(DeliveryFailure(), snapshot(**frames)).flags
    assert (flag.subject_id, flag.body_id, flag.value) == ("acme", "Q3", 5)
    assert flag.facts["count"] == 6
    assert flag.facts["longest"] == 75
    assert flag.facts["expected"] < 1.5
    assert {e.table for e in flag.evidence} == {"awards", "contracts", "milestones"}
    assert len(flag.evidence) == 15
    assert "5 of 6" in flag.reason


def test_one_late_contract_is_none(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed, late=0.0)
    signed(frames, "1", buyer="Q3", due=[LATE])
    assert found(run(DeliveryFailure(min_late=1), snapshot(**frames))) == {"acme"}
    assert found(run(DeliveryFailure(), snapshot(**frames))) == set()


def test_a_body_that_makes_everybody_late_explains_it(snapshot: Snap, signed: Signed) -> None:
    """Innocent: at that office all firms are late, elsewhere the same firm is in time."""
    frames = market(signed)
    for i in range(60):
        firm = "acme" if i < 8 else f"p{i % 20:02d}"
        signed(frames, f"{i}", buyer="slow", company=firm, due=[LATE])
    assert found(run(DeliveryFailure(), snapshot(**frames))) == set()


def test_open_milestones_where_nobody_ticks_off_say_nothing(snapshot: Snap, signed: Signed) -> None:
    """Innocent: an office that records no deliveries at all."""
    frames = market(signed)
    for i in range(10):
        signed(frames, f"{i}", buyer="lazy", due=[OPEN])
    findings = run(DeliveryFailure(), snapshot(**frames))
    assert found(findings) == set()
    assert findings.computable == findings.subjects - 1


def test_p_values_are_uniform_without_any_scheme(snapshot: Snap, signed: Signed) -> None:
    p_values = run(
        DeliveryFailure(), snapshot(**market(signed, late=0.3, n=3500, firms=1200))
    ).p_values
    assert p_values is not None
    assert len(p_values) > 1000
    assert 0.035 <= np.mean(p_values < 0.05) <= 0.065
