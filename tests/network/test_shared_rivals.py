from itertools import combinations

import numpy as np
import pytest

from graphgov.network.shared_rivals import niches, rivals
from graphgov.stats.spans import FAR


def tender(key, **more):
    return {"tender_id": key, "buyer_id": "B", "bids_due_at": "2023-03-10T10:00:00Z"} | more


def bid(key, company, **more):
    return {"bid_id": f"{key}{company}", "tender_id": key, "company_id": company} | more


AWARD = {
    "award_id": "A", "buyer_id": "B", "company_id": "a", "awarded_on": "2023-05-01", "amount": 1,
    "tender_id": "T0",
}  # fmt: skip


def random_market(seed, lots=30, firms=8):
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(firms)]
    bids = []
    for i in range(lots):
        who = [str(n) for n in rng.permutation(names)[: int(rng.integers(1, 5))]]
        joint = rng.random() < 0.2
        bids += [bid(f"T{i}", w, **({"bid_id": f"joint{i}"} if joint and w in who[:2] else {}))
                 for w in who]  # fmt: skip
    return {
        "awards": [AWARD | {"company_id": "c0"}], "bids": bids,
        "tenders": [tender(f"T{i}") for i in range(lots)],
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_meetings_equal_a_walk_over_all_pairs(seed, snapshot, monkeypatch):
    monkeypatch.setattr("graphgov.network.shared_rivals._ROWS", 7)
    frames = random_market(seed)
    market = rivals(snapshot(**frames))
    ids, lots = market.seen.companies, market.seen.lots["tender_id"].to_pylist()
    pairs = list(combinations(range(len(ids)), 2))
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    met = market.met(a, b)
    seen = {(ids[a[p]], ids[b[p]], lots[k]) for p, k in zip(met.pair, met.lot, strict=True)}
    want = {
        (*sorted((x["company_id"], y["company_id"])), x["tender_id"])
        for x, y in combinations(frames["bids"], 2)
        if x["tender_id"] == y["tender_id"] and x["bid_id"] != y["bid_id"]
    }
    assert seen == want
    assert len(met.pair) == len(want)


def test_who_is_no_rival(snapshot):
    bids = [
        bid("T0", "a"), bid("T0", "b", status="invited"), bid("T0", "c", status="withdrawn"),
        bid("T1", "a"), bid("T1", "b", status="disqualified"), bid("T2", "a"), bid("T2", "b"),
    ]  # fmt: skip
    tenders = [tender("T0"), tender("T1"), tender("T2", status="cancelled")]
    market = rivals(snapshot(awards=[AWARD], bids=bids, tenders=tenders))
    assert [market.seen.companies[c] for c in market.company] == ["a", "b"]
    assert market.fit.tolist() == [True, False]
    assert market.bidders.tolist()[:2] == [0, 2]


def test_lots_are_apart_and_days_are_of_the_deadline(snapshot):
    bids = [bid("T0", "a", lot_id="1", bid_id="x"), bid("T0", "b", lot_id="2", bid_id="y"),
            bid("T1", "a"), bid("T1", "b")]  # fmt: skip
    tenders = [tender("T0"), tender("T1", bids_due_at=None)]
    market = rivals(snapshot(awards=[AWARD | {"lot_id": "1"}], bids=bids, tenders=tenders))
    assert len(market.met(np.array([0]), np.array([1])).lot) == 1
    days = {(t, k): d for t, k, d in zip(
        market.seen.lots["tender_id"].to_pylist(), market.seen.lots["lot"].to_pylist(),
        market.day.tolist(), strict=True)}  # fmt: skip
    assert days["T0", "1"] == (np.datetime64("2023-03-10") - np.datetime64("1970-01-01")).astype(
        int
    )
    assert days["T1", ""] == -FAR


def test_niches_tell_category_method_and_region_apart(snapshot):
    tenders = [
        tender("T0", category="45210000", region="N", method="open"),
        tender("T1", category="45219999", region="N", method="open"),
        tender("T2", category="45300000", region="N", method="open"),
        tender("T3", category="45210000", region="S", method="open"),
        tender("T4", category="45210000", region="N", method="direct"),
        tender("T5"),
    ]
    snap = snapshot(awards=[AWARD], bids=[bid("T0", "a")], tenders=tenders)
    found = niches(snap, rivals(snap)).tolist()
    assert found[0] == found[1]
    assert len(set(found)) == 5


def test_no_bids_no_rivals(snapshot):
    market = rivals(snapshot(awards=[AWARD | {"tender_id": None}]))
    assert len(market.key) == 0
    assert [len(side) for side in market.pairs] == [0, 0]
    assert len(market.met(np.array([0]), np.array([0])).pair) == 0
