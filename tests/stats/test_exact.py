from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.errors import InputError
from graphgov.stats.exact import (
    beta_binomial_tail,
    binomial_tail,
    hypergeometric_tail,
    mean_path_length,
)

quick = settings(derandomize=True, deadline=None, max_examples=60)


def exact_hypergeometric(x, population, marked, drawn):
    top = min(marked, drawn)
    ways = sum(
        comb(marked, j) * comb(population - marked, drawn - j) for j in range(max(x, 0), top + 1)
    )
    return Fraction(ways, comb(population, drawn))


def test_catalogue_vectors():
    tail = hypergeometric_tail([6, 8], [100, 500], [20, 40], [10, 25])
    assert tail.p == pytest.approx([0.00393308, 0.000327265], rel=2e-6)
    assert binomial_tail(19, 24, 0.5).p == pytest.approx([0.00330538], rel=2e-6)
    assert beta_binomial_tail(9, 12, 2, 6).p == pytest.approx([0.0173851], rel=3e-6)
    assert mean_path_length(256) == pytest.approx(10.2447709, abs=1e-7)


@quick
@given(st.data())
def test_hypergeometric_equals_fractions(data):
    population = data.draw(st.integers(0, 60))
    marked = data.draw(st.integers(0, population))
    drawn = data.draw(st.integers(0, population))
    x = data.draw(st.integers(-2, 62))
    tail = hypergeometric_tail(x, population, marked, drawn)
    want = exact_hypergeometric(x, population, marked, drawn)
    beyond = exact_hypergeometric(x + 1, population, marked, drawn)
    assert tail.p[0] == pytest.approx(float(want), rel=1e-12)
    assert tail.above[0] == pytest.approx(float(beyond), rel=1e-11, abs=1e-14)


@pytest.mark.parametrize(
    ("x", "population", "marked", "drawn"),
    [
        pytest.param(60, 10_000, 100, 100, id="deep in the tail"),
        pytest.param(1900, 4000, 2000, 2000, id="left of nothing likely"),
        pytest.param(3, 3_000_000, 2000, 1500, id="a large population"),
    ],
)
def test_hypergeometric_keeps_relative_precision(x, population, marked, drawn):
    want = float(exact_hypergeometric(x, population, marked, drawn))
    assert hypergeometric_tail(x, population, marked, drawn).p[0] == pytest.approx(want, rel=1e-11)


@quick
@given(
    st.integers(-1, 40),
    st.integers(0, 38),
    st.fractions(0, 1, max_denominator=50),
)
def test_binomial_equals_fractions(k, n, p):
    want = sum(comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(max(k, 0), n + 1))
    tail = binomial_tail(k, n, float(p))
    assert tail.p[0] == pytest.approx(float(want), rel=1e-11, abs=1e-300)


@quick
@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 8), st.integers(1, 8))
def test_beta_binomial_equals_fractions(k, n, alpha, beta):
    def beta_function(a, b):
        return Fraction(1, (a + b - 1) * comb(a + b - 2, a - 1))

    want = sum(
        comb(n, j) * beta_function(j + alpha, n - j + beta) / beta_function(alpha, beta)
        for j in range(k, n + 1)
    )
    assert beta_binomial_tail(k, n, alpha, beta).p[0] == pytest.approx(float(want), rel=1e-11)


def test_beta_binomial_with_a_second_peak_at_the_end():
    # alpha = beta = .1: nearly all mass lies at 0 and n.
    tail = beta_binomial_tail([0, 1, 100], 100, 0.1, 0.1)
    assert tail.p[0] == pytest.approx(1)
    assert tail.p[1] == pytest.approx(1 - tail.p[2], rel=1e-9)


@quick
@given(st.integers(0, 20), st.integers(1, 20), st.floats(0.01, 0.99))
def test_mid_lies_between_and_randomised_inside(k, n, p):
    tail = binomial_tail(k, n, p)
    assert tail.above[0] <= tail.mid[0] <= tail.p[0] <= 1
    draw = tail.randomised(seed=3)[0]
    assert tail.above[0] <= draw <= tail.p[0]
    assert draw == tail.randomised(seed=3)[0]


def test_randomised_p_values_are_uniform_under_the_null():
    rng = np.random.default_rng(5)
    hits = rng.hypergeometric(30, 170, 20, size=20_000)
    p = hypergeometric_tail(hits, 200, 30, 20).randomised(seed=1)
    for level in (0.01, 0.05, 0.5, 0.9):
        assert (p < level).mean() == pytest.approx(
            level, abs=4 * (level * (1 - level) / 2e4) ** 0.5
        )


def test_impossible_arguments_are_refused():
    with pytest.raises(InputError):
        hypergeometric_tail(1, 10, 11, 2)
    with pytest.raises(InputError):
        binomial_tail(1, 10, 1.1)
    with pytest.raises(InputError):
        beta_binomial_tail(1, 10, 0, 1)
