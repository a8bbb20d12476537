import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e03_tied_wins import TiedWins
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
IDS = ("person_a", "person_b")
FIRST = date(2015, 1, 1)
WINS = 5  # of each close firm


def world(
    key: str, *, wins: tuple[int, ...] = (WINS, WINS), bids_lost: int = 0, late: int = 0,
    aside: Iterable[int] = (), **change: Any,
) -> Frames:  # fmt: skip
    """An official with a cousin behind each of some firms, which win at the official's body."""
    frames: Frames = {
        "bodies": [{"body_id": f"{key}/body", "name": f"Office {key}"}],
        "people": [{"person_id": f"{key}/ana", "name": f"Ana {key}"}],
        "offices": [{"person_id": f"{key}/ana", "body_id": f"{key}/body",
                     "started_on": "2010-01-01"} | change.get("offices", {})],
        "companies": [], "ties": [], "officers": [], "awards": [], "tenders": [], "bids": [],
    }  # fmt: skip
    award = {"buyer_id": f"{key}/body", "amount": 100, "currency": "CNY", "category": "45"}
    for f, number in enumerate(wins):
        firm, owner = f"{key}/firm{f}", f"{key}/cousin{f}"
        frames["companies"].append({"company_id": firm, "name": f"Firm{f} {key}"})
        frames["people"].append({"person_id": owner, "name": f"Cousin{f} {key}"})
        frames["officers"].append(
            {"person_id": owner, "company_id": firm, "role": "legal_representative",
             "started_on": "2010-01-01"} | change.get("officers", {})
        )  # fmt: skip
        frames["ties"].append(
            {"person_a": owner, "person_b": f"{key}/ana", "kind": "kin",
             "certainty": "documented", "started_on": "2000-01-01"} | change.get("ties", {})
        )  # fmt: skip
        for i in range(number):
            frames["awards"].append(
                award | {"award_id": f"{key}/{f}{i}", "company_id": firm,
                         "awarded_on": str(FIRST + timedelta(days=40 * i + 20 * f))}
                | change.get("awards", {})
            )  # fmt: skip
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
                         "awarded_on": str(FIRST + timedelta(days=40 * i + 20 * f))}
            )  # fmt: skip
    frames["decisions"] = [
        {"person_id": f"{key}/ana", "award_id": f"{key}/{f}{i}", "recused": True}
        for f in range(len(wins)) for i in aside
    ]  # fmt: skip
    for i in range(10):
        frames["awards"].append(
            award | {"award_id": f"{key}/r{i}", "company_id": f"rival/{i % 6}",
                     "awarded_on": str(FIRST + timedelta(days=50 * i))}
        )  # fmt: skip
    return frames


WORLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "three firms": ({"wins": (WINS, WINS, WINS)}, True),
    "one firm": ({"wins": (2 * WINS,)}, False),
    "the other won nothing": ({"wins": (2 * WINS, 0), "bids_lost": 2}, False),
    "they lost as often": ({"wins": (1, 1), "bids_lost": 12}, False),
    "friends": ({"ties": {"kind": "friend"}}, True),
    "distant": ({"ties": {"kind": "friend"}, "officers": {"role": "manager"}}, False),
    "a declared tie": ({"ties": {"certainty": "declared"}}, True),
    "kin from now on": ({"ties": {"started_on": "2020-01-01"}}, False),
    "out of office": ({"offices": {"ended_on": "2014-12-31"}}, False),
    "came to the firms later": ({"officers": {"started_on": "2020-01-01"}}, False),
    "another office": ({"offices": {"body_id": "they lost as often/body"}}, False),
    "cancelled": ({"awards": {"status": "cancelled"}}, False),
    "stood aside": ({"aside": range(WINS)}, False),
    "stood aside from one": ({"aside": range(1)}, True),
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
    return snap, run(TiedWins(), snap)


def of(findings: Findings, name: str) -> list[Flag]:
    return [f for f in findings.flags if f.person_id == f"{name}/ana"]


@pytest.mark.parametrize("name", WORLDS)
def test_whose_close_firms_win_too_much(name: str, found: tuple[Snapshot, Findings]) -> None:
    assert [f.subject_id for f in of(found[1], name)] == (
        [f"{name}/ana"] if WORLDS[name][1] else []
    )


