import numpy as np
import pytest

from graphgov.stats.renewals import chain_tail, spread


def test_without_spread_renewals_are_geometric() -> None:
    tail = chain_tail(np.array([0, 1, 3]), np.full(3, 0.4), 1e7)
    np.testing.assert_allclose(tail.p, [1.0, 0.4, 0.064], rtol=1e-5)
    np.testing.assert_allclose(tail.above, [0.4, 0.16, 0.0256], rtol=1e-5)


def test_the_spread_of_chains_is_found() -> None:
    rng = np.random.default_rng(1)
    chance = rng.beta(0.3 * 4, 0.7 * 4, 20_000)
    renewals = rng.geometric(1 - chance) - 1
    size = spread(renewals, np.full(20_000, 0.3), np.ones(20_000, bool))
    assert size == pytest.approx(4, rel=0.15)
    drawn = chain_tail(renewals, np.full(20_000, 0.3), size).randomised(5)
    assert np.mean(drawn < 0.05) == pytest.approx(0.05, abs=0.006)


def test_a_chain_that_may_go_on_counts_as_far_as_it_went() -> None:
    renewals, mean = np.array([0, 5]), np.array([0.3, 0.3])
    open_end = spread(renewals, mean, np.array([True, False]))
    assert 0.1 < open_end < 3000
    assert spread(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)) > 2000
