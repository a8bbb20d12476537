from collections.abc import Callable
from typing import Any

import pytest

from graphgov.config import Config
from graphgov.detector import Findings, run
from graphgov.indicators.r030_late_bid_won import LateBidWon
from graphgov.ingest import read_frames
from graphgov.snapshot import Snapshot, take

Snap = Callable[..., Snapshot]
DUE = "2023-03-10T10:00:00Z"


def tender(key: str = "T1", **more: Any) -> dict[str, Any]:
    row = {"tender_id": key, "buyer_id": "B1", "title": "Bridge", "bids_due_at": DUE}
    return row | more


def award(key: str = "T1", company: str = "acme", **more: Any) -> dict[str, Any]:
    row = {
        "award_id": f"A-{key}",
        "tender_id": key,
        "buyer_id": "B1",
        "company_id": company,
        "awarded_on": "2023-05-01",
        "amount": 1000,
        "currency": "CNY",
    }
    return row | more


def bid(company: str, at: str | None, key: str = "T1", **more: Any) -> dict[str, Any]:
    row = {
        "bid_id": f"{key}-{company}",
        "tender_id": key,
        "company_id": company,
        "submitted_at": at,
        "amount": 1000,
        "currency": "CNY",
        "status": "valid",
    }
    return row | more


LATE, EARLY = "2023-03-10T16:30:00Z", "2023-03-10T09:00:00Z"


def look(snapshot: Snap, *bids: dict[str, Any], **more: Any) -> Findings:
    given = {"tenders": [tender()], "awards": [award()]} | more
    return run(LateBidWon(), snapshot(bids=[*bids, bid("zed", EARLY)], **given))


def test_the_last_bid_wins(snapshot: Snap) -> None:
    (flag,) = look(snapshot, bid("acme", LATE)).flags
    assert flag.value == 6.5
    assert flag.company_id == "acme"
    assert flag.p_value is None
    assert {e.id for e in flag.evidence if e.table == "bids"} == {"T1-acme"}
    for part in ("2023-03-10 10:00Z", "2023-03-10 16:30Z", "6.5 hours", "CNY 1,000"):
        assert part in flag.reason


CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], bool]] = {
    "in time": ([bid("acme", EARLY)], {}, False),
    "on the stroke": ([bid("acme", DUE)], {}, False),
    "a second late": ([bid("acme", "2023-03-10T10:00:01Z")], {}, True),
    "in time in another zone": ([bid("acme", "2023-03-10T17:00:00+08:00")], {}, False),
    "late, but lost": ([bid("acme", EARLY), bid("late", LATE)], {}, False),
    "late, but put out": ([bid("acme", LATE, status="disqualified")], {}, False),
    "late, award cancelled": ([bid("acme", LATE)], {"awards": [award(status="cancelled")]}, False),
    "a partner of the winner": ([bid("acme", LATE), bid("pal", LATE, bid_id="T1-acme")], {}, True),
    "another award is open": (
        [bid("acme", LATE)], {"awards": [award(), award(award_id="A2", status="pending")]}, True),
    "a bare date lasts its day": (
        [bid("acme", LATE)], {"tenders": [tender(bids_due_at="2023-03-10")]}, False),
    "a day after a bare date": (
        [bid("acme", "2023-03-11")], {"tenders": [tender(bids_due_at="2023-03-10")]}, True),
    "cancelled": ([bid("acme", LATE)], {"tenders": [tender(status="cancelled")]}, False),
}  # fmt: skip


@pytest.mark.parametrize(("bids", "given", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    bids: list[dict[str, Any]], given: dict[str, Any], expected: bool, snapshot: Snap
) -> None:
    assert bool(look(snapshot, *bids, **given).flags) is expected


def test_midnight_is_local(snapshot: Snap) -> None:
    """18:00 in UTC is midnight in Shanghai, where a bare date was meant."""
    bids = [bid("acme", "2023-03-10T08:00:00Z"), bid("zed", EARLY)]
    data = {
        "tenders": [tender(bids_due_at="2023-03-09T16:00:00Z")], "awards": [award()], "bids": bids
    }  # fmt: skip
    assert run(LateBidWon(), snapshot(**data)).flags
    local = take(read_frames(data), config=Config(timezone="Asia/Shanghai"))
    assert not run(LateBidWon(), local).flags


def test_a_bid_on_one_lot_does_not_win_another(snapshot: Snap) -> None:
    bids = [bid("acme", EARLY, lot_id="1"), bid("acme", LATE, bid_id="x", lot_id="2")]
    rest = bid("zed", EARLY, lot_id="2", bid_id="y")
    first = {"awards": [award(lot_id="1")], "bids": [*bids, rest]}
    snap = snapshot(tenders=[tender()], **first)
    assert not run(LateBidWon(), snap).flags
    both = snapshot(tenders=[tender()], awards=[award(lot_id='["1", "2"]')], bids=[*bids, rest])
    (flag,) = run(LateBidWon(), both).flags
    assert (flag.subject_kind, flag.subject_id) == ("lot", '["T1","2"]')


def test_clocks_that_disagree_are_said(snapshot: Snap) -> None:
    """Innocent: a platform whose bids carry local time and whose deadlines carry UTC."""
    keys = [f"T{i:03d}" for i in range(120)]

    def many(late: int) -> Findings:
        return run(
            LateBidWon(),
            snapshot(
                tenders=[tender(k) for k in keys],
                awards=[award(k) for k in keys],
                bids=[bid("acme", LATE if i < late else EARLY, k) for i, k in enumerate(keys)],
            ),
        )

    findings = many(60)
    assert not findings.flags
    assert findings.computable == 0
    assert findings.reason.startswith("not computable, because 50% of all winners look late")
    assert len(many(6).flags) == 6


def test_what_has_no_times_is_not_clean(snapshot: Snap) -> None:
    findings = look(snapshot, bid("acme", LATE), tenders=[tender(), tender("T2")])
    assert (findings.subjects, findings.computable) == (2, 1)
    assert findings.reason == "not computable, because no bids are published (1 processes)"
