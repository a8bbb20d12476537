from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.d04_cobidding_group import CobiddingGroup
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.rotation import (
    Turns,
    against_others,
    clumping,
    clumping_p_values,
    joined,
    pooled_p_values,
    rotation_p_values,
    turns,
)

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]
RING = ["r1", "r2", "r3", "r4"]


class Market:
    """Lots with bidders, the first of whom wins."""

    def __init__(self) -> None:
        self.frames: Frames = {"tenders": [], "awards": [], "bids": []}

    def lot(
        self,
        day: int,
        bidders: list[str],
        category: str = "4521",
        *,
        asked: Sequence[float] = (),
        estimate: float | None = None,
    ) -> None:
        n = len(self.frames["tenders"])
        key = f"T{n:04d}"
        self.frames["tenders"].append(
            {"tender_id": key, "buyer_id": f"B{n % 5}", "category": category, "method": "open"}
            | ({"estimated_value": estimate, "currency": "CNY"} if estimate else {})
        )
        self.frames["awards"].append(
            {
                "award_id": f"A{n:04d}",
                "tender_id": key,
                "buyer_id": f"B{n % 5}",
                "company_id": bidders[0],
                "amount": 1000 + n,
                "currency": "CNY",
                "awarded_on": str(date(2022, 1, 1) + timedelta(days=day)),
            }
        )
        self.frames["bids"] += [
            {
                "bid_id": f"{key}-{c}",
                "tender_id": key,
                "company_id": c,
                "amount": round(asked[j], 2) if asked else 1000 + j,
                "currency": "CNY",
                "status": "valid",
            }
            for j, c in enumerate(bidders)
        ]

    def honest(self, rng: np.random.Generator, firms: list[str], lots: int, **more: Any) -> None:
        strength = dict(zip(firms, rng.gamma(3, 1, len(firms)), strict=True))
        for _ in range(lots):
            size = int(rng.integers(2, min(5, len(firms)) + 1))
            bidders = [str(c) for c in rng.choice(firms, size, replace=False)]
            weights = np.array([strength[c] for c in bidders])
            first = str(rng.choice(bidders, p=weights / weights.sum()))
            bidders = [first, *(c for c in bidders if c != first)]
            self.lot(int(rng.integers(700)), bidders, **more)


def background(seed: int = 0) -> Market:
    """Twelve local trades of five firms each, all honest, in one category."""
    rng = np.random.default_rng(seed)
    market = Market()
    for town in range(12):
        market.honest(rng, [f"t{town:02d}f{i}" for i in range(5)], 40)
    return market