def test_nobody_else_is_named(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        assert flag.subject_id.endswith("/ana")
        assert not any(m.id.startswith("rival") for m in flag.members)


def test_one_flag_says_it_all(found: tuple[Snapshot, Findings]) -> None:
    snap, findings = found
    (flag,) = of(findings, "plain")
    tables = sorted(e.table for e in flag.evidence)
    assert tables == ["awards"] * 10 + ["officers"] * 2 + ["offices"] + ["ties"] * 2
    ties = snap.sql("SELECT row_key FROM ties WHERE person_b = 'plain/ana'")["row_key"]
    assert {e.key for e in flag.evidence if e.table == "ties"} == set(ties.to_pylist())
    assert flag.amounts == (("CNY", 1000),)
    assert flag.certainty == "documented"
    assert {(m.kind, m.id) for m in flag.members if m.kind != "award"} == {
        ("person", "plain/ana"), ("body", "plain/body"),
        ("company", "plain/firm0"), ("company", "plain/firm1"),
    }  # fmt: skip
    assert flag.reason.startswith(
        "2 companies close to Ana plain (Firm0 plain, Firm1 plain) together won 10 awards of "
        "Office plain (2015-01-01 to 2015-06-30, CNY 1,000) while the ties and the office held, "
    )
    assert flag.p_value is not None
    assert flag.q_value is not None
    assert flag.p_value <= flag.q_value


def test_certainty_is_that_of_the_weakest_tie(found: tuple[Snapshot, Findings]) -> None:
    assert of(found[1], "a declared tie")[0].certainty == "declared"


def test_more_firms_score_more(found: tuple[Snapshot, Findings]) -> None:
    (two,), (three,) = (of(found[1], name) for name in ("plain", "three firms"))
    assert two.score < three.score


def test_odds_may_speak_where_the_p_value_does_not(
    found: tuple[Snapshot, Findings],
) -> None:
    flags = run(TiedWins(max_p=0.0, least_points=0.5), found[0]).flags
    assert "plain/ana" in {f.person_id for f in flags}
    assert not run(TiedWins(max_p=0.0, least_points=20.0), found[0]).flags


def test_what_the_official_stood_aside_from_is_not_counted(
    found: tuple[Snapshot, Findings],
) -> None:
    (plain,), (less,) = (of(found[1], name) for name in ("plain", "stood aside from one"))
    assert (plain.facts["wins"], less.facts["wins"]) == (2 * WINS, 2 * WINS - 2)
    assert less.score < plain.score
    assert len([m for m in less.members if m.kind == "award"]) == 2 * WINS - 2


def test_chinese_sentences_hold_no_english(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        name = flag.person_id.split("/")[0]
        text = fill(TiedWins.sentences["zh"][0], flag.facts).replace(name, "")
        assert not re.findall(r"[a-z]{3,}", re.sub(r"Firm\d|Office|Ana", "", text)), text


def test_an_award_won_together_pays_once(snapshot: Callable[..., Snapshot]) -> None:
    frames = world("k", wins=(WINS, 0))
    frames["awards"] += [
        row | {"company_id": "k/firm1"}
        for row in frames["awards"]
        if row["company_id"] == "k/firm0"
    ]
    for other in "abcdef":
        for table, rows in world(other, wins=()).items():
            frames[table].extend(rows)
    (flag,) = run(TiedWins(), snapshot(**{t: r for t, r in frames.items() if r})).flags
    assert flag.amounts == (("CNY", 100 * WINS),)
    assert len([m for m in flag.members if m.kind == "award"]) == WINS
    assert len([e for e in flag.evidence if e.table == "awards"]) == 2 * WINS


def test_bids_of_close_firms_are_as_lucky_as_any(snapshot: Callable[..., Snapshot]) -> None:
    """Winners drawn among equal bidders: who is close to whom explains nothing."""
    rng = np.random.default_rng(8)
    bodies, firms = 10, 40
    frames: Frames = {t: [] for t in ("tenders", "bids", "awards", "people", "ties", "officers")}
    frames["offices"] = []
    for b in range(bodies):
        for o in range(4):
            frames["offices"].append({"person_id": f"O{b}{o}", "body_id": f"B{b}"})
    for f in range(firms):
        frames["people"].append({"person_id": f"P{f:02d}", "name": f"P{f}"})
        frames["officers"].append(
            {"person_id": f"P{f:02d}", "company_id": f"C{f:02d}", "role": "legal_representative"}
        )
    for row in frames["offices"]:
        frames["people"].append({"person_id": row["person_id"], "name": row["person_id"]})
        for f in rng.permutation(firms)[:6]:
            frames["ties"].append(
                {"person_a": row["person_id"], "person_b": f"P{f:02d}", "kind": "kin"}
            )
    for n in range(900):
        tender, body = f"T{n:03d}", f"B{rng.integers(bodies)}"
        bidders = [f"C{c:02d}" for c in rng.permutation(firms)[: int(rng.integers(2, 6))]]
        frames["tenders"].append({"tender_id": tender, "buyer_id": body})
        frames["bids"].extend(
            {"bid_id": f"{tender}{c}", "tender_id": tender, "company_id": c} for c in bidders
        )
        frames["awards"].append(
            {"award_id": f"A{n}", "tender_id": tender, "buyer_id": body, "amount": 1,
             "company_id": str(rng.choice(bidders)),
             "awarded_on": str(FIRST + timedelta(days=int(rng.integers(3000))))}
        )  # fmt: skip
    findings = run(TiedWins(), snapshot(**frames))
    p = findings.p_values
    assert p is not None
    assert p.size == 40
    assert (p < 0.05).sum() <= 6  # 1 in 70 at a rate of .05
    assert 0.35 < p.mean() < 0.65
    assert len(findings.flags) <= 2


def test_row_order_and_names_of_ids_do_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    assert list(run(TiedWins(), snapshot(**mixed, as_of="2022-01-01")).flags) == list(
        found[1].flags
    )
    renamed = {
        table: [
            {c: f"~{v}" if (c.endswith("_id") or c in IDS) and v else v for c, v in row.items()}
            for row in rows
        ]
        for table, rows in mixed.items()
    }
    again = run(TiedWins(), snapshot(**renamed, as_of="2022-01-01")).flags
    assert sorted((f.company_id[1:], f.score, f.p_value, f.value) for f in again) == sorted(
        (f.company_id, f.score, f.p_value, f.value) for f in found[1].flags
    )
