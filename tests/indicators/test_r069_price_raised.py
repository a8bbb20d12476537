"""Contracts raised after signature: by whom, by how much, beyond which bid."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r069_price_raised import PriceRaised
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Signed = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]
DAY = "2022-06-01"


def market(signed: Signed, raised: float = 0.1, n: int = 300, firms: int = 30) -> Frames:
    """Contracts of ten bodies, of which some are raised by a fifth or so."""
    rng = np.random.default_rng(5)
    frames: Frames = {"amendments": []}
    for i in range(n):
        more = round(float(rng.uniform(150, 400)), 2)
        amend = [(DAY, more, None)] if rng.random() < raised else []
        signed(frames, f"P{i:04d}", buyer=f"Q{i % 10}", company=f"p{i % firms}", amend=amend)
    return frames


def hits(findings: Findings) -> set[str]:
    return {f.subject_id for f in findings.flags if not f.subject_id.startswith("KP")}


CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "a fifth more, as all of this firm's": ({"amend": [(DAY, 200, None)]}, True),
    "in two steps": ({"amend": [(DAY, 60, None), ("2022-07-01", 60, None)]}, True),
    "a tenth is allowed": ({"amend": [(DAY, 100, None)]}, False),
    "just past it": ({"amend": [(DAY, 100.01, None)]}, True),
    "a cut": ({"amend": [(DAY, -300, None)]}, False),
    "raised and cut again": ({"amend": [(DAY, 200, None), ("2022-07-01", -150, None)]}, False),
    "one amendment recorded twice": ({"amend": [(DAY, 90, None), (DAY, 90, None)]}, False),
    "an extension alone": ({"amend": [(DAY, None, "2023-01-01")]}, False),
    "a slip of the point": ({"amend": [(DAY, 9000, None)]}, False),
}


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES)
def test_a_firm_whose_contracts_are_raised(
    given: dict[str, Any], expected: bool, snapshot: Snap, signed: Signed
) -> None:
    frames = market(signed)
    for i in range(6):
        signed(frames, f"{i}", buyer=f"Q{i}", **given)
    wanted = {f"K{i}" for i in range(6)} if expected else set()
    assert hits(run(PriceRaised(), snapshot(**frames))) == wanted


def test_one_raise_like_those_of_others_is_no_flag(snapshot: Snap, signed: Signed) -> None:
    """Innocent: one of six contracts raised by a fifth, where a tenth of all are."""
    frames = market(signed)
    for i in range(6):
        signed(frames, f"{i}", amend=[] if i else [(DAY, 211, None)])
    assert hits(run(PriceRaised(), snapshot(**frames))) == set()


@pytest.mark.parametrize(("more", "flagged"), [(500, False), (501, True)])
def test_a_very_large_raise_stands_alone(
    more: int, flagged: bool, snapshot: Snap, signed: Signed
) -> None:
    frames = market(signed, raised=0.3)
    for i in range(6):
        signed(frames, f"{i}", amend=[] if i else [(DAY, more, None)])
    assert bool(hits(run(PriceRaised(), snapshot(**frames)))) is flagged


@pytest.mark.parametrize(
    ("rival", "currency", "flagged"),
    [(1150, "CNY", True), (1200, "CNY", False), (1199.99, "CNY", True), (1150, "EUR", False),
     (990, "CNY", False)],
    ids=["beyond it", "up to it", "a cent beyond", "in other money", "a dearer bid had won"],
)  # fmt: skip
def test_a_raise_beyond_the_next_bid(
    rival: float, currency: str, flagged: bool, snapshot: Snap, signed: Signed
) -> None:
    frames = market(signed, raised=0.3)
    for i in range(6):
        signed(frames, f"{i}", tender=f"T{i}", amend=[] if i else [(DAY, 200, None)])
    frames["tenders"] = [{"tender_id": f"T{i}", "buyer_id": "B1"} for i in range(6)]
    frames["bids"] = [
        {"bid_id": f"D{i}{c}", "tender_id": f"T{i}", "company_id": c, "amount": price,
         "currency": money}
        for i in range(6)
        for c, price, money in (("acme", 1000, "CNY"), ("zed", rival, currency))
    ]  # fmt: skip
    findings = run(PriceRaised(), snapshot(**frames))
    assert hits(findings) == ({"K0"} if flagged else set())
    if flagged:
        flag = next(f for f in findings.flags if f.subject_id == "K0")
        assert "beyond the next bid" in flag.reason
        assert flag.score > 0.3


def test_a_flag_says_from_what_to_what(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed)
    for i in range(6):
        signed(frames, f"{i}", amend=[(DAY, 200, None)])
    flag = next(f for f in run(PriceRaised(), snapshot(**frames)).flags if f.subject_id == "K0")
    for words in ("CNY 1,000", "CNY 1,200", "20 % more", "6 of 6", DAY):
        assert words in flag.reason
    assert flag.p_value is not None
    assert flag.p_value < 1e-4
    assert flag.facts["expected"] < 1.5
    assert {e.table for e in flag.evidence} == {"awards", "contracts", "amendments"}


def test_an_index_clause_is_no_sign(snapshot: Snap, signed: Signed) -> None:
    """Innocent: a body that raises all contracts of a kind by the same twelfth part."""
    frames = market(signed)
    for i in range(30):
        signed(frames, f"{i:02d}", company=f"c{i % 5}", amend=[(DAY, 120, None)])
    assert hits(run(PriceRaised(), snapshot(**frames))) == set()


def test_p_values_are_uniform_without_any_scheme(snapshot: Snap, signed: Signed) -> None:
    p_values = run(
        PriceRaised(), snapshot(**market(signed, raised=0.3, n=4000, firms=1300))
    ).p_values
    assert p_values is not None
    assert len(p_values) == 1300
    assert 0.035 <= np.mean(p_values < 0.05) <= 0.065