def ring(market: Market, lots: int = 24, outsiders: int = 4) -> None:
    for k in range(lots):
        bidders = [RING[(k + j) % 4] for j in range(4 if k % 3 else 3)]
        if k % max(1, lots // outsiders) == 0:
            bidders = [f"t{k % 12:02d}f0", *bidders] if k % 2 else [*bidders, f"t{k % 12:02d}f0"]
        market.lot(28 * k, bidders)


def of(findings: Findings, *companies: str) -> list[Flag]:
    return [f for f in findings.flags if sum(m.id in companies for m in f.members) >= 3]


@pytest.fixture(scope="module")
def with_ring(snapshot: Snap) -> Findings:
    market = background()
    ring(market)
    return run(CobiddingGroup(), snapshot(**market.frames))


def test_a_ring_that_takes_turns_is_flagged(with_ring: Findings) -> None:
    (flag,) = of(with_ring, *RING)
    assert flag.subject_id == '["r1","r2","r3","r4"]'
    assert flag.p_value is not None
    assert flag.p_value < 1e-4
    assert flag.q_value is not None
    assert flag.q_value < 0.01
    assert flag.facts["longest"] > 1.5 * flag.facts["longest_expected"]  # type: ignore[operator]
    assert {e.table for e in flag.evidence} == {"awards", "bids"}
    won = sum(m.kind == "award" for m in flag.members)
    assert won >= 20
    assert flag.amounts[0][0] == "CNY"


def test_honest_towns_are_not(with_ring: Findings) -> None:
    """Innocent: five firms of one town that meet all the time and only each other."""
    assert with_ring.computable >= 13
    assert len(with_ring.flags) <= 2
    assert min(f.p_value or 1 for f in with_ring.flags) == of(with_ring, *RING)[0].p_value


def test_an_island_in_its_own_niche_is_not(snapshot: Snap) -> None:
    """Innocent: four firms alone in a niche; nobody else could have bid."""
    market = background()
    market.honest(np.random.default_rng(5), RING, 40, category="9900")
    assert of(run(CobiddingGroup(), snapshot(**market.frames)), *RING) == []


def test_a_ring_that_fills_its_own_market_is_still_seen_in_who_wins() -> None:
    took_part = np.ones((24, 4), dtype=bool)
    seen = turns(took_part, np.arange(24) % 4)
    (p_turns,), (p_even,), (p_both,) = rotation_p_values([seen])
    assert p_turns < 1e-6
    assert p_even < 0.2
    assert p_both < 1e-5


def test_too_few_lots_are_not_tested(snapshot: Snap) -> None:
    market = background()
    ring(market, lots=5, outsiders=1)
    findings = run(CobiddingGroup(), snapshot(**market.frames))
    assert of(findings, *RING) == []
    assert "too few lots" in findings.reason


def test_a_lot_that_everybody_bids_on_says_nothing(snapshot: Snap) -> None:
    market = Market()
    for k in range(12):
        market.lot(k, [RING[k % 4], *(c for c in RING if c != RING[k % 4])])
    assert of(run(CobiddingGroup(max_bidders=3), snapshot(**market.frames)), *RING) == []


def test_winning_in_turns_needs_turns_not_equal_wins() -> None:
    took_part = np.ones((24, 4), dtype=bool)
    blocks = turns(took_part, np.repeat(np.arange(4), 6))
    (p_turns,), _, _ = rotation_p_values([blocks])
    assert p_turns > 0.95
    assert blocks.wins.tolist() == [6, 6, 6, 6]


def test_a_favourite_is_not_taken_for_a_turn() -> None:
    """One strong firm that wins four of five, the rest by chance: waits mean nothing."""
    rng = np.random.default_rng(2)
    winner = rng.choice(4, 60, p=[0.79, 0.07, 0.07, 0.07])
    (p_turns,), (p_even,), _ = rotation_p_values([turns(np.ones((60, 4), dtype=bool), winner)])
    assert p_turns > 0.01
    assert p_even > 0.5


def test_p_values_are_uniform_on_honest_groups() -> None:
    rng = np.random.default_rng(4)
    seen: list[Turns] = []
    for _ in range(500):
        members = int(rng.integers(3, 8))
        strength = rng.gamma(3, 1, members)
        took_part = rng.random((25, members)) < 0.7
        took_part[:, :2] |= ~took_part.any(axis=1, keepdims=True)
        winner = [
            int(rng.choice(np.flatnonzero(row), p=strength[row] / strength[row].sum()))
            for row in took_part
        ]
        seen.append(turns(took_part, np.array(winner)))
    assert np.isnan(clumping_p_values(np.array([9.0]))).tolist() == [True]
    for p_values in rotation_p_values(seen):
        assert 0.02 <= np.mean(p_values < 0.05) <= 0.08
    assert all(len(p) == 0 for p in rotation_p_values([]))


def test_members_that_come_together_clump() -> None:
    rng = np.random.default_rng(6)
    size = rng.integers(2, 5, 400)
    alone = rng.random((400, 4)) < 0.3
    together = alone & (rng.random((400, 1)) < 0.5)
    assert abs(clumping(alone, size)) < 3
    assert clumping(together, size) > 6


def test_clumping_is_measured_against_other_groups() -> None:
    z = np.append(np.random.default_rng(7).normal(40, 6, 200), 80.0)
    p_values = clumping_p_values(z)
    assert p_values[-1] < 1e-4
    assert 0.01 < np.mean(p_values < 0.05) < 0.12


def test_tests_that_say_nothing_are_left_out_of_the_joint_one() -> None:
    none = np.nan
    first, second = np.array([0.03, 0.2, none, none]), np.array([none, 0.2, 0.7, none])
    found = joined(first, second)
    assert found[[0, 2]] == pytest.approx([0.03, 0.7])
    assert found[1] == pytest.approx(0.2 * 0.2 * (1 - np.log(0.04)))
    assert np.isnan(found[3])
    rng = np.random.default_rng(5)
    many = rng.random((3, 20_000))
    many[rng.random(many.shape) < 0.4] = none
    seen = joined(*many)
    seen = seen[np.isfinite(seen)]
    assert 0.045 < np.mean(seen < 0.05) < 0.055


@pytest.mark.parametrize("alike", [-0.6, 0.0, 0.9])
def test_pooled_views_are_calibrated_however_they_depend(alike: float) -> None:
    rng = np.random.default_rng(8)
    z = rng.multivariate_normal([3.0, -1.0], [[4.0, 2 * alike], [2 * alike, 1.0]], 4000)
    p_values = pooled_p_values(against_others(z))
    floor = 0.0 if alike < 0 else 0.04  # views that cancel out say less than they could
    assert floor <= np.mean(p_values < 0.05) <= 0.06


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("alike", [-0.3, 0.0, 0.6])
def test_pooled_views_are_calibrated_where_some_have_one_view_only(
    share: float, alike: float
) -> None:
    rng = np.random.default_rng(11)
    z = rng.multivariate_normal([0.0, 0.0], [[1.0, alike], [alike, 1.0]], 8000)
    alone = rng.random(8000) < share
    z[alone, 1] = np.nan
    p_values = pooled_p_values(against_others(z))
    for own in (alone, ~alone):
        assert np.mean(p_values[own] < 0.05) <= 0.065
        assert np.mean(p_values[own] < 0.001) <= 0.005
    assert np.mean(p_values[alone] < 0.05) >= 0.035


def test_views_count_alike_whatever_their_scale() -> None:
    z = np.random.default_rng(12).normal(size=(300, 2)) * (3.0, 2.0)
    usual = pooled_p_values(against_others(z))
    assert pooled_p_values(against_others(z * (10.0, 2.0))) == pytest.approx(usual, rel=0.15)
    # Views that vary less than chance alone would are not blown up.
    assert pooled_p_values(against_others(z / 20)).min() > 0.3


def test_a_view_that_says_nothing_leaves_the_other_one() -> None:
    rng = np.random.default_rng(9)
    z = rng.normal(size=(400, 2))
    z[:200, 1] = np.nan
    z[0] = 5.0, np.nan
    z[399] = np.nan, np.nan
    p_values = pooled_p_values(against_others(z))
    assert p_values[0] < 1e-4
    assert np.isnan(p_values[399])
    assert np.isfinite(p_values[:399]).all()
    few = pooled_p_values(against_others(z[:10]))
    assert np.isnan(few).all()
    assert pooled_p_values(against_others(np.zeros((0, 2)))).size == 0


def priced(dear: float, close: float) -> Market:
    """Forty honest towns, and a ring whose bids lie `close` together, the dearest at `dear`."""
    rng = np.random.default_rng(3)
    market = Market()
    for town in range(40):
        firms = [f"t{town:02d}f{i}" for i in range(5)]
        for _ in range(20):
            bidders = [str(c) for c in rng.choice(firms, 4, replace=False)]
            asked = np.sort(1e5 * rng.normal(0.95, 0.06, 4))
            market.lot(int(rng.integers(700)), bidders, asked=asked.tolist(), estimate=1e5)
    for k in range(20):
        bidders = rng.permutation(RING).tolist()
        asked = 1e5 * (dear - close * np.arange(3, -1, -1) + rng.normal(0, 1e-4, 4))
        market.lot(30 * k, bidders, asked=np.sort(asked).tolist(), estimate=1e5)
    return market


@pytest.mark.parametrize(
    ("dear", "close", "said"),
    [
        (1.12, 0.04, "the dearest bid on these lots asked for 112."),
        (0.97, 0.004, "lie closer together"),
    ],
)
def test_what_is_odd_about_the_prices_is_said(
    snapshot: Snap, dear: float, close: float, said: str
) -> None:
    (flag,) = of(run(CobiddingGroup(), snapshot(**priced(dear, close).frames)), *RING)
    assert flag.facts["p_price"] < 1e-3  # type: ignore[operator]
    usual = of(run(CobiddingGroup(), snapshot(**priced(1.02, 0.045).frames)), *RING)
    assert all(f.facts["p_price"] > 0.05 for f in usual)  # type: ignore[operator]

    assert said in flag.reason


def test_dear_lots_without_listed_estimates_are_not_called_close(snapshot: Snap) -> None:
    """Estimates are known only on lots on which two of them bid, and there they ask for more."""
    rng = np.random.default_rng(13)
    market = priced(1.02, 0.045)
    for table, rows in (("tenders", 800), ("awards", 800), ("bids", 3200)):
        del market.frames[table][rows:]  # the towns stay
    for k in range(20):
        asked = np.sort(1e5 * rng.normal(0.95, 0.08, 4)).tolist()
        market.lot(30 * k, rng.permutation(RING).tolist(), asked=asked)
        two = rng.permutation(RING)[:2].tolist()
        market.lot(30 * k + 9, two, asked=[1.24e5, 1.26e5], estimate=1e5)
    (flag,) = of(run(CobiddingGroup(), snapshot(**market.frames)), *RING)
    assert flag.facts["price_of_estimate"] is None
    assert "closer together" not in flag.reason
    assert "the dearest bids asked for more of the estimate" in flag.reason
