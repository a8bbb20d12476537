import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e06_revolving_door import RevolvingDoor
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
LEFT = date(2018, 6, 30)
JOINED = date(2018, 12, 1)


def day(start: date, n: int) -> str:
    return str(start + timedelta(days=n))


def world(
    key: str, *, won_from: date = JOINED, wins: int = 6, rivals: int = 12,
    more: Frames | None = None, **change: Any,
) -> Frames:  # fmt: skip
    """Ana leaves an office and joins a firm that wins six awards of it; rivals win others."""
    rows: dict[str, Row] = {
        "bodies": {"body_id": f"{key}/body", "name": f"Office {key}"},
        "people": {"person_id": f"{key}/ana", "name": f"Ana {key}"},
        "companies": {"company_id": f"{key}/firm", "name": f"Firm {key}"},
        "offices": {"person_id": f"{key}/ana", "body_id": f"{key}/body", "role": "deputy",
                    "started_on": "2012-01-01", "ended_on": str(LEFT)},
        "officers": {"person_id": f"{key}/ana", "company_id": f"{key}/firm", "role": "manager",
                     "started_on": str(JOINED)},
    }  # fmt: skip
    frames = {table: [row | change.get(table, {})] for table, row in rows.items()}
    award = {"buyer_id": f"{key}/body", "amount": 100, "currency": "CNY", "category": "45"}
    frames["awards"] = [
        award | {"award_id": f"{key}/{i}", "company_id": f"{key}/firm",
                 "awarded_on": day(won_from, 30 * i)} | change.get("awards", {})
        for i in range(wins)
    ]  # fmt: skip
    for i in range(rivals):  # before, during and after, so that there is a market
        frames["awards"].append(
            award | {"award_id": f"{key}/r{i}", "company_id": f"rival/{i % 6}",
                     "awarded_on": day(date(2013, 1, 1), 240 * i)}
        )  # fmt: skip
    for table, extra in (more or {}).items():
        frames.setdefault(table, []).extend(extra)
    return frames


def office(key: str, **more: Any) -> Frames:
    return {"offices": [{"person_id": f"{key}/ana", "body_id": f"{key}/body",
                         "role": "member"} | more]}  # fmt: skip


OWNER: Frames = {
    "ownership": [{"owner_id": "an owner/ana", "owner_kind": "person", "share": 0.3,
                   "company_id": "an owner/firm", "started_on": str(JOINED)}]
}  # fmt: skip
LATE = LEFT + timedelta(days=1096)
WORLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "joined the next day": ({"officers": {"started_on": day(LEFT, 1)}}, True),
    "joined on the last day": ({"officers": {"started_on": str(LEFT)}}, False),
    "was there before": ({"officers": {"started_on": "2010-01-01"}}, False),
    "joined just inside": ({"officers": {"started_on": str(LATE)}, "won_from": LATE}, True),
    "joined just outside": (
        {"officers": {"started_on": day(LATE, 1)}, "won_from": LATE + timedelta(days=1)}, False),
    "joined some day": ({"officers": {"started_on": None}}, False),
    "still in office": ({"offices": {"ended_on": None}}, False),
    "back in office": (
        {"more": office("back in office", started_on="2018-09-01")}, False),
    "back after joining": (
        {"more": office("back after joining", started_on="2025-09-01")}, True),
    "two posts end to end": (
        {"more": office("two posts end to end", started_on=day(LEFT, 1),
                        ended_on=day(LEFT, 30))}, True),
    "another body": ({"awards": {"buyer_id": "plain/body"}}, False),
    "another firm": ({"awards": {"company_id": "rival/0"}}, False),
    "left the firm before": ({"officers": {"ended_on": day(JOINED, 10)}, "wins": 6,
                              "won_from": JOINED + timedelta(days=11)}, False),
    "won in the last years": ({"won_from": date(2017, 6, 1)}, True),
    "won long before": ({"won_from": date(2013, 1, 5)}, False),
    "an owner": ({"officers": {"person_id": "plain/ana", "started_on": None}, "more": OWNER}, True),
    "an inferred post": ({"officers": {"certainty": "inferred"}}, True),
    "cancelled": ({"awards": {"status": "cancelled"}}, False),
    "won nothing": ({"wins": 0}, False),
}  # fmt: skip


def everything() -> Frames:
    frames: Frames = {}
    for key, (change, _) in WORLDS.items():
        for table, rows in world(key, **change).items():
            frames.setdefault(table, []).extend(rows)
    frames["companies"].extend({"company_id": f"rival/{i}", "name": f"R{i}"} for i in range(6))
    return frames


