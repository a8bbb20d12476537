import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.cases.weigh import starts_a_case
from graphgov.detector import Findings, run
from graphgov.indicators.e10_cv_ties import CvTies
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
FIRST = date(2018, 1, 1)
BOTH = ("ana", "bo")


def study(**more: Any) -> Row:
    return {"kind": "study", "organisation": "Hill School", "subject": "law",
            "started_on": "1998-09-01", "ended_on": "2002-07-01"} | more  # fmt: skip


def work(**more: Any) -> Row:
    return {"kind": "work", "organisation": "Mill Ltd", "unit": "accounts",
            "started_on": "2010-01-01", "ended_on": "2016-12-31"} | more  # fmt: skip


def world(
    key: str, spells: list[Row] | None = None, *, bo: Row | None = None, wins: int = 7,
    towns: tuple[str | None, str | None] = (None, None), **change: Any,
) -> Frames:  # fmt: skip
    """Ana's office buys from Bo's firm; both have the same spells, but for what `bo` changes."""
    frames: Frames = {
        "bodies": [{"body_id": f"{key}/body", "name": f"Office {key}"}],
        "people": [
            {"person_id": f"{key}/{p}", "name": f"{p.title()} {key}", "hometown": town}
            for p, town in zip(BOTH, towns, strict=True)
        ],
        "companies": [{"company_id": f"{key}/firm", "name": f"Firm {key}"}],
        "offices": [{"person_id": f"{key}/ana", "body_id": f"{key}/body",
                     "started_on": "2017-01-01"} | change.get("offices", {})],
        "officers": [{"person_id": f"{key}/bo", "company_id": f"{key}/firm", "role": "director",
                      "started_on": "2017-06-01"} | change.get("officers", {})],
        "ties": change.get("ties", []),
        "spells": [],
    }  # fmt: skip
    for spell in [study()] if spells is None else spells:
        own = {"organisation": f"{spell['organisation']} {key}"}  # schools of their own
        frames["spells"].append({"person_id": f"{key}/ana"} | spell | own)
        frames["spells"].append({"person_id": f"{key}/bo"} | spell | own | (bo or {}))
    award = {"buyer_id": f"{key}/body", "amount": 100, "currency": "CNY", "category": "45"}
    frames["awards"] = [
        award | {"award_id": f"{key}/{i}", "company_id": f"{key}/firm",
                 "awarded_on": str(FIRST + timedelta(days=40 * i))} | change.get("awards", {})
        for i in range(wins)
    ] + [
        award | {"award_id": f"{key}/r{i}", "company_id": f"rival/{i % 6}",
                 "awarded_on": str(FIRST + timedelta(days=50 * i))}
        for i in range(10)
    ]  # fmt: skip
    return frames


def tie(key: str, a: str = "ana", b: str = "bo") -> list[Row]:
    return [{"person_a": f"{key}/{a}", "person_b": f"{key}/{b}", "kind": "friend"}]


WORLDS: dict[str, tuple[dict[str, Any], str]] = {
    "one class": ({}, "class"),
    "another spelling": ({"bo": {"organisation": "  HILL School another spelling"}}, "class"),
    "another subject": ({"bo": {"subject": "art"}}, "cohort"),
    "a year later": ({"bo": {"started_on": "1999-09-01"}}, "cohort"),
    "two years later": ({"bo": {"started_on": "2000-09-01"}}, "cohort"),
    "three years later": ({"bo": {"started_on": "2001-09-01"}}, ""),
    "another school": ({"bo": {"organisation": "Vale School"}}, ""),
    "taught there": ({"bo": {"kind": "work"}}, ""),
    "year unknown": ({"bo": {"started_on": None}}, ""),
    "one unit": ({"spells": [work()]}, "unit"),
    "years together": ({"spells": [work()], "bo": {"started_on": "2015-12-31"}}, "unit"),
    "a year less a day": ({"spells": [work()], "bo": {"started_on": "2016-01-02"}}, ""),
    "one after the other": ({"spells": [work()], "bo": {"started_on": "2017-01-01",
                                                         "ended_on": None}}, ""),
    "long ago": ({"spells": [work(started_on="2000-01-01", ended_on="2010-01-01")]}, ""),
    "another unit": ({"spells": [work()], "bo": {"unit": "sales"}}, ""),
    "home town alone": ({"spells": [], "towns": ("Ford", "Ford")}, ""),
    "a recorded tie": ({"ties": tie("a recorded tie")}, ""),
    "a recorded tie, other way": (
        {"ties": tie("a recorded tie, other way", "bo", "ana")}, ""),
    "came to the firm later": ({"officers": {"started_on": "2020-01-01"}}, ""),
    "left the firm": ({"officers": {"ended_on": "2017-12-31"}}, ""),
    "out of office": ({"offices": {"ended_on": "2017-12-31"}}, ""),
    "two awards": ({"wins": 2}, ""),
    "cancelled": ({"awards": {"status": "cancelled"}}, ""),
}  # fmt: skip


