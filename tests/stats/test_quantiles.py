import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphgov.stats.conformal import conformal_p, conformal_p_within
from graphgov.stats.quantiles import fences, percentiles, quantile8

quick = settings(derandomize=True, deadline=None, max_examples=60)
values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def test_catalogue_vector():
    assert quantile8([10, 3, 1, 4, 2], 0.25) == pytest.approx(1.6666667)
    assert quantile8([1, 2, 3, 4, 10], 0.75) == pytest.approx(6.0)


@quick
@given(values, st.floats(0, 1))
def test_equals_numpy_type_eight(x, q):
    want = np.quantile(x, q, method="median_unbiased")
    assert quantile8(x, q) == pytest.approx(want, rel=1e-9, abs=1e-6)


def test_nothing_has_no_quantile():
    assert np.isnan(quantile8([], 0.5))
    assert quantile8([np.nan, 3.0], 0.5) == 3.0


def test_fences_need_twenty_values_and_spread():
    assert fences(np.arange(20)).evaluable
    assert not fences(np.arange(19)).evaluable
    assert not fences(np.ones(50)).evaluable
    found = fences([1, 2, 3, 4, 10])
    assert (found.lower, found.upper) == pytest.approx((1.6666667 - 6.5, 12.5))


@quick
@given(values)
def test_percentiles_equal_scipy(x):
    want = [stats.percentileofscore(x, v, kind="mean") / 100 for v in x]
    assert percentiles(x) == pytest.approx(want)


def test_percentiles_stay_in_their_stratum():
    found = percentiles([1.0, 5.0, 3.0, 9.0, np.nan], [0, 0, 1, 1, 1])
    assert found[:4] == pytest.approx([0.25, 0.75, 0.25, 0.75])
    assert np.isnan(found[4])


def test_conformal_counts_equal_scores_against():
    assert conformal_p([3.0], [1, 2, 3, 4]) == pytest.approx([3 / 5])
    assert conformal_p([9.0], [1, 2, 3, 4]) == pytest.approx([1 / 5])
    assert conformal_p([9.0], []) == pytest.approx([1.0])
    assert np.isnan(conformal_p([np.nan], [1.0]))[0]


def test_a_large_stratum_is_its_own_yardstick():
    rng = np.random.default_rng(1)
    base = np.concatenate([rng.normal(0, 1, 150), rng.normal(100, 10, 150)])
    strata = np.repeat([0, 1], 150)
    p = conformal_p_within([5.0, 100.0], [0, 1], base, strata)
    assert p[0] == pytest.approx(1 / 151)
    assert 0.3 < p[1] < 0.7


def test_small_strata_are_pooled_on_one_scale():
    rng = np.random.default_rng(2)
    base = np.concatenate([rng.normal(100 * g, 1 + g, 20) for g in range(20)])
    strata = np.repeat(np.arange(20), 20)
    p = conformal_p_within([100.0 * 19, 100.0 * 19 + 200], [19, 19], base, strata)
    assert 0.2 < p[0] < 0.8
    assert p[1] == pytest.approx(1 / 401)
