import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphgov.errors import InputError
from graphgov.stats.exact import hypergeometric_tail
from graphgov.stats.sums import (
    _refined_normal,
    hypergeometric_sum_tails,
    poisson_binomial_tail,
    poisson_binomial_tails,
)

quick = settings(derandomize=True, deadline=None, max_examples=40)
chances = st.lists(st.floats(0, 1), max_size=12)


def convolved(parts):
    mass = np.ones(1)
    for part in parts:
        mass = np.convolve(mass, part)
    return mass


def test_catalogue_vector():
    tail = poisson_binomial_tail([0.1, 0.2, 0.25, 0.5, 0.2, 1 / 3], 4)
    assert tail.p == pytest.approx([0.0375], abs=1e-12)


@quick
@given(st.lists(chances, min_size=1, max_size=6), st.data())
def test_groups_equal_convolution(groups, data):
    k = [data.draw(st.integers(-1, len(g) + 1)) for g in groups]
    offsets = np.cumsum([0] + [len(g) for g in groups])
    tail = poisson_binomial_tails([p for g in groups for p in g], offsets, k)
    for place, group in enumerate(groups):
        mass = convolved([[1 - p, p] for p in group])
        want = mass[max(k[place], 0) :].sum() if k[place] <= len(group) else 0.0
        assert tail.p[place] == pytest.approx(want, rel=1e-9, abs=1e-300)
        assert tail.above[place] <= tail.p[place]


def test_equal_chances_are_binomial():
    tail = poisson_binomial_tail(np.full(3000, 0.02), 110)
    assert tail.p[0] == pytest.approx(stats.binom.sf(109, 3000, 0.02), rel=1e-9)


def test_normal_approximation_of_very_long_lists():
    pi = np.random.default_rng(1).random(4000) * 0.3
    for k in (560, 600, 640):
        exact = poisson_binomial_tail(pi, k)
        above, at = _refined_normal(pi, k)
        assert above == pytest.approx(exact.above[0], abs=1e-4)
        assert at == pytest.approx(exact.at[0], abs=1e-4)
    assert _refined_normal(np.array([1.0, 1.0, 0.0]), 2) == (0.0, 1.0)


strata = st.integers(1, 25).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))
)


@quick
@given(st.lists(st.lists(strata, max_size=4), min_size=1, max_size=5), st.data())
def test_hypergeometric_sums_equal_convolution(groups, data):
    x = [data.draw(st.integers(-1, 30)) for _ in groups]
    offsets = np.cumsum([0] + [len(g) for g in groups])
    flat = np.array([s for g in groups for s in g], dtype=float).reshape(-1, 3)
    tail = hypergeometric_sum_tails(x, flat[:, 0], flat[:, 1], flat[:, 2], offsets)
    for place, group in enumerate(groups):
        parts = [stats.hypergeom.pmf(np.arange(min(k, n) + 1), m, k, n) for m, k, n in group]
        mass = convolved(parts)
        want = mass[max(x[place], 0) :].sum()
        assert tail.p[place] == pytest.approx(want, rel=1e-9, abs=1e-300)


def test_one_stratum_is_the_plain_test():
    x, population, marked, drawn = [3, 7, 20], [100, 90, 5000], [20, 15, 900], [10, 30, 60]
    plain = hypergeometric_tail(x, population, marked, drawn)
    summed = hypergeometric_sum_tails(x, population, marked, drawn, [0, 1, 2, 3])
    assert summed.above == pytest.approx(plain.above, rel=1e-10)
    assert summed.at == pytest.approx(plain.at, rel=1e-10)


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(2100, id="P(X = 0) underflows"),
        pytest.param(3990, id="P(X = x) underflows too"),
        pytest.param(5000, id="beyond the support"),
    ],
)
def test_masses_that_underflow_are_not_lost(x):
    # The mean of the first is 2000; the second adds 0 or 1, each half of the time.
    tail = hypergeometric_sum_tails([x], [10_000, 2], [5000, 1], [4000, 1], [0, 2])
    plain = stats.hypergeom(10_000, 5000, 4000)
    assert tail.p[0] == pytest.approx((plain.sf(x - 1) + plain.sf(x - 2)) / 2, rel=1e-6)


def test_no_group_depends_on_its_neighbours():
    rng = np.random.default_rng(2)
    pi, sizes = rng.random(500), rng.multinomial(500, np.full(40, 1 / 40))
    offsets, k = np.r_[0, np.cumsum(sizes)], rng.integers(0, 12, 40)
    together = poisson_binomial_tails(pi, offsets, k).p
    alone = [
        poisson_binomial_tail(pi[offsets[i] : offsets[i + 1]], int(k[i])).p[0] for i in range(40)
    ]
    assert together == pytest.approx(alone, rel=1e-12)


def test_impossible_arguments_are_refused():
    with pytest.raises(InputError):
        poisson_binomial_tail([0.2, float("nan")], 1)
    with pytest.raises(InputError):
        hypergeometric_sum_tails([1], [5], [6], [1], [0, 1])
