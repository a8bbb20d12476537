from collections.abc import Callable, Mapping
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r044_business_similarities import BusinessSimilarities
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
Frames = dict[str, list[Row]]
DUE, BEFORE, AFTER = "2023-03-10T10:00:00Z", "2023-03-09", "2023-03-11"
OTHERS = 30  # firms that nobody shares anything with


def firm(key: str, **more: Any) -> Row:
    return {"company_id": key, "name": f"Firm {key}"} | more


def strangers() -> list[Row]:
    return [
        firm(
            f"s{i:02d}",
            phone=f"0571-8{i:02d}9 4{i:02d}2",
            email=f"desk@s{i:02d}.cn",
            address=f"Long Street {i + 300}",
        )
        for i in range(OTHERS)
    ]


def call(key: str = "T1", **more: Any) -> Row:
    return {"tender_id": key, "buyer_id": "B1", "method": "open", "bids_due_at": DUE} | more


def bid(company: str, key: str = "T1", **more: Any) -> Row:
    row = {
        "bid_id": f"{key}-{company}", "tender_id": key, "company_id": company, "amount": 1000,
        "currency": "CNY", "status": "valid",
    }  # fmt: skip
    return row | more


def award(company: str = "acme", key: str = "T1", **more: Any) -> Row:
    row = {
        "award_id": f"A-{key}", "tender_id": key, "buyer_id": "B1", "company_id": company,
        "awarded_on": "2023-05-01", "amount": 1000, "currency": "CNY",
    }  # fmt: skip
    return row | more


def post(person: str, company: str, role: str = "legal_representative", **more: Any) -> Row:
    row = {"person_id": person, "company_id": company, "role": role, "started_on": "2015-01-01"}
    return row | more


def share(person: str, company: str, part: float | None = 0.5, **more: Any) -> Row:
    row = {
        "owner_id": person, "owner_kind": "person", "company_id": company, "share": part,
        "started_on": "2015-01-01",
    }  # fmt: skip
    return row | more


def frames(acme: Row | None = None, zed: Row | None = None, **more: Any) -> Frames:
    firms = [firm("acme", **(acme or {})), firm("zed", **(zed or {}))]
    firms += more.pop("others", None) or [firm(f"s0{i}") for i in range(4)]
    out: Frames = {
        "companies": firms + more.pop("companies", []),
        "tenders": [call(), call("T2")],
        "bids": [bid("acme"), bid("zed"), bid("s01"), bid("s02", "T2"), bid("s03", "T2")],
        "awards": [award(), award("s02", "T2")],
    }
    people = {r["person_id"] for r in more.get("officers", ())}
    people |= {r["owner_id"] for r in more.get("ownership", ())}
    return out | {"people": [{"person_id": p, "name": p} for p in sorted(people)]} | more


def look(snapshot: Snap, acme: Row | None = None, zed: Row | None = None, **more: Any) -> Findings:
    own = frames(acme, zed, others=strangers(), **more)
    return run(BusinessSimilarities(), snapshot(**own))


PHONE = {"phone": "0571 8888 4021"}
PLACE = {"address": "Renmin Road 7, Room 3"}
MAIL = {"email": "sun@acme.cn"}
HEADS = {"officers": [post("li", "acme"), post("li", "zed")]}

