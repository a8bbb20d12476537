import numpy as np
import pytest

from graphgov.stats.bunching import densest_window, dispersed_tail, excess, usual_share


def test_the_catalogue_band() -> None:
    """19 of 24 below, q = .5."""
    tail = dispersed_tail(np.array([19]), np.array([24]), np.array([0.5]), np.array([0.0]))
    assert tail.p[0] == pytest.approx(0.00330538, rel=1e-5)


def test_the_catalogue_spread() -> None:
    """Beta 2, 6; 12 trials, 9 hits: mean .25, correlation 1 / 9."""
    tail = dispersed_tail(np.array([9]), np.array([12]), np.array([0.25]), np.array([1 / 9]))
    assert tail.p[0] == pytest.approx(0.0173851, rel=1e-4)


def test_units_that_vary_by_themselves_are_calibrated() -> None:
    rng = np.random.default_rng(2)
    chance = rng.beta(2, 6, 4000)
    n = rng.integers(1, 20, 4000)
    unit = np.repeat(np.arange(4000), n)
    hits = rng.random(len(unit)) < chance[unit]
    found = excess(hits, unit, np.full(len(unit), 0.25), 4000)
    drawn = found.tail.randomised(1)
    assert np.mean(drawn < 0.05) == pytest.approx(0.05, abs=0.012)
    assert found.trials.tolist() == n.tolist()


def test_a_unit_without_purchases_has_no_chance() -> None:
    found = excess(np.zeros(0, bool), np.zeros(0, np.int64), np.zeros(0), 2)
    assert found.tail.p.tolist() == [1.0, 1.0]


def test_a_habit_of_the_body_is_no_news_about_its_companies() -> None:
    body = np.repeat([0, 1, 2], 40)
    company = np.tile(np.repeat([0, 1], 20), 3)
    hits = body == 0  # body 0 always, whoever delivers
    group = np.zeros(120, np.int64)
    alone = usual_share(hits, body, group)
    paired = usual_share(hits, body, group, company)
    assert alone[0] < 0.2  # what other bodies do
    assert paired[0] > 0.6  # what it does with its other company
    assert paired[50] < 0.2


def test_the_densest_window() -> None:
    day = np.array([0, 10, 365, 366, 900])
    assert densest_window(day, np.array([1.0, 1, 1, 1, 2.5]), 365) == (0, 3)
    assert densest_window(day, np.array([1.0, 1, 1, 1, 9]), 365) == (4, 5)
