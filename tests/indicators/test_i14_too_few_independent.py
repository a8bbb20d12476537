"""Who stands behind bidders, on small worlds of one tender each."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.i14_too_few_independent import TooFewIndependent
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
BEFORE, DAY, AFTER = "2023-03-09", "2023-03-10", "2023-03-11"
FIRMS = ("a", "b", "c")


def owns(owner: str, company: str, part: float | None = 0.6, **more: Any) -> Row:
    kind = "person" if owner.startswith("p") else "body" if owner.startswith("B") else "company"
    row = {
        "owner_id": owner, "owner_kind": kind, "company_id": company, "share": part,
        "started_on": "2015-01-01",
    }  # fmt: skip
    return row | more


def heads(person: str, company: str, role: str = "legal_representative", **more: Any) -> Row:
    row = {"person_id": person, "company_id": company, "role": role, "started_on": "2015-01-01"}
    return row | more


def world(*edges: Row, firms: tuple[str, ...] = FIRMS, **more: Any) -> Frames:
    """One tender, on which all firms bid; the first wins."""
    state, out, joint = more.get("state", ()), more.get("out", ()), more.get("joint", ())
    others = {e["company_id"] for e in edges} | {
        e["owner_id"] for e in edges if e.get("owner_kind") == "company"
    }
    return {
        "bodies": [{"body_id": "B1", "name": "Water Bureau"}],
        "companies": [{"company_id": c, "name": f"Firm {c}", "state_owned": c in state}
                      for c in sorted({*firms, *others})],
        "people": [{"person_id": p, "name": f"Person {p}"} for p in sorted(
            {e[k] for e in edges for k in ("owner_id", "person_id")
             if str(e.get(k, "")).startswith("p")})],
        "tenders": [{"tender_id": "T", "buyer_id": "B1", "title": "Bridge",
                     "method": more.get("method", "open"), "status": more.get("status"),
                     "bids_due_at": f"{DAY}T10:00:00Z"}],
        "bids": [{"bid_id": "joint" if c in joint else f"D{c}", "tender_id": "T", "company_id": c,
                  "amount": 1000, "currency": "CNY",
                  "status": "disqualified" if c in out else "valid"}
                 for c in firms],
        "awards": [{"award_id": "A", "tender_id": "T", "buyer_id": "B1", "company_id": firms[0],
                    "awarded_on": "2023-05-01", "amount": 1000, "currency": "CNY"}],
        "ownership": [e for e in edges if "owner_id" in e],
        "officers": [e for e in edges if "role" in e],
    }  # fmt: skip


CHAIN = (owns("p1", "x", 0.9), owns("x", "b"), owns("p1", "a"))
# Hands and score expected; None for no flag.
CASES: dict[str, tuple[Frames, tuple[int, float] | None]] = {
    "one owner of two": (world(owns("p1", "a"), owns("p1", "b")), (2, 0.7)),
    "one owner of all": (world(*(owns("p1", c) for c in FIRMS)), (1, 0.9)),
    "one owner of two of four": (
        world(owns("p1", "a"), owns("p1", "b"), firms=("a", "b", "c", "d")), None),
    "two owners of two each": (
        world(owns("p1", "a"), owns("p1", "b"), owns("p2", "c"), owns("p2", "d"),
              firms=("a", "b", "c", "d")), (2, 0.7)),
    "only two, of one hand": (
        world(owns("p1", "a"), owns("p1", "b"), firms=("a", "b")), (1, 0.9)),
    "half is not control": (world(owns("p1", "a"), owns("p1", "b", 0.5)), None),
    "forty-nine per cent": (world(owns("p1", "a"), owns("p1", "b", 0.49)), None),
    "one head": (world(heads("p1", "a"), heads("p1", "b")), (2, 0.7)),
    "head here, owner there": (world(heads("p1", "a"), owns("p1", "b")), (2, 0.7)),
    "actual controller": (
        world(heads("p1", "a", "actual_controller"), owns("p1", "b")), (2, 0.7)),
    "a director is not in control": (world(heads("p1", "a", "director"), owns("p1", "b")), None),
    "a mother company bids too": (world(owns("a", "b")), (2, 0.35)),
    "an open group": (world(owns("x", "a"), owns("x", "b"), owns("p1", "x")), (2, 0.35)),
    "neither won": (world(owns("p1", "b"), owns("p1", "c")), (2, 0.42)),
    "through a holding": (world(*CHAIN), (2, 0.7)),
    "the holding has too little": (world(CHAIN[0], owns("x", "b", 0.4), CHAIN[2]), None),
    "votes of two ways add up": (
        world(CHAIN[0], owns("x", "b", 0.3), owns("p1", "b", 0.21), CHAIN[2]), (2, 0.7)),
    "round in a circle": (
        world(owns("p1", "x", 0.6), owns("x", "y", 0.6), owns("y", "x", 0.3), owns("y", "b"),
              owns("x", "a")), (2, 0.35)),
    "sold before": (world(owns("p1", "a"), owns("p1", "b", ended_on=BEFORE)), None),
    "sold on the day": (world(owns("p1", "a"), owns("p1", "b", ended_on=DAY)), (2, 0.7)),
    "bought after": (world(owns("p1", "a"), owns("p1", "b", started_on=AFTER)), None),
    "bought on the day": (world(owns("p1", "a"), owns("p1", "b", started_on=DAY)), (2, 0.7)),
    "a stale row before the sale of a part": (
        world(owns("p1", "a"), owns("p1", "b", 0.9), owns("p1", "b", 0.1, started_on="2020-01-01")),
        None),
    "the holding was sold": (
        world(owns("p1", "x", 0.9, ended_on=BEFORE), owns("x", "b"), owns("p1", "a")), None),
    "without a start": (world(owns("p1", "a"), owns("p1", "b", started_on=None)), None),
    "inferred": (world(owns("p1", "a"), owns("p1", "b", certainty="inferred")), None),
    "declared": (world(owns("p1", "a"), owns("p1", "b", certainty="declared")), (2, 0.6)),
    "the least of a range": (
        world(owns("p1", "a"), owns("p1", "b", None, share_min=0.45, share_max=0.75)), None),
    "all of a range is control": (
        world(owns("p1", "a"), owns("p1", "b", None, share_min=0.51, share_max=0.75)), (2, 0.7)),
    "a share nobody knows": (world(owns("p1", "a"), owns("p1", "b", None)), None),
    "a body stands behind both": (world(owns("B1", "a"), owns("B1", "b")), None),
    "a group of the state": (
        world(owns("x", "a"), owns("x", "b"), state=("x",)), None),
    "put out": (world(owns("p1", "a"), owns("p1", "b"), out=("b",)), None),
    "a joint bid": (
        world(owns("p1", "a"), owns("p1", "b"), joint=("a", "b"), firms=(*FIRMS, "d")), None),
    "a direct award": (world(owns("p1", "a"), owns("p1", "b"), method="direct"), None),
    "cancelled": (world(owns("p1", "a"), owns("p1", "b"), status="cancelled"), None),
    "two people": (world(owns("p1", "a"), owns("p2", "b")), None),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(
    snapshot: Callable[..., Snapshot], apart: Callable[[Mapping[str, Frames]], Frames]
) -> Findings:
    return run(
        TooFewIndependent(),
        snapshot(**apart({name: frames for name, (frames, _) in CASES.items()})),
    )


def flags_of(found: Findings, case: str) -> list[Flag]:
    return [f for f in found.flags if f.subject_id.startswith(f"{case}|")]


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, found: Findings) -> None:
    expected = CASES[case][1]
    flags = flags_of(found, case)
    assert [(f.value, round(f.score, 6)) for f in flags] == ([expected] if expected else [])


def test_the_flag_says_who_and_rests_on_every_edge(found: Findings) -> None:
    (flag,) = flags_of(found, "through a holding")
    assert flag.person_id == "through a holding|p1"
    assert flag.company_id == "through a holding|a"
    assert "Firm a and Firm b are both controlled by Person p1" in flag.reason
    assert "3 companies bid for Bridge of Water Bureau (open procedure), but 2" in flag.reason
    assert sorted(e.table for e in flag.evidence) == [
        "awards", "bids", "bids", "ownership", "ownership", "ownership", "tenders",
    ]  # fmt: skip
    roles = {(m.id.split("|")[1], m.role) for m in flag.members}
    assert {("p1", "holder"), ("x", "through"), ("b", "bidder"), ("a", "winner")} <= roles


def test_coverage_counts_lots_with_bids(found: Findings) -> None:
    open_cases = [c for c in CASES if c != "cancelled"]
    assert found.subjects == found.computable == len(open_cases)


def test_static_registers_make_no_legal_claim(snapshot: Callable[..., Snapshot]) -> None:
    edges = [owns("p1", c, started_on=None) for c in FIRMS]
    bare = run(TooFewIndependent(), snapshot(**world(*edges)))
    assert not bare.flags
    assert bare.missing == "ownership.started_on;officers.started_on"
    assert (bare.subjects, bare.computable) == (1, 0)


def test_fewer_may_be_asked_for(snapshot: Callable[..., Snapshot]) -> None:
    snap = snapshot(**world(owns("p1", "a"), owns("p1", "b")))
    assert not run(TooFewIndependent(required=2), snap).flags
    assert run(TooFewIndependent(required=3), snap).flags


def test_the_method_may_stand_with_the_award(snapshot: Callable[..., Snapshot]) -> None:
    frames = world(owns("p1", "a"), owns("p1", "b"), method=None)
    bare = run(TooFewIndependent(), snapshot(**frames))
    assert not bare.flags
    assert bare.missing == "tenders.method;awards.method"
    frames["awards"][0]["method"] = "open"
    assert len(run(TooFewIndependent(), snapshot(**frames)).flags) == 1
