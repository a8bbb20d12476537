import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e14_parcelling_out import ParcellingOut
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
IDS = ("person_a", "person_b")
FIRST = date(2015, 1, 1)


def world(
    key: str, *, turns: str = "012" * 5, rivals: int = 12, hub: bool = True, bids_lost: int = 0,
    more: Frames | None = None, **change: Any,
) -> Frames:  # fmt: skip
    """Ana's sister owns firm 0; her partners own the others; they win in the given order."""
    firms = sorted(set(turns))
    frames: Frames = {
        "bodies": [{"body_id": f"{key}/body", "name": f"Office {key}"}],
        "people": [{"person_id": f"{key}/ana", "name": f"Ana {key}"}],
        "offices": [{"person_id": f"{key}/ana", "body_id": f"{key}/body",
                     "started_on": "2010-01-01"} | change.get("offices", {})],
        "companies": [], "ties": [], "officers": [], "awards": [], "tenders": [], "bids": [],
    }  # fmt: skip
    award = {"buyer_id": f"{key}/body", "amount": 100, "currency": "CNY", "category": "45"}
    for f in firms:
        firm, owner = f"{key}/firm{f}", f"{key}/owner{f}"
        frames["companies"].append({"company_id": firm, "name": f"Firm{f} {key}"})
        frames["people"].append({"person_id": owner, "name": f"Owner{f} {key}"})
        frames["officers"].append(
            {"person_id": owner, "company_id": firm, "role": "legal_representative",
             "started_on": "2010-01-01"} | change.get("officers", {})
        )  # fmt: skip
        first = f == firms[0] or not hub
        tie = {"person_b": owner, "certainty": "documented", "started_on": "2000-01-01"}
        tie |= {"person_a": f"{key}/ana", "kind": "sibling"} if first else {
            "person_a": f"{key}/owner{firms[0]}", "kind": "business_partner"}  # fmt: skip
        frames["ties"].append(tie | change.get("first" if first else "partners", {}))
        for i in range(bids_lost):
            tender, rival = f"{key}/T{f}{i}", f"rival/{i % 6}"
            frames["tenders"].append(
                {"tender_id": tender, "buyer_id": f"{key}/body", "category": "45"}
            )
            frames["bids"].extend(
                {"bid_id": f"{tender}{c}", "tender_id": tender, "company_id": c}
                for c in (firm, rival)
            )
            frames["awards"].append(
                award | {"award_id": f"{tender}/a", "company_id": rival, "tender_id": tender,
                         "awarded_on": str(FIRST + timedelta(days=40 * i + 7 * int(f)))}
            )  # fmt: skip
    for i, f in enumerate(turns):
        frames["awards"].append(
            award | {"award_id": f"{key}/{i:02d}", "company_id": f"{key}/firm{f}",
                     "awarded_on": str(FIRST + timedelta(days=20 * i))}
            | change.get("awards", {})
        )  # fmt: skip
    for i in range(rivals):
        frames["awards"].append(
            award | {"award_id": f"{key}/r{i}", "company_id": f"rival/{i % 6}",
                     "awarded_on": str(FIRST + timedelta(days=50 * i))}
        )  # fmt: skip
    for table, rows in (more or {}).items():
        frames.setdefault(table, []).extend(rows)
    return frames


def aside(key: str) -> Frames:
    return {"decisions": [
        {"person_id": f"{key}/ana", "award_id": f"{key}/{i:02d}", "recused": True}
        for i in range(15)
    ]}  # fmt: skip


WORLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "four firms": ({"turns": "0123" * 4}, True),
    "all tied to the official": ({"hub": False}, True),
    "in no order": ({"turns": "000001111122222"}, True),
    "six awards": ({"turns": "012012"}, True),
    "five awards": ({"turns": "01201"}, False),
    "two firms": ({"turns": "01" * 7}, False),
    "one takes nearly all": ({"turns": "0000000000000012"}, False),
    "they lost as often": ({"turns": "012", "bids_lost": 12}, False),
    "a friend at the hub": ({"first": {"kind": "friend"}}, False),
    "partners by hearsay": (
        {"partners": {"kind": "hometown", "certainty": "inferred"}, "first": {"kind": "in_law"}},
        False),
    "partners from now on": ({"partners": {"started_on": "2020-01-01"}}, False),
    "partners no more": (
        {"partners": {"kind": "friend", "ended_on": "2014-12-31"}, "first": {"kind": "spouse"}},
        False),
    "kin from now on": ({"first": {"started_on": "2020-01-01"}}, False),
    "out of office": ({"offices": {"ended_on": "2014-12-31"}}, False),
    "came to the firms later": ({"officers": {"started_on": "2020-01-01"}}, False),
    "left the firms before": ({"officers": {"ended_on": "2014-12-31"}}, False),
    "another office": ({"offices": {"body_id": "they lost as often/body"}}, False),
    "stood aside": ({"more": aside("stood aside")}, False),
    "cancelled": ({"awards": {"status": "cancelled"}}, False),
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
    return snap, run(ParcellingOut(), snap)


