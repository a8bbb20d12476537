import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e04_portability import Portability
from graphgov.network.moves import simes
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
FIRST = date(2012, 1, 1)
STEP = 40  # days between purchases of a body
PURCHASES = 75
CAME, MOVED = 20, 40  # purchases at which the official came to A, and went on to B
AT_A = [22, 26, 30, 34, 38]
AT_B = [42, 45, 48, 51, 54, 57]


def day(n: int, body: str = "A") -> date:
    return FIRST + timedelta(days=STEP * n + (body == "B"))


def world(
    key: str, *, at_a: list[int] = AT_A, at_b: list[int] = AT_B, third: int = 0, firms: int = 1,
    more: Frames | None = None, **change: Any,
) -> Frames:  # fmt: skip
    """Ana serves at A, then at B; a firm (or several in turns) wins at A, then at B."""
    frames: Frames = {
        "bodies": [{"body_id": f"{key}/{b}", "name": f"Office {b} {key}"} for b in "ABC"],
        "people": [{"person_id": f"{key}/ana", "name": f"Ana {key}"}],
        "companies": [
            {"company_id": f"{key}/firm{f}", "name": f"Firm{f} {key}"} for f in range(firms)
        ],
        "offices": [
            {"person_id": f"{key}/ana", "body_id": f"{key}/A", "role": "head",
             "started_on": str(day(CAME)), "ended_on": str(day(MOVED) - timedelta(days=1))}
            | change.get("old", {}),
            {"person_id": f"{key}/ana", "body_id": f"{key}/B", "role": "head",
             "started_on": str(day(MOVED))} | change.get("new", {}),
        ],
        "awards": [],
    }  # fmt: skip
    won = {"A": at_a, "B": at_b, "C": list(range(0, PURCHASES, third)) if third else []}
    for body in "ABC":
        for n in range(PURCHASES):
            lucky = n in won[body]
            firm = f"{key}/firm{n % firms}" if lucky else f"rival/{(n + len(key)) % 9}"
            frames["awards"].append(
                {"award_id": f"{key}/{body}{n:02d}", "buyer_id": f"{key}/{body}",
                 "company_id": firm, "awarded_on": str(day(n, body)), "amount": 100,
                 "currency": "CNY", "category": "45"}
                | (change.get("awards", {}) if lucky else {})
            )  # fmt: skip
    for table, rows in (more or {}).items():
        frames.setdefault(table, []).extend(rows)
    return frames


def aside(key: str, **more: Any) -> Frames:
    return {"decisions": [
        {"person_id": f"{key}/ana", "award_id": f"{key}/B{n}", "recused": True} | more
        for n in AT_B
    ]}  # fmt: skip


LATE = str(day(MOVED) - timedelta(days=720))
WORLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "two firms": ({"firms": 2, "at_a": [*range(21, 39)], "at_b": [*range(42, 56)]}, True),
    "once before": ({"at_b": [3, *AT_B]}, True),
    "known there before": ({"at_b": [3, 7, 11, 15, *AT_B]}, False),
    "never sold to the old body": ({"at_a": []}, False),
    "sold once to the old body": ({"at_a": [30]}, False),
    "sold to it before": ({"at_a": [2, 6, 10, 14, 18]}, False),
    "sold to it afterwards": ({"at_a": [42, 46, 50, 54]}, False),
    "sold long after": ({"at_b": [65, 66, 68, 70, 72, 74]}, False),
    "sold twice": ({"at_b": [42, 45]}, False),
    "stayed": ({"new": {"body_id": "stayed/A", "started_on": str(day(60))}}, False),
    "still at the old body": ({"old": {"ended_on": None}}, True),
    "hardly there": ({"old": {"started_on": str(day(MOVED) - timedelta(days=100))}}, False),
    "a pause of two years": ({"old": {"ended_on": LATE}, "at_a": [21, 21]}, False),
    "a pause too long": (
        {"old": {"started_on": "2010-01-01", "ended_on": "2014-05-01"}, "at_a": [3, 9, 12, 20]},
        False),
    "came on no known day": ({"new": {"started_on": None}}, False),
    "another official": ({"new": {"person_id": "plain/ana"}}, False),
    "stood aside": ({"more": aside("stood aside")}, False),
    "did not stand aside": ({"more": aside("did not stand aside", recused=False)}, True),
    "cancelled": ({"awards": {"status": "cancelled"}}, False),
}  # fmt: skip


def everything() -> Frames:
    frames: Frames = {"companies": [{"company_id": f"rival/{i}", "name": "r"} for i in range(9)]}
    for key, (change, _) in WORLDS.items():
        for table, rows in world(key, **change).items():
            frames.setdefault(table, []).extend(rows)
    return frames


@pytest.fixture(scope="module")
def found(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Findings]:
    snap = snapshot(**everything(), as_of="2021-01-01")
    return snap, run(Portability(), snap)


def of(findings: Findings, name: str) -> list[Flag]:
    return [f for f in findings.flags if f.company_id.startswith(f"{name}/")]


@pytest.mark.parametrize("name", WORLDS)
def test_who_is_followed(name: str, found: tuple[Snapshot, Findings]) -> None:
    flags = of(found[1], name)
    assert [f.subject_id for f in flags] == ([f"{name}/ana"] if WORLDS[name][1] else [])


