from collections.abc import Callable
from typing import Any

import pytest

from graphgov.detector import run
from graphgov.indicators.e15_self_dealing import SelfDealing
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
DAY, BEFORE, AFTER = "2023-05-01", "2023-04-30", "2023-05-02"


def award(key: str = "A1", **more: Any) -> Row:
    row = {
        "award_id": key,
        "buyer_id": "B1",
        "company_id": "acme",
        "awarded_on": DAY,
        "amount": 1000,
        "currency": "CNY",
    }
    return row | more


def decision(**more: Any) -> Row:
    return {"person_id": "ana", "award_id": "A1", "role": "approver"} | more


def share(owner: str = "bo", company: str = "acme", part: float | None = 0.6, **more: Any) -> Row:
    row = {
        "owner_id": owner,
        "owner_kind": "person",
        "company_id": company,
        "share": part,
        "started_on": "2010-01-01",
    }
    return row | more


def tie(kind: str = "spouse", **more: Any) -> Row:
    row = {
        "person_a": "ana",
        "person_b": "bo",
        "kind": kind,
        "certainty": "documented",
        "started_on": "2005-01-01",
    }
    return row | more


def post(role: str = "director", **more: Any) -> Row:
    row = {"person_id": "bo", "company_id": "acme", "role": role, "started_on": "2010-01-01"}
    return row | more


BYSTANDERS: dict[str, list[Row]] = {
    "awards": [award("A2", company_id="zed"), award("A3", buyer_id="B2", company_id="zed")],
    "decisions": [decision(person_id="eva", award_id="A1"), decision(award_id="A2")],
    "ownership": [share("cy", "zed", 1.0), share("cy", "acme", 0.1)],
    "ties": [tie(person_a="eva", person_b="cy", kind="classmate")],
}


def flags(
    snapshot: Snap, *, settings: dict[str, Any] | None = None, **more: list[Row]
) -> list[Flag]:
    frames = {name: [*rows, *more.pop(name, [])] for name, rows in BYSTANDERS.items()}
    return list(run(SelfDealing(**(settings or {})), snapshot(**frames, **more)).flags)


ANA = {"awards": [award()], "decisions": [decision()]}
HEAD = {"person_id": "ana", "body_id": "B1", "role": "head", "started_on": "2015-01-01"}
CHAIN = [share(company="shell", part=0.5), share("shell", part=0.5, owner_kind="company")]
CASES: dict[str, tuple[dict[str, list[Row]], bool]] = {
    "the spouse owns it": (ANA | {"ties": [tie()], "ownership": [share()]}, True),
    "the official owns it": (ANA | {"ownership": [share("ana")]}, True),
    "a parent owns it": (ANA | {"ties": [tie("child")], "ownership": [share()]}, True),
    "one per cent is enough": (ANA | {"ownership": [share("ana", part=0.01)]}, True),
    "less is not": (ANA | {"ownership": [share("ana", part=0.0099)]}, False),
    "spouses add up": (
        ANA | {"ties": [tie()], "ownership": [share(part=0.006), share("ana", part=0.006)]}, True),
    "through a shell": (ANA | {"ties": [tie()], "ownership": CHAIN}, True),
    "too little through a shell": (
        ANA | {"ties": [tie()],
               "ownership": [CHAIN[0], share("shell", part=0.01, owner_kind="company")]}, False),
    "the shell came later": (
        ANA | {"ties": [tie()], "ownership": [CHAIN[0] | {"started_on": AFTER}, CHAIN[1]]}, False),
    "a director": (ANA | {"ties": [tie()], "officers": [post()]}, True),
    "a manager is ordinary": (ANA | {"ties": [tie()], "officers": [post("manager")]}, False),
    "a post that had ended": (
        ANA | {"ties": [tie()], "officers": [post(ended_on=BEFORE)]}, False),
    "married on the day": (
        ANA | {"ties": [tie(started_on=DAY)], "ownership": [share()]}, True),
    "married a day late": (
        ANA | {"ties": [tie(started_on=AFTER)], "ownership": [share()]}, False),
    "divorced before": (ANA | {"ties": [tie(ended_on=BEFORE)], "ownership": [share()]}, False),
    "a tie without dates makes no legal claim": (
        ANA | {"ties": [tie(started_on=None)], "ownership": [share()]}, False),
    "an inferred tie makes none": (
        ANA | {"ties": [tie(certainty="inferred")], "ownership": [share()]}, False),
    "a classmate is no household": (
        ANA | {"ties": [tie("classmate")], "ownership": [share()]}, False),
    "a sibling is wider kin": (ANA | {"ties": [tie("sibling")], "ownership": [share()]}, False),
    "bought on the day": (ANA | {"ownership": [share("ana", started_on=DAY)]}, True),
    "bought a day late": (ANA | {"ownership": [share("ana", started_on=AFTER)]}, False),
    "sold before": (ANA | {"ownership": [share("ana", ended_on=BEFORE)]}, False),
    "a share without a start": (ANA | {"ownership": [share("ana", started_on=None)]}, False),
    "a share of unknown size": (ANA | {"ownership": [share("ana", part=None)]}, False),
    "the least the range allows": (
        ANA | {"ownership": [share("ana", part=0.5, share_min=0.005)]}, False),
    "recused": (
        {"awards": [award()], "decisions": [decision(recused=True)],
         "ownership": [share("ana")]}, False),
    "owned by the state": (
        ANA | {"ownership": [share("ana")], "officers": [post(person_id="ana")],
               "companies": [{"company_id": c, "name": c, "state_owned": c == "acme"}
                             for c in ("acme", "zed")]}, False),
    "head of the body": (
        {"awards": [award()], "offices": [HEAD], "ownership": [share("ana")]}, True),
    "head from the next day": (
        {"awards": [award()], "offices": [HEAD | {"started_on": AFTER}],
         "ownership": [share("ana")]}, False),
    "head until the day before": (
        {"awards": [award()], "offices": [HEAD | {"ended_on": BEFORE}],
         "ownership": [share("ana")]}, False),
    "member of the body": (
        {"awards": [award()], "offices": [HEAD | {"role": "member"}],
         "ownership": [share("ana")]}, False),
    "decided on the tender": (
        {"awards": [award(tender_id="T1")], "ownership": [share("ana")],
         "tenders": [{"tender_id": "T1", "buyer_id": "B1"}],
         "decisions": [decision(award_id=None, tender_id="T1")]}, True),
    "decided on another award": (
        {"awards": [award()], "ownership": [share("ana")],
         "decisions": [decision(award_id="A3")]}, False),
}  # fmt: skip


