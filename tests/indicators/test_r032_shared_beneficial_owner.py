from collections.abc import Callable, Mapping
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r032_shared_beneficial_owner import SharedBeneficialOwner
from graphgov.indicators.r033_shared_shareholder import SharedShareholder
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
BEFORE, DAY, AFTER = "2023-03-09", "2023-03-10", "2023-03-11"


def owns(owner: str, company: str, part: float | None = 0.3, **more: Any) -> Row:
    kind = "person" if owner.startswith("p") else "body" if owner.startswith("B") else "company"
    row = {
        "owner_id": owner, "owner_kind": kind, "company_id": company, "share": part,
        "started_on": "2015-01-01",
    }  # fmt: skip
    return row | more


def world(
    *edges: Row, bids: tuple[str, ...] = ("a", "b", "c"), state: tuple[str, ...] = ()
) -> Frames:
    named = {e["company_id"] for e in edges} | {
        e["owner_id"] for e in edges if e["owner_kind"] == "company"
    }
    return {
        "companies": [{"company_id": c, "name": f"Firm {c}", "state_owned": c in state}
                      for c in sorted({*"abc", *named})],
        "tenders": [{"tender_id": t, "buyer_id": "B1", "bids_due_at": f"{DAY}T10:00:00Z"}
                    for t in ("T", "U")],
        "bids": [{"bid_id": f"T{c}", "tender_id": "T", "company_id": c} for c in bids],
        "awards": [{"award_id": "A", "tender_id": "T", "buyer_id": "B1", "company_id": bids[0],
                    "awarded_on": "2023-05-01", "amount": 1000, "currency": "CNY"}],
        "ownership": list(edges),
    }  # fmt: skip


BOTH = (owns("p1", "a"), owns("p1", "b"))
# What R032 says of a and b, and R033: the smaller share, or None.
CASES: dict[str, tuple[Frames, float | None, float | None]] = {
    "three tenths of both": (world(*BOTH), 0.3, 0.3),
    "a quarter": (world(owns("p1", "a", 0.25), owns("p1", "b", 0.9)), 0.25, 0.25),
    "just under a quarter": (world(owns("p1", "a", 0.249), owns("p1", "b", 0.9)), None, 0.249),
    "a tenth": (world(owns("p1", "a", 0.1), owns("p1", "b", 0.1)), None, 0.1),
    "just under a tenth": (world(owns("p1", "a", 0.099), owns("p1", "b", 0.9)), None, None),
    "a company as shareholder": (world(owns("x", "a"), owns("x", "b")), None, 0.3),
    "a person behind that company": (
        world(owns("p1", "x", 0.9), owns("x", "a"), owns("x", "b", 0.5)), 0.27, 0.3),
    "too thin at the end of the chain": (
        world(owns("p1", "x", 0.8), owns("x", "a"), owns("x", "b", 0.5)), None, 0.3),
    "two ways add up": (
        world(owns("p1", "x", 0.5), owns("x", "a", 0.4), owns("p1", "a", 0.1), owns("p1", "b")),
        0.3, 0.3),
    "cross-holdings": (  # the catalogue's vector: 2/3 and 1/3
        world(owns("p1", "a", 0.5), owns("a", "b", 0.5), owns("b", "a", 0.5),
              owns("p2", "b", 0.5)), 1 / 3, 0.5),
    "one owns part of the other": (world(owns("a", "b", 0.2)), None, 0.2),
    "sold before": (world(BOTH[0], owns("p1", "b", ended_on=BEFORE)), None, None),
    "sold on the day": (world(BOTH[0], owns("p1", "b", ended_on=DAY)), 0.3, 0.3),
    "bought after": (world(BOTH[0], owns("p1", "b", started_on=AFTER)), None, None),
    "diluted since": (
        world(BOTH[0], owns("p1", "b", 0.9), owns("p1", "b", 0.05, started_on="2022-01-01")),
        None, None),
    "diluted later": (
        world(BOTH[0], owns("p1", "b", 0.9), owns("p1", "b", 0.05, started_on=AFTER)), 0.3, 0.3),
    "without a start": (world(BOTH[0], owns("p1", "b", started_on=None)), 0.3, 0.3),
    "the state": (world(owns("B1", "a"), owns("B1", "b")), None, None),
    "a group of the state": (world(owns("x", "a"), owns("x", "b"), state=("x",)), None, None),
    "two firms of the state": (world(*BOTH, state=("a", "b")), None, None),
    "other tenders": (world(*BOTH, bids=("a", "c")), None, None),
    "two owners": (world(owns("p1", "a"), owns("p2", "b")), None, None),
    "a range that may be enough": (
        world(BOTH[0], owns("p1", "b", None, share_min=0.2, share_max=0.4)), 0.3, 0.2),
    "a share nobody knows": (world(BOTH[0], owns("p1", "b", None)), 0.3, 0.3),
    "a share nobody knows, little left": (
        world(BOTH[0], owns("p1", "b", None), owns("p2", "b", 0.95)), None, None),
}  # fmt: skip
DETECTORS = (SharedBeneficialOwner, SharedShareholder)


