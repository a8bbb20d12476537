"""The peeling against brute force, and the catalogue's figures."""

from itertools import chain, combinations

import numpy as np
import pytest

from graphgov.network.dense import (
    arithmetic,
    average,
    densest,
    geometric,
    suspiciousness,
    unevenness,
)


def test_the_catalogue_vector() -> None:
    """M_B=60, sizes 3x4x2, M_R=500, V_R=50*40*12."""
    mass, sizes, one = np.array([60.0]), np.array([[3.0], [4.0], [2.0]]), np.array([0])
    assert suspiciousness(60, 24, 500, 24_000) == pytest.approx(227.7495, abs=1e-4)
    assert arithmetic(mass, sizes, one)[0] == pytest.approx(20.0)
    assert geometric(mass, sizes, one)[0] == pytest.approx(20.80084, abs=1e-5)


def test_an_even_spread_is_not_suspicious() -> None:
    assert suspiciousness(0, 24, 500, 24_000) == 0
    assert suspiciousness(500, 24_000, 500, 24_000) == 0
    assert suspiciousness(0.4, 24, 500, 24_000) == 0  # less than its share


def random_graph(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    cells = np.argwhere(rng.random((5, 6)) < 0.4)
    return cells[:, 0], cells[:, 1], rng.integers(1, 9, len(cells)).astype(float)


def dense_codes(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def subsets(n: int) -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(range(n), k) for k in range(1, n + 1)))


@pytest.mark.parametrize("seed", range(12))
def test_at_least_half_of_the_densest_there_is(seed: int) -> None:
    rows, columns, weight = random_graph(seed)
    rows, columns = dense_codes(rows), dense_codes(columns)
    n, m = rows.max() + 1, columns.max() + 1
    best = max(
        weight[np.isin(rows, a) & np.isin(columns, b)].sum() / (len(a) + len(b))
        for a in subsets(n)
        for b in subsets(m)
    )
    block = densest(
        [rows, columns], [np.zeros(n, np.int64), np.zeros(m, np.int64)], weight, 1, average
    )
    assert best / 2 - 1e-9 <= block.density[0] <= best + 1e-9
    kept = block.inside[0][rows] & block.inside[1][columns]
    size = block.inside[0].sum() + block.inside[1].sum()
    assert weight[kept].sum() / size == pytest.approx(block.density[0])


def planted(seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """A block of 4 x 3 x 2 in a thin tensor of 40 x 30 x 12."""
    rng = np.random.default_rng(seed)
    noise = np.stack([rng.integers(k, size=300) for k in (40, 30, 12)])
    block = np.stack([rng.integers(k, size=120) for k in (4, 3, 2)])
    modes = [dense_codes(m) for m in np.concatenate([noise, block], axis=1)]
    return modes, np.ones(420)


def test_a_planted_block_is_found_in_three_modes() -> None:
    modes, weight = planted(1)
    sizes = [int(m.max()) + 1 for m in modes]
    whole = unevenness(np.array([420.0]), np.array([float(np.prod(sizes))]))
    found = densest(modes, [np.zeros(s, np.int64) for s in sizes], weight, 1, whole)
    assert [np.flatnonzero(i).tolist() for i in found.inside] == [[0, 1, 2, 3], [0, 1, 2], [0, 1]]


def test_many_tensors_at_once_are_as_each_alone() -> None:
    alone, modes, owners, weights = [], [[], []], [[], []], []
    shift = [0, 0]
    for seed in range(6):
        rows, columns, weight = random_graph(seed)
        pair = [dense_codes(rows), dense_codes(columns)]
        sizes = [int(p.max()) + 1 for p in pair]
        one = densest(pair, [np.zeros(s, np.int64) for s in sizes], weight, 1, average)
        alone.append(one.density[0])
        for k in range(2):
            modes[k].append(pair[k] + shift[k])
            owners[k].append(np.full(sizes[k], seed))
            shift[k] += sizes[k]
        weights.append(weight)
    together = densest(
        [np.concatenate(m) for m in modes],
        [np.concatenate(o) for o in owners],
        np.concatenate(weights),
        7,  # the last one has no entries
        average,
    )
    np.testing.assert_allclose(together.density[:6], alone)
    assert together.density[6] == 0


def test_a_tensor_without_entries() -> None:
    none = np.zeros(0, np.int64)
    found = densest([none, none], [none, none], np.zeros(0), 1, average)
    assert found.density.tolist() == [0.0]
