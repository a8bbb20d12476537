"""Contracts far from their awards, and the taxes, slips and call-offs that are no sign."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r059_award_contract_gap import AwardContractGap
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Signed = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def market(signed: Signed, n: int = 200, spread: float = 0.0) -> Frames:
    """Contracts of ten other bodies, signed for what was awarded or a little beside it."""
    rng = np.random.default_rng(2)
    frames: Frames = {}
    for i in range(n):
        amount = round(1000 * (1 + float(rng.normal(0, spread))), 2)
        signed(frames, f"P{i:03d}", awarded=1000, amount=amount, buyer=f"Q{i % 10}",
               company=f"p{i % 30}")  # fmt: skip
    return frames


def hits(findings: Findings) -> set[str]:
    return {f.subject_id for f in findings.flags if not f.subject_id.startswith("KP")}


CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "a fifth more": ({"awarded": 1000, "amount": 1200}, True),
    "a fifth less": ({"awarded": 1000, "amount": 800}, True),
    "just past a tenth": ({"awarded": 1000, "amount": "1100.01"}, True),
    "a tenth is allowed": ({"awarded": 1000, "amount": 1100}, False),
    "ten times is a slip": ({"awarded": 1000, "amount": 10000}, False),
    "a hundredth is a slip": ({"awarded": 1000, "amount": 10}, False),
    "one yuan is no price": ({"awarded": 1000, "amount": 1}, False),
    "ten times and a tax is one too": ({"awarded": 1000, "amount": 11300}, False),
    "eight times is no slip": ({"awarded": 1000, "amount": 8000}, True),
    "another currency": ({"awarded": 1000, "amount": 1200, "currency": "EUR"}, False),
    "no currency on the contract": ({"awarded": 1000, "amount": 1200, "currency": None}, True),
    "no amount": ({"awarded": 1000, "amount": None}, False),
    "a cancelled contract": ({"awarded": 1000, "amount": 1200, "status": "cancelled"}, False),
    "a cancelled award": ({"awarded": 1000, "amount": 1200, "award_status": "cancelled"}, False),
}


@pytest.fixture(scope="module")
def together(snapshot: Snap, signed: Signed) -> set[str]:
    frames = market(signed)
    for i, (given, _) in enumerate(CASES.values()):
        signed(frames, f"{i:02d}", buyer=f"B{i}", company=f"c{i}", **given)
    return hits(run(AwardContractGap(), snapshot(**frames)))


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, together: set[str]) -> None:
    place = list(CASES).index(case)
    assert (f"K{place:02d}" in together) is CASES[case][1]


def test_a_flag_says_who_when_and_how_much(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed)
    signed(frames, "1", awarded=1000, amount=1250)
    (flag,) = run(AwardContractGap(), snapshot(**frames)).flags
    assert (flag.subject_id, flag.body_id, flag.company_id) == ("K1", "B1", "acme")
    assert flag.value == pytest.approx(1.25)
    assert [(c, str(a)) for c, a in flag.amounts] == [("CNY", "250.0000")]
    assert {e.table for e in flag.evidence} == {"awards", "contracts"}
    assert "CNY 1,250" in flag.reason
    assert "2022-03-01" in flag.reason
    assert flag.p_value == pytest.approx(1 / 201)


def test_a_market_that_differs_explains_itself(snapshot: Snap, signed: Signed) -> None:
    """Innocent: where contracts of others scatter as much, a fifth more says nothing."""
    frames = market(signed, spread=0.3)
    signed(frames, "1", awarded=1000, amount=1200)
    assert hits(run(AwardContractGap(), snapshot(**frames))) == set()


def test_a_body_cannot_make_its_own_habit_usual(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed)
    for i in range(60):
        signed(frames, f"{i:02d}", awarded=1000, amount=1200 + 7 * i, company=f"c{i % 4}")
    assert len(hits(run(AwardContractGap(), snapshot(**frames)))) == 60


@pytest.mark.parametrize(("firms", "found"), [(3, 0), (2, 12)])
def test_a_tax_is_no_sign(firms: int, found: int, snapshot: Snap, signed: Signed) -> None:
    """Innocent: a body that adds 13 % whoever the firm; near miss: two firms alone."""
    frames = market(signed)
    for i in range(12):
        signed(frames, f"{i:02d}", awarded=1000 + 10 * i, amount=1130 + 11.3 * i,
               company=f"c{i % firms}")  # fmt: skip
    assert len(hits(run(AwardContractGap(), snapshot(**frames)))) == found


@pytest.mark.parametrize(("parts", "found"), [((700, 600), True), ((500, 200), False)])
def test_contracts_of_one_award_add_up(
    parts: tuple[int, int], found: bool, snapshot: Snap, signed: Signed
) -> None:
    """More may be signed yet; beyond the award is beyond it."""
    frames = market(signed)
    signed(frames, "1", awarded=1000, amount=parts[0])
    frames["contracts"].append(frames["contracts"][-1] | {"contract_id": "K2", "amount": parts[1]})
    findings = run(AwardContractGap(), snapshot(**frames))
    assert hits(findings) == ({"K1"} if found else set())
    if found:
        (flag,) = findings.flags
        assert {e.id for e in flag.evidence} == {"A1", "K1", "K2"}


def test_what_cannot_be_compared_is_said(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed, 10)
    signed(frames, "1", amount=None, awarded=5)
    findings = run(AwardContractGap(), snapshot(**frames))
    assert (findings.subjects, findings.computable) == (11, 10)
    assert "no amount" in findings.reason


def test_p_values_are_uniform_without_any_scheme(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed, 3000, spread=0.1)
    rng = np.random.default_rng(4)
    for row in frames["contracts"]:  # half of them are signed for what was awarded
        if rng.random() < 0.5:
            row["amount"] = 1000
    p_values = run(AwardContractGap(), snapshot(**frames)).p_values
    assert p_values is not None
    assert len(p_values) == 3000
    assert 0.04 <= np.mean(p_values < 0.05) <= 0.06
