import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e01_tie_strength import TieStrength
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
IDS = ("person_a", "person_b")
DAY = date(2023, 5, 1)
LONG_AGO = "2010-01-01"


def day(n: int) -> str:
    return str(DAY + timedelta(days=n))


def world(key: str, *, more: Frames | None = None, **change: Any) -> Frames:
    """A body's one award to the firm of the spouse of its head; `change` edits rows by table."""
    rows: dict[str, Row] = {
        "bodies": {"body_id": f"{key}/body", "name": f"Office {key}"},
        "people": {"person_id": f"{key}/ana", "name": f"Ana {key}"},
        "companies": {"company_id": f"{key}/firm", "name": f"Firm {key}"},
        "offices": {"person_id": f"{key}/ana", "body_id": f"{key}/body", "role": "head",
                    "started_on": LONG_AGO},
        "ties": {"person_a": f"{key}/ana", "person_b": f"{key}/bo", "kind": "spouse",
                 "certainty": "documented", "started_on": LONG_AGO},
        "ownership": {"owner_id": f"{key}/bo", "owner_kind": "person", "share": 1.0,
                      "company_id": f"{key}/firm", "started_on": LONG_AGO},
        "awards": {"award_id": f"{key}/1", "buyer_id": f"{key}/body", "amount": 500,
                   "company_id": f"{key}/firm", "awarded_on": day(0), "currency": "CNY"},
    }  # fmt: skip
    frames = {table: [row | change.get(table, {})] for table, row in rows.items()}
    frames["people"].append({"person_id": f"{key}/bo", "name": f"Bo {key}"})
    for table, extra in (more or {}).items():
        frames.setdefault(table, []).extend(extra)
    return frames


def recused(key: str, **more: Any) -> Frames:
    return {"decisions": [{"person_id": f"{key}/ana", "award_id": f"{key}/1", "recused": True,
                           "role": "approver"} | more]}  # fmt: skip


def other_award(key: str, company: str, n: int = 0, award: str = "2", **more: Any) -> Row:
    return {"award_id": f"{key}/{award}", "buyer_id": f"{key}/body", "company_id": company,
            "awarded_on": day(n), "amount": 500, "currency": "CNY"} | more  # fmt: skip


SHELL: Frames = {
    "companies": [{"company_id": "shell/holding", "name": "Holding"}],
    "ownership": [{"owner_id": "shell/holding", "owner_kind": "company", "share": 1.0,
                   "company_id": "shell/firm", "started_on": LONG_AGO}],
}  # fmt: skip
PARTNERS: Frames = {
    "companies": [{"company_id": "joint/other", "name": "Other"}],
    "awards": [other_award("joint", "joint/other", award="1")],
}
# What differs from the plain case, and whether there is a flag.
WORLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "wed on the day": ({"ties": {"started_on": day(0)}}, True),
    "wed a day late": ({"ties": {"started_on": day(1)}}, False),
    "divorced the day before": ({"ties": {"ended_on": day(-1)}}, False),
    "divorced on the day": ({"ties": {"ended_on": day(0)}}, True),
    "a wedding without date": ({"ties": {"started_on": None}}, True),
    "came to office on the day": ({"offices": {"started_on": day(0)}}, True),
    "came a day late": ({"offices": {"started_on": day(1)}}, False),
    "left the day before": ({"offices": {"ended_on": day(-1)}}, False),
    "an office elsewhere": ({"offices": {"body_id": "plain/body"}}, False),
    "bought the firm on the day": ({"ownership": {"started_on": day(0)}}, True),
    "bought it a day late": ({"ownership": {"started_on": day(1)}}, False),
    "sold it before": ({"ownership": {"ended_on": day(-1)}}, False),
    "a tenth of it": ({"ownership": {"share": 0.1}}, False),
    "nine tenths": ({"ownership": {"share": 0.9}}, True),
    "under nine tenths": ({"ownership": {"share": 0.89}}, False),
    "an inferred wedding": ({"ties": {"certainty": "inferred"}}, False),
    "no word on certainty": ({"ties": {"certainty": None}}, False),
    "a declared one": ({"ties": {"certainty": "declared"}}, True),
    "an inferred owner": ({"ownership": {"certainty": "inferred"}}, False),
    "a classmate": ({"ties": {"kind": "classmate"}}, False),
    "a parent": ({"ties": {"kind": "parent"}}, True),
    "the owner is the parent": (
        {"ties": {"person_a": "the owner is the parent/bo",
                  "person_b": "the owner is the parent/ana", "kind": "parent"}}, True),
    "stood aside": ({"more": recused("stood aside")}, False),
    "did not stand aside": ({"more": recused("did not stand aside", recused=False)}, True),
    "somebody else did": ({"more": recused("somebody else did", person_id="plain/ana")}, True),
    "cancelled": ({"awards": {"status": "cancelled"}}, False),
    "shell": ({"ownership": {"company_id": "shell/holding"}, "more": SHELL}, True),
    "joint": ({"more": PARTNERS}, True),
    "another buyer": ({"awards": {"buyer_id": "plain/body"}}, False),
    "another firm": ({"awards": {"company_id": "another firm/rival"}}, False),
}  # fmt: skip


