import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e12_young_firm_windfall import YoungFirmWindfall
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
FIRST = date(2014, 1, 1)
FOUNDED = date(2016, 3, 1)
LARGE, SMALL = 2000, 10


def on(n: int) -> str:
    return str(FOUNDED + timedelta(days=n))


def world(
    key: str, *, won: range = range(20, 340, 16), amount: int = LARGE, elsewhere: int = 0,
    more: Frames | None = None, **change: Any,
) -> Frames:  # fmt: skip
    """A body buys large and small things for years; a new firm wins on the listed days."""
    award = {"buyer_id": f"{key}/body", "currency": "CNY", "category": "45"}
    frames: Frames = {
        "bodies": [{"body_id": f"{key}/body", "name": f"Office {key}"}],
        "companies": [{"company_id": f"{key}/firm", "name": f"Firm {key}",
                       "founded_on": str(FOUNDED)} | change.get("companies", {})],
        "people": [{"person_id": f"{key}/ana", "name": f"Ana {key}"}],
        "offices": [{"person_id": f"{key}/ana", "body_id": f"{key}/body", "role": "head",
                     "started_on": on(-120)} | change.get("offices", {})],
        "awards": [
            award | {"award_id": f"{key}/w{n:04d}", "company_id": f"{key}/firm", "amount": amount,
                     "awarded_on": on(n)} | change.get("awards", {})
            for n in won
        ],
    }  # fmt: skip
    for n in range(60):
        frames["awards"].append(
            award | {"award_id": f"{key}/r{n:02d}", "company_id": f"rival/{n % 7}",
                     "amount": (SMALL, SMALL, LARGE)[n % 3] - n % 5,
                     "awarded_on": str(FIRST + timedelta(days=25 * n))}
        )  # fmt: skip
    frames["awards"] += [
        {"award_id": f"{key}/e{n}", "buyer_id": f"third{n % 8}", "company_id": f"{key}/firm",
         "amount": LARGE, "currency": "CNY", "category": "45", "awarded_on": on(20 * n + 1)}
        for n in range(elsewhere)
    ]  # fmt: skip
    for table, rows in (more or {}).items():
        frames.setdefault(table, []).extend(rows)
    return frames


WORLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "nobody new in office": ({"offices": {"started_on": "2010-01-01"}}, True),
    "small purchases": ({"amount": SMALL}, False),
    "two awards": ({"won": range(20, 70, 30)}, False),
    "an old firm": ({"companies": {"founded_on": "2010-01-01"}}, False),
    "of unknown age": ({"companies": {"founded_on": None}}, False),
    "older when it won": ({"won": range(366, 700, 30)}, False),
    "won before it was founded": ({"won": range(-400, -20, 30)}, False),
    "one order in parts": ({"won": range(20, 40, 2)}, False),
    "mostly elsewhere": ({"elsewhere": 18, "won": range(20, 290, 16)}, False),
    "owned by the state": ({"companies": {"state_owned": True}}, False),
    "cancelled": ({"awards": {"status": "cancelled"}}, False),
}  # fmt: skip
YOUNG = 150  # other new firms, which win now and then


def everything() -> Frames:
    frames: Frames = {"companies": [{"company_id": f"rival/{i}", "name": "r"} for i in range(7)]}
    for key, (change, _) in WORLDS.items():
        for table, rows in world(key, **change).items():
            frames.setdefault(table, []).extend(rows)
    rng = np.random.default_rng(0)
    for i in range(YOUNG):
        founded = FIRST + timedelta(days=int(rng.integers(30, 1000)))
        frames["companies"].append(
            {"company_id": f"new/{i:03d}", "name": "n", "founded_on": str(founded)}
        )
        for n in range(int(rng.integers(1, 4))):
            key = list(WORLDS)[(i + n) % len(WORLDS)]
            day = founded + timedelta(days=int(rng.integers(5, 900)))
            frames["awards"].append(
                {"award_id": f"new/{i:03d}-{n}", "buyer_id": f"{key}/body", "currency": "CNY",
                 "company_id": f"new/{i:03d}", "amount": int(rng.choice([SMALL, LARGE])),
                 "category": "45", "awarded_on": str(day)}
            )  # fmt: skip
    return frames


@pytest.fixture(scope="module")
def found(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Findings]:
    snap = snapshot(**everything(), as_of="2022-01-01")
    return snap, run(YoungFirmWindfall(), snap)


def of(findings: Findings, name: str) -> list[Flag]:
    return [f for f in findings.flags if f.company_id == f"{name}/firm"]


@pytest.mark.parametrize("name", WORLDS)
def test_who_hardly_founded_wins_much(name: str, found: tuple[Snapshot, Findings]) -> None:
    assert [f.subject_id for f in of(found[1], name)] == (
        [f'["{name}/body","{name}/firm"]'] if WORLDS[name][1] else []
    )


