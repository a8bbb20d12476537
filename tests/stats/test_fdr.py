import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphgov.errors import InputError
from graphgov.stats.fdr import benjamini_hochberg, benjamini_yekutieli, cauchy_combination

quick = settings(derandomize=True, deadline=None, max_examples=60)
p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_catalogue_vector():
    assert cauchy_combination([0.01, 0.2, 0.6]) == pytest.approx(0.0289697, abs=1e-7)


@quick
@given(p_lists)
def test_equals_scipy(p):
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p), rel=1e-12)
    assert benjamini_yekutieli(p) == pytest.approx(
        stats.false_discovery_control(p, method="by"), rel=1e-12
    )


@quick
@given(p_lists, st.randoms(use_true_random=False))
def test_order_does_not_matter(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    assert (benjamini_hochberg(p)[order] == benjamini_hochberg(np.array(p)[order])).all()
    assert cauchy_combination(p) == cauchy_combination(np.array(p)[order])


def test_nan_is_no_test():
    q = benjamini_hochberg([0.01, np.nan, 0.04])
    assert np.isnan(q[1])
    assert q[[0, 2]] == pytest.approx([0.02, 0.04])
    assert len(benjamini_hochberg([])) == 0


def test_tests_left_out_still_count():
    assert benjamini_hochberg([0.01], tests=10) == pytest.approx([0.1])
    with pytest.raises(InputError):
        benjamini_hochberg([0.1, 0.2], tests=1)
    with pytest.raises(InputError):
        benjamini_hochberg([1.5])


@quick
@given(st.lists(st.floats(1e-12, 1 - 1e-9), min_size=1, max_size=8))
def test_cauchy_stays_a_probability(p):
    assert 0 <= cauchy_combination(p) <= 1


@pytest.mark.parametrize(
    ("p", "want"),
    [
        pytest.param([0.03], 0.03, id="one is itself"),
        pytest.param([1e-200, 0.5], 2e-200, id="the tiniest is not lost"),
        pytest.param([0.0, 0.9], 0.0, id="zero wins"),
        pytest.param([np.nan, 0.2], 0.2, id="unknown is left out"),
    ],
)
def test_cauchy_at_the_edges(p, want):
    assert cauchy_combination(p) == pytest.approx(want, rel=1e-9)


def test_a_p_of_one_does_not_cancel_the_rest():
    assert cauchy_combination([1e-9, 1.0]) < 1e-6
    assert np.isnan(cauchy_combination([]))
    assert cauchy_combination([0.01, 0.5], [1, 0]) == pytest.approx(0.01)
