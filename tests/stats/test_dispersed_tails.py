import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from graphgov.stats.dispersed import dispersed_tails

UNITS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.floats(0.001, 0.999), st.floats(0, 0.5)),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(UNITS)
def test_tails_are_sums_of_masses(units: list[tuple[int, int, float, float]]) -> None:
    k, n, mean, rho = (np.array(column) for column in zip(*units, strict=True))
    k = np.minimum(k, n)
    at_least, above = dispersed_tails(k, n, mean, rho)
    for i, (hits, trials, share, alike) in enumerate(zip(k, n, mean, rho, strict=True)):
        size = (1 - alike) / max(alike, 1e-6)
        masses = betabinom.pmf(np.arange(trials + 1), trials, share * size, (1 - share) * size)
        # A correlation next to nothing is taken for none.
        assert above[i] == pytest.approx(
            masses[hits + 1 :].sum(), abs=1e-4 if alike < 1e-5 else 1e-9
        )
        assert at_least[i] == pytest.approx(masses[hits:].sum(), abs=1e-4 if alike < 1e-5 else 1e-9)


def test_far_tails_are_not_lost() -> None:
    at_least, above = dispersed_tails(
        np.array([60, 60]), np.array([60, 60]), np.array([0.01, 0.01]), np.array([0.01, 0.0])
    )
    assert 0 < at_least[1] < at_least[0] < 1e-30
    assert above.tolist() == [0.0, 0.0]


def test_without_trials_nothing_is_said() -> None:
    none = np.zeros(2, np.int64)
    at_least, above = dispersed_tails(none, none, np.array([0.2, 0.2]), np.array([0.3, 0.0]))
    assert at_least.tolist() == [1.0, 1.0]
    assert above.tolist() == [0.0, 0.0]
