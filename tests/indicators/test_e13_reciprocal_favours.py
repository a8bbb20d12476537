import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e13_reciprocal_favours import ReciprocalFavours
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
IDS = ("person_a", "person_b")
FIRST = date(2015, 1, 1)
WINS = 6


def world(
    key: str, *, wins: tuple[int, int] = (WINS, WINS), more: Frames | None = None,
    change: dict[str, Row] | None = None,
) -> Frames:  # fmt: skip
    """Ana's office buys from the firm of Bo's sister, Bo's from the firm of Ana's.

    `change` holds cells of the rows of one side only: `a/offices` and the like.
    """
    change = change or {}
    frames: Frames = {
        t: [] for t in ("bodies", "people", "offices", "companies", "ties", "officers", "awards")
    }
    for side, official, other in (("a", "ana", "bo"), ("b", "bo", "ana")):
        firm, sister = f"{key}/firm_{side}", f"{key}/sister_of_{other}"
        rows: Frames = {
            "bodies": [{"body_id": f"{key}/office_{side}", "name": f"Office {side} {key}"}],
            "people": [{"person_id": f"{key}/{official}", "name": f"{official.title()} {key}"},
                       {"person_id": sister, "name": f"Sister of {other} {key}"}],
            "offices": [{"person_id": f"{key}/{official}", "body_id": f"{key}/office_{side}",
                         "started_on": "2010-01-01", "role": "head"}],
            "companies": [{"company_id": firm, "name": f"Firm_{side} {key}"}],
            "ties": [{"person_a": f"{key}/{other}", "person_b": sister, "kind": "sibling",
                      "certainty": "documented", "started_on": "1980-01-01"}],
            "officers": [{"person_id": sister, "company_id": firm, "role": "legal_representative",
                          "started_on": "2010-01-01"}],
        }  # fmt: skip
        for table, some in rows.items():
            frames[table] += [row | change.get(f"{side}/{table}", {}) for row in some]
        award = {"buyer_id": f"{key}/office_{side}", "amount": 100, "currency": "CNY",
                 "category": "45"}  # fmt: skip
        for i in range(wins[side == "b"]):
            frames["awards"].append(
                award | {"award_id": f"{key}/{side}{i}", "company_id": firm,
                         "awarded_on": str(FIRST + timedelta(days=40 * i))}
                | change.get(f"{side}/awards", {})
            )  # fmt: skip
        for i in range(10):
            frames["awards"].append(
                award | {"award_id": f"{key}/{side}r{i}", "company_id": f"rival/{i % 6}",
                         "awarded_on": str(FIRST + timedelta(days=50 * i))}
            )  # fmt: skip
    for table, extra in (more or {}).items():
        frames.setdefault(table, []).extend(extra)
    return frames


def aside(key: str) -> Frames:
    return {"decisions": [
        {"person_id": f"{key}/ana", "award_id": f"{key}/a{i}", "recused": True}
        for i in range(WINS)
    ]}  # fmt: skip


def also(key: str, **row: Any) -> Frames:
    return {"ties": [{"person_a": f"{key}/ana", "kind": "kin", "certainty": "documented",
                      "started_on": "1980-01-01"} | row]}  # fmt: skip


WORLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "one way only": ({"wins": (WINS, 0)}, False),
    "one award back": ({"wins": (WINS, 1)}, False),
    "friends": ({"change": {"a/ties": {"kind": "friend"}}}, False),
    "a cousin manages it": ({"change": {"a/ties": {"kind": "kin"},
                                        "a/officers": {"role": "manager"}}}, False),
    "kin from now on": ({"change": {"b/ties": {"started_on": "2020-01-01"}}}, False),
    "divorced": (
        {"change": {"b/ties": {"kind": "spouse", "ended_on": "2014-12-31"}}}, False),
    "left the firm": ({"change": {"b/officers": {"ended_on": "2014-12-31"}}}, False),
    "out of office": ({"change": {"a/offices": {"ended_on": "2014-12-31"}}}, False),
    "the same office": (
        {"change": {"b/offices": {"body_id": "the same office/office_a"},
                    "b/awards": {"buyer_id": "the same office/office_a"}}}, False),
    "her own kin too": (
        {"more": also("her own kin too", person_b="her own kin too/sister_of_bo")}, False),
    "stood aside": ({"more": aside("stood aside")}, False),
    "cancelled": ({"change": {"a/awards": {"status": "cancelled"}}}, False),
    "an inferred tie": ({"change": {"a/ties": {"certainty": "inferred"}}}, True),
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
    return snap, run(ReciprocalFavours(), snap)


def of(findings: Findings, name: str) -> list[Flag]:
    return [f for f in findings.flags if f.person_id.startswith(f"{name}/")]


@pytest.mark.parametrize("name", WORLDS)
def test_who_favours_whom(name: str, found: tuple[Snapshot, Findings]) -> None:
    flags = of(found[1], name)
    assert [f.subject_id for f in flags] == (
        [f'["{name}/ana","{name}/bo"]'] if WORLDS[name][1] else []
    )


