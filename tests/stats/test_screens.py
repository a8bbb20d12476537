import numpy as np
import pytest
from scipy import stats

from graphgov.stats.screens import READINGS, even_gap_chance, ladders, screens

VECTOR = [100, 112, 113.5, 114, 116.2]


def of(*prices: float) -> dict[str, float]:
    found = screens(ladders(np.zeros(len(prices), int), prices))
    return {name: float(found[name][0]) for name in READINGS}


def test_the_vector_of_the_catalogue() -> None:
    found = of(*VECTOR)
    expected = {
        "cv": 0.0576469, "spread": 0.162, "gap": 0.12, "rd": 6.9023677, "rdnor": 2.9629630,
        "rdalt": 8.5714286, "skewness": -1.9261582, "kurtosis": 3.9846587, "ks": 17.3034443,
    }  # fmt: skip
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_yardstick_of_even_gaps() -> None:
    critical = 4 * (1 - 0.05 ** (1 / 3))
    assert critical == pytest.approx(2.5263874)
    assert even_gap_chance(critical, 5) == pytest.approx(0.05)
    gaps = np.random.default_rng(1).exponential(size=(200_000, 4))
    share = np.mean(gaps[:, 0] / gaps.mean(axis=1) >= critical)
    assert share == pytest.approx(0.05, abs=0.003)


def test_many_lots_at_once_are_each_like_one_alone() -> None:
    rng = np.random.default_rng(7)
    lot = rng.integers(0, 300, 2000)
    price = rng.lognormal(10, 0.2, 2000)
    found = screens(ladders(lot, price))
    for place, key in enumerate(np.unique(lot)):
        b = np.sort(price[lot == key])
        n = len(b)
        assert found.count[place] == n
        plain = {}
        if n >= 2:
            plain = {"spread": b[-1] / b[0] - 1, "gap": b[1] / b[0] - 1}
            plain["cv"] = b.std(ddof=1) / b.mean()
        if n >= 3:
            plain["rd"] = (b[1] - b[0]) / b[1:].std(ddof=1)
            plain["rdnor"] = (b[1] - b[0]) / np.diff(b).mean()
            plain["rdalt"] = (b[1] - b[0]) / np.diff(b[1:]).mean()
            plain["skewness"] = stats.skew(b, bias=False)
        if n >= 4:
            plain["kurtosis"] = stats.kurtosis(b, bias=False)
        for name, value in plain.items():
            assert found[name][place] == pytest.approx(value, rel=1e-9), (name, key)


@pytest.mark.parametrize(
    ("prices", "unknown"),
    [
        ((100.0,), set(READINGS)),
        ((100.0, 110.0), {"rd", "rdnor", "rdalt", "kurtosis", "skewness", "ks"}),
        ((100.0, 110.0, 130.0), {"kurtosis"}),
        ((100.0, 100.0, 100.0, 100.0), {"rd", "rdnor", "rdalt", "kurtosis", "skewness", "ks"}),
    ],
    ids=["alone", "two", "three", "all equal"],
)
def test_what_cannot_be_said_is_not_a_number(prices: tuple[float, ...], unknown: set[str]) -> None:
    assert {name for name, value in of(*prices).items() if np.isnan(value)} == unknown


def test_equal_losing_bids_stand_infinitely_apart_from_the_first() -> None:
    found = of(90.0, 100.1, 100.1, 100.1)
    assert found["rd"] == np.inf
    assert found["rdalt"] == np.inf
    assert found["rdnor"] == pytest.approx(3.0)


def test_neither_order_nor_currency_matters() -> None:
    rng = np.random.default_rng(3)
    lot, price = rng.integers(0, 50, 400), rng.lognormal(8, 0.3, 400)
    one = screens(ladders(lot, price))
    order = rng.permutation(400)
    two, three = screens(ladders(lot[order], price[order])), screens(ladders(lot, price * 7.3))
    for name in READINGS:
        np.testing.assert_array_equal(one[name], two[name])
        np.testing.assert_allclose(one[name], three[name], rtol=1e-7)


def test_what_is_no_price_is_left_out() -> None:
    bids = ladders([1, 1, 1, 1, 1, 2], [5.0, np.nan, 0.0, -3.0, np.inf, np.nan])
    assert bids.lot.tolist() == [1]
    assert bids.count.tolist() == [1]
    assert bids.row.tolist() == [0]
    assert len(screens(ladders([], [])).cv) == 0


def test_rungs_and_data_errors() -> None:
    bids = ladders([3, 3, 3, 9, 9], [30.0, 10.0, 20.0, 1.0, 10.1])
    np.testing.assert_array_equal(bids.rung(0), [10, 1])
    np.testing.assert_array_equal(bids.rung(2), [30, np.nan])
    np.testing.assert_array_equal(bids.rung(-1), [30, 10.1])
    assert bids.plausible().tolist() == [True, False]
    kept = bids.take(bids.plausible())
    assert kept.lot.tolist() == [3]
    assert kept.of(0).tolist() == [10, 20, 30]
    assert kept.row.tolist() == [1, 2, 0]
