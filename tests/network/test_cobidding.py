from typing import Any

import numpy as np
import pytest

from graphgov.ingest import read_frames
from graphgov.network.circles import circles, inside
from graphgov.network.cobidding import cobidding, graph, met, niche, niche_tails, rows_of
from graphgov.network.pricing import lot_prices
from graphgov.network.projection import bidding, meetings, project, validate
from graphgov.snapshot import Snapshot, take

Frames = dict[str, list[dict[str, Any]]]


def lot(frames: Frames, key: str, prices: dict[str, float], **more: Any) -> None:
    frames.setdefault("tenders", []).append(
        {"tender_id": key, "buyer_id": more.get("buyer", "B1"), "region": more.get("region", "N"),
         "category": more.get("category", "4521"), "estimated_value": more.get("estimate")}
    )  # fmt: skip
    winner = more.get("winner", next(iter(prices)))
    frames.setdefault("awards", []).append(
        {"award_id": f"A{key}", "tender_id": key, "buyer_id": more.get("buyer", "B1"),
         "company_id": winner, "awarded_on": more.get("on", "2023-01-05"),
         "amount": prices[winner], "currency": "CNY"}
    )  # fmt: skip
    for firm, price in prices.items():
        frames.setdefault("bids", []).append(
            {"bid_id": f"{key}-{firm}", "tender_id": key, "company_id": firm, "amount": price,
             "currency": more.get("currency", {}).get(firm, "CNY")}
        )  # fmt: skip


def random_market(seed: int = 0, lots: int = 300, firms: int = 25) -> Frames:
    rng = np.random.default_rng(seed)
    frames: Frames = {}
    for i in range(lots):
        names = [f"f{k:02d}" for k in rng.permutation(firms)[: int(rng.integers(2, 6))]]
        prices = {name: float(rng.integers(80, 120)) for name in names}
        on = str(np.datetime64("2021-01-01") + int(rng.integers(900)))
        lot(frames, f"T{i:03d}", prices, on=on, region="NS"[i % 2], estimate=120)
    return frames


@pytest.fixture(scope="module")
def small() -> Snapshot:
    frames: Frames = {}
    lot(frames, "T2", {"b": 90, "a": 100}, on="2023-02-01", estimate=100)
    lot(frames, "T1", {"a": 80, "b": 90, "c": 95}, on="2023-01-01", estimate=100)
    lot(frames, "T3", {"a": 70, "b": 75}, on="2023-03-01", currency={"b": "USD"}, region="S")
    lot(frames, "T4", {"c": 70}, on="2023-04-01")
    frames["bids"].append(
        {"bid_id": "T2-a", "tender_id": "T2", "company_id": "c", "amount": 100, "currency": "CNY"}
    )
    return take(read_frames(frames))


def test_lots_come_in_time_order_and_partners_count_once(small: Snapshot) -> None:
    market = cobidding(small)
    assert market.lot_keys["tender_id"].to_pylist() == ["T1", "T2", "T3", "T4"]
    assert market.companies == ["a", "b", "c"]
    assert market.bids.size.tolist() == [3, 2, 2, 0]  # c stands behind a in T2
    assert market.winner.tolist() == [0, 1, 0, 2]
    assert market.amount.tolist() == [80, 90, 95, 100, 90, 70, 75]
    assert market.priced.tolist() == [True] * 5 + [False] * 2
    assert market.won.tolist() == [True, False, False, False, True, True, False]
    assert market.cell[0] == market.cell[1] != market.cell[2]


def test_evidence_is_found_by_place(small: Snapshot) -> None:
    market = cobidding(small)
    found = rows_of(small, market, [(0, 0, 0), (1, 1, 1), (1, 1, 0)], 3)
    assert [(r["table"], r["id"]) for r in found[0]] == [("awards", "AT1"), ("bids", "T1-a")]
    assert sorted(r["id"] for r in found[1]) == ["AT2", "T2-a", "T2-b"]
    assert found[2] == []
    assert rows_of(small, market, [], 1) == [[]]


