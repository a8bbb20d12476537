"""What both R032 and R033 say of small worlds is tested side by side with R032."""

from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import run
from graphgov.indicators.r033_shared_shareholder import SharedShareholder
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot

Row = dict[str, Any]


def look(
    snapshot: Callable[..., Snapshot], *edges: tuple[str, str, float], **more: Any
) -> list[Flag]:
    rows: list[Row] = [
        {"owner_id": owner, "owner_kind": "company", "company_id": company, "share": part,
         "started_on": "2015-01-01"} | more
        for owner, company, part in edges
    ]  # fmt: skip
    awards = [
        {"award_id": f"A{i}", "tender_id": f"T{i}", "buyer_id": "B1", "company_id": "a",
         "awarded_on": f"2023-0{i + 1}-01", "amount": 100, "currency": "CNY"}
        for i in range(3)
    ]  # fmt: skip
    bids = [{"bid_id": f"{c}{i}", "tender_id": f"T{i}", "company_id": c}
            for i in range(3) for c in "ab"]  # fmt: skip
    tenders = [{"tender_id": f"T{i}", "buyer_id": "B1"} for i in range(3)]
    snap = snapshot(awards=awards, bids=bids, tenders=tenders, ownership=rows)
    return list(run(SharedShareholder(), snap).flags)


def test_one_flag_holds_all_meetings(snapshot: Callable[..., Snapshot]) -> None:
    (flag,) = look(snapshot, ("x", "a", 0.2), ("x", "b", 0.15))
    assert flag.subject_id == '["a","b"]'
    assert flag.value == pytest.approx(0.15)
    assert flag.amounts[0][1] == 300
    assert "on 3 lots of B1 between 2023-01-01 and 2023-03-01, winning 3 awards" in flag.reason
    assert sum(e.table == "awards" for e in flag.evidence) == 3
    assert sum(e.table == "bids" for e in flag.evidence) == 6


def test_only_meetings_while_it_was_so(snapshot: Callable[..., Snapshot]) -> None:
    (flag,) = look(snapshot, ("x", "a", 0.2), ("x", "b", 0.15), ended_on="2023-02-10")
    assert flag.amounts[0][1] == 200


def test_of_two_shareholders_the_larger_is_named(snapshot: Callable[..., Snapshot]) -> None:
    edges = (("x", "a", 0.2), ("x", "b", 0.2), ("y", "a", 0.4), ("y", "b", 0.4))
    (flag,) = look(snapshot, *edges)
    assert flag.facts["owner"] == "y"


def test_a_larger_share_never_scores_less(snapshot: Callable[..., Snapshot]) -> None:
    scores = [look(snapshot, ("x", "a", p), ("x", "b", p))[0].score for p in (0.1, 0.3, 0.6)]
    assert scores == sorted(scores)
    assert scores[0] < scores[1]
