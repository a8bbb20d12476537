from collections.abc import Callable, Mapping
from typing import Any

import pytest

from graphgov.config import Config
from graphgov.detector import Findings, run
from graphgov.indicators.r046_sanctioned_bidder import SanctionedBidder
from graphgov.ingest import read_frames
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot, take

Row = dict[str, Any]
Frames = dict[str, list[Row]]
DUE, AWARDED, OLD = "2023-03-10", "2023-05-01", "2010-01-01"


def listed(subject: str = "a", **more: Any) -> Row:
    row = {
        "subject_kind": "person" if subject.startswith("p") else "company", "subject_id": subject,
        "list": "debarred", "started_on": "2023-01-01", "ended_on": "2023-12-31",
    }  # fmt: skip
    return row | more


def heads(person: str, company: str, role: str = "legal_representative", **more: Any) -> Row:
    return {"person_id": person, "company_id": company, "role": role, "started_on": OLD} | more


def world(*rows: Row, winner: str = "a", **more: Any) -> Frames:
    return {
        "companies": [{"company_id": c, "name": f"Firm {c}",
                       "founded_on": more.get(c, "2000-01-01")}
                      for c in ("a", "b", "old", "zz", *more.get("firms", ()))],
        "people": [{"person_id": "p1", "name": "Zhao"}],
        "bodies": [{"body_id": "B1", "name": "School"}],
        "tenders": [{"tender_id": "T", "buyer_id": "B1", "bids_due_at": f"{DUE}T10:00:00Z",
                     "status": more.get("status")}],
        "bids": [{"bid_id": c, "tender_id": "T", "company_id": c, "status": more.get("bid")}
                 for c in "ab"],
        "awards": [{"award_id": "A", "tender_id": "T", "buyer_id": "B1", "company_id": winner,
                    "awarded_on": AWARDED, "amount": 1000, "currency": "CNY",
                    "status": more.get("award")}],
        "sanctions": [r for r in rows if "list" in r],
        "officers": [r for r in rows if "role" in r],
    }  # fmt: skip


PHOENIX = (listed("old"), heads("p1", "old"), heads("p1", "a", started_on="2023-02-01"))
CASES: dict[str, tuple[Frames, float | None]] = {
    "debarred": (world(listed()), 0.9),
    "for good": (world(listed(ended_on=None)), 0.9),
    "to the day of the deadline": (world(listed(ended_on=DUE)), 0.9),
    "to the day before the deadline": (world(listed(ended_on="2023-03-09")), None),
    "between deadline and award": (
        world(listed(started_on="2023-03-11", ended_on="2023-04-30")), None),
    "from the day of the award": (world(listed(started_on=AWARDED)), 0.9),
    "from the day after": (world(listed(started_on="2023-05-02")), None),
    "without a start": (world(listed(started_on=None), listed("zz")), None),
    "a list of debtors": (world(listed(list="dishonest_debtor")), 0.7),
    "some other list": (world(listed(list="watch")), 0.5),
    "it only bid": (world(listed(), winner="b"), 0.54),
    "only invited": (world(listed(), winner="b", bid="invited"), None),
    "tender cancelled": (world(listed(), winner="b", status="cancelled"), None),
    "award cancelled": (world(listed(), award="cancelled", bid="withdrawn"), None),
    "somebody else": (world(listed("b"), bid="withdrawn"), None),
    "its head": (world(listed("p1"), heads("p1", "a")), 0.63),
    "its controller": (world(listed("p1"), heads("p1", "a", "actual_controller")), 0.63),
    "its director": (world(listed("p1"), heads("p1", "a", "director")), None),
    "its head, gone before": (world(listed("p1"), heads("p1", "a", ended_on="2023-03-09")), None),
    "its head, undated": (world(listed("p1"), heads("p1", "a", started_on=None)), None),
    "its head, inferred": (world(listed("p1"), heads("p1", "a", certainty="inferred")), None),
    "its head, declared": (world(listed("p1"), heads("p1", "a", certainty="declared")), 0.58),
    "a successor": (world(*PHOENIX, a="2023-02-01"), 0.495),
    "an older sister": (world(*PHOENIX, a="2022-12-31"), None),
    "a successor of one never listed": (world(*PHOENIX[1:], listed("zz"), a="2023-02-01"), None),
    "left the old one long before": (
        world(PHOENIX[0], heads("p1", "old", ended_on="2020-01-01"), PHOENIX[2], a="2023-02-01"),
        None),
    "an agent for many": (
        world(*PHOENIX, *(heads("p1", f"x{i}") for i in range(9)), a="2023-02-01",
              firms=[f"x{i}" for i in range(9)]), None),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(
    snapshot: Callable[..., Snapshot], apart: Callable[[Mapping[str, Frames]], Frames]
) -> Findings:
    return run(
        SanctionedBidder(), snapshot(**apart({name: case[0] for name, case in CASES.items()}))
    )


def flags_of(found: Findings, case: str) -> list[Flag]:
    return [f for f in found.flags if f.subject_id.startswith(f"{case}|")]


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, found: Findings) -> None:
    expected = CASES[case][1]
    scores = [round(f.score, 6) for f in flags_of(found, case)]
    assert scores == ([pytest.approx(expected)] if expected else [])


def test_the_sentences(found: Findings) -> None:
    (flag,) = flags_of(found, "debarred")
    assert flag.reason == (
        "Firm a won 1 and bid for 1 contracts of School between 2023-03-10 and 2023-05-01 "
        "(CNY 1,000) while the list debarred was in force (since 2023-01-01): it was itself "
        "on it."
    )
    assert {e.table for e in flag.evidence} == {"awards", "bids", "sanctions"}
    (successor,) = flags_of(found, "a successor")
    assert successor.person_id == "a successor|p1"
    assert "it was founded after Firm old was put on it and answers to the same person, Zhao" in (
        successor.reason
    )
    tables = [e.table for e in successor.evidence]
    assert tables.count("officers") == 2
    assert tables.count("companies") == 1


def test_listings_without_a_start_are_counted(found: Findings) -> None:
    assert found.reason == "not computable for 1 listings without a start"


def test_days_are_local() -> None:
    """18:00 in UTC on the ninth is the tenth in Shanghai."""
    frames = world(listed(started_on=DUE, ended_on=DUE))
    frames["tenders"][0]["bids_due_at"] = "2023-03-09T18:00:00Z"
    data = read_frames(frames)
    assert not run(SanctionedBidder(), take(data)).flags
    local = take(read_frames(frames), config=Config(timezone="Asia/Shanghai"))
    assert run(SanctionedBidder(), local).flags