@pytest.fixture(scope="module")
def found(
    snapshot: Callable[..., Snapshot], apart: Callable[[Mapping[str, Frames]], Frames]
) -> dict[str, Findings]:
    snap = snapshot(**apart({name: case[0] for name, case in CASES.items()}))
    return {cls.code: run(cls(), snap) for cls in DETECTORS}


def flag_of(found: Mapping[str, Findings], code: str, case: str) -> Flag | None:
    flags = [f for f in found[code].flags if f.subject_id == f'["{case}|a","{case}|b"]']
    assert len(flags) <= 1
    return flags[0] if flags else None


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, found: dict[str, Findings]) -> None:
    for code, expected in zip(("R032", "R033"), CASES[case][1:], strict=True):
        flag = flag_of(found, code, case)
        assert (flag.value if flag else None) == (pytest.approx(expected) if expected else None)


def test_nobody_else_is_flagged(found: dict[str, Findings]) -> None:
    for code, place in (("R032", 1), ("R033", 2)):
        assert len(found[code].flags) == sum(case[place] is not None for case in CASES.values())


def test_the_sentence_names_the_owner_and_the_way(found: dict[str, Findings]) -> None:
    case = "a person behind that company"
    flag = flag_of(found, "R032", case)
    assert flag is not None
    assert flag.person_id == f"{case}|p1"
    assert f"{case}|p1 effectively owned 27 % of Firm a and 45 % of Firm b (through: Firm x)" in (
        flag.reason
    )
    assert [e.table for e in flag.evidence].count("ownership") == 3
    assert ("company", f"{case}|x", "through") in flag.members
    other = flag_of(found, "R033", case)
    assert other is not None
    assert other.facts["owner"] == "Firm x"


def test_what_is_not_certain_scores_less(found: dict[str, Findings]) -> None:
    sure = flag_of(found, "R032", "three tenths of both")
    assert sure is not None
    for case in ("without a start", "a share nobody knows", "a range that may be enough"):
        flag = flag_of(found, "R032", case)
        assert flag is not None
        assert flag.score < sure.score
    guessed = flag_of(found, "R032", "a share nobody knows")
    assert guessed is not None
    assert "(estimated, since the register leaves shares out)" in guessed.reason


def test_a_fund_is_no_common_owner(snapshot: Callable[..., Snapshot]) -> None:
    held = [owns("p1", f"f{i:02d}", 0.3) for i in range(49)]
    assert not run(SharedBeneficialOwner(), snapshot(**world(*BOTH, *held))).flags
    assert run(SharedBeneficialOwner(), snapshot(**world(*BOTH, *held[:48]))).flags


def test_without_owners_nothing_is_computable(snapshot: Callable[..., Snapshot]) -> None:
    frames = world(*BOTH)
    del frames["ownership"]
    found = run(SharedBeneficialOwner(), snapshot(**frames))
    assert (found.subjects, found.computable) == (3, 0)
    assert found.missing == "ownership.owner_id"


def test_more_bids_and_owners_are_counted(found: dict[str, Findings]) -> None:
    one = found["R032"]
    assert 0 < one.computable < one.subjects
    assert "at least one company states no owner" in one.reason