CASES: dict[str, tuple[Row, Row, dict[str, Any], bool]] = {
    "telephone and address": (PHONE | PLACE, PHONE | PLACE, {}, True),
    "telephone and mailbox": (PHONE | MAIL, PHONE | MAIL, {}, True),
    "written differently": (
        PHONE | PLACE, {"phone": "+86 (571) 8888-4021 ext. 7", "address": "RENMIN ROAD 7 ROOM 3"},
        {}, True),
    "in full-width digits": (
        PHONE | PLACE, {"phone": "０５７１－８８８８４０２１"} | PLACE, {}, True),
    "one of two numbers": (PHONE | PLACE, {"phone": "021 555 66 778; 0571-88884021"} | PLACE,
        {}, True),
    "a telephone alone": (PHONE, PHONE, {}, False),
    "an address alone": (PLACE, PLACE, {}, False),
    "other rooms of one house": (
        PHONE | {"address": "Renmin Road 7, Room 3"}, PHONE | {"address": "Renmin Road 7, Room 4"},
        {}, False),
    "another end of the number": (PHONE | PLACE, {"phone": "0571 8888 4022"} | PLACE, {}, False),
    "a placeholder": ({"phone": "0000000"} | PLACE, {"phone": "0000000"} | PLACE, {}, False),
    "a town is no address": (
        PHONE | {"address": "Hangzhou"}, PHONE | {"address": "Hangzhou"}, {}, False),
    "a public mail service": (
        PLACE | {"email": "a@163.com"}, PLACE | {"email": "b@163.com"}, {}, False),
    "a domain of their own": (
        PLACE | {"email": "a@acme.cn"}, PLACE | {"email": "b@acme.cn"}, {}, True),
    "a Chinese address": (
        PHONE | {"address": "杭州市文三路18号"}, PHONE | {"address": "杭州市 文三路１８号"},
        {}, True),
    "another Chinese street": (
        PHONE | {"address": "杭州市文三路18号"}, PHONE | {"address": "杭州市文二路18号"},
        {}, False),
    "the same head": ({}, {}, HEADS, True),
    "head and shareholder": (
        {}, {}, {"officers": [post("li", "acme")], "ownership": [share("li", "zed")]}, True),
    "a small shareholder": (
        {}, {}, {"officers": [post("li", "acme")], "ownership": [share("li", "zed", 0.049)]},
        False),
    "managers are not heads": (
        {}, {}, {"officers": [post("li", "acme", "manager"), post("li", "zed", "manager")]},
        False),
    "manager of both, and a telephone": (
        PHONE, PHONE, {"officers": [post("li", "acme", "manager"), post("li", "zed", "manager")]},
        True),
    "left before the bids": (
        {}, {}, {"officers": [post("li", "acme", ended_on=BEFORE), post("li", "zed")]}, False),
    "left on the day": (
        {}, {}, {"officers": [post("li", "acme", ended_on="2023-03-10"), post("li", "zed")]}, True),
    "came after the bids": (
        {}, {}, {"officers": [post("li", "acme", started_on=AFTER), post("li", "zed")]}, False),
    "since nobody knows when": (
        {}, {}, {"officers": [post("li", "acme", started_on=None), post("li", "zed")]}, True),
    "two of one name": (
        {}, {}, {"officers": [post("li", "acme"), post("li2", "zed")],
                 "people": [{"person_id": "li", "name": "Li"}, {"person_id": "li2", "name": "Li"}]},
        False),
    "on different tenders": (
        PHONE | PLACE, PHONE | PLACE, {"bids": [bid("acme"), bid("s01"), bid("zed", "T2"),
                                                bid("s02", "T2")]}, False),
    "in one joint bid": (
        PHONE | PLACE, PHONE | PLACE, {"bids": [bid("acme", bid_id="x"), bid("zed", bid_id="x"),
                                                bid("s01")]}, False),
    "one was only invited": (
        PHONE | PLACE, PHONE | PLACE, {"bids": [bid("acme"), bid("zed", status="invited"),
                                                bid("s01")]}, False),
    "one was put out": (
        PHONE | PLACE, PHONE | PLACE, {"bids": [bid("acme"), bid("zed", status="disqualified"),
                                                bid("s01")]}, True),
    "both of the state": (
        PHONE | PLACE | {"state_owned": True}, PHONE | PLACE | {"state_owned": True}, {}, False),
    "one of the state": (PHONE | PLACE | {"state_owned": True}, PHONE | PLACE, {}, True),
    "cancelled": (PHONE | PLACE, PHONE | PLACE, {"tenders": [call(status="cancelled"), call("T2")]},
        False),
}  # fmt: skip


_TOKENS = ("8888", "Renmin", "acme.cn", "文三路", "文二路")


def of_its_own(rows: list[Row], number: int) -> list[Row]:
    """Companies whose numbers and streets no other case has, however they are written."""
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    code = str(6000 + number)
    new = (code, f"Street{number}", f"acme{number}.cn", f"文三{number}路", f"文二{number}路")
    swaps = [*zip(_TOKENS, new, strict=True), ("８８８８", code.translate(wide))]
    swaps.append(("RENMIN", f"STREET{number}"))

    def swapped(value: Any) -> Any:
        for old, other in swaps:
            value = value.replace(old, other) if isinstance(value, str) else value
        return value

    return [
        {k: swapped(v) if k in ("phone", "email", "address") else v for k, v in row.items()}
        for row in rows
    ]


@pytest.fixture(scope="module")
def found(snapshot: Snap, apart: Callable[[Mapping[str, Frames]], Frames]) -> Findings:
    worlds = {}
    for number, (name, (acme, zed, more, _)) in enumerate(CASES.items()):
        world = frames(acme, zed, **more)
        worlds[name] = world | {"companies": of_its_own(world["companies"], number)}
    worlds["nobody"] = {"companies": strangers()}
    return run(BusinessSimilarities(), snapshot(**apart(worlds)))


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, found: Findings) -> None:
    flags = [f for f in found.flags if f.subject_id.startswith(f'["{case}|')]
    assert len(flags) == CASES[case][3]