def test_rivals_are_named_nowhere(found: tuple[Snapshot, Findings]) -> None:
    assert not [m for f in found[1].flags for m in f.members if m.id.startswith("rival")]


def test_one_flag_says_it_all(found: tuple[Snapshot, Findings]) -> None:
    (flag,) = of(found[1], "plain")
    assert (flag.first_on, flag.last_on) == (day(42, "B"), day(57, "B"))
    assert (flag.body_id, flag.person_id) == ("plain/B", "plain/ana")
    assert flag.amounts == (("CNY", 600),)
    assert flag.p_value is not None
    assert flag.q_value is not None
    assert flag.p_value <= flag.q_value <= 0.05
    assert sorted(e.table for e in flag.evidence) == ["awards"] * 11 + ["offices"] * 2
    assert {(m.kind, m.id, m.role) for m in flag.members if m.kind != "award"} == {
        ("person", "plain/ana", "official"), ("company", "plain/firm0", "winner"),
        ("body", "plain/A", "buyer"), ("body", "plain/B", "buyer"),
    }  # fmt: skip
    assert flag.reason.startswith(
        "Firm0 plain had won 5 awards of Office A plain while Ana plain was in office there, and "
        f"0 of Office B plain before Ana plain came there on {day(MOVED)}; in the 730 days that "
        "followed, Office B plain gave it 6 awards (2016-08-"
    )


def test_every_follower_is_named(found: tuple[Snapshot, Findings]) -> None:
    (flag,) = of(found[1], "two firms")
    named = {m.id for m in flag.members if m.kind == "company"}
    assert named == {"two firms/firm0", "two firms/firm1"}
    assert "gave them 14 awards" in flag.reason


def test_chinese_sentences_hold_no_english(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        text = fill(Portability.sentences["zh"][0], flag.facts)
        text = text.replace(flag.person_id.split("/")[0], "")
        assert not re.findall(r"[a-z]{3,}", re.sub(r"Firm\d|Office|Ana", "", text)), text


def test_some_officials_cannot_be_looked_at(found: tuple[Snapshot, Findings]) -> None:
    findings = found[1]
    assert 0 < findings.computable < findings.subjects
    assert findings.reason.startswith("not computable, because")


def test_a_supplier_of_everybody_follows_nobody(snapshot: Callable[..., Snapshot]) -> None:
    def flags(third: int) -> list[Flag]:
        return list(run(Portability(max_q=0.001), snapshot(**world("k", third=third))).flags)

    assert [f.company_id for f in flags(0)] == ["k/firm0"]
    assert flags(2) == []


def test_a_new_body_says_nothing(snapshot: Callable[..., Snapshot]) -> None:
    """Where nothing is known from before the move, everybody would be new."""
    frames = world("k")
    frames["awards"] = [
        a for a in frames["awards"]
        if a["buyer_id"] != "k/B" or a["awarded_on"] >= str(day(MOVED) - timedelta(days=300))
    ]  # fmt: skip
    findings = run(Portability(), snapshot(**frames))
    assert (findings.computable, list(findings.flags)) == (0, [])


def test_moves_are_as_telling_by_chance_as_they_say(snapshot: Callable[..., Snapshot]) -> None:
    """Who wins has nothing to do with who moved; many firms, uneven ones."""
    rng = np.random.default_rng(3)
    weight = rng.dirichlet(np.ones(60))
    frames: Frames = {"offices": []}
    frames["awards"] = [
        {"award_id": f"A{n:05d}", "buyer_id": f"B{rng.integers(30):02d}", "amount": 1,
         "company_id": f"C{rng.choice(60, p=weight):02d}", "category": f"{45 + n % 3}",
         "awarded_on": str(FIRST + timedelta(days=int(rng.integers(3600))))}
        for n in range(6000)
    ]  # fmt: skip
    for o in range(400):
        start = int(rng.integers(0, 1500))
        for k, b in enumerate(rng.permutation(30)[:3]):
            since = FIRST + timedelta(days=start + 700 * k)
            frames["offices"].append(
                {"person_id": f"P{o:03d}", "body_id": f"B{b:02d}", "started_on": str(since),
                 "ended_on": str(since + timedelta(days=699))}
            )  # fmt: skip
    findings = run(Portability(), snapshot(**frames))
    p = findings.p_values
    assert p is not None
    assert p.size > 500
    assert 0.025 < (p < 0.05).mean() < 0.075
    assert 0.4 < p.mean() < 0.6
    assert len(findings.flags) <= 1


def test_simes_by_hand() -> None:
    p = np.array([0.04, 0.01, 0.5, 0.03, 0.2])
    group = np.array([2, 0, 0, 2, 2])
    assert simes(p, group, 3) == pytest.approx([0.02, 1.0, 0.06])


def test_row_order_and_names_of_ids_do_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    assert list(run(Portability(), snapshot(**mixed, as_of="2021-01-01")).flags) == list(
        found[1].flags
    )
    renamed = {
        table: [
            {c: f"~{v}" if c.endswith("_id") and v else v for c, v in row.items()} for row in rows
        ]
        for table, rows in mixed.items()
    }
    again = run(Portability(), snapshot(**renamed, as_of="2021-01-01")).flags
    assert sorted((f.company_id[1:], f.score, f.p_value, f.value) for f in again) == sorted(
        (f.company_id, f.score, f.p_value, f.value) for f in found[1].flags
    )
