"""Payments beyond the contract, and what only looks so."""

from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r068_paid_beyond_contract import PaidBeyondContract
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Signed = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]
DAY, DAYS = "2022-06-01", ("2022-06-01", "2022-07-01", "2022-08-01")


def hits(findings: Findings) -> set[str]:
    return {f.subject_id for f in findings.flags}


def paid(*parts: float) -> list[tuple[str, float]]:
    return list(zip(DAYS, parts, strict=False))


CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "a third more": ({"paid": paid(700, 600)}, True),
    "two in a hundred are borne": ({"paid": paid(1020)}, False),
    "a little more is not": ({"paid": paid(1000, 20.01)}, True),
    "an amendment covers it": ({"paid": paid(700, 600), "amend": [(DAY, 300, None)]}, False),
    "an amendment covers part": ({"paid": paid(700, 600), "amend": [(DAY, 200, None)]}, True),
    "a cut makes the rest too much": ({"paid": paid(1000), "amend": [(DAY, -200, None)]}, True),
    "one payment recorded twice": ({"paid": [(DAY, 800), (DAY, 800)]}, False),
    "the same sum on another day": ({"paid": [(DAY, 800), (DAYS[1], 800)]}, True),
    "not paid yet": ({"paid": [(DAY, 700), (None, 600)]}, False),
    "ten times is a slip": ({"paid": paid(10000)}, False),
    "another currency": ({"paid": paid(700, 600), "paid_in": "EUR"}, False),
    "no currency on payments": ({"paid": paid(700, 600), "paid_in": None}, True),
    "no amount": ({"paid": paid(700, 600), "amount": None, "awarded": 1000}, False),
    "no award in force": ({"paid": paid(700, 600), "award_status": "cancelled"}, False),
    "a cancelled contract": ({"paid": paid(700, 600), "status": "cancelled"}, False),
}


@pytest.fixture(scope="module")
def together(snapshot: Snap, signed: Signed) -> set[str]:
    frames: Frames = {}
    for i, (given, _) in enumerate(CASES.values()):
        signed(frames, f"{i:02d}", buyer=f"B{i}", company=f"c{i}", **given)
    return hits(run(PaidBeyondContract(), snapshot(**frames)))


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, together: set[str]) -> None:
    place = list(CASES).index(case)
    assert (f"K{place:02d}" in together) is CASES[case][1]


def test_a_flag_says_how_much_and_when(snapshot: Snap, signed: Signed) -> None:
    frames: Frames = {}
    signed(frames, "1", paid=paid(700, 600), amend=[(DAY, 100, None)])
    (flag,) = run(PaidBeyondContract(), snapshot(**frames)).flags
    assert flag.value == pytest.approx(1300 / 1100)
    assert flag.p_value is None
    assert [(c, str(a)) for c, a in flag.amounts] == [("CNY", "200.0000")]
    assert {e.table for e in flag.evidence} == {"awards", "contracts", "payments", "amendments"}
    assert (str(flag.first_on), str(flag.last_on)) == DAYS[:2]
    for words in ("CNY 1,300", "CNY 1,100", "CNY 200 more"):
        assert words in flag.reason


def test_a_larger_excess_scores_more(snapshot: Snap, signed: Signed) -> None:
    frames: Frames = {}
    for i, part in enumerate((1100, 1250, 2000)):
        signed(frames, f"{i}", buyer=f"B{i}", paid=paid(part))
    scores = [f.score for f in run(PaidBeyondContract(), snapshot(**frames)).flags]
    assert scores == sorted(scores)
    assert len(set(scores)) == 3
    assert scores[1] == pytest.approx(0.5 * 0.95)


@pytest.mark.parametrize(("beyond", "flagged"), [(3, True), (7, False)])
def test_a_body_that_publishes_no_amendments(
    beyond: int, flagged: bool, snapshot: Snap, signed: Signed
) -> None:
    """Innocent: where most contracts are paid beyond their amount, amendments are missing."""
    frames: Frames = {}
    for i in range(10):
        part = 1200 + 13 * i if i < beyond else 1000
        signed(frames, f"{i}", company=f"c{i}", paid=paid(part))
    found = run(PaidBeyondContract(), snapshot(**frames)).flags
    assert bool(found) is flagged
    assert all(f.score < 0.4 for f in found)


@pytest.mark.parametrize(("firms", "found"), [(3, 0), (2, 4)])
def test_a_tax_on_every_payment_is_no_sign(
    firms: int, found: int, snapshot: Snap, signed: Signed
) -> None:
    frames: Frames = {}
    for i in range(20):
        more = 1.06 if i < 4 else 1.0
        signed(frames, f"{i:02d}", company=f"c{i % firms}", amount=1000 + 10 * i,
               paid=[(DAY, round(more * (1000 + 10 * i), 2))])  # fmt: skip
    assert len(run(PaidBeyondContract(), snapshot(**frames)).flags) == found


def test_payments_without_days_are_not_computable(snapshot: Snap, signed: Signed) -> None:
    frames: Frames = {}
    signed(frames, "1", paid=[(None, 3000)])
    findings = run(PaidBeyondContract(), snapshot(**frames))
    assert findings.missing == "payments.paid_on"
    assert not findings.flags
