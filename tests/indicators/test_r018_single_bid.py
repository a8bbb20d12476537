from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r018_single_bid import SingleBid
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]


def tender(key: str, bidders: int | None = None, **more: Any) -> dict[str, Any]:
    row = {
        "tender_id": key,
        "buyer_id": "B1",
        "method": "open",
        "category": "4521",
        "status": "complete",
        "published_at": "2023-03-01T00:00:00Z",
        "bidders": bidders,
    }
    return row | more


def award(key: str, **more: Any) -> dict[str, Any]:
    row = {
        "award_id": f"A-{key}",
        "tender_id": key,
        "buyer_id": "B1",
        "company_id": "acme",
        "awarded_on": "2023-05-01",
        "amount": 1000,
        "currency": "CNY",
    }
    return row | more


def bid(key: str, company: str, **more: Any) -> dict[str, Any]:
    row = {"bid_id": f"{key}-{company}", "tender_id": key, "company_id": company, "status": "valid"}
    return row | more


def peers(share: float, n: int = 100) -> list[dict[str, Any]]:
    """Tenders of ten other bodies of which this share had one bid."""
    return [tender(f"P{i:03d}", 1 if i < share * n else 4, buyer_id=f"Q{i % 10}") for i in range(n)]


def found(findings: Findings, *prefix: str) -> dict[str, float]:
    return {f.subject_id: f.score for f in findings.flags if not f.subject_id.startswith("P")}


def test_one_bid_where_others_draw_four_is_flagged(snapshot: Snap) -> None:
    rows = [tender(f"T{i}", 1) for i in range(6)]
    snap = snapshot(tenders=peers(0.05) + rows, awards=[award(r["tender_id"]) for r in rows])
    findings = run(SingleBid(), snap)
    flag = next(f for f in findings.flags if f.subject_id == "T0")
    assert flag.score > 0.4
    assert flag.value == 1
    assert flag.p_value is None
    assert (flag.body_id, flag.company_id) == ("B1", "acme")
    assert {e.table for e in flag.evidence} == {"tenders", "awards"}
    assert flag.facts["body_single"] == 6
    assert flag.facts["body_p_value"] < 1e-4
    assert "CNY 1,000" in flag.reason
    assert "2023-05-01" in flag.reason


def test_two_bids_are_not(snapshot: Snap) -> None:
    snap = snapshot(tenders=[*peers(0.05), tender("T1", 2)], awards=[award("T1")])
    assert found(run(SingleBid(), snap)) == {}


def test_a_thin_market_explains_itself(snapshot: Snap) -> None:
    """Innocent: everybody who buys this gets one bid, so the same count says nothing."""
    rows = [tender(f"T{i}", 1) for i in range(6)]
    thin = run(SingleBid(), snapshot(tenders=peers(0.9) + rows, awards=[award("T0")]))
    assert max(found(thin).values()) < 0.1


def test_one_stray_single_bid_scores_little(snapshot: Snap) -> None:
    rows = [tender("T0", 1)] + [tender(f"T{i}", 4) for i in range(1, 15)]
    snap = snapshot(tenders=peers(0.05) + rows, awards=[award("T0")])
    assert 0 < found(run(SingleBid(), snap))["T0"] < 0.35


ONE = [bid("T1", "acme")]
CASES: dict[str, tuple[dict[str, Any], list[dict[str, Any]], bool]] = {
    "the count of bidders comes first": ({"bidders": 1}, [*ONE, bid("T1", "zed")], True),
    "bids are counted where no count is given": ({}, ONE, True),
    "two bids": ({}, [*ONE, bid("T1", "zed")], False),
    "a withdrawn bid is none": ({}, [*ONE, bid("T1", "zed", status="withdrawn")], True),
    "an invitation is no bid": ({}, [*ONE, bid("T1", "zed", status="invited")], True),
    "a disqualified bid was submitted": ({}, [*ONE, bid("T1", "z", status="disqualified")], False),
    "a bid without status was submitted": ({}, [*ONE, bid("T1", "zed", status=None)], False),
    "a joint bid is one": ({}, [*ONE, bid("T1", "zed", bid_id="T1-acme")], True),
    "one bidder on two lots is one": ({}, [*ONE, bid("T1", "acme", bid_id="x")], True),
    "selective is competitive": ({"bidders": 1, "method": "selective"}, [], True),
    "limited is not": ({"bidders": 1, "method": "limited"}, [], False),
    "direct is not": ({"bidders": 1, "method": "direct"}, [], False),
    "a cancelled process is none": ({"bidders": 1, "status": "cancelled"}, [], False),
    "nobody bid": ({"bidders": 0}, [], False),
}


@pytest.mark.parametrize(("given", "bids", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    given: dict[str, Any], bids: list[dict[str, Any]], expected: bool, snapshot: Snap
) -> None:
    snap = snapshot(tenders=[*peers(0.05), tender("T1", **given)], awards=[award("T1")], bids=bids)
    assert ("T1" in found(run(SingleBid(), snap))) is expected


def test_what_cannot_be_counted_is_said(snapshot: Snap) -> None:
    rows = [tender("T1", 1), tender("T2", 1, method=None), tender("T3", None)]
    findings = run(SingleBid(), snapshot(tenders=rows, awards=[award("T1")]))
    assert (findings.subjects, findings.computable) == (3, 1)
    assert findings.missing == "tenders.method;tenders.bidders"
    assert findings.reason == (
        "not computable, because 1 processes are without a method and 1 processes are "
        "without a number of bids"
    )


def test_a_method_on_the_award_will_do(snapshot: Snap) -> None:
    snap = snapshot(tenders=[tender("T1", 1, method=None)], awards=[award("T1", method="open")])
    assert list(found(run(SingleBid(), snap))) == ["T1"]


def test_a_consortium_counts_its_money_once(snapshot: Snap) -> None:
    awards = [award("T1"), award("T1", company_id="zed")]
    (flag,) = run(SingleBid(), snapshot(tenders=[tender("T1", 1)], awards=awards)).flags
    assert [str(a) for _, a in flag.amounts] == ["1000.0000"]
    assert flag.company_id == ""
    assert {m.id for m in flag.members if m.kind == "company"} == {"acme", "zed"}


def test_each_lot_has_bidders_of_its_own(snapshot: Snap) -> None:
    """The notice counts the bidders of the whole tender, which says nothing of one lot."""
    bids = [bid("T1", "acme", lot_id="1"), bid("T1", "zed", lot_id="2", bid_id="b2"),
            bid("T1", "far", lot_id="2", bid_id="b3")]  # fmt: skip
    snap = snapshot(
        tenders=[*peers(0.05), tender("T1", 3)],
        lots=[{"tender_id": "T1", "lot_id": "1"}, {"tender_id": "T1", "lot_id": "2"}],
        awards=[award("T1", lot_id="1"), award("T1", award_id="A2", lot_id="2", company_id="far")],
        bids=bids,
    )
    assert [(f.subject_kind, f.subject_id) for f in run(SingleBid(), snap).flags if "T1" in
            f.subject_id] == [("lot", '["T1","1"]')]  # fmt: skip