def test_meetings_are_the_projection() -> None:
    rng = np.random.default_rng(4)
    bids = bidding(rng.integers(0, 200, 900), rng.integers(0, 30, 900), lots=200, companies=30)
    seen, expected = meetings(bids), project(bids)
    for name in ("a", "b", "joint", "weight", "lots"):
        assert np.array_equal(getattr(seen.pairs, name), getattr(expected, name)), name
    for pair in (0, 7, len(seen.pairs.a) - 1):
        part = seen.of(pair)
        assert (bids.company[seen.first[part]] == seen.pairs.a[pair]).all()
        assert (bids.company[seen.second[part]] == seen.pairs.b[pair]).all()
        assert np.array_equal(bids.lot[seen.first[part]], bids.lot[seen.second[part]])
        assert (np.diff(bids.lot[seen.first[part]]) > 0).all()


def test_nothing_meets_in_nothing() -> None:
    none = meetings(bidding([], [], lots=0, companies=0))
    assert len(none.pairs.a) == 0
    assert none.begins.tolist() == [0]


def test_one_niche_is_the_whole_market() -> None:
    """Where there is one niche, its tails are those of the projection."""
    frames = random_market()
    for row in frames["tenders"]:
        row["region"] = "N"
    snap = take(read_frames(frames))
    market, pairs = cobidding(snap), met(snap).pairs
    niches = niche(market)
    assert np.array_equal(niches.company[niches.pairs.a], pairs.a)
    tail, mean = niche_tails(market, niches, niches.pairs, niches.pairs.joint)
    checked = validate(
        market.bids, pairs, stratum=market.cell, day=market.day, by_place=True, min_joint=1
    )
    assert np.allclose(mean, checked.expected)
    assert np.allclose(tail.p, checked.tail.p)


def test_scores_of_prices_are_ranks_among_like_lots() -> None:
    frames = random_market(1)
    dear = {"f00": 119.0, "f01": 119.5, "f02": 119.9}
    lot(frames, "DEAR", dear, estimate=120, on="2023-01-01")
    lot(frames, "SLIP", {"f00": 1190.0, "f01": 1200.0}, estimate=120, on="2023-01-02")
    lot(frames, "NONE", {"f00": 119.0, "f01": 120.0}, on="2023-01-03")
    market = cobidding(take(read_frames(frames)))
    prices = lot_prices(market)
    place = {key: i for i, key in enumerate(market.lot_keys["tender_id"].to_pylist())}
    assert prices.level[place["DEAR"]] > 1.5
    assert prices.closeness[place["DEAR"]] > 1.5
    assert np.isnan(prices.level[place["SLIP"]])
    assert np.isnan(prices.dear[place["NONE"]])  # neither an estimate nor three prices
    known = prices.level[np.isfinite(prices.level)]
    assert abs(known.mean()) < 0.1
    assert prices.asked(np.array([place["DEAR"]]))[0] == pytest.approx(119.9 / 120, abs=1e-4)
    assert prices.asked(np.array([place["NONE"]])) == (None, None)


def test_communities_do_not_depend_on_row_order() -> None:
    frames = random_market(2)
    mixed = {name: rows[::-1] for name, rows in frames.items()}
    one, two = (take(read_frames(f)) for f in (frames, mixed))
    assert np.array_equal(graph(one).found.label, graph(two).found.label)
    for left, right in zip(circles(one), circles(two), strict=True):
        assert left.graph == right.graph
        assert np.array_equal(left.company, right.company)
        dear = lot_prices(cobidding(one)).dear
        assert np.array_equal(inside(one, left, dear).met, inside(two, right, dear).met)


def test_members_meet_as_often_as_chance_where_chance_rules() -> None:
    snap = take(read_frames(random_market(3, lots=500)))
    market = cobidding(snap)
    everybody = np.zeros(len(market.companies), dtype=np.int64)
    (seen,) = [one for one in circles(snap) if one.graph == "cobidding"]
    whole = type(seen)("cobidding", everybody, np.zeros(0, np.int64), np.zeros(0, np.int64),
                       np.ones(1), seen.nodes)  # fmt: skip
    found = inside(snap, whole, lot_prices(market).dear)
    assert found.met[0] == pytest.approx(found.expected[0], rel=0.08)
    assert len(found.lots[0]) == 500
