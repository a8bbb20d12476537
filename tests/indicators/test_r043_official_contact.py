from collections.abc import Callable, Mapping
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r043_official_contact import OfficialContact
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
DAY, BEFORE, AFTER = "2023-05-01", "2023-04-30", "2023-05-02"
_NEXT = iter(range(1000, 9999))


def phone() -> Row:
    return {"phone": f"0571 {next(_NEXT)} 4021"}


def world(
    firm: Row | None = None,
    official: Row | None = None,
    *,
    body: Row | None = None,
    owner: Row | None = None,
    others: tuple[Row, ...] = (),
    decides: Row | None = None,
    office: Row | None = None,
    post: Row | None = None,
    state: bool = False,
) -> Frames:
    post = {"person_id": "own", "company_id": "a", "role": "legal_representative",
            "started_on": "2010-01-01"} | (post or {})  # fmt: skip
    return {
        "companies": [{"company_id": "a", "name": "Acme", "state_owned": state} | (firm or {}),
                      *({"company_id": f"o{i}", "name": "Other"} | row
                        for i, row in enumerate(others))],
        "people": [{"person_id": "off", "name": "Sun"} | (official or {}),
                   {"person_id": "own", "name": "Owner"} | (owner or {})],
        "bodies": [{"body_id": "B1", "name": "School"} | (body or {})],
        "awards": [{"award_id": "A", "buyer_id": "B1", "company_id": "a", "awarded_on": DAY,
                    "amount": 1000, "currency": "CNY"}],
        "decisions": [] if decides is None else
                     [{"person_id": "off", "award_id": "A", "role": "approver"} | decides],
        "offices": [] if office is None else
                   [{"person_id": "off", "body_id": "B1", "role": "head",
                     "started_on": "2020-01-01"} | office],
        "officers": [post],
    }  # fmt: skip


def both(**more: Any) -> Frames:
    shared = phone()
    return world(shared, shared, **more)


def at_home(number: str = "7") -> Row:
    return {"address": f"{next(_NEXT)} Renmin Road {number}"}


def village() -> Frames:
    shared = at_home()
    return world(shared, shared, decides={})


def home_and_mail() -> Frames:
    shared = at_home() | {"email": f"x{next(_NEXT)}@163.com"}
    return world(shared, shared, decides={})


def owners_phone(**more: Any) -> Frames:
    shared = phone()
    return world(None, shared, owner=shared, decides={}, **more)


def offices_phone(others: int = 0, **more: Any) -> Frames:
    shared = phone()
    return world(shared, body=shared, others=(shared,) * others, **more)


CASES: dict[str, tuple[Frames, bool]] = {
    "the approver's number": (both(decides={}), True),
    "the head's number": (both(office={}), True),
    "of a member of staff": (both(office={"role": "member"}), False),
    "left office before": (both(office={"ended_on": BEFORE}), False),
    "last day in office": (both(office={"ended_on": DAY}), True),
    "came after": (both(office={"started_on": AFTER}), False),
    "recused": (both(decides={"recused": True}), False),
    "somebody of no part in it": (both(), False),
    "other numbers": (world(phone(), phone(), decides={}), False),
    "the owner's number": (owners_phone(), True),
    "an owner who had left": (owners_phone(post={"ended_on": BEFORE}), False),
    "a manager's number": (owners_phone(post={"role": "manager"}), False),
    "one village, one address": (village(), False),
    "one home and one mailbox": (home_and_mail(), True),
    "the office's number": (offices_phone(), True),
    "the office's number at three firms": (offices_phone(2), False),
    "of the state": (both(decides={}, state=True), False),
    "official and owner are one person": (
        both(decides={}, post={"person_id": "off"}), False),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(
    snapshot: Callable[..., Snapshot], apart: Callable[[Mapping[str, Frames]], Frames]
) -> Findings:
    frames = apart({name: frames for name, (frames, _) in CASES.items()})
    return run(OfficialContact(), snapshot(**frames))


def flags_of(found: Findings, case: str) -> list[Flag]:
    return [f for f in found.flags if f.subject_id.startswith(f'["{case}|')]


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, found: Findings) -> None:
    assert len(flags_of(found, case)) == CASES[case][1]


def test_the_sentence(found: Findings) -> None:
    (flag,) = flags_of(found, "the approver's number")
    assert flag.person_id == "the approver's number|off"
    assert flag.reason == (
        "Acme, or who stands behind it, has the same telephone number as Sun of School, which "
        "awarded it 1 contracts between 2023-05-01 and 2023-05-01 for CNY 1,000; 2 companies, "
        "people and bodies have it in all."
    )
    assert sorted(e.table for e in flag.evidence) == ["awards", "companies", "decisions", "people"]


def test_the_offices_own_number_says_less(found: Findings) -> None:
    (own,), (personal,) = (
        flags_of(found, c) for c in ("the office's number", "the approver's number")
    )
    assert own.score < personal.score


def test_through_the_owner_the_post_is_evidence(found: Findings) -> None:
    (flag,) = flags_of(found, "the owner's number")
    assert sorted(e.table for e in flag.evidence) == [
        "awards", "decisions", "officers", "people", "people",
    ]  # fmt: skip


def test_coverage(found: Findings) -> None:
    assert found.subjects == len(CASES)
    assert 0 < found.computable < found.subjects
    assert "state no contact" in found.reason


def test_without_contacts(snapshot: Callable[..., Snapshot]) -> None:
    bare = run(OfficialContact(), snapshot(**world(decides={})))
    assert (bare.subjects, bare.computable) == (1, 0)
    assert "companies.phone" in bare.missing