def everything() -> Frames:
    frames: Frames = {}
    for key, (change, _) in WORLDS.items():
        for table, rows in world(key, **change).items():
            frames.setdefault(table, []).extend(rows)
    frames["companies"].append({"company_id": "another firm/rival", "name": "Rival"})
    return frames


@pytest.fixture(scope="module")
def found(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Findings]:
    snap = snapshot(**everything(), as_of="2024-01-01")
    return snap, run(TieStrength(), snap)


def by_world(found: Findings) -> dict[str, list[Flag]]:
    flags: dict[str, list[Flag]] = {}
    for flag in found.flags:
        flags.setdefault(flag.company_id.split("/")[0], []).append(flag)
    return flags


@pytest.mark.parametrize("name", WORLDS)
def test_who_is_tied_to_the_winner(name: str, found: tuple[Snapshot, Findings]) -> None:
    flags = by_world(found[1]).get(name, [])
    assert [f.subject_id for f in flags] == (
        [f'["{name}/ana","{name}/firm"]'] if WORLDS[name][1] else []
    )


def test_one_flag_says_it_all(found: tuple[Snapshot, Findings]) -> None:
    snap, findings = found
    (flag,) = by_world(findings)["shell"]
    assert (flag.body_id, flag.person_id) == ("shell/body", "shell/ana")
    assert flag.first_on == flag.last_on == DAY
    assert flag.value == pytest.approx(0.5)
    assert flag.certainty == "documented"
    roles = {(m.kind, m.id, m.role) for m in flag.members}
    assert roles == {
        ("person", "shell/ana", "official"), ("company", "shell/firm", "winner"),
        ("body", "shell/body", "buyer"), ("award", "shell/1", "award"),
        ("person", "shell/bo", "link"), ("company", "shell/holding", "holder"),
    }  # fmt: skip
    keys = {
        table: snap.sql(
            f"SELECT row_key FROM {table} WHERE concat_ws(' ', {columns}) LIKE '%shell/%'"
        )["row_key"].to_pylist()
        for table, columns in {
            "ties": "person_a, person_b", "offices": "person_id, body_id",
            "ownership": "owner_id, company_id", "awards": "award_id",
        }.items()
    }  # fmt: skip
    assert {(e.table, e.key) for e in flag.evidence} == {(t, k) for t in keys for k in keys[t]}
    assert len(flag.evidence) == 5
    assert flag.reason == (
        "Ana shell is married to Bo shell (since 2010-01-01, documented); Bo shell owns part of "
        "Holding (since 2010-01-01, documented); Holding owns part of Firm shell (since "
        "2010-01-01, documented). Ana shell was in office at Office shell when Firm shell won 1 "
        "award there (2023-05-01 to 2023-05-01, CNY 500), where 0.009 were to be expected."
    )


def test_a_child_is_not_called_a_parent(found: tuple[Snapshot, Findings]) -> None:
    flags = by_world(found[1])
    assert "Ana a parent is a parent of Bo" in flags["a parent"][0].reason
    turned = flags["the owner is the parent"][0]
    assert "Ana the owner is the parent is a child of Bo the owner" in turned.reason
    assert "是Bo the owner is the parent的子女" in turned.facts["chain"]["zh"]