def test_one_flag_says_it_all(found: tuple[Snapshot, Findings]) -> None:
    (flag,) = of(found[1], "plain")
    tables = sorted(e.table for e in flag.evidence)
    assert tables == (
        ["awards"] * 12 + ["officers"] * 2 + ["offices"] * 2 + ["ties"] * 2
    )  # fmt: skip
    assert {(m.kind, m.id, m.role) for m in flag.members if m.kind != "award"} == {
        *(("person", f"plain/{p}", "official") for p in ("ana", "bo")),
        *(("person", f"plain/sister_of_{p}", "link") for p in ("ana", "bo")),
        *(("company", f"plain/firm_{s}", "winner") for s in "ab"),
        *(("body", f"plain/office_{s}", "buyer") for s in "ab"),
    }  # fmt: skip
    assert flag.amounts == (("CNY", 1200),)
    assert flag.p_value is not None
    assert flag.q_value is not None
    assert flag.p_value <= flag.q_value
    assert flag.reason.startswith(
        "While Ana plain was in office there, Office a plain gave 6 awards to Firm_a plain, where "
    )
    assert "(Bo plain is a sibling of Sister of bo plain (since 1980-01-01, documented); " in (
        flag.reason
    )
    assert flag.reason.endswith("; 2015-01-01 to 2015-07-20, CNY 1,200 in all.")


def test_certainty_is_that_of_the_weakest_tie(found: tuple[Snapshot, Findings]) -> None:
    assert of(found[1], "plain")[0].certainty == "documented"
    assert of(found[1], "an inferred tie")[0].certainty == "inferred"


