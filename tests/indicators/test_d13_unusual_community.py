from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.d13_unusual_community import UnusualCommunity
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]
RING = ["r1", "r2", "r3", "r4", "r5"]


def day(i: int) -> str:
    return str(np.datetime64("2021-01-01") + i)


def build(lot: Lot, *, ring: bool, ties: bool = False, estimates: bool = True) -> Frames:
    """Twenty-four towns of five firms; the last one keeps its prices up, if so wanted."""
    rng = np.random.default_rng(5)
    frames: Frames = {}
    for town in range(25):
        firms = RING if town == 24 else [f"t{town:02d}f{i}" for i in range(5)]
        for k in range(16):
            who = rng.permutation(5)[: int(rng.integers(3, 6))]
            closed = ring and town == 24
            level = 0.97 if closed else 0.84
            prices = {}
            for place, w in enumerate(who):
                price = 1e5 * (level + 0.025 * place + float(rng.normal(0, 0.01)))
                prices[firms[w]] = round(price, 2)
            if closed:  # the one that has waited longest
                turn = RING[k % 5]
                prices = {turn: 97_000.0 + k} | {
                    f: p + 3000 for f, p in prices.items() if f != turn
                }
            first = min(prices, key=prices.__getitem__)
            lot(frames, f"T{town:02d}-{k:02d}", prices, winner=first, buyer=f"B{town:02d}",
                on=day(40 * k + town))  # fmt: skip
            if estimates:
                frames["tenders"][-1] |= {"estimated_value": 100_000, "currency": "CNY"}
            frames["tenders"][-1]["region"] = f"R{town:02d}"
    if ties:
        frames["people"] = [{"person_id": f"p{i}", "name": f"Person {i}"} for i in range(40)]
        frames["companies"] = [
            {"company_id": key, "name": key}
            for key in sorted({bid["company_id"] for bid in frames["bids"]})
        ]
        frames["officers"] = [
            {"person_id": f"p{i}", "company_id": key, "role": "director"}
            for i in range(20)
            for key in (f"t{i:02d}f0", f"t{(i + 1) % 20:02d}f1")
        ]
    return frames


@pytest.fixture(scope="module")
def closed(snapshot: Snap, lot: Lot) -> Findings:
    return run(UnusualCommunity(), snapshot(**build(lot, ring=True, ties=True)))


@pytest.fixture(scope="module")
def honest(snapshot: Snap, lot: Lot) -> Findings:
    return run(UnusualCommunity(), snapshot(**build(lot, ring=False)))


def test_a_town_that_keeps_its_prices_up(closed: Findings) -> None:
    (flag,) = closed.flags
    assert flag.subject_id == '["r1","r2","r3","r4","r5"]'
    assert flag.subject_kind == "community"
    assert flag.facts["size"] == 5
    assert flag.facts["lots"] == 16
    assert flag.facts["test"] in ("prices", "turns")
    assert flag.facts["share"] == 1.0
    assert flag.facts["elsewhere"] == 1.0
    assert "R24" in str(flag.facts["name"])
    assert "+4" in flag.reason
    assert {m.id for m in flag.members if m.kind == "company"} == set(RING)
    assert flag.q_value is not None
    assert flag.q_value <= 0.05
    assert {e.table for e in flag.evidence} == {"awards", "bids"}


def test_honest_towns_are_communities_without_a_flag(honest: Findings) -> None:
    assert list(honest.flags) == []
    assert honest.computable >= 25
    groups = members(honest, "cobidding")
    assert {f"t05f{i}" for i in range(5)} in groups
    assert all(len(g) >= 3 for g in groups)


def members(findings: Findings, graph: str) -> list[set[str]]:
    groups: dict[str, set[str]] = {}
    for row in findings.communities:
        if row.graph == graph:
            groups.setdefault(row.community_id, set()).add(row.id)
            assert 0 <= row.stability <= 1
    return list(groups.values())


def test_communities_of_all_graphs_are_listed(closed: Findings) -> None:
    assert list(closed.communities) == sorted(closed.communities)
    tied = members(closed, "ties")
    assert tied
    assert any({"t00f0", "t01f1"} & group for group in tied)
    assert {row.kind for row in closed.communities if row.graph == "ties"} == {"company", "person"}


def test_the_price_is_told_where_it_is_the_reason(snapshot: Snap, lot: Lot) -> None:
    frames = build(lot, ring=True)
    for row in frames["awards"]:  # no turns: two of them win by lot
        if row["tender_id"].startswith("T24"):
            row["company_id"] = "r1" if int(row["tender_id"][-1]) % 2 else "r2"
            for bid in frames["bids"]:
                if bid["tender_id"] == row["tender_id"]:
                    bid["amount"] = 97_500 if bid["company_id"] == row["company_id"] else 99_900
    (flag,) = run(UnusualCommunity(), snapshot(**frames)).flags
    assert flag.facts["test"] == "prices"
    assert "the dearest bid on their lots asked for 100% of the estimate" in flag.reason


def test_without_bids_communities_are_listed_and_nothing_is_flagged(snapshot: Snap) -> None:
    awards = [
        {"award_id": f"A{i:03d}", "buyer_id": f"B{i % 6}", "company_id": f"c{i % 6}{i % 2}",
         "awarded_on": day(20 * i), "amount": 10}
        for i in range(240)
    ]  # fmt: skip
    findings = run(UnusualCommunity(), snapshot(awards=awards))
    assert list(findings.flags) == []
    assert findings.missing
    assert findings.reason.startswith("not computable, because without bids")
    assert {row.kind for row in findings.communities} <= {"company", "body"}


def test_settings_are_kept(snapshot: Snap, lot: Lot) -> None:
    snap = snapshot(**build(lot, ring=True))
    assert run(UnusualCommunity(min_lots=16, min_companies=5), snap).flags
    assert not run(UnusualCommunity(min_lots=17), snap).flags
    assert not run(UnusualCommunity(min_companies=6), snap).flags
    assert not run(UnusualCommunity(max_q=0.0), snap).flags