def of(findings: Findings, name: str) -> list[Flag]:
    return [f for f in findings.flags if f.person_id == f"{name}/ana"]


@pytest.mark.parametrize("name", WORLDS)
def test_whose_circle_shares_the_work(name: str, found: tuple[Snapshot, Findings]) -> None:
    assert [f.subject_id for f in of(found[1], name)] == (
        [f"{name}/ana"] if WORLDS[name][1] else []
    )


def test_nobody_else_is_named(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        assert flag.subject_id.endswith("/ana")
        assert not any(m.id.startswith("rival") for m in flag.members)


def test_one_flag_names_the_person_and_every_firm(found: tuple[Snapshot, Findings]) -> None:
    (flag,) = of(found[1], "plain")
    tables = sorted(e.table for e in flag.evidence)
    assert tables == ["awards"] * 15 + ["officers"] * 3 + ["offices"] + ["ties"] * 3
    assert {(m.kind, m.id, m.role) for m in flag.members if m.kind != "award"} == {
        ("person", "plain/ana", "official"), ("body", "plain/body", "buyer"),
        *(("company", f"plain/firm{f}", "winner") for f in "012"),
        *(("person", f"plain/owner{f}", "link") for f in "012"),
    }  # fmt: skip
    assert flag.certainty == "documented"
    assert flag.amounts == (("CNY", 1500),)
    assert flag.reason.startswith(
        "3 companies of one circle around Ana plain (Firm0 plain, Firm1 plain, Firm2 plain) shared "
        "15 awards of Office plain (2015-01-01 to 2015-10-08, CNY 1,500) while ties and office "
        "held, where "
    )
    assert flag.reason.endswith(
        "; none of them won more than 33 % of these; they took turns: 14 of 14 times another one "
        "won next."
    )
    assert flag.facts["by_firm"] == [5, 5, 5]


def test_taking_turns_counts(found: tuple[Snapshot, Findings]) -> None:
    (plain,), (blocks,) = (of(found[1], name) for name in ("plain", "in no order"))
    assert blocks.score < plain.score
    assert "took turns" not in blocks.reason


def test_chinese_sentences_hold_no_english(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        text = fill(ParcellingOut.sentences["zh"][0], flag.facts)
        text = text.replace(flag.person_id.split("/")[0], "")
        assert not re.findall(r"[a-z]{3,}", re.sub(r"Firm\d|Office|Ana", "", text)), text


def test_works_for_several_on_one_day_are_counted(snapshot: Callable[..., Snapshot]) -> None:
    frames = world("k")
    for row in frames["awards"]:
        if row["company_id"].startswith("k/"):
            number = int(row["award_id"][-2:])
            row["awarded_on"] = str(FIRST + timedelta(days=60 * (number // 3)))
    for other in "abcdef":
        for table, rows in world(other, turns="").items():
            frames[table].extend(rows)
    (flag,) = run(ParcellingOut(), snapshot(**{t: r for t, r in frames.items() if r})).flags
    assert flag.facts["same_day"] == 5


def test_row_order_and_names_of_ids_do_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    assert list(run(ParcellingOut(), snapshot(**mixed, as_of="2022-01-01")).flags) == list(
        found[1].flags
    )
    renamed = {
        table: [
            {c: f"~{v}" if (c.endswith("_id") or c in IDS) and v else v for c, v in row.items()}
            for row in rows
        ]
        for table, rows in mixed.items()
    }
    again = run(ParcellingOut(), snapshot(**renamed, as_of="2022-01-01")).flags
    assert sorted((f.company_id[1:], f.score, f.p_value, f.value) for f in again) == sorted(
        (f.company_id, f.score, f.p_value, f.value) for f in found[1].flags
    )