def test_chinese_sentences_hold_no_english(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        text = fill(ReciprocalFavours.sentences["zh"][0], flag.facts)
        text = text.replace(flag.person_id.split("/")[0], "")
        text = re.sub(r"Firm_[ab]|Office [ab]|Ana|Bo|Sister of (ana|bo)", "", text)
        assert not re.findall(r"[a-z]{3,}", text), text


def test_ordinary_success_is_no_favour(snapshot: Callable[..., Snapshot]) -> None:
    """Firms that win as much everywhere are not favoured anywhere."""
    frames = world("k")
    for firm in ("firm_a", "firm_b"):
        for b in range(8):
            for i in range(12):
                lucky = i % 2 == 0
                frames["awards"].append(
                    {"award_id": f"{firm}{b}/{i}", "buyer_id": f"third/{firm}{b}", "amount": 1,
                     "company_id": f"k/{firm}" if lucky else f"rival/{i % 6}", "category": "45",
                     "awarded_on": str(FIRST + timedelta(days=60 * i + b))}
                )  # fmt: skip
    assert list(run(ReciprocalFavours(), snapshot(**frames)).flags) == []


def test_row_order_and_names_of_ids_do_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    assert list(run(ReciprocalFavours(), snapshot(**mixed, as_of="2022-01-01")).flags) == list(
        found[1].flags
    )
    renamed = {
        table: [
            {c: f"~{v}" if (c.endswith("_id") or c in IDS) and v else v for c, v in row.items()}
            for row in rows
        ]
        for table, rows in mixed.items()
    }
    again = run(ReciprocalFavours(), snapshot(**renamed, as_of="2022-01-01")).flags
    assert sorted((f.person_id[1:], f.score, f.p_value, f.value) for f in again) == sorted(
        (f.person_id, f.score, f.p_value, f.value) for f in found[1].flags
    )


def ring(
    key: str, *, wins: tuple[int, int, int] = (WINS, WINS, WINS), more: Frames | None = None,
    change: dict[str, Row] | None = None,
) -> Frames:  # fmt: skip
    """Office a (Ana) buys from Bo's sister, b (Bo) from Cy's, c (Cy) from Ana's."""
    frames: Frames = {}
    change = change or {}
    for side, official, other, count in zip(
        "abc", ("ana", "bo", "cy"), ("bo", "cy", "ana"), wins, strict=True
    ):
        one = world("k", wins=(count, 0))
        for table, rows in one.items():
            for row in rows:
                text = str(row)
                if not any(mark in text for mark in ("k/office_b", "k/firm_b", "sister_of_ana")):
                    new = {c: _told(v, key, side, official, other) for c, v in row.items()}
                    new |= change.get(f"{side}/{table}", {}) if "rival" not in text else {}
                    if new not in frames.setdefault(table, []):
                        frames[table].append(new)
    for table, rows in (more or {}).items():
        frames.setdefault(table, []).extend(rows)
    people = {row["person_id"]: row for row in frames["people"]}
    return frames | {"people": list(people.values())}


def _told(value: Any, key: str, side: str, official: str, other: str) -> Any:
    swap = {
        "k/ana": f"{key}/{official}", "k/bo": f"{key}/{other}",
        "k/sister_of_bo": f"{key}/sister_of_{other}", "k/office_a": f"{key}/office_{side}",
        "k/firm_a": f"{key}/firm_{side}", "Ana k": f"{official.title()} {key}",
        "Bo k": f"{other.title()} {key}", "Sister of bo k": f"Sister of {other} {key}",
        "Office a k": f"Office {side} {key}", "Firm_a k": f"Firm_{side} {key}",
    }  # fmt: skip
    if isinstance(value, str) and value.startswith("k/a") and value not in swap:
        return f"{key}/{side}{value[3:]}"
    return swap.get(value, value) if isinstance(value, str) else value


RINGS: dict[str, tuple[dict[str, Any], bool]] = {
    "ring": ({}, True),
    "open": ({"wins": (WINS, WINS, 0)}, False),
    "one back": ({"wins": (WINS, 1, WINS)}, False),
    "pals": ({"change": {"c/ties": {"kind": "friend"}}}, False),
    "later kin": ({"change": {"b/ties": {"started_on": "2020-01-01"}}}, False),
    "retired": ({"change": {"c/offices": {"ended_on": "2014-12-31"}}}, False),
    "void": ({"change": {"c/awards": {"status": "cancelled"}}}, False),
    "recused": ({"more": aside("recused")}, False),
    "own": ({"more": also("own", person_b="own/sister_of_bo")}, False),
    "guessed": ({"change": {"a/ties": {"certainty": "inferred"}}}, True),
}  # fmt: skip


def rings() -> Frames:
    frames: Frames = {"companies": [{"company_id": f"rival/{i}", "name": "r"} for i in range(6)]}
    for key, (change, _) in RINGS.items():
        for table, rows in ring(key, **change).items():
            frames.setdefault(table, []).extend(rows)
    return frames


@pytest.fixture(scope="module")
def round_(snapshot: Callable[..., Snapshot]) -> Findings:
    return run(ReciprocalFavours(), snapshot(**rings(), as_of="2022-01-01"))


@pytest.mark.parametrize("name", RINGS)
def test_favours_that_come_back_by_a_third(name: str, round_: Findings) -> None:
    assert [(f.subject_id, f.person_id) for f in of(round_, name)] == (
        [(f'["{name}/ana","{name}/bo"]', f"{name}/cy")] if RINGS[name][1] else []
    )


def test_a_round_names_all_three(round_: Findings) -> None:
    (flag,) = of(round_, "ring")
    assert sorted(e.table for e in flag.evidence) == (
        ["awards"] * 18 + ["officers"] * 3 + ["offices"] * 3 + ["ties"] * 3
    )
    assert {m.id for m in flag.members if m.role in ("official", "winner", "buyer")} == {
        f"ring/{x}" for x in ("ana", "bo", "cy", "firm_a", "firm_b", "firm_c",
                              "office_a", "office_b", "office_c")
    }  # fmt: skip
    assert "; while Cy ring was in office there, Office c ring gave 6 awards to Firm_c ring" in (
        flag.reason
    )
    assert flag.amounts == (("CNY", 1800),)
    assert round_.p_values is not None
    assert round_.p_values.size == 0  # no two of them could favour each other
    told = fill(ReciprocalFavours.sentences["zh"][0], flag.facts)
    assert "；Cy ring任职期间，" in told
    assert " while " not in told


def test_pairs_that_name_all_three_are_not_told_again(snapshot: Callable[..., Snapshot]) -> None:
    """Each of three buys from the kin of both others: three pairs, no round."""
    frames = rings()
    frames["awards"] += [
        r | {"award_id": f"{r['award_id']}/too", "buyer_id": f"ring/office_{to}"}
        for r in frames["awards"] for side, to in ("ac", "ba", "cb")
        if r["company_id"] == f"ring/firm_{side}"
    ]  # fmt: skip
    flags = of(run(ReciprocalFavours(), snapshot(**frames, as_of="2022-01-01")), "ring")
    assert sorted(f.subject_id for f in flags) == [
        '["ring/ana","ring/bo"]', '["ring/ana","ring/cy"]', '["ring/bo","ring/cy"]',
    ]  # fmt: skip


def test_rounds_of_ordinary_success_are_none(snapshot: Callable[..., Snapshot]) -> None:
    """The three firms win as much wherever they sell."""
    frames = ring("ring")
    assert len(run(ReciprocalFavours(), snapshot(**frames)).flags) == 1
    for firm in "abc":
        for i in range(96):
            frames["awards"].append(
                {"award_id": f"{firm}/{i}", "buyer_id": f"third/{firm}{i % 8}", "amount": 1,
                 "company_id": f"ring/firm_{firm}" if i // 8 % 2 == 0 else f"rival/{i % 6}",
                 "category": "45", "awarded_on": str(FIRST + timedelta(days=60 * (i // 8) + i % 8))}
            )  # fmt: skip
    assert list(run(ReciprocalFavours(), snapshot(**frames)).flags) == []


def test_rounds_do_not_depend_on_the_order_of_rows(
    round_: Findings, snapshot: Callable[..., Snapshot]
) -> None:
    mixed = {table: rows[::-1] for table, rows in rings().items()}
    again = run(ReciprocalFavours(), snapshot(**mixed, as_of="2022-01-01"))
    assert list(again.flags) == list(round_.flags)
