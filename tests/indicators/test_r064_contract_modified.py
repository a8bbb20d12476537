"""Contracts changed again and again, and records of changes that change nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r064_contract_modified import ContractModified
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Signed = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def market(signed: Signed, n: int = 300, rate: float = 0.2) -> Frames:
    """Contracts of ten other bodies, changed a fifth of a time each."""
    rng = np.random.default_rng(3)
    frames: Frames = {"amendments": []}
    for i in range(n):
        days = [f"2022-{4 + k:02d}-01" for k in range(min(8, int(rng.poisson(rate))))]
        signed(frames, f"P{i:03d}", buyer=f"Q{i % 10}", company=f"p{i % 30}",
               amend=[(day, 50, None) for day in days])  # fmt: skip
    return frames


def hits(findings: Findings) -> set[str]:
    return {f.subject_id for f in findings.flags if not f.subject_id.startswith("KP")}


D = ["2022-04-01", "2022-05-01", "2022-09-01", "2022-11-01"]
CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "three changes of the amount": ({"amend": [(d, 50, None) for d in D[:3]]}, True),
    "three extensions": ({"amend": [(d, None, f"2023-0{i + 1}-01")
                                    for i, d in enumerate(D[:3])]}, True),
    "two, a month apart": ({"amend": [(d, 50, None) for d in D[:2]]}, True),
    "two, four months apart": ({"amend": [(d, 50, None) for d in D[1:3]]}, False),
    "two extensions, a month apart": ({"amend": [(d, None, "2023-05-01") for d in D[:2]]}, False),
    "one": ({"amend": [(D[0], 50, None)]}, False),
    "three on one day are one": ({"amend": [(D[0], 50 + i, None) for i in range(3)]}, False),
    "files without content": ({"amend": [(d, None, None) for d in D]}, False),
    "the end as it was": ({"amend": [(d, None, "2022-12-31") for d in D]}, False),
    "a hundredth each": ({"amend": [(d, 10, None) for d in D]}, False),
    "a little more each": ({"amend": [(d, 11, None) for d in D]}, True),
    "cuts count too": ({"amend": [(d, -50, None) for d in D]}, True),
    "changes nobody dated": ({"amend": [(None, 50, None) for _ in D]}, False),
    "no award in force": ({"amend": [(d, 50, None) for d in D], "award_status": "cancelled"},
                          False),
}  # fmt: skip


@pytest.fixture(scope="module")
def together(snapshot: Snap, signed: Signed) -> set[str]:
    frames = market(signed)
    for i, (given, _) in enumerate(CASES.values()):
        signed(frames, f"{i:02d}", buyer=f"B{i}", company=f"c{i}", **given)
    return hits(run(ContractModified(), snapshot(**frames)))


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, together: set[str]) -> None:
    place = list(CASES).index(case)
    assert (f"K{place:02d}" in together) is CASES[case][1]


def test_a_flag_says_what_changed(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed)
    signed(frames, "1", amend=[(d, 50, None) for d in D])
    flag = next(
        f for f in run(ContractModified(), snapshot(**frames)).flags if f.subject_id == "K1"
    )
    assert flag.value == 4
    assert (str(flag.first_on), str(flag.last_on)) == (D[0], D[-1])
    assert [(c, str(a)) for c, a in flag.amounts] == [("CNY", "200.0000")]
    assert {e.table for e in flag.evidence} == {"awards", "contracts", "amendments"}
    assert len(flag.evidence) == 6
    assert "CNY 200" in flag.reason
    assert flag.p_value is not None
    assert flag.p_value < 0.01


def test_where_all_are_changed_often_nobody_stands_out(snapshot: Snap, signed: Signed) -> None:
    """Innocent: works in which every contract is changed three times."""
    frames = market(signed, rate=3.0)
    signed(frames, "1", amend=[(d, 50, None) for d in D])
    assert hits(run(ContractModified(), snapshot(**frames))) == set()


def test_long_contracts_are_compared_with_long_ones(snapshot: Snap, signed: Signed) -> None:
    """Innocent: four changes in ten years, as others of that length have."""
    frames = market(signed)
    for i in range(60):
        days = [f"{2013 + k}-06-01" for k in range(3 + i % 3)]
        signed(frames, f"PL{i:02d}", buyer=f"Q{i % 10}", on="2012-01-01", ends="2022-01-01",
               amend=[(day, 50, None) for day in days])  # fmt: skip
    signed(frames, "1", on="2012-01-01", ends="2022-01-01",
           amend=[(f"{2013 + k}-06-01", 50, None) for k in range(4)])  # fmt: skip
    signed(frames, "2", amend=[(d, 50, None) for d in D])
    assert hits(run(ContractModified(), snapshot(**frames))) == {"K2"}


def test_p_values_are_uniform_without_any_scheme(snapshot: Snap, signed: Signed) -> None:
    p_values = run(ContractModified(), snapshot(**market(signed, 3000, rate=0.7))).p_values
    assert p_values is not None
    assert len(p_values) == 3000
    assert 0.04 <= np.mean(p_values < 0.05) <= 0.06


def test_amendments_that_say_nothing_are_not_clean(snapshot: Snap, signed: Signed) -> None:
    frames = market(signed, 40)
    for row in frames["amendments"]:
        del row["amount_change"]
    findings = run(ContractModified(), snapshot(**frames))
    assert findings.missing == "amendments.amount_change;amendments.new_ends_on"
    assert findings.computable == 0
    assert "says what it changed" in findings.reason
