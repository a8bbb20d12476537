"""Ranks found digit by digit are those of the sorted values."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.stats.bids import fences, ranked

VALUES = st.one_of(
    st.floats(), st.sampled_from([0.0, -0.0, 1.0, 1.0, math.inf, -math.inf, math.nan, 5e-324])
)


@given(st.lists(st.lists(VALUES, max_size=6), max_size=5), st.sampled_from([0, 2, 100]))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_every_rank(parts, most):
    parts = [np.array(part, np.float64) for part in parts]
    right = np.sort(np.concatenate([np.empty(0), *parts]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranked, "MOST_SORTED", most)
        found = ranked.Ranked(lambda: iter(parts))
        assert len(found) == len(right)
        np.testing.assert_array_equal([found[rank] for rank in range(len(right))], right)
        if len(right):
            np.testing.assert_array_equal(found[-1], right[-1])
        for rank in (len(right), -len(right) - 1):
            with pytest.raises(IndexError):
                found[rank]
        one, other = fences.drawn(found), fences.drawn(right)
        np.testing.assert_array_equal(astuple(one), astuple(other))
