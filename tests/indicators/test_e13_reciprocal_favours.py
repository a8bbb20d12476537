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