@pytest.mark.parametrize(("frames", "expected"), CASES.values(), ids=CASES)
def test_who_deals_with_the_own_household(
    frames: dict[str, list[Row]], expected: bool, snapshot: Snap
) -> None:
    found = flags(snapshot, **frames)
    assert [f.subject_id for f in found] == (['["ana","acme"]'] if expected else [])


def test_one_flag_says_it_all(snapshot: Snap) -> None:
    """Positive: all awards to the company are in one flag, each edge in its evidence."""
    found = flags(
        snapshot,
        awards=[award(), award("A4", amount=500), award("A5", amount=7, currency="USD")],
        decisions=[decision(award_id=a) for a in ("A1", "A4", "A5")],
        ties=[tie()],
        ownership=CHAIN,
        people=[{"person_id": p, "name": p.title()} for p in ("ana", "bo", "cy", "eva")],
    )
    (flag,) = found
    assert [(c, float(a)) for c, a in flag.amounts] == [("CNY", 1500.0), ("USD", 7.0)]
    assert flag.value == pytest.approx(0.25)
    assert flag.score == 1.0
    assert flag.p_value is None
    assert (flag.person_id, flag.company_id, flag.body_id) == ("ana", "acme", "B1")
    counts = {t: sum(e.table == t for e in flag.evidence) for t in ("awards", "decisions", "ties")}
    assert counts == {"awards": 3, "decisions": 3, "ties": 1}
    assert sum(e.table == "ownership" for e in flag.evidence) == 2
    assert ("company", "shell", "through") in flag.members
    assert "Bo (spouse)" in flag.reason
    assert "25 %" in flag.reason


def test_wider_kin_may_be_asked_for(snapshot: Snap) -> None:
    frames = ANA | {"ties": [tie("sibling")], "ownership": [share()]}
    (flag,) = flags(snapshot, settings={"wider_kin": 1}, **frames)
    assert flag.score == pytest.approx(0.9)


def test_a_small_portfolio_is_innocent(snapshot: Snap) -> None:
    """Innocent: like many savers, the official holds half a per cent of a listed company."""
    assert flags(snapshot, **ANA, **{"ownership": [share("ana", part=0.005)]}) == []


def test_a_declared_tie_weighs_less(snapshot: Snap) -> None:
    frames = ANA | {"ties": [tie(certainty="declared")], "ownership": [share()]}
    (flag,) = flags(snapshot, **frames)
    assert flag.certainty == "declared"
    assert flag.score == pytest.approx(0.9)


def test_cross_holdings_end(snapshot: Snap) -> None:
    loop = [
        share("ana", "shell", 0.5),
        share("shell", part=0.5, owner_kind="company"),
        share("acme", "shell", 0.5, owner_kind="company"),
    ]
    (flag,) = flags(snapshot, **ANA, **{"ownership": loop})
    assert flag.value == pytest.approx(0.25)


def test_without_shares_or_posts_it_says_so(snapshot: Snap) -> None:
    findings = run(SelfDealing(), snapshot(awards=[award()], decisions=[decision()]))
    assert findings.missing == "ownership.started_on;officers.started_on"
    assert findings.reason.startswith("not computable, because")
