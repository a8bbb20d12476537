from collections.abc import Callable, Mapping
from typing import Any

import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e08_hidden_common_control import HiddenCommonControl
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
BEFORE, DAY, AFTER = "2023-03-09", "2023-03-10", "2023-03-11"


def owns(owner: str, company: str, part: float | None = 0.6, **more: Any) -> Row:
    kind = "person" if owner.startswith("p") else "body" if owner.startswith("B") else "company"
    row = {
        "owner_id": owner, "owner_kind": kind, "company_id": company, "share": part,
        "started_on": "2015-01-01",
    }  # fmt: skip
    return row | more


def heads(person: str, company: str, role: str = "legal_representative", **more: Any) -> Row:
    row = {"person_id": person, "company_id": company, "role": role, "started_on": "2015-01-01"}
    return row | more


def tie(kind: str = "sibling", **more: Any) -> Row:
    row = {
        "person_a": "p1", "person_b": "p2", "kind": kind, "certainty": "documented",
        "started_on": "2005-01-01",
    }  # fmt: skip
    return row | more


def world(*rows: Row, bids: tuple[str, ...] = ("a", "b"), **more: Any) -> Frames:
    contacts = more.get("contacts", {})
    firms = sorted({"a", "b", "c", *(r["company_id"] for r in rows if "company_id" in r)})
    return {
        "companies": [
            {"company_id": c, "name": f"Firm {c}", "state_owned": c in more.get("state", ())}
            | (contacts if c in "ab" else {})
            for c in firms
        ],
        "people": [{"person_id": p, "name": f"Person {p}"} for p in ("p1", "p2", "p3")],
        "tenders": [{"tender_id": "T", "buyer_id": "B1", "bids_due_at": f"{DAY}T10:00:00Z"}],
        "bids": [{"bid_id": f"T{c}", "tender_id": "T", "company_id": c} for c in bids],
        "awards": [
            {"award_id": "A", "tender_id": "T", "buyer_id": "B1", "company_id": bids[0],
             "awarded_on": "2023-05-01", "amount": 1000, "currency": "CNY"}
        ],
        "ownership": [r for r in rows if "owner_id" in r],
        "officers": [r for r in rows if "role" in r],
        "ties": [r for r in rows if "person_a" in r],
    }  # fmt: skip


def contacts(case: str) -> Row:
    return {
        "phone": f"0571 {4}{len(case):02d}34 567",
        "email": f"desk@{len(case)}x{case.replace(' ', '')}.cn",
        "address": f"{case} Road 7",
    }


BROTHERS = (heads("p1", "a"), heads("p2", "b"))
# Strength expected, or None.
CASES: dict[str, tuple[Frames, float | None]] = {
    "one owner": (world(owns("p1", "a"), owns("p1", "b")), 1.0),
    "forty-nine per cent": (world(owns("p1", "a"), owns("p1", "b", 0.49)), None),
    "one owns the other": (world(owns("a", "b")), 1.0),
    "sold before": (world(owns("p1", "a"), owns("p1", "b", ended_on=BEFORE)), None),
    "brothers": (world(*BROTHERS, tie()), 0.9),
    "spouses": (world(*BROTHERS, tie("spouse")), 0.9),
    "the tie told the other way": (
        world(*BROTHERS, tie("parent", person_a="p2", person_b="p1")), 0.9),
    "classmates": (world(*BROTHERS, tie("classmate")), None),
    "brothers who own a quarter": (
        world(owns("p1", "a", 0.25), owns("p2", "b", 0.25), tie()), 0.9),
    "a brother with less": (world(owns("p1", "a", 0.24), owns("p2", "b", 0.25), tie()), None),
    "a brother is manager": (world(heads("p1", "a", "manager"), heads("p2", "b"), tie()), None),
    "divorced before": (world(*BROTHERS, tie("spouse", ended_on=BEFORE)), None),
    "married after": (world(*BROTHERS, tie("spouse", started_on=AFTER)), None),
    "brothers stay brothers": (world(*BROTHERS, tie(ended_on=BEFORE)), 0.9),
    "a brother who left": (
        world(heads("p1", "a", ended_on=BEFORE), BROTHERS[1], tie()), None),
    "no tie": (world(*BROTHERS), None),
    "a telephone, a mailbox, an address": (world(contacts=contacts("abc")), 0.6),
    "an address": (world(contacts={"address": "Lonely Lane 77"}), None),
    "brothers with one address": (
        world(*BROTHERS, tie(), contacts={"address": "Other Lane 78"}), 1 - 0.1 * 0.75),
    "the state": (world(owns("B1", "a"), owns("B1", "b")), None),
    "never on one tender": (world(*BROTHERS, tie(), bids=("a", "c")), None),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(
    snapshot: Callable[..., Snapshot], apart: Callable[[Mapping[str, Frames]], Frames]
) -> Findings:
    return run(
        HiddenCommonControl(), snapshot(**apart({name: case[0] for name, case in CASES.items()}))
    )


def flag_of(found: Findings, case: str) -> Flag | None:
    flags = [f for f in found.flags if f.subject_id.startswith(f'["{case}|')]
    assert len(flags) <= 1
    return flags[0] if flags else None


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str, found: Findings) -> None:
    expected, flag = CASES[case][1], flag_of(found, case)
    assert (flag.value if flag else None) == (pytest.approx(expected) if expected else None)


def test_the_sentences_say_what_links_them(found: Findings) -> None:
    said = {
        "one owner": "both are controlled by Person p1",
        "one owns the other": "Firm b is controlled by Firm a",
        "brothers": "Person p1 behind the first is a sibling of Person p2 behind the second",
        "the tie told the other way":
            "Person p1 behind the first is a parent or child of Person p2 behind the second",
        "a telephone, a mailbox, an address": "both give a telephone number that 2 of ",
    }  # fmt: skip
    for case, words in said.items():
        flag = flag_of(found, case)
        assert flag is not None
        assert words in flag.reason
        assert "on 1 lot of B1" in flag.reason.replace(f"{case}|", "")
        assert "1 of them with no other bidder" in flag.reason


def test_every_edge_is_evidence(found: Findings) -> None:
    flag = flag_of(found, "brothers with one address")
    assert flag is not None
    tables = [e.table for e in flag.evidence]
    assert {t: tables.count(t) for t in sorted(set(tables))} == {
        "awards": 1, "bids": 2, "companies": 2, "officers": 2, "ties": 1,
    }  # fmt: skip
    assert flag.person_id == ""  # two people: neither stands for both
    assert {m.id for m in flag.members if m.role == "holder"} == {
        "brothers with one address|p1", "brothers with one address|p2",
    }  # fmt: skip


def test_more_bidders_weaken_it(snapshot: Callable[..., Snapshot], found: Findings) -> None:
    frames = world(owns("p1", "a"), owns("p1", "b"), bids=("a", "b", "c"))
    (flag,) = run(HiddenCommonControl(), snapshot(**frames)).flags
    alone = flag_of(found, "one owner")
    assert alone is not None
    assert flag.score == pytest.approx(alone.score - 0.1)


def test_inferred_ties_weigh_less(snapshot: Callable[..., Snapshot], found: Findings) -> None:
    frames = world(*BROTHERS, tie(certainty="inferred", started_on=None))
    (flag,) = run(HiddenCommonControl(), snapshot(**frames)).flags
    assert flag.certainty == "inferred"
    assert flag.facts["dated"] is False
    sure = flag_of(found, "brothers")
    assert sure is not None
    assert flag.score == pytest.approx(sure.score * 0.6 * 0.8, abs=1e-6)
