"""Quartiles and fences to the last digit."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.stats.bids.fences import by_group, fence, fused, quantile

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


def test_the_published_vector():
    values = np.array([1.0, 2, 3, 4, 10])
    assert quantile(values, 0.25) == pytest.approx(5 / 3, abs=1e-12)
    assert quantile(values, 0.75) == pytest.approx(6, abs=1e-12)
    assert (quantile(values, 0), quantile(values, 1)) == (1, 10)
    assert math.isnan(quantile(values, 1.01))
    assert math.isnan(quantile(values[:0], 0.5))
    assert quantile(values[:1], 0.75) == 1


@given(numbers, numbers, numbers)
@settings(derandomize=True, deadline=None)
def test_a_fence_rounds_once(a, b, c):
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    found = fused(a, b, c)
    if math.isinf(found):
        assert abs(exact) > Fraction(2) ** 1023
    else:
        assert abs(Fraction(found) - exact) <= Fraction(math.ulp(found)) / 2


def test_a_fence_is_not_two_roundings():
    assert fused(0.1, 10.0, -1.0) == 2**-54
    assert 0.1 * 10.0 - 1.0 == 0.0
    assert fused(math.inf, -1.5, 1.0) == -math.inf
    assert math.isnan(fused(math.nan, 1.5, 1.0))


def test_nothing_has_no_fence():
    made = fence(np.empty(0))
    assert all(math.isnan(v) for v in (made.q1, made.q3, made.lower, made.upper))
    assert not made.evaluable
    assert not fence(np.ones(50)).evaluable
    assert not fence(np.arange(19.0)).evaluable
    assert fence(np.arange(20.0)).evaluable


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=30))
@settings(derandomize=True, deadline=None)
def test_each_group_has_its_own_fence(pairs):
    groups = np.array([g for g, _ in pairs])
    values = np.array([float(v) for _, v in pairs])
    place, made = by_group(values, groups)
    for row, group in enumerate(groups):
        assert made[place[row]] == fence(values[groups == group])
    assert by_group(values, None)[1] == [fence(values)]
