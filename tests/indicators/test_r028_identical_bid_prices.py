from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.r028_identical_bid_prices import IdenticalBidPrices
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.granularity import trailing_zeros

Snap = Callable[..., Snapshot]
Lot = Callable[..., None]
Frames = dict[str, list[dict[str, Any]]]


def trade(lot: Lot, step: float, category: str = "4521", n: int = 60) -> Frames:
    """Lots of three bids around 50 000, rounded to a step."""
    rng, frames = np.random.default_rng(3), {}
    for i in range(n):
        drawn = {f"f{i % 11}", f"g{i % 7}", f"h{i % 5}"}
        prices = {f: float(round(50_000 * rng.lognormal(0, 0.1) / step) * step) for f in drawn}
        lot(frames, f"P{i:02d}", prices, buyer=f"Q{i % 5}", category=category)
    return frames


def found(findings: Findings) -> dict[str, Any]:
    return {f.subject_id: f for f in findings.flags}


SAME = {"acme": 48_316.5, "zed": 48_316.5, "far": 51_002.17}


def test_one_price_to_the_cent(snapshot: Snap, lot: Lot) -> None:
    frames = trade(lot, 0.01)
    lot(frames, "T1", SAME)
    findings = run(IdenticalBidPrices(), snapshot(**frames))
    (flag,) = findings.flags
    assert (flag.subject_id, flag.value, flag.company_id) == ("T1", 2, "acme")
    assert flag.p_value < 1e-3
    assert flag.q_value < 0.05
    assert {e.id for e in flag.evidence if e.table == "bids"} == {"D-T1--acme", "D-T1--zed"}
    for part in ("acme, zed", "CNY 48,316", "2023-05-01"):
        assert part in flag.reason


def test_round_prices_meet_by_chance(snapshot: Snap, lot: Lot) -> None:
    """Innocent: in a trade that rounds to whole thousands, strangers meet."""
    fine, coarse = trade(lot, 0.01), trade(lot, 1000.0)
    lot(fine, "T1", SAME)
    lot(coarse, "T1", {"acme": 48_000, "zed": 48_000})
    one = found(run(IdenticalBidPrices(), snapshot(**fine)))["T1"]
    other = found(run(IdenticalBidPrices(), snapshot(**coarse)))["T1"]
    assert other.p_value > 0.02 > 100 * one.p_value
    assert other.score < 0.6 * one.score


def test_the_chance_is_about_right(snapshot: Snap, lot: Lot) -> None:
    """Of lots drawn at random as many have a match as their p-values add up to."""
    findings = run(IdenticalBidPrices(), snapshot(**trade(lot, 1000.0, n=400)))
    share = len(findings.flags) / findings.computable
    p = np.median([flag.p_value for flag in findings.flags])
    assert share == pytest.approx(p, rel=0.4)


CASES: dict[str, tuple[dict[str, float], dict[str, Any], bool]] = {
    "equal": (SAME, {}, True),
    "a cent apart": ({"acme": 48_316.5, "zed": 48_316.51}, {}, False),
    "two currencies": ({"acme": 10, "zed": 10}, {"currency": {"zed": "USD"}}, False),
    "no award": (SAME, {"winner": ""}, True),
    "a disqualified bid was submitted": (SAME, {"out": ["zed"]}, True),
    "quality decides": (SAME, {"criteria": "quality"}, False),
    "a placeholder": ({"acme": 0, "zed": 0, "far": 9}, {}, False),
}


@pytest.mark.parametrize(("prices", "more", "expected"), CASES.values(), ids=CASES)
def test_what_counts(
    prices: dict[str, float], more: dict[str, Any], expected: bool, snapshot: Snap, lot: Lot
) -> None:
    frames: Frames = {"awards": []}
    lot(frames, "T0", {"x": 7.77, "y": 8.88})
    lot(frames, "T1", prices, **more)
    assert ("T1" in found(run(IdenticalBidPrices(), snapshot(**frames)))) is expected


def test_lots_and_joint_bids_are_kept_apart(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    lot(frames, "T1", {"acme": 10, "far": 11}, lot="1")
    lot(frames, "T1", {"zed": 10, "far": 12}, lot="2")
    lot(frames, "T2", {"acme": 10, "far": 11})
    frames["bids"].append(frames["bids"][-2] | {"company_id": "pal"})
    assert not run(IdenticalBidPrices(), snapshot(**frames)).flags
    lot(frames, "T3", {"acme": 10})
    frames["bids"].append(frames["bids"][-1] | {"company_id": "pal", "bid_id": "alone"})
    assert set(found(run(IdenticalBidPrices(), snapshot(**frames)))) == {"T3"}


def test_what_has_no_prices_is_not_clean(snapshot: Snap, lot: Lot) -> None:
    frames: Frames = {}
    lot(frames, "T1", SAME)
    lot(frames, "T2", {"acme": 10})
    frames["tenders"].append(frames["tenders"][0] | {"tender_id": "T3"})
    findings = run(IdenticalBidPrices(), snapshot(**frames))
    assert (findings.subjects, findings.computable, findings.missing) == (3, 1, "bids.bid_id")
    assert findings.reason == (
        "not computable, because no bids are published (1 processes); "
        "fewer than two bids have a price and a tenderer (1 processes)"
    )


def test_trailing_zeros() -> None:
    cents = np.array([1, 10, 4831650, 100, 10**15, 120000])
    assert trailing_zeros(cents).tolist() == [0, 1, 1, 2, 12, 4]
