"""Favour against steadiness and habits of a pair's own."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.snapshot import Snapshot
from graphgov.stats.market import market
from graphgov.stats.spells import RAISED, STEADY, _exactly, _Mixture, of_groups

FIRST, DAYS = date(2012, 1, 1), 3650
EPOCH = (FIRST - date(1970, 1, 1)).days
SPAN = (EPOCH + 1200, EPOCH + 2300)


def rows(firms: dict[str, list[int]], seed: int = 3) -> list[dict[str, Any]]:
    """Awards drawn among twenty equals at eight bodies, and those of firms on days at one."""
    rng = np.random.default_rng(seed)
    found = [
        (f"B{rng.integers(8)}", f"C{rng.integers(20):02d}", int(rng.integers(DAYS)))
        for _ in range(1200)
    ]
    found += [("B0", firm, day) for firm, days in firms.items() for day in days]
    found += [(f"B{1 + i % 7}", firm, 500 * i) for firm in firms for i in range(7)]
    return [
        {"award_id": f"A{n:05d}", "buyer_id": body, "company_id": firm, "category": "45",
         "awarded_on": str(FIRST + timedelta(days=day)), "amount": 1}
        for n, (body, firm, day) in enumerate(found)
    ]  # fmt: skip


FIRMS = {
    "favoured": list(range(1300, 2300, 60)),
    "always": list(range(20, 3600, 100)),
    "earlier": [*range(100, 1100, 60), 1500, 2000],
    "two lucky ones": [1500, 1900],
    "straddles": list(range(700, 1700, 60)),
}


def odds(snap: Snapshot, firms: list[str], spans: list[tuple[int, int]] | None = None) -> Any:
    yard = market(snap)
    company = np.array([list(snap.ids("company")).index(f) for f in firms], dtype=np.int32)
    body = np.zeros(len(firms), dtype=np.int32)
    given = np.array(spans or [SPAN] * len(firms), dtype=np.int32)
    group = np.arange(len(firms), dtype=np.int64)
    return yard.odds(body, company, given[:, 0], given[:, 1], group, len(firms))[0]


@pytest.fixture
def found(snapshot: Callable[..., Snapshot]) -> dict[str, float]:
    snap = snapshot(awards=rows(FIRMS))
    return dict(zip(FIRMS, odds(snap, list(FIRMS)).tolist(), strict=True))


def test_who_wins_in_the_term_alone_stands_out(found: dict[str, float]) -> None:
    assert found["favoured"] > 2.0
    assert found["favoured"] == max(found.values())


@pytest.mark.parametrize("name", ["always", "earlier"])
def test_a_captive_or_an_earlier_habit_speaks_against_it(
    name: str, found: dict[str, float]
) -> None:
    assert found[name] < 0


def test_few_or_ill_fitting_wins_say_little(found: dict[str, float]) -> None:
    assert found["two lucky ones"] < 1.0
    assert found["straddles"] < found["favoured"] - 1.5


def test_the_order_of_awards_is_nothing(
    found: dict[str, float], snapshot: Callable[..., Snapshot]
) -> None:
    again = odds(snapshot(awards=rows(FIRMS)[::-1]), list(FIRMS)).tolist()
    assert again == pytest.approx(list(found.values()), abs=1e-9)


def test_spans_of_a_pair_are_one_window(snapshot: Callable[..., Snapshot]) -> None:
    yard_of = snapshot(awards=rows(FIRMS))
    whole = odds(yard_of, ["favoured"])[0]
    yard = market(yard_of)
    firm = np.full(2, list(yard_of.ids("company")).index("favoured"), np.int32)
    cut = yard.odds(
        np.zeros(2, np.int32), firm, np.array([SPAN[0], SPAN[0] + 571], np.int32),
        np.array([SPAN[0] + 570, SPAN[1]], np.int32), np.zeros(2, np.int64), 1,
    )  # fmt: skip
    assert cut[0][0] == pytest.approx(whole, abs=1e-9)


def test_one_win_says_nothing(snapshot: Callable[..., Snapshot]) -> None:
    assert odds(snapshot(awards=rows({"once": [1500]})), ["once"]).tolist() == [0.0]


@pytest.mark.parametrize("rates", [STEADY, RAISED])
def test_the_table_agrees_with_the_sum(rates: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    count, mean = rng.integers(0, 90, 4000), rng.gamma(0.4, 8.0, 4000)
    mean[:3] = 0.0, 5e4, 1e-9
    weights = rng.dirichlet(np.ones(rates.size))
    table = _Mixture(rates, weights)(count, mean)
    exact = _exactly(count.astype(float), mean, rates, weights)
    assert np.abs(table - exact).max() < 0.02


def test_without_awards_nothing_is_said(snapshot: Callable[..., Snapshot]) -> None:
    none = np.zeros(0, np.int32)
    snap = snapshot(awards=rows({})[:1])
    for said in market(snap).odds(none, none, none, none, none.astype(np.int64), 3):
        assert said.tolist() == [0, 0, 0]


def test_the_strongest_pair_counts_whole_others_at_half() -> None:
    joined = of_groups(np.array([0, 0, 2]), np.array([2.0, 0.0, -1.0]), 3)
    assert joined.tolist() == [2.0, 0.0, -1.0]
    more = of_groups(np.array([0, 0]), np.array([2.0, 5.0]), 1)[0]
    assert more == pytest.approx(5.0 - np.log(2) + np.log((1 + np.exp(2.0)) / 2))


def test_a_thousand_fold_excess_is_finite(snapshot: Callable[..., Snapshot]) -> None:
    flood = {"flood": list(range(1205, 2290, 15))}
    found = odds(snapshot(awards=rows(flood)), ["flood"])
    assert np.isfinite(found).all()
    assert found[0] > 4
    assert STEADY[-1] >= 100
