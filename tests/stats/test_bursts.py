import numpy as np
import pytest

from graphgov.stats.bursts import heaviest, overdispersion, weight_p_values


def slow(times: np.ndarray, rate: float) -> tuple[float, int, int]:
    n = len(times)
    saved = [np.log(rate) - n * (rate - 1) * g for g in np.diff(times)]
    best = (0.0, 0, 0)
    for i in range(n):
        for j in range(i + 1, n):
            best = max(best, (sum(saved[i:j]), i, j), key=lambda b: b[0])
    return best


@pytest.mark.parametrize("seed", range(8))
def test_the_heaviest_run_against_all_runs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [2, 3, 7, 7, 12]
    parts = [np.sort(rng.random(n)) for n in sizes]
    starts = np.append(0, np.cumsum(sizes))
    found = heaviest(np.concatenate(parts), starts, 3.0)
    for k, part in enumerate(parts):
        weight, first, last = slow(part, 3.0)
        assert found.weight[k] == pytest.approx(weight)
        if weight > 0:
            assert (found.first[k] - starts[k], found.last[k] - starts[k]) == (first, last)


@pytest.mark.parametrize("n", [3, 9, 40, 75])
def test_uniform_times_have_uniform_chances(n: int) -> None:
    rng = np.random.default_rng(n)
    times = np.sort(rng.random((3000, n)), axis=1).ravel()
    found = heaviest(times, np.arange(3001) * n, 4.0)
    p = weight_p_values(found.weight, np.full(3000, n), 4.0)
    assert 0.035 < np.mean(p < 0.05) < 0.066
    assert 0.46 < np.mean(p < 0.5) < 0.54


def test_units_without_a_burst_share_out_their_chance() -> None:
    rng = np.random.default_rng(1)
    times = np.sort(rng.random((4000, 4)), axis=1).ravel()
    found = heaviest(times, np.arange(4001) * 4, 4.0)
    assert 0.1 < np.mean(found.weight == 0) < 0.9
    p = weight_p_values(found.weight, np.full(4000, 4), 4.0, rng.random(4000))
    shares, _ = np.histogram(p, np.linspace(0, 1, 6))
    assert np.abs(shares / 4000 - 0.2).max() < 0.03


def test_a_burst_is_rare_and_heavier_ones_rarer() -> None:
    tight = np.concatenate([np.linspace(0.5, 0.5 + w, 8) for w in (0.05, 0.02)])
    tight = (
        np.sort(np.concatenate([tight[:8], [0.1, 0.9]])),
        np.sort(np.concatenate([tight[8:], [0.1, 0.9]])),
    )
    found = heaviest(np.concatenate(tight), np.array([0, 10, 20]), 4.0)
    p = weight_p_values(found.weight, np.array([10, 10]), 4.0)
    assert p[1] < p[0] < 1e-3


def test_one_event_is_no_burst() -> None:
    found = heaviest(np.array([0.3]), np.array([0, 1]), 4.0)
    assert found.weight.tolist() == [0.0]
    assert weight_p_values(found.weight, np.array([1]), 4.0).tolist() == [1.0]


def test_what_clusters_everywhere_widens_the_yardstick() -> None:
    rng = np.random.default_rng(3)
    p = rng.random(2000)
    assert overdispersion(p) == pytest.approx(1.0, abs=0.1)
    assert overdispersion(p**3) == pytest.approx(3.0, abs=0.3)
    assert overdispersion(np.zeros(0)) == 1.0