@pytest.fixture(scope="module")
def found(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Findings]:
    snap = snapshot(**everything(), as_of="2026-01-01")
    return snap, run(RevolvingDoor(), snap)


def by_world(found: Findings) -> dict[str, list[Flag]]:
    flags: dict[str, list[Flag]] = {}
    for flag in found.flags:
        flags.setdefault(flag.company_id.split("/")[0], []).append(flag)
    return flags


@pytest.mark.parametrize("name", WORLDS)
def test_who_walked_through_the_door(name: str, found: tuple[Snapshot, Findings]) -> None:
    flags = by_world(found[1]).get(name, [])
    assert [f.subject_id for f in flags] == (
        [f'["{name}/ana","{name}/firm"]'] if WORLDS[name][1] else []
    )


def test_one_flag_says_it_all(found: tuple[Snapshot, Findings]) -> None:
    snap, findings = found
    (flag,) = by_world(findings)["plain"]
    assert flag.value == (JOINED - LEFT).days
    assert (flag.first_on, flag.last_on) == (JOINED, JOINED + timedelta(days=150))
    assert flag.amounts == (("CNY", 600),)
    assert flag.p_value is not None
    assert flag.p_value <= (flag.q_value or 0)
    assert flag.reason.startswith(
        "Ana plain left Office plain on 2018-06-30 and joined Firm plain as a manager on "
        "2018-12-01; Firm plain won 6 awards of Office plain from then on (2018-12-01 to "
        "2019-04-30, CNY 600), where "
    )
    tables = sorted(e.table for e in flag.evidence)
    assert tables == ["awards"] * 6 + ["officers", "offices"]
    roles = snap.sql("SELECT row_key FROM officers WHERE person_id = 'plain/ana'")["row_key"]
    assert {e.key for e in flag.evidence if e.table == "officers"} <= set(roles.to_pylist())
    assert {(m.kind, m.role) for m in flag.members} == {
        ("person", "official"), ("company", "winner"), ("body", "buyer"), ("award", "award"),
    }  # fmt: skip


def test_it_says_when_and_as_what(found: tuple[Snapshot, Findings]) -> None:
    flags = by_world(found[1])
    assert "in the last years of that office" in flags["won in the last years"][0].reason
    assert "as an owner on" in flags["an owner"][0].reason
    assert {e.table for e in flags["an owner"][0].evidence} == {"awards", "offices", "ownership"}
    assert flags["an inferred post"][0].certainty == "inferred"
    assert flags["plain"][0].certainty == "documented"


def test_chinese_sentences_hold_no_english(found: tuple[Snapshot, Findings]) -> None:
    for name, flags in by_world(found[1]).items():
        for flag in flags:
            text = fill(RevolvingDoor.sentences["zh"][0], flag.facts)
            for word in ("Firm", "Office", "Ana"):
                text = text.replace(f"{word} {name}", "")
            assert not re.findall(r"[a-z]{3,}", text), text


def test_every_passage_is_a_test(found: tuple[Snapshot, Findings]) -> None:
    plain = by_world(found[1])["plain"][0]
    assert plain.q_value is not None
    assert plain.p_value is not None
    assert plain.q_value > plain.p_value


def test_a_firm_as_strong_elsewhere_is_no_surprise(snapshot: Callable[..., Snapshot]) -> None:
    frames = world("k", rivals=2)
    for i in range(60):
        frames["awards"].append(
            {"award_id": f"e{i}", "buyer_id": f"E{i % 3}", "company_id": "k/firm", "amount": 100,
             "awarded_on": day(date(2014, 1, 1), 40 * i), "category": "45"}
        )  # fmt: skip
    assert list(run(RevolvingDoor(), snapshot(**frames)).flags) == []


def test_nobody_ever_changed_sides(snapshot: Callable[..., Snapshot]) -> None:
    findings = run(RevolvingDoor(), snapshot(**world("k", officers={"started_on": None})))
    assert list(findings.flags) == []
    assert findings.computable == findings.subjects


def test_row_order_and_names_of_ids_do_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    assert list(run(RevolvingDoor(), snapshot(**mixed, as_of="2026-01-01")).flags) == list(
        found[1].flags
    )
    renamed = {
        table: [
            {c: f"~{v}" if c.endswith("_id") and v else v for c, v in row.items()} for row in rows
        ]
        for table, rows in mixed.items()
    }
    again = run(RevolvingDoor(), snapshot(**renamed, as_of="2026-01-01")).flags
    assert sorted((f.company_id[1:], f.score, f.p_value, f.value) for f in again) == sorted(
        (f.company_id, f.score, f.p_value, f.value) for f in found[1].flags
    )
