from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r003_short_submission_period import ShortSubmissionPeriod
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]


def tender(key: str = "T1", days: int = 4, **more: Any) -> dict[str, Any]:
    row = {
        "tender_id": key,
        "buyer_id": "B1",
        "title": "Bridge",
        "method": "open",
        "category": "4521",
        "submission_starts_at": "2023-03-01T09:00:00Z",
        "bids_due_at": f"2023-03-{1 + days:02d}T09:00:00Z",
        "status": "complete",
    }
    return row | more


def award(key: str = "T1", **more: Any) -> dict[str, Any]:
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


def look(snapshot: Snap, *tenders: dict[str, Any], **more: Any) -> Findings:
    return run(ShortSubmissionPeriod(), snapshot(tenders=list(tenders), awards=[award()], **more))


def test_four_days_for_a_bridge(snapshot: Snap) -> None:
    (flag,) = look(snapshot, tender()).flags
    assert (flag.subject_kind, flag.subject_id) == ("tender", "T1")
    assert (flag.value, flag.threshold, flag.p_value) == (4, 15, None)
    assert (flag.body_id, flag.company_id) == ("B1", "acme")
    assert {e.table for e in flag.evidence} == {"tenders", "awards"}
    for part in ("4 days", "2023-03-01", "2023-03-05", "CNY 1,000", "Bridge"):
        assert part in flag.reason


CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "a day too few": (tender(days=14), True),
    "just enough": (tender(days=15), False),
    "an hour too few": (tender(days=15, bids_due_at="2023-03-16T08:00:00Z"), True),
    "no time at all": (tender(days=0), True),
    "a deadline before the start is an error": (tender(bids_due_at="2023-02-01T09:00:00Z"), False),
    "no start, but published": (
        tender(submission_starts_at=None, published_at="2023-03-02T00:00:00Z"), True),
    "no start at all": (tender(submission_starts_at=None), False),
    "an unknown method is judged": (tender(method=None), True),
    "selective": (tender(method="selective"), True),
    "limited": (tender(method="limited"), False),
    "direct": (tender(method="direct"), False),
    "cancelled": (tender(status="cancelled"), False),
    "planned": (tender(status="planned"), False),
}  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES)
def test_what_counts(given: dict[str, Any], expected: bool, snapshot: Snap) -> None:
    assert bool(look(snapshot, given, tender("T0", 20)).flags) is expected


def test_what_has_no_times_is_not_clean(snapshot: Snap) -> None:
    findings = look(snapshot, tender(), tender("T2", bids_due_at=None))
    assert (findings.subjects, findings.computable) == (2, 1)
    assert findings.missing == "tenders.bids_due_at"
    assert findings.reason == (
        "not computable, because the submission period is not published with exact times "
        "(1 processes)"
    )


def test_lots_share_one_flag(snapshot: Snap) -> None:
    bids = [
        {"bid_id": f"b{lot}", "tender_id": "T1", "lot_id": lot, "company_id": "acme"}
        for lot in ("1", "2")
    ]
    assert len(look(snapshot, tender(), bids=bids).flags) == 1


def test_what_everybody_does_scores_less(snapshot: Snap) -> None:
    """Innocent: a trade in which all bodies give ten days."""

    def score(days: int) -> float:
        others = [tender(f"P{i:02d}", days, buyer_id=f"Q{i % 9}") for i in range(60)]
        mine = [tender(f"T{i}", 10) for i in range(8)]
        return max(f.score for f in look(snapshot, *others, *mine).flags if f.body_id == "B1")

    assert score(10) < 0.6 * score(25)


def test_the_threshold_is_a_setting(snapshot: Snap) -> None:
    snap = snapshot(tenders=[tender()], awards=[award()])
    assert not run(ShortSubmissionPeriod(threshold=4), snap).flags
    assert run(ShortSubmissionPeriod(threshold=5), snap).flags


def test_a_rule_that_nobody_keeps_flags_the_shortest_alone(snapshot: Snap) -> None:
    tenders = [tender(f"T{i:03d}", 4 + i % 10) for i in range(120)]
    assert len(look(snapshot, *tenders[:99]).flags) == 99
    flags = look(snapshot, *tenders).flags
    assert {f.value for f in flags} == {4, 5}
    assert len(flags) == 24
