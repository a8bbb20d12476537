import numpy as np
import pytest

from graphgov.network.gatherings import Lots
from graphgov.network.projection import bidding
from graphgov.stats.rotation import clumping, turns, turns_of_many


def a_market(seed):
    rng = np.random.default_rng(seed)
    lots, companies = 300, 14
    took_part = rng.random((lots, companies)) < 0.3
    lot, company = np.nonzero(took_part)
    bids = bidding(lot, company, lots=lots, companies=companies)
    winner = np.array([rng.choice(np.flatnonzero(row)) if row.any() else -1 for row in took_part])
    winner[rng.random(lots) < 0.1] = -1
    return bids, rng.integers(0, 3, lots).astype(np.int32), winner


def one_group(bids, market, winner, members, min_lots):
    """What one group did, lot by lot; None where it met or won too little."""
    who = [set(bids.company[bids.lot == t].tolist()) for t in range(bids.lots)]
    met = [t for t in range(bids.lots) if len(who[t] & set(members)) >= 2]
    if len(met) < min_lots:
        return None
    home = np.argmax(np.bincount(market[met]))
    at_home = [t for t in met if market[t] == home]
    span = [t for t in range(at_home[0], at_home[-1] + 1) if market[t] == home and bids.size[t]]
    took_part = np.array([[c in who[t] for c in members] for t in span])
    clumped = clumping(took_part, bids.size[span])
    many = took_part.sum(axis=1) >= 3
    lots, took_part = np.array(span)[many], took_part[many]
    won = [list(members).index(w) if w in members and w in who[t] else -1
           for t, w in zip(lots.tolist(), winner[lots].tolist(), strict=True)]  # fmt: skip
    won = np.array(won, dtype=np.int64)
    return None if (won >= 0).sum() < min_lots else (lots, took_part, won, clumped)


GROUPS = [(0, 1, 2), (0, 1, 2, 5), (3, 4, 9, 10, 13), tuple(range(12)), (6, 7, 8)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rows", [50, 2_000_000])
def test_many_groups_give_what_each_gives_alone(seed, rows, monkeypatch):
    monkeypatch.setattr("graphgov.network.gatherings._ROWS", rows)
    bids, market, winner = a_market(seed)
    groups = np.array([[*g, *[-1] * (12 - len(g))] for g in GROUPS])
    expected = {
        i: found
        for i, g in enumerate(GROUPS)
        if (found := one_group(bids, market, winner, g, 4)) is not None
    }
    assert expected
    seen = {}
    for part in Lots(bids, market, winner).gather(groups, 4):
        for i, group in enumerate(part.group.tolist()):
            own = slice(part.begins[i], part.begins[i + 1])
            seen[group] = (part.lots[own], part.took_part[own], part.winner[own], part.clumping[i])
    assert sorted(seen) == sorted(expected)
    for group, (lots, took_part, won, clumped) in expected.items():
        assert seen[group][0].tolist() == lots.tolist()
        assert seen[group][1][:, : took_part.shape[1]].tolist() == took_part.tolist()
        assert seen[group][2].tolist() == won.tolist()
        assert seen[group][3] == pytest.approx(clumped)


def test_turns_of_many_groups_equal_those_of_each():
    rng = np.random.default_rng(5)
    lots = [7, 30, 4, 30, 1]
    took_part = rng.random((sum(lots), 5)) < 0.6
    took_part[np.arange(sum(lots)), rng.integers(0, 5, sum(lots))] = True
    winner = np.array([rng.choice(np.flatnonzero(row)) for row in took_part])
    begins = np.concatenate([[0], np.cumsum(lots)])
    together = turns_of_many(took_part, winner, begins)
    for i, found in enumerate(together):
        own = slice(begins[i], begins[i + 1])
        alone = turns(took_part[own], winner[own])
        for name in ("z", "longest", "longest_expected", "distance", "trials", "step"):
            assert getattr(found, name) == pytest.approx(getattr(alone, name)), name
        assert found.wins.tolist() == alone.wins.tolist()
        assert found.longest <= lots[i]
