from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e02_recusal_breach import RecusalBreach
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
DAY, BEFORE, AFTER = "2023-05-01", "2023-04-30", "2023-05-02"
CALLED = "2023-03-01T09:00:00Z"  # 1 096 days after 2020-02-29
FRAMES: dict[str, list[Row]] = {
    "bodies": [{"body_id": "B1", "name": "Water Bureau"}],
    "people": [
        {"person_id": p, "name": n} for p, n in (("ana", "Ana"), ("bo", "Bo"), ("cy", "Cy"))
    ],
    "companies": [{"company_id": c, "name": c.title()} for c in ("acme", "zed")],
    "tenders": [{"tender_id": "T1", "buyer_id": "B1", "published_at": CALLED}],
    "awards": [
        {"award_id": "A1", "tender_id": "T1", "buyer_id": "B1", "company_id": "acme",
         "awarded_on": DAY, "amount": 1000, "currency": "CNY"},
        {"award_id": "A2", "buyer_id": "B1", "company_id": "zed", "awarded_on": DAY,
         "amount": 7, "currency": "CNY"},
    ],
    "bids": [
        {"bid_id": f"D{c}", "tender_id": "T1", "company_id": c, "status": "valid"}
        for c in ("acme", "zed")
    ],
    "decisions": [
        {"person_id": "ana", "award_id": "A1", "role": "evaluator", "decided_on": DAY,
         "recused": False},
        {"person_id": "cy", "award_id": "A1", "role": "evaluator", "decided_on": DAY,
         "recused": False},
    ],
    "ties": [{"person_a": "cy", "person_b": "bo", "kind": "classmate", "started_on": "2001-09-01",
              "certainty": "documented"}],
}  # fmt: skip


def tie(kind: str = "spouse", **more: Any) -> Row:
    row = {"person_a": "ana", "person_b": "bo", "kind": kind, "certainty": "documented",
           "started_on": "2005-01-01"}  # fmt: skip
    return row | more


def post(person: str = "bo", role: str = "legal_representative", **more: Any) -> Row:
    row = {"person_id": person, "company_id": "acme", "role": role, "started_on": "2010-01-01"}
    return row | more


def share(part: float = 0.6, person: str = "bo", **more: Any) -> Row:
    row = {"owner_id": person, "owner_kind": "person", "company_id": "acme", "share": part,
           "started_on": "2010-01-01"}  # fmt: skip
    return row | more


def flags(snapshot: Snap, *, change: dict[str, Row] | None = None, **more: list[Row]) -> list[Flag]:
    """Flags where rows are added, and the first row of some tables changed."""
    frames = {t: [*rows, *more.pop(t, [])] for t, rows in FRAMES.items()} | more
    for table, cells in (change or {}).items():
        frames[table] = [frames[table][0] | cells, *frames[table][1:]]
    return list(run(RecusalBreach(), snapshot(as_of="2024-01-01", **frames)).flags)


