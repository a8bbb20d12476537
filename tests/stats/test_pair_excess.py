from itertools import combinations

import numpy as np
import pytest

from graphgov.stats.pair_excess import common_excess, low_tails, meetings, normal_scores


def market(lots: int, firms: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    groups = [rng.choice(firms, int(rng.integers(1, 6)), replace=False) for _ in range(lots)]
    return np.r_[0, np.cumsum([len(g) for g in groups])], np.concatenate(groups)


def test_every_pair_with_all_its_lots() -> None:
    first, firm = market(200, 15)
    met = meetings(first, firm, most=4)
    expected: dict[tuple[int, int], list[int]] = {}
    for lot in range(200):
        group = sorted(firm[first[lot] : first[lot + 1]].tolist())
        if len(group) <= 4:
            for pair in combinations(group, 2):
                expected.setdefault(pair, []).append(lot)
    found = {(int(met.a[i]), int(met.b[i])): met.lots_of(i).tolist() for i in range(len(met))}
    assert found == expected
    assert list(found) == sorted(found)


def test_who_has_no_code_meets_nobody() -> None:
    met = meetings(np.array([0, 3]), np.array([4, -1, 2]), most=10)
    assert (met.a.tolist(), met.b.tolist()) == ([2], [4])
    empty = meetings(np.array([0]), np.empty(0, np.int64), most=10)
    assert len(empty) == 0
    assert common_excess(empty, np.empty(0)) == 0.0
    assert len(low_tails(empty, np.empty(0), 0.0)[0]) == 0


def test_chance_is_uniform_and_needs_no_correction() -> None:
    first, firm = market(6000, 60)
    met = meetings(first, firm, most=10)
    score = normal_scores(np.random.default_rng(5).random(6000))
    rho = common_excess(met, score)
    assert rho < 0.005
    p, number = low_tails(met, score, rho)
    assert number.sum() == met.count.sum()
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.012)


def test_a_niche_of_its_own_is_no_excess() -> None:
    """Firms of a niche meet each other only, and every niche has its own level of scores."""
    rng = np.random.default_rng(2)
    firm, score = [], []
    for niche in range(60):
        level = rng.normal(0, 0.5)
        for _ in range(80):
            firm.append(niche * 5 + rng.choice(5, 3, replace=False))
            score.append(level + rng.normal(0, np.sqrt(0.75)))
    met = meetings(np.arange(0, 3 * len(firm) + 1, 3), np.concatenate(firm), most=10)
    values = np.array(score)
    rho = common_excess(met, values)
    assert 0.05 < rho <= 0.3
    assert np.mean(low_tails(met, values, 0.0)[0] < 1e-4) > 0.1
    assert np.mean(low_tails(met, values, rho)[0] < 1e-4) < 0.02


def test_one_pair_that_stands_out_is_found() -> None:
    first, firm = market(3000, 40)
    met = meetings(first, firm, most=10)
    rank = np.random.default_rng(3).random(3000)
    pair = int(np.argmax(met.count))
    rank[met.lots_of(pair)] *= 0.15
    score = normal_scores(rank)
    p, _ = low_tails(met, score, common_excess(met, score))
    assert int(np.argmin(p)) == pair
    assert p[pair] < 1e-6


def test_lots_without_a_score_count_for_nothing() -> None:
    met = meetings(np.array([0, 2, 4]), np.array([0, 1, 0, 1]), most=5)
    p, number = low_tails(met, np.array([-1.0, np.nan]), 0.0)
    assert number.tolist() == [1]
    assert p[0] == pytest.approx(0.15866, abs=1e-5)
    p, number = low_tails(met, np.array([np.nan, np.nan]), 0.0)
    assert np.isnan(p[0])
    assert number.tolist() == [0]
