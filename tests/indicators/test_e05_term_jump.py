from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e05_term_jump import TermJump
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
FIRST = date(2012, 1, 1)
STEP = 90  # days between purchases of a body
PURCHASES = 40
TERM = (16, 26)  # purchases in the term: ten of the forty


def day(n: int) -> date:
    return FIRST + timedelta(days=STEP * n)


def term(key: str, low: int = TERM[0], high: int = TERM[1], **more: Any) -> Row:
    until = str(day(high) - timedelta(days=1))
    row = {"person_id": f"{key}/ana", "body_id": f"{key}/body", "role": "head"}
    return row | {"started_on": str(day(low)), "ended_on": until} | more


def world(key: str, won: list[int], offices: list[Row], **award: Any) -> Frames:
    """A body that buys every quarter, from the firm on the listed occasions."""
    frames: Frames = {"offices": offices, "awards": []}
    frames["bodies"] = [{"body_id": f"{key}/body", "name": f"Office {key}"}]
    frames["companies"] = [{"company_id": f"{key}/firm", "name": f"Firm {key}"}]
    frames["people"] = [
        {"person_id": p, "name": p} for p in sorted({o["person_id"] for o in offices})
    ]
    for n in range(PURCHASES):
        firm = f"{key}/firm" if n in won else f"rival/{n % 8}"
        frames["awards"].append(
            {"award_id": f"{key}/{n:02d}", "buyer_id": f"{key}/body", "company_id": firm,
             "awarded_on": str(day(n)), "amount": 100, "currency": "CNY", "category": "45"}
            | (award if n in won else {})
        )  # fmt: skip
    return frames


IN_TERM = list(range(17, 25))
STEADY = [n for n in range(PURCHASES) if n % 4 == 0]
ASIDE = {"stood aside": IN_TERM[:-3], "stood aside from one": IN_TERM[:1]}
OTHER = {"person_id": "side by side/eva", "body_id": "side by side/body"}
WORLDS: dict[str, tuple[list[int], list[Row], bool]] = {
    "plain": (IN_TERM, [term("plain")], True),
    "first and last day": (list(range(16, 26)), [term("first and last day")], True),
    "a steady share": (STEADY, [term("a steady share")], False),
    "a big steady share": (
        [n for n in range(PURCHASES) if n % 4], [term("a big steady share")], False),
    "before and after": (
        [1, 2, 3, 4, 5, 30, 31, 32, 33], [term("before and after")], False),
    "three awards": ([17, 19, 21], [term("three awards")], False),
    "always in office": (IN_TERM, [term("always in office", 0, PURCHASES)], False),
    "no dates": (IN_TERM, [term("no dates", started_on=None, ended_on=None)], False),
    "elsewhere": (IN_TERM, [term("elsewhere", body_id="a steady share/body")], False),
    "came too late": (IN_TERM, [term("came too late", 25, 35)], False),
    "side by side": (
        IN_TERM, [term("side by side"), term("side by side", 10, 30, **OTHER)], True),
    "cancelled": (IN_TERM, [term("cancelled")], False),
    "stood aside": (IN_TERM, [term("stood aside")], False),
    "stood aside from one": (IN_TERM, [term("stood aside from one")], True),
}  # fmt: skip


def everything() -> Frames:
    frames: Frames = {"companies": [{"company_id": f"rival/{i}", "name": "r"} for i in range(8)]}
    for key, (won, offices, _) in WORLDS.items():
        change = {"status": "cancelled"} if key == "cancelled" else {}
        for table, rows in world(key, won, offices, **change).items():
            frames.setdefault(table, []).extend(rows)
    frames["decisions"] = [
        {"person_id": f"{key}/ana", "award_id": f"{key}/{n:02d}", "recused": True}
        for key, numbers in ASIDE.items() for n in numbers
    ]  # fmt: skip
    return frames


@pytest.fixture(scope="module")
def found(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Findings]:
    snap = snapshot(**everything(), as_of="2023-01-01")
    return snap, run(TermJump(), snap)


@pytest.mark.parametrize("name", WORLDS)
def test_whose_term_fits(name: str, found: tuple[Snapshot, Findings]) -> None:
    flags = [f for f in found[1].flags if f.company_id == f"{name}/firm"]
    assert [f.subject_id for f in flags] == (
        [f'["{name}/ana","{name}/firm"]'] if WORLDS[name][2] else []
    )


