import numpy as np
import pytest
from scipy.stats import poisson

from graphgov.network.bicm import bicm, common_tails

LINKS = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]])


def test_the_example_of_the_catalogue() -> None:
    model = bicm(LINKS.sum(axis=1), LINKS.sum(axis=0))
    chances = model.chance([0, 0, 1, 1], [0, 4, 0, 4])
    assert chances.round(4).tolist() == [0.6552, 0.3791, 0.4483, 0.2070]
    mean = model.shared([0], [1])
    assert mean[0] == pytest.approx(1.25330, abs=5e-6)
    assert poisson.sf(1, mean[0]) == pytest.approx(0.356547, abs=5e-7)
    one = np.array([0])
    assert model.exact(one, np.array([1]), np.array([2])).p[0] == pytest.approx(0.369701, abs=5e-7)


def test_degrees_come_out_as_they_went_in() -> None:
    rng = np.random.default_rng(3)
    for links in (rng.random((30, 50)) < rng.random((30, 1)), rng.random((9, 4)) < 0.6):
        rows, columns = links.sum(axis=1), links.sum(axis=0)
        model = bicm(rows, columns)
        place = np.indices(links.shape).reshape(2, -1)
        chances = model.chance(*place).reshape(links.shape)
        assert np.allclose(chances.sum(axis=1), rows, atol=1e-4)
        assert np.allclose(chances.sum(axis=0), columns, atol=1e-4)
        assert chances.min() >= 0
        assert chances.max() <= 1


def test_full_and_empty_nodes_are_sure() -> None:
    links = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [0, 0, 0]])
    model = bicm(links.sum(axis=1), links.sum(axis=0))
    place = np.indices(links.shape).reshape(2, -1)
    chances = model.chance(*place).reshape(links.shape)
    assert chances[0].tolist() == [1, 1, 1]
    assert chances[3].tolist() == [0, 0, 0]
    assert np.allclose(chances.sum(axis=1), links.sum(axis=1), atol=1e-6)


def test_strata_are_fitted_apart() -> None:
    other = np.array([[1, 0], [1, 1], [0, 1]])
    both = bicm(
        [*LINKS.sum(axis=1), *other.sum(axis=1)],
        [*LINKS.sum(axis=0), *other.sum(axis=0)],
        [0] * 4 + [1] * 3,
        [0] * 5 + [1] * 2,
    )
    alone = bicm(LINKS.sum(axis=1), LINKS.sum(axis=0))
    assert both.chance([0, 1], [0, 4]) == pytest.approx(alone.chance([0, 1], [0, 4]))
    assert both.shared([0], [1]) == pytest.approx(alone.shared([0], [1]))


def test_nothing_at_all() -> None:
    model = bicm([], [])
    assert model.chance([], []).tolist() == []


def test_common_tails_follow_chance() -> None:
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(60):
        weight = rng.gamma(3, 1, 60)
        links = np.zeros((20, 60), dtype=int)
        for row in links:
            chosen = rng.choice(
                60, int(rng.integers(4, 14)), replace=False, p=weight / weight.sum()
            )
            row[chosen] = 1
        model = bicm(links.sum(axis=1), links.sum(axis=0))
        one, other = np.triu_indices(20, 1)
        tail, _ = common_tails(model, one, other, (links @ links.T)[one, other])
        drawn.append(tail.randomised(len(drawn)))
    assert 0.035 < np.mean(np.concatenate(drawn) < 0.05) < 0.065
