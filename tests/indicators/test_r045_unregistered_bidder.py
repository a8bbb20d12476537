from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r045_unregistered_bidder import UnregisteredBidder
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
CASES: dict[str, tuple[Row, float | None]] = {
    "ordinary": ({}, None),
    "not registered": ({"registered": False}, 0.5),
    "nobody knows": ({"registered": None}, None),
    "in another country's register": ({"registered": False, "jurisdiction": "DE"}, None),
    "founded since": ({"founded_on": "2023-05-01"}, 0.6),
    "founded a month later": ({"founded_on": "2023-04-09"}, None),
    "founded a month and a day later": ({"founded_on": "2023-04-10"}, 0.6),
    "dissolved before": ({"dissolved_on": "2022-01-01"}, 0.7),
    "dissolved a month before": ({"dissolved_on": "2023-02-08"}, None),
    "dissolved a month and a day before": ({"dissolved_on": "2023-02-07"}, 0.7),
    "dissolved after": ({"dissolved_on": "2023-06-01"}, None),
}
HONEST = 90


@pytest.fixture(scope="module")
def found(snapshot: Callable[..., Snapshot]) -> Findings:
    return look(snapshot, {case: more for case, (more, _) in CASES.items()})


def look(snapshot: Callable[..., Snapshot], firms: dict[str, Row], **settings: Any) -> Findings:
    names = [*firms, *(f"h{i:02d}" for i in range(HONEST))]
    return run(
        UnregisteredBidder(**settings),
        snapshot(
            companies=[
                {"company_id": name, "name": f"Firm {name}", "registered": True,
                 "jurisdiction": "CN", "founded_on": "2000-01-01"} | firms.get(name, {})
                for name in [*names, "never won"]
            ],
            tenders=[{"tender_id": f"T{n}", "buyer_id": "B1",
                      "bids_due_at": "2023-03-10T10:00:00Z"} for n in names],
            awards=[{"award_id": f"A{n}", "tender_id": f"T{n}", "buyer_id": "B1", "company_id": n,
                     "awarded_on": "2023-07-01", "amount": 100, "currency": "CNY"} for n in names],
        ),
    )  # fmt: skip


def flags_of(found: Findings, case: str) -> list[Flag]:
    return [f for f in found.flags if f.subject_id == case]


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, found: Findings) -> None:
    expected = CASES[case][1]
    assert [f.score for f in flags_of(found, case)] == ([expected] if expected else [])


def test_the_sentence_says_since_when(found: Findings) -> None:
    (flag,) = flags_of(found, "founded since")
    assert flag.reason == (
        "Firm founded since won 1 contracts of B1 between 2023-07-01 and 2023-07-01 for CNY 100, "
        "but was founded only on 2023-05-01."
    )
    assert sorted(e.table for e in flag.evidence) == ["awards", "companies"]
    assert (found.subjects, found.computable) == (HONEST + len(CASES) + 1, HONEST + len(CASES))


def test_an_incomplete_register_flags_nobody(snapshot: Callable[..., Snapshot]) -> None:
    """Innocent: a register that lists half of the firms."""
    out = {f"x{i}": {"registered": False} for i in range(8)}
    found = look(snapshot, out)
    assert not found.flags
    assert "8 winners look unregistered, so many that the register is incomplete" in found.reason
    assert found.missing == "companies.registered"
    assert len(look(snapshot, out, max_share=0.2).flags) == 8


def test_awards_alone_are_not_computable(snapshot: Callable[..., Snapshot]) -> None:
    award = {"award_id": "A", "buyer_id": "B", "company_id": "c", "awarded_on": "2023-01-01",
             "amount": 1}  # fmt: skip
    found = run(UnregisteredBidder(), snapshot(awards=[award]))
    assert found.computable == 0
    assert "companies.registered" in found.missing
