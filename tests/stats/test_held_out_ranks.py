"""Ranks of units that are each other's calibration."""

import numpy as np
import pytest

from graphgov.stats.conformal import held_out_ranks


def test_a_large_stratum_ranks_by_itself():
    scores, strata = np.r_[np.arange(100.0), 1000 + np.arange(100.0)], np.repeat([0, 1], 100)
    p = held_out_ranks(scores, strata).p
    assert p[[99, 199]] == pytest.approx([0.01, 0.01])
    assert p[[0, 100]] == pytest.approx([1.0, 1.0])
    assert p[50] == pytest.approx(0.5)


def test_small_strata_are_pooled_at_their_own_level():
    rng = np.random.default_rng(1)
    low, high = rng.normal(0, 1, 60), rng.normal(50, 5, 60)
    p = held_out_ranks(np.r_[low, high], np.repeat([3, 9], 60)).p
    assert p.min() == pytest.approx(1 / 120)
    assert np.mean(p[60:] <= 0.5) == pytest.approx(0.5, abs=0.12)  # not all of the higher ones


def test_ties_share_their_rank_and_are_drawn_apart():
    tail = held_out_ranks(np.zeros(400), np.zeros(400))
    assert tail.p.tolist() == [1.0] * 400
    assert np.mean(tail.randomised(1) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_one_unit_alone_is_ordinary():
    assert held_out_ranks([7.0], [0]).p.tolist() == [1.0]
    assert held_out_ranks([], []).p.tolist() == []


def test_the_share_below_a_level_is_the_level():
    rng = np.random.default_rng(2)
    p = held_out_ranks(rng.exponential(size=20_000), rng.integers(0, 400, 20_000)).randomised(1)
    assert 0.047 <= np.mean(p < 0.05) <= 0.053