def test_rivals_stay_clean(found: tuple[Snapshot, Findings]) -> None:
    assert not [f for f in found[1].flags if f.company_id.startswith("rival")]


def one(found: Findings, name: str) -> Flag:
    (flag,) = (f for f in found.flags if f.company_id == f"{name}/firm")
    return flag


def test_one_flag_says_it_all(found: tuple[Snapshot, Findings]) -> None:
    flag = one(found[1], "plain")
    assert (flag.first_on, flag.last_on) == (day(17), day(24))
    assert flag.body_id == "plain/body"
    assert flag.q_value is not None
    assert flag.p_value is not None
    assert flag.p_value < flag.q_value < 0.05
    assert sorted(e.table for e in flag.evidence) == ["awards"] * 8 + ["offices"]
    assert {(m.kind, m.role) for m in flag.members} == {
        ("person", "official"), ("company", "winner"), ("body", "buyer"), ("award", "award"),
    }  # fmt: skip
    assert flag.reason.startswith(
        "Firm plain won 8 awards of Office plain while plain/ana was in office there (2016-03-10 "
        "to 2017-11-30, CNY 800), where "
    )
    assert ", and 0 at other times, where " in flag.reason
    assert "其他时间0项" in fill(TermJump.sentences["zh"][0], flag.facts)


def test_what_the_official_stood_aside_from_counts_as_outside(
    found: tuple[Snapshot, Findings],
) -> None:
    flag = one(found[1], "stood aside from one")
    assert (flag.facts["wins"], flag.facts["outside"]) == (7, 1)
    assert flag.first_on == day(18)


def test_every_pair_is_a_test_or_not_computable(found: tuple[Snapshot, Findings]) -> None:
    findings = found[1]
    assert findings.p_values is not None
    assert findings.computable == findings.p_values.size < findings.subjects
    assert findings.reason.startswith("not computable, because")


def test_it_is_as_rare_by_chance_as_it_says(snapshot: Callable[..., Snapshot]) -> None:
    """Who wins has nothing to do with who is in office; many or few awards a firm."""
    rng = np.random.default_rng(5)
    frames: Frames = {"awards": [], "offices": []}
    weight = rng.dirichlet(np.ones(30) * 2)
    for n in range(3600):
        frames["awards"].append(
            {"award_id": f"A{n:04d}", "buyer_id": f"B{rng.integers(15):02d}", "amount": 1,
             "company_id": f"C{rng.choice(30, p=weight):02d}", "category": "45",
             "awarded_on": str(FIRST + timedelta(days=int(rng.integers(3600))))}
        )  # fmt: skip
    for b in range(15):
        for k in range(4):
            start = FIRST + timedelta(days=900 * k)
            frames["offices"].append(
                {"person_id": f"P{b:02d}{k}", "body_id": f"B{b:02d}", "started_on": str(start),
                 "ended_on": str(start + timedelta(days=899))}
            )  # fmt: skip
    findings = run(TermJump(), snapshot(**frames))
    p = findings.p_values
    assert p is not None
    assert p.size > 1000
    # Terms of one body share a firm's awards, so the count is rounder than independent draws.
    assert 0.03 < (p < 0.05).mean() < 0.065
    assert 0.4 < p.mean() < 0.6
    assert len(findings.flags) <= 1


def test_no_terms_that_fit(snapshot: Callable[..., Snapshot]) -> None:
    frames = world("k", IN_TERM, [term("k", started_on=None)])
    frames["offices"].append(term("k", 0, 1, body_id="nowhere"))
    frames["bodies"].append({"body_id": "nowhere", "name": "n"})
    assert run(TermJump(), snapshot(**frames)).computable <= 10


def test_row_order_and_names_of_ids_do_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    assert list(run(TermJump(), snapshot(**mixed, as_of="2023-01-01")).flags) == list(
        found[1].flags
    )
    renamed = {
        table: [
            {c: f"~{v}" if c.endswith("_id") and v else v for c, v in row.items()} for row in rows
        ]
        for table, rows in mixed.items()
    }
    again = run(TermJump(), snapshot(**renamed, as_of="2023-01-01")).flags
    assert sorted((f.company_id[1:], f.score, f.p_value, f.value) for f in again) == sorted(
        (f.company_id, f.score, f.p_value, f.value) for f in found[1].flags
    )
