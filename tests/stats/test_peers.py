"""Ranks among other units, and counts around an expectation."""

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from graphgov.stats.ecod import UNKNOWN, terms
from graphgov.stats.peers import count_tail, peer_tail


def by_hand(x, strata, units, i):
    peers = [
        x[j]
        for j in range(len(x))
        if strata[j] == strata[i] and units[j] != units[i] and not np.isnan(x[j])
    ]
    above, equal = (sum(v > x[i] for v in peers), sum(v == x[i] for v in peers))
    return above / (len(peers) + 1), (equal + 1) / (len(peers) + 1)


@pytest.mark.parametrize("seed", range(5))
def test_peers_are_other_units_of_the_stratum(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 6, 60).astype(float)
    x[rng.random(60) < 0.1] = np.nan
    strata, units = rng.integers(0, 3, 60), rng.integers(0, 7, 60)
    tail = peer_tail(x, strata, units)
    for i in range(60):
        if np.isnan(x[i]):
            assert np.isnan(tail.p[i])
        else:
            assert (tail.above[i], tail.at[i]) == pytest.approx(by_hand(x, strata, units, i))


def test_alone_everything_is_possible():
    tail = peer_tail([5.0, 1.0], [0, 1], [0, 0])
    assert tail.p.tolist() == [1.0, 1.0]
    assert peer_tail([], [], []).p.tolist() == []
    assert np.isnan(peer_tail([np.nan], [0], [0]).p).all()


def test_what_a_unit_does_often_is_not_its_own_measure():
    x = np.r_[np.zeros(99), np.ones(50)]
    units = np.r_[np.arange(99), np.full(50, 99)]
    assert peer_tail(x, np.zeros(149, int), units).p[-1] == pytest.approx(0.01)


def test_randomised_ranks_are_uniform_however_coarse():
    rng = np.random.default_rng(3)
    x, units = rng.poisson(0.3, 20_000).astype(float), rng.integers(0, 900, 20_000)
    p = peer_tail(x, rng.integers(0, 5, 20_000), units).randomised(1)
    for level in (0.05, 0.2, 0.5):
        assert np.mean(p < level) == pytest.approx(level, abs=0.01)


def test_counts_without_excess_have_poisson_tails():
    k, mean = np.array([0, 1, 2, 1, 0, 1]), np.full(6, 0.9)
    assert count_tail(k, mean).p == pytest.approx(poisson.sf(k - 1, 0.9), rel=1e-4)


def test_counts_that_spread_have_wider_tails():
    rng = np.random.default_rng(2)
    mean = rng.uniform(0.5, 3.0, 20_000)
    k = nbinom.rvs(2.0, 2.0 / (2.0 + mean), random_state=rng)
    p = count_tail(k, mean).randomised(1)
    assert 0.045 <= np.mean(p < 0.05) <= 0.055
    assert count_tail(np.r_[k, 9], np.r_[mean, 1.0]).p[-1] > poisson.sf(8, 1.0)
    assert count_tail([], []).p.tolist() == []


def ecdf_terms(x, peers, end):
    """The definition, value by value; ties get the middle of their step."""
    n = len(peers) + 1
    left = -np.log((np.sum(peers < x) + 0.5 * np.sum(peers == x) + 0.5) / n)
    right = -np.log((np.sum(peers > x) + 0.5 * np.sum(peers == x) + 0.5) / n)
    if end:
        return right if end > 0 else left
    skew = np.sign(np.round(np.mean((peers - peers.mean()) ** 3), 9))
    chosen = left if skew < 0 else right if skew > 0 else left + right
    return max(chosen, (left + right) / 2)


@pytest.mark.parametrize("end", [-1, 0, 1])
@pytest.mark.parametrize("shape", ["skewed", "mirrored", "ties"])
def test_terms_are_those_of_the_definition(end, shape):
    rng = np.random.default_rng(4)
    peers = {"skewed": rng.exponential(size=200), "mirrored": -rng.exponential(size=200),
             "ties": rng.integers(0, 4, 200).astype(float)}[shape]  # fmt: skip
    x = np.r_[peers[:20], peers.max() + 1, peers.min() - 1, 0.5]
    zeros = np.zeros(len(x), int)
    seen = terms(x, zeros, peers, np.zeros(200, int), end)
    assert seen == pytest.approx([ecdf_terms(v, peers, end) for v in x])


def test_terms_keep_to_their_stratum_and_say_nothing_of_what_is_unknown():
    peers, where = np.r_[np.arange(50.0), np.arange(100.0, 150.0)], np.repeat([0, 1], 50)
    seen = terms(np.array([49.0, 49.0, np.nan, 3.0]), np.array([0, 1, 0, 7]), peers, where, 1)
    assert seen[0] > 3
    assert seen[1] < 0.1
    assert seen[2:].tolist() == [UNKNOWN, UNKNOWN]
    assert terms(np.ones(2), np.zeros(2, int), np.array([np.nan]), np.zeros(1, int)).tolist() == [
        UNKNOWN,
        UNKNOWN,
    ]


def test_terms_on_a_grid_are_close_to_exact_ones():
    rng = np.random.default_rng(1)
    peers, x = rng.normal(size=50_000), np.linspace(-3, 3, 50)
    seen = terms(x, np.zeros(50, int), peers, np.zeros(50_000, int), 1)
    exact = np.array([ecdf_terms(v, peers, 1) for v in x])
    assert np.max(np.abs(np.exp(-seen) - np.exp(-exact))) < 0.003