def test_ordinary_new_firms_stay_clean(found: tuple[Snapshot, Findings]) -> None:
    assert not [f for f in found[1].flags if f.company_id.startswith(("new", "rival"))]


def test_one_flag_says_it_all(found: tuple[Snapshot, Findings]) -> None:
    (flag,) = of(found[1], "plain")
    assert (str(flag.first_on), str(flag.last_on)) == (on(20), on(324))
    assert (flag.person_id, flag.body_id) == ("plain/ana", "plain/body")
    assert flag.amounts == (("CNY", 20 * LARGE),)
    assert flag.p_value is not None
    assert flag.q_value is not None
    assert flag.p_value <= flag.q_value <= 0.1
    assert sorted(e.table for e in flag.evidence) == ["awards"] * 20 + ["companies", "offices"]
    assert {(m.kind, m.id, m.role) for m in flag.members if m.kind != "award"} == {
        ("person", "plain/ana", "official"), ("company", "plain/firm", "winner"),
        ("body", "plain/body", "buyer"),
    }  # fmt: skip
    assert flag.reason.startswith(
        f"Firm plain was founded on {FOUNDED}, after Ana plain took office there on {on(-120)} and "
        f"by {on(324)} had won 20 of the "
    )
    assert flag.reason.endswith("; 100 % of its money of that time came from there.")


def test_only_who_came_shortly_before_is_named(found: tuple[Snapshot, Findings]) -> None:
    (plain,), (nobody,) = (of(found[1], name) for name in ("plain", "nobody new in office"))
    assert nobody.person_id == ""
    assert nobody.score < plain.score
    assert "Ana" not in nobody.reason


def test_chinese_sentences_hold_no_english(found: tuple[Snapshot, Findings]) -> None:
    for flag in found[1].flags:
        text = fill(YoungFirmWindfall.sentences["zh"][0], flag.facts)
        text = text.replace(flag.company_id.split("/")[0], "")
        assert not re.findall(r"[a-z]{3,}", re.sub(r"Firm|Office|Ana", "", text)), text


def test_every_pair_is_a_test_or_not_computable(found: tuple[Snapshot, Findings]) -> None:
    findings = found[1]
    assert findings.p_values is not None
    assert findings.computable == findings.p_values.size < findings.subjects
    assert findings.reason.startswith("not computable, because")


def test_it_is_as_rare_by_chance_as_it_says(snapshot: Callable[..., Snapshot]) -> None:
    """Young firms win at random, some often, some seldom."""
    rng = np.random.default_rng(2)
    firms = 250
    founded = rng.integers(100, 2500, firms)
    weight = rng.gamma(1.0, size=firms)
    frames: Frames = {"companies": [
        {"company_id": f"C{c:03d}", "name": "c", "founded_on": str(FIRST + timedelta(days=int(d)))}
        for c, d in enumerate(founded)
    ]}  # fmt: skip
    frames["awards"] = []
    for n in range(5000):
        day = int(rng.integers(0, 3000))
        there = np.flatnonzero(founded <= day)
        if not there.size:
            continue
        chance = weight[there] / weight[there].sum()
        frames["awards"].append(
            {"award_id": f"A{n:04d}", "buyer_id": f"B{rng.integers(12):02d}", "currency": "CNY",
             "company_id": f"C{rng.choice(there, p=chance):03d}", "category": "45",
             "amount": int(rng.integers(1, 10**6)), "awarded_on": str(FIRST + timedelta(days=day))}
        )  # fmt: skip
    findings = run(YoungFirmWindfall(), snapshot(**frames))
    p = findings.p_values
    assert p is not None
    assert p.size > 1000
    assert 0.035 < (p < 0.05).mean() < 0.065
    assert 0.45 < p.mean() < 0.55
    assert len(findings.flags) <= 1


def test_hostile_ids_are_only_ids(snapshot: Callable[..., Snapshot]) -> None:
    frames = everything()
    evil = "o'; DROP TABLE wins; --"
    for rows in frames.values():
        for row in rows:
            for column in ("company_id", "buyer_id", "body_id"):
                if str(row.get(column, "")).startswith("plain/"):
                    row[column] = evil + row[column][-4:]
    flags = run(YoungFirmWindfall(), snapshot(**frames, as_of="2022-01-01")).flags
    assert evil + "firm" in {f.company_id for f in flags}


def test_row_order_does_not_matter(
    found: tuple[Snapshot, Findings], snapshot: Callable[..., Snapshot]
) -> None:
    rng = np.random.default_rng(1)
    frames = everything()
    mixed = {t: [rows[i] for i in rng.permutation(len(rows))] for t, rows in frames.items() if rows}
    again = run(YoungFirmWindfall(), snapshot(**mixed, as_of="2022-01-01")).flags
    assert list(again) == list(found[1].flags)