def test_chinese_sentences_hold_no_english(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        text = fill(TieStrength.sentences["zh"][0], flag.facts)
        for name in sorted(WORLDS, key=len, reverse=True):
            text = text.replace(f"Firm {name}", "").replace(f"Office {name}", "")
            text = text.replace(f"Ana {name}", "").replace(f"Bo {name}", "")
        assert not re.findall(r"[a-z]{3,}", text.replace("Holding", "")), text


def test_certainty_is_that_of_the_weakest_tie(found: tuple[Snapshot, Findings]) -> None:
    flags = by_world(found[1])
    assert flags["plain"][0].certainty == "documented"
    assert flags["a declared one"][0].certainty == "declared"


def test_money_of_a_joint_award_counts_once(found: tuple[Snapshot, Findings]) -> None:
    (flag,) = by_world(found[1])["joint"]
    assert [(c, int(v)) for c, v in flag.amounts] == [("CNY", 500)]


def favourite(tie: str, certainty: str, *, wins: int, spouse: bool = False) -> Frames:
    """Twelve bodies and firms in fair trade, and a firm that wins often at the first."""
    rng = np.random.default_rng(11)
    frames: Frames = {"awards": [], "bodies": [], "companies": []}
    for i in range(12):
        frames["bodies"].append({"body_id": f"B{i:02d}", "name": f"Office {i}", "region": "N"})
        frames["companies"].append({"company_id": f"C{i:02d}", "name": f"Firm {i}"})
    for i in range(600):
        frames["awards"].append(
            {"award_id": f"A{i:03d}", "buyer_id": f"B{rng.integers(12):02d}", "amount": 100,
             "company_id": f"C{rng.integers(12):02d}", "category": "45", "currency": "CNY",
             "awarded_on": str(date(2015, 1, 1) + timedelta(days=5 * i))}
        )  # fmt: skip
    for i in range(wins):
        frames["awards"].append(
            {"award_id": f"X{i:03d}", "buyer_id": "B00", "company_id": "C00", "amount": 100,
             "category": "45", "currency": "CNY",
             "awarded_on": str(date(2018, 1, 2) + timedelta(days=40 * i))}
        )  # fmt: skip
    people = [f"P{i:02d}" for i in range(60)]
    frames["people"] = [{"person_id": p, "name": f"Person {p}"} for p in people]
    frames["offices"] = [
        {"person_id": "P00", "body_id": "B00", "role": "head", "started_on": "2018-01-01",
         "ended_on": "2020-01-01"},
        {"person_id": "P01", "body_id": "B00", "role": "member", "started_on": "2018-01-01"},
    ]  # fmt: skip
    frames["ties"] = [{"person_a": "P00", "person_b": "P10", "kind": tie, "certainty": certainty}]
    frames["ownership"] = [
        {"owner_id": "P10", "owner_kind": "person", "company_id": "C00", "share": 1.0},
        {"owner_id": "P11", "owner_kind": "person", "company_id": "C01", "share": 1.0},
    ]
    return frames


@pytest.fixture(scope="module")
def favoured(snapshot: Callable[..., Snapshot]) -> Callable[..., list[Flag]]:
    made: dict[tuple[Any, ...], list[Flag]] = {}

    def get(tie: str, certainty: str, wins: int) -> list[Flag]:
        key = (tie, certainty, wins)
        if key not in made:
            snap = snapshot(**favourite(tie, certainty, wins=wins))
            made[key] = list(run(TieStrength(), snap).flags)
        return made[key]

    return get


def test_a_weak_tie_with_an_advantage(favoured: Callable[..., list[Flag]]) -> None:
    (flag,) = favoured("classmate", "declared", 15)
    assert flag.subject_id == '["P00","C00"]'
    assert flag.p_value is not None
    assert flag.p_value < 0.001
    assert flag.q_value is not None
    assert flag.q_value >= flag.p_value
    assert "was a classmate of Person P10 (declared)" in flag.reason


def test_a_weak_tie_without_one(favoured: Callable[..., list[Flag]]) -> None:
    assert favoured("classmate", "declared", 0) == []


def test_an_inferred_tie_says_so(favoured: Callable[..., list[Flag]]) -> None:
    (inferred,) = favoured("classmate", "inferred", 20)
    (declared,) = favoured("classmate", "declared", 20)
    assert inferred.certainty == "inferred"
    assert inferred.score < declared.score


def test_what_is_closer_scores_more(favoured: Callable[..., list[Flag]]) -> None:
    (spouse,) = favoured("spouse", "documented", 15)
    (classmate,) = favoured("classmate", "declared", 15)
    (unlucky,) = favoured("spouse", "documented", 0)
    assert unlucky.score < classmate.score < spouse.score


def test_long_names_do_not_cut_the_chain(snapshot: Callable[..., Snapshot]) -> None:
    frames = world("k", companies={"name": "F" * 300}, bodies={"name": "<b>\n\x1b[31mOffice"})
    for row in frames["people"]:
        row["name"] = row["person_id"] * 30
    (flag,) = run(TieStrength(), snapshot(**frames)).flags
    assert flag.reason.count("(since 2010-01-01, documented)") == 2
    assert "\x1b" not in flag.reason
    assert "…" in flag.reason


def test_recused_from_some_is_said(snapshot: Callable[..., Snapshot]) -> None:
    more = recused("k")
    more["awards"] = [other_award("k", "k/firm", 100)]
    (flag,) = run(TieStrength(), snapshot(**world("k", more=more))).flags
    assert flag.reason.endswith("; the official is recorded as recused from 1 of these.")
    assert len([m for m in flag.members if m.kind == "award"]) == 2


def test_row_order_and_names_of_ids_do_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    assert list(run(TieStrength(), snapshot(**mixed, as_of="2024-01-01")).flags) == list(
        found[1].flags
    )
    renamed = {
        table: [
            {c: f"~{v}" if (c.endswith("_id") or c in IDS) and v else v for c, v in row.items()}
            for row in rows
        ]
        for table, rows in mixed.items()
    }
    again = run(TieStrength(), snapshot(**renamed, as_of="2024-01-01")).flags
    assert sorted((f.company_id[1:], f.score, f.p_value, f.value) for f in again) == sorted(
        (f.company_id, f.score, f.p_value, f.value) for f in found[1].flags
    )


def test_its_chance_is_not_overstated_in_fair_trade(snapshot: Callable[..., Snapshot]) -> None:
    """Every official is close to many firms, and winners are drawn among equals."""
    rng = np.random.default_rng(4)
    frames: Frames = {t: [] for t in ("offices", "people", "ties", "ownership", "awards")}
    for f in range(30):
        frames["people"].append({"person_id": f"P{f:02d}", "name": f"P{f}"})
        frames["ownership"].append(
            {"owner_id": f"P{f:02d}", "owner_kind": "person", "company_id": f"C{f:02d}", "share": 1}
        )
    for o in range(48):
        person, start = f"O{o:02d}", date(2012, 1, 1) + timedelta(days=900 * (o % 4))
        frames["people"].append({"person_id": person, "name": person})
        frames["offices"].append(
            {"person_id": person, "body_id": f"B{o // 4:02d}", "started_on": str(start),
             "ended_on": str(start + timedelta(days=899))}
        )  # fmt: skip
        for f in rng.permutation(30)[:12]:
            frames["ties"].append({"person_a": person, "person_b": f"P{f:02d}", "kind": "kin"})
    for n in range(3000):
        frames["awards"].append(
            {"award_id": f"A{n:04d}", "buyer_id": f"B{rng.integers(12):02d}", "amount": 1,
             "company_id": f"C{rng.integers(30):02d}", "category": "45",
             "awarded_on": str(date(2012, 1, 1) + timedelta(days=int(rng.integers(3600))))}
        )  # fmt: skip
    flags = run(TieStrength(min_wins=1, least_points=0.0), snapshot(**frames)).flags
    low = [f for f in flags if f.p_value is not None and f.p_value <= 0.05]
    assert 0.005 * 48 * 12 < len(low) < 0.065 * 48 * 12
    assert len(run(TieStrength(), snapshot(**frames)).flags) < 0.01 * 48 * 12
    assert all(f.q_value is not None and f.q_value > 0.01 for f in flags)