WIFE = {"ties": [tie()], "officers": [post()]}
LOST = {"officers": [post(company_id="zed")], "ties": [tie()]}
OWN = "manager"
CASES: dict[str, tuple[dict[str, Any], float | None]] = {
    "the wife's firm won": (WIFE, 0.8),
    "the wife's firm lost": (LOST, 0.45),
    "a brother's": (WIFE | {"ties": [tie("sibling")]}, 0.7),
    "an in-law's": (WIFE | {"ties": [tie("in_law")]}, 0.7),
    "a child's": (WIFE | {"ties": [tie("parent")]}, 0.8),
    "named the other way round": (
        WIFE | {"ties": [tie("child", person_a="bo", person_b="ana")]}, 0.8),
    "a declared tie": (WIFE | {"ties": [tie(certainty="declared")]}, 0.7),
    "a classmate's": (WIFE | {"ties": [tie("classmate")]}, None),
    "an inferred tie": (WIFE | {"ties": [tie(certainty="inferred")]}, None),
    "a tie without dates": (WIFE | {"ties": [tie(started_on=None)]}, None),
    "married on the day": (WIFE | {"ties": [tie(started_on=DAY)]}, 0.8),
    "married a day late": (WIFE | {"ties": [tie(started_on=AFTER)]}, None),
    "divorced on the day": (WIFE | {"ties": [tie(ended_on=DAY)]}, 0.8),
    "divorced before": (WIFE | {"ties": [tie(ended_on=BEFORE)]}, None),
    "in control": (WIFE | {"officers": [post(role="actual_controller")]}, 0.8),
    "a director's husband": (WIFE | {"officers": [post(role="director")]}, None),
    "head from the day on": (WIFE | {"officers": [post(started_on=DAY)]}, 0.8),
    "head a day late": (WIFE | {"officers": [post(started_on=AFTER)]}, None),
    "head no more": (WIFE | {"officers": [post(ended_on=BEFORE)]}, None),
    "head since some day": (WIFE | {"officers": [post(started_on=None)]}, None),
    "kin with a majority": ({"ties": [tie()], "ownership": [share()]}, 0.7),
    "kin with exactly half": ({"ties": [tie()], "ownership": [share(0.5)]}, 0.7),
    "kin with less": ({"ties": [tie()], "ownership": [share(0.49)]}, None),
    "half at most": ({"ties": [tie()], "ownership": [share(0.6, share_min=0.4)]}, None),
    "manages it": ({"officers": [post("ana", OWN)]}, 0.9),
    "managed it three years ago": ({"officers": [post("ana", OWN, ended_on="2020-02-29")]}, 0.9),
    "managed it before that": ({"officers": [post("ana", OWN, ended_on="2020-02-28")]}, None),
    "managed it before that, call unknown": (
        {"officers": [post("ana", OWN, ended_on="2020-04-29")],
         "change": {"tenders": {"published_at": None}}}, None),
    "owned it lately": ({"ownership": [share(person="ana", ended_on="2022-01-01")]}, 0.8),
    "owns a little": ({"ownership": [share(0.3, "ana")]}, None),
    "stood aside": (WIFE | {"change": {"decisions": {"recused": True}}}, None),
    "stood aside from the tender": (
        WIFE | {"decisions": [{"person_id": "ana", "tender_id": "T1", "recused": True}]}, None),
    "stood aside from another": (
        WIFE | {"decisions": [{"person_id": "ana", "award_id": "A2", "recused": True}]}, 0.8),
    "nothing said of recusals": (WIFE | {"change": {"decisions": {"recused": None}}}, 0.7),
    "decided the tender": (
        WIFE | {"change": {"decisions": {"award_id": None, "tender_id": "T1"}}}, 0.8),
    "day of the decision unknown": (WIFE | {"change": {"decisions": {"decided_on": None}}}, 0.8),
    "never bid": (LOST | {"bids": [], "change": {"bids": {"company_id": "acme"}},
                          "officers": [post(company_id="other")],
                          "companies": [{"company_id": "other", "name": "o"}]}, None),
    "owned by the state": (
        WIFE | {"change": {"companies": {"state_owned": True}}}, None),
    "decided by somebody else": (WIFE | {"change": {"decisions": {"person_id": "cy"}}}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_who_had_to_stand_aside(name: str, snapshot: Snap) -> None:
    change, score = CASES[name]
    found = flags(snapshot, **change)
    assert [f.person_id for f in found] == ([] if score is None else ["ana"])
    assert [f.score for f in found] == pytest.approx([] if score is None else [score])


def test_a_bid_that_was_withdrawn_is_none(snapshot: Snap) -> None:
    for status, hits in (("withdrawn", 0), ("invited", 0), ("disqualified", 1)):
        bids = [{"bid_id": "D9", "tender_id": "T1", "company_id": "late", "status": status}]
        officers = [post(company_id="late")]
        companies = [{"company_id": "late", "name": "Late"}]
        found = flags(snapshot, bids=bids, ties=[tie()], officers=officers, companies=companies)
        assert len(found) == hits


def test_one_flag_says_it_all(snapshot: Snap) -> None:
    again = {"award_id": "A3", "buyer_id": "B1", "company_id": "acme", "awarded_on": "2023-06-01",
             "amount": 500, "currency": "CNY"}  # fmt: skip
    more = {"person_id": "ana", "award_id": "A3", "role": "approver", "recused": False}
    (flag,) = flags(snapshot, **WIFE, awards=[again], decisions=[more])
    assert flag.reason == (
        "Ana took part in 2 decisions of Water Bureau on tenders for which Acme bid (2023-05-01 to "
        "2023-06-01; it won 2 awards, CNY 1,500) and is not recorded as recused, although Bo "
        "(spouse of Ana) is legal representative of Acme (since 2010-01-01)."
    )
    assert (flag.score, flag.amounts) == (0.85, (("CNY", 1500),))
    assert sorted(e.table for e in flag.evidence) == [
        "awards", "awards", "decisions", "decisions", "officers", "ties"]  # fmt: skip
    assert {(m.kind, m.id, m.role) for m in flag.members} == {
        ("person", "ana", "official"), ("person", "bo", "relative"), ("company", "acme", "winner"),
        ("body", "B1", "buyer"), ("award", "A1", "award"), ("award", "A3", "award"),
    }  # fmt: skip
    assert fill(RecusalBreach.sentences["zh"][0], flag.facts) == (
        "Ana参与了Water Bureau的2项决定，Acme参加了相应投标（2023-05-01至2023-06-01；中标2项，"
        "合计CNY 1,500），数据中无回避记录，而Bo（Ana的配偶）是Acme的法定代表人（自2010-01-01起）。"
    )


def test_who_only_bid_is_said_to_have_only_bid(snapshot: Snap) -> None:
    (flag,) = flags(snapshot, **LOST)
    assert "on tenders for which Zed bid (2023-05-01 to 2023-05-01; it won none of them)" in (
        flag.reason
    )
    assert {e.table for e in flag.evidence} == {"decisions", "bids", "officers", "ties"}
    assert ("tender", "T1", "tender") in flag.members


def test_it_says_where_it_cannot_know(snapshot: Snap) -> None:
    undated = run(RecusalBreach(), snapshot(**FRAMES))
    assert undated.missing == "officers.started_on;ownership.started_on"
    assert undated.reason.startswith("not computable, because")
    found = run(RecusalBreach(), snapshot(**FRAMES, officers=[post()]))
    assert (found.subjects, found.computable) == (2, 1)
    assert found.reason.endswith("it is not known who decided on the rest")


def test_hostile_names_stay_on_one_line(snapshot: Snap) -> None:
    evil = '=cmd|"\u202e\n{x}' + "x" * 500
    (flag,) = flags(snapshot, **WIFE, change={"people": {"name": evil}})
    assert "\n" not in flag.reason
    assert "\u202e" not in flag.reason
    assert len(flag.reason) < 1000


def test_row_order_does_not_matter(snapshot: Snap) -> None:
    rng = np.random.default_rng(1)
    frames = {t: [*rows, *WIFE.get(t, [])] for t, rows in FRAMES.items()} | {"officers": [post()]}

    def found(rows: dict[str, list[Row]]) -> Findings:
        return run(RecusalBreach(), snapshot(**rows))

    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items()}
    assert found(mixed) == found(frames)
    assert len(found(frames).flags) == 1