@pytest.mark.parametrize(("others", "expected"), [(2, True), (38, False)], ids=["few", "forty"])
def test_a_business_centre_is_no_link(others: int, expected: bool, snapshot: Snap) -> None:
    """Innocent: a building, and an accountant's telephone, that forty firms give."""
    tenants = [firm(f"t{i:02d}", **PHONE, **PLACE) for i in range(others)]
    crowd = [firm(f"u{i:03d}", phone=f"010 6{i:03d} 7{i:03d}", address=f"Hill {i} Nr {i}9")
             for i in range(400)]  # fmt: skip
    found = look(snapshot, PHONE | PLACE, PHONE | PLACE, companies=tenants + crowd)
    assert bool(found.flags) is expected


def test_what_a_service_lends_counts_once(snapshot: Snap) -> None:
    """Innocent: eight clients of an accountant who give the accountant's desk as their own."""
    clients = [firm(f"t{i:02d}", **PHONE, **PLACE, **MAIL) for i in range(6)]
    crowd = [firm(f"u{i:04d}", phone=f"010 6{i:04d} 7{i:04d}", email=f"a@u{i}.cn",
                  address=f"Hill {i} Nr {i}9") for i in range(5000)]  # fmt: skip
    same = PHONE | PLACE | MAIL
    assert not look(snapshot, same, same, companies=clients + crowd).flags
    assert look(snapshot, same, same, companies=clients[:3] + crowd).flags


def test_an_agent_who_heads_many_links_nobody(snapshot: Snap) -> None:
    more = [post("li", f"s{i:02d}") for i in range(9)]
    assert not look(snapshot, officers=[*HEADS["officers"], *more]).flags


def test_somebody_with_a_handful_of_companies_is_no_agent(snapshot: Snap) -> None:
    more = [post("li", f"s1{i}") for i in range(3)]
    (flag,) = look(snapshot, officers=[*HEADS["officers"], *more]).flags
    assert flag.value == 1.0
    four = [*more, post("li", "s13")]
    assert not look(snapshot, officers=[*HEADS["officers"], *four]).flags


def test_the_flag_says_who_what_and_where(snapshot: Snap) -> None:
    found = look(
        snapshot,
        PHONE | PLACE,
        PHONE | PLACE,
        **HEADS,
        people=[{"person_id": "li", "name": "Li Wei"}],
        bodies=[{"body_id": "B1", "name": "Water Bureau"}],
    )
    (flag,) = found.flags
    assert flag.subject_id == '["acme","zed"]'
    assert (flag.body_id, flag.person_id) == ("B1", "li")
    assert flag.value == pytest.approx(1 + 0.8 + 0.5)
    assert flag.score == pytest.approx(0.7)
    for part in ("Firm acme", "Firm zed", "1 lot of Water Bureau", "CNY 1,000", "Li Wei",
                 "a telephone number that 2 of 32 companies have", "1 awards"):  # fmt: skip
        assert part in flag.reason
    assert "8888" not in flag.reason
    tables = [e.table for e in flag.evidence]
    assert {t: tables.count(t) for t in set(tables)} == {
        "awards": 1, "bids": 2, "companies": 2, "officers": 2,
    }  # fmt: skip
    assert found.subjects == 4
    assert found.computable == 4


def test_undated_and_declared_edges_are_said(snapshot: Snap) -> None:
    (flag,) = look(
        snapshot, officers=[post("li", "acme", certainty="inferred"), post("li", "zed")]
    ).flags
    assert flag.certainty == "inferred"


def test_without_contacts_and_people_nothing_is_computable(snapshot: Snap) -> None:
    found = run(
        BusinessSimilarities(),
        snapshot(tenders=[call()], bids=[bid("acme"), bid("zed")], awards=[award()]),
    )
    assert (found.subjects, found.computable) == (1, 0)
    assert "companies.phone" in found.missing
    assert found.reason.startswith("not computable, because there is no companies.phone")


def test_hostile_values(snapshot: Snap) -> None:
    bad = {"phone": "';--", "email": "=cmd|' /C calc'!A0@x.y", "address": "\x1b[31m9<script>"}
    (flag,) = look(
        snapshot, bad, bad, **HEADS, people=[{"person_id": "li", "name": "L\x1b[31m<b>i\n=1"}]
    ).flags
    assert "\x1b" not in flag.reason
    assert "\n" not in flag.reason


def test_links_never_fall_when_something_more_is_shared(snapshot: Snap) -> None:
    steps = [PHONE | PLACE, PHONE | PLACE | MAIL]
    values = [look(snapshot, same, same).flags[0].value for same in steps]
    values.append(look(snapshot, steps[-1], steps[-1], **HEADS).flags[0].value)
    assert values == sorted(values)
    assert len(set(values)) == 3