def everything() -> Frames:
    frames: Frames = {"companies": [{"company_id": f"rival/{i}", "name": "r"} for i in range(6)]}
    for key, (change, _) in WORLDS.items():
        for table, rows in world(key, **change).items():
            frames.setdefault(table, []).extend(rows)
    return frames


@pytest.fixture(scope="module")
def found(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Findings]:
    snap = snapshot(**everything(), as_of="2022-01-01")
    return snap, run(CvTies(), snap)


def of(findings: Findings, name: str) -> list[Flag]:
    return [f for f in findings.flags if f.person_id == f"{name}/ana"]


def strongest(flag: Flag) -> str:
    links = flag.facts["links"]
    assert isinstance(links, list)
    return str(links[0][0])


@pytest.mark.parametrize("name", WORLDS)
def test_who_may_know_whom(name: str, found: tuple[Snapshot, Findings]) -> None:
    expected = WORLDS[name][1]
    assert [strongest(f) for f in of(found[1], name)] == ([expected] if expected else [])


def test_one_flag_says_it_all(found: tuple[Snapshot, Findings]) -> None:
    (flag,) = of(found[1], "one class")
    assert flag.subject_id == '["one class/ana","one class/bo"]'
    assert flag.facts["links"] == [["class", 0.48], ["cohort", 0.28]]
    assert (flag.value, flag.score) == (0.48, 0.24)
    assert sorted(e.table for e in flag.evidence) == (
        ["awards"] * 7 + ["officers", "offices"] + ["spells"] * 2
    )
    assert {(m.kind, m.id, m.role) for m in flag.members if m.kind != "award"} == {
        ("person", "one class/ana", "official"), ("person", "one class/bo", "link"),
        ("company", "one class/firm", "winner"), ("body", "one class/body", "buyer"),
    }  # fmt: skip
    assert flag.reason.startswith(
        "Ana one class and Bo one class, a director of Firm one class, may know each other: the "
        "same class at Hill School one class; the same years at Hill School one class. Firm one "
        "class won 7 awards of Office one class while Ana one class was in office there "
        "(2018-01-01 to 2018-08-29, CNY 700), where "
    )


def test_it_never_carries_a_case(found: tuple[Snapshot, Findings]) -> None:
    assert found[1].flags
    for flag in found[1].flags:
        assert flag.certainty == "inferred"
        assert flag.p_value is None
        assert flag.score <= 0.3
        assert not starts_a_case(flag)


def test_what_many_share_weighs_less(snapshot: Callable[..., Snapshot]) -> None:
    frames = world("k", wins=12)
    crowd = [
        {"person_id": f"x{i}", "organisation": "Hill School k"}
        | study(organisation="Hill School k")
        for i in range(30)
    ]
    others = [{"person_id": f"y{i}"} | study(organisation=f"S{i}") for i in range(300)]
    for key in "abcdef":
        for table, rows in world(key, []).items():
            frames[table].extend(rows)
    frames["people"] += [{"person_id": r["person_id"], "name": "x"} for r in (*crowd, *others)]

    def weight(spells: list[Row]) -> float:
        rows = {**frames, "spells": [*frames["spells"], *spells]}
        flags = run(CvTies(weakest=0.05), snapshot(**{t: r for t, r in rows.items() if r})).flags
        (flag,) = (f for f in flags if f.person_id == "k/ana")
        assert flag.value is not None
        return flag.value

    alone, among_many = weight(others), weight([*others, *crowd])
    assert alone == pytest.approx(0.48)
    assert among_many < 0.3


def test_a_home_town_adds_to_a_school(snapshot: Callable[..., Snapshot]) -> None:
    frames = world("k", towns=("Ford", " ford"), wins=12)
    for key in "abcdef":
        for table, rows in world(key, []).items():
            frames[table].extend(rows)
    (flag,) = run(CvTies(), snapshot(**{t: r for t, r in frames.items() if r})).flags
    assert [kind for kind, _ in flag.facts["links"]] == ["class", "cohort", "hometown"]  # type: ignore[attr-defined]
    assert {e.table for e in flag.evidence} == {
        "awards", "officers", "offices", "spells", "people"}  # fmt: skip


def test_chinese_sentences_hold_no_english(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        text = fill(CvTies.sentences["zh"][0], flag.facts)
        text = text.replace(flag.person_id.split("/")[0], "")
        text = re.sub(r"Firm|Office|Ana|Bo|Hill School|Mill Ltd|HILL", "", text)
        assert not re.findall(r"[a-z]{3,}", text), text


def test_row_order_does_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    assert list(run(CvTies(), snapshot(**mixed, as_of="2022-01-01")).flags) == list(found[1].flags)
