import numpy as np
import pytest

from graphgov.stats.betas import fit_beta_binomial, rate_quantile, shrunken_rate


def test_catalogue_vector():
    assert shrunken_rate(9, 12, 2, 6) == pytest.approx(0.55)


def test_a_fit_finds_what_made_the_data():
    rng = np.random.default_rng(1)
    n = rng.integers(1, 60, 4000)
    found = fit_beta_binomial(rng.binomial(n, rng.beta(2, 6, 4000)), n)
    assert found.alpha == pytest.approx(2, rel=0.1)
    assert found.beta == pytest.approx(6, rel=0.1)


def test_equal_chances_give_a_narrow_fit():
    rng = np.random.default_rng(2)
    n = rng.integers(5, 60, 2000)
    found = fit_beta_binomial(rng.binomial(n, 0.2), n)
    assert found.mean == pytest.approx(0.2, abs=0.01)
    assert found.alpha + found.beta > 100


@pytest.mark.parametrize(
    ("k", "n"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([0], [0], id="no trials"),
        pytest.param([3], [3], id="one unit"),
        pytest.param([0, 0, 0], [9, 4, 7], id="no hits"),
        pytest.param([5, 5], [5, 5], id="hits only"),
    ],
)
def test_degenerate_input_gives_a_proper_distribution(k, n):
    found = fit_beta_binomial(k, n)
    assert 0 < found.alpha < 1e7
    assert 0 < found.beta < 1e7


def test_order_of_units_does_not_matter():
    rng = np.random.default_rng(3)
    n = rng.integers(1, 30, 300)
    k = rng.binomial(n, rng.beta(1, 3, 300))
    order = rng.permutation(300)
    assert fit_beta_binomial(k, n) == fit_beta_binomial(k[order], n[order])


def test_lower_quantile_ranks_many_trials_above_few():
    low = rate_quantile([2, 200], [2, 250], 1, 3)
    assert low[1] > low[0]
    assert (low < shrunken_rate([2, 200], [2, 250], 1, 3)).all()
