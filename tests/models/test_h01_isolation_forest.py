from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.models.h01_isolation_forest import IsolationForest
from graphgov.models.pair_features import FEATURES, features, pairs_of
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]


def add(frames: Frames, body: str, firms: list[str], day: int, **more: Any) -> None:
    n = len(frames["awards"])
    opened = date(2022, 1, 1) + timedelta(days=day)
    due = opened + timedelta(days=more.get("notice", 30))
    frames["tenders"].append(
        {
            "tender_id": f"T{n:04d}",
            "buyer_id": body,
            "method": more.get("method", "open"),
            "category": more.get("category", "4521"),
            "estimated_value": 1000,
            "currency": "CNY",
            "bidders": len(firms),
            "published_at": f"{opened}T00:00:00Z",
            "bids_due_at": f"{due}T00:00:00Z",
        }
    )
    frames["awards"].append(
        {
            "award_id": f"A{n:04d}",
            "buyer_id": body,
            "company_id": firms[0],
            "awarded_on": str(due),
            "amount": more.get("amount", 950),
            "currency": "CNY",
            "tender_id": f"T{n:04d}",
        }
    )
    frames["bids"] += [
        {"bid_id": f"D{n:04d}-{c}", "tender_id": f"T{n:04d}", "company_id": c, "status": "valid"}
        for c in firms
    ]


def market(seed: int = 1) -> Frames:
    rng = np.random.default_rng(seed)
    frames: Frames = {"tenders": [], "awards": [], "bids": []}
    for _ in range(900):
        firms = [f"C{i:02d}" for i in rng.choice(20, int(rng.integers(1, 5)), replace=False)]
        add(
            frames,
            f"B{rng.integers(8)}",
            firms,
            int(rng.integers(600)),
            notice=int(rng.integers(15, 45)),
            amount=round(float(rng.uniform(800, 1050)), 2),
        )
    return frames


def strange(frames: Frames) -> None:
    """A firm that sells to one office alone, unrivalled, in haste, above the estimate."""
    for k in range(9):
        add(frames, "B3", ["odd"], 400 + 20 * k, notice=2, amount=1400, method="open")


@pytest.fixture(scope="module")
def found() -> Findings:
    from graphgov.ingest import read_frames
    from graphgov.snapshot import take

    frames = market()
    strange(frames)
    return run(IsolationForest(top_share=0.02), take(read_frames(frames)))


def test_the_strange_pair_comes_first(found: Findings) -> None:
    best = max(found.flags, key=lambda f: f.score)
    assert best.subject_id == '["B3","odd"]'
    assert best.p_value is not None
    assert best.p_value < 0.03
    assert len(best.evidence) == 9
    assert best.first_on is not None


def test_it_says_what_is_strange_and_against_whom(found: Findings) -> None:
    best = max(found.flags, key=lambda f: f.score)
    why = " ".join(best.facts["why_en"])  # type: ignore[arg-type]
    assert any(words in why for words in ("one bid", "this body", "deadline", "expected"))
    assert "peers" in why
    told = best.facts["features"]
    assert isinstance(told, dict)
    assert set(told) == {f.column for f in FEATURES}
    assert told["single"]["value"] == 1.0
    assert told["single"]["median"] < 0.5
    assert told["haste"]["value"] == 2.0
    assert best.facts["peer_company"] not in ("odd", "?")
    assert "unlike" in best.reason


def test_most_pairs_are_no_flag(found: Findings) -> None:
    assert 0 < len(found.flags) <= np.ceil(0.02 * found.computable)
    assert found.p_values is not None
    assert len(found.p_values) == found.computable


def test_p_values_are_ranks_among_held_out_pairs(found: Findings) -> None:
    """Half of all pairs lie above one half: nobody is compared with a forest grown on it."""
    assert found.p_values is not None
    assert 0.4 < np.mean(found.p_values <= 0.5) < 0.6
    assert np.mean(found.p_values <= 0.05) <= 0.08


def test_honest_captivity_is_ranked_below(snapshot: Snap) -> None:
    """Innocent: a firm that sells to one office alone, but after real competition."""
    frames = market()
    strange(frames)
    rng = np.random.default_rng(9)
    for k in range(9):
        rivals = [f"C{i:02d}" for i in rng.choice(20, 3, replace=False)]
        add(frames, "B5", ["captive", *rivals], 60 * k, amount=900)
    flags = run(IsolationForest(top_share=0.5), snapshot(**frames)).flags
    score = {f.company_id: f.score for f in flags if f.company_id in ("odd", "captive")}
    assert score["odd"] > score.get("captive", 0.0)


@pytest.mark.parametrize(("awards", "tested"), [(2, False), (3, True)])
def test_a_pair_needs_three_awards(awards: int, tested: bool, snapshot: Snap) -> None:
    frames = market()
    for k in range(awards):
        add(frames, "B1", ["new"], 100 * k)
    pairs = pairs_of(snapshot(**frames), 3)
    assert ("new" in pairs["company_id"].to_pylist()) is tested


def test_features_by_hand(snapshot: Snap) -> None:
    frames: Frames = {"tenders": [], "awards": [], "bids": []}
    for k in range(4):
        add(frames, "B1", ["a"] if k < 1 else ["a", "b"], 10 * k, notice=10)
    add(frames, "B1", ["b", "a"], 300)
    add(frames, "B2", ["a", "b"], 350, method="direct")
    add(frames, "B2", ["b", "a"], 360)
    add(frames, "B2", ["b", "a"], 370)
    table = pairs_of(snapshot(**frames), 3)
    (row,) = table.to_pylist()
    assert (row["buyer_id"], row["company_id"], row["n"]) == ("B1", "a", 4)
    # Elsewhere "a" wins one of three, B1 buys five times: 5/3 expected.
    assert row["excess"] == pytest.approx((4 + 1) / (5 / 3 + 1))
    assert row["dependence"] == pytest.approx(4 / 5)
    assert row["single"] == pytest.approx(1 / 4)
    assert row["direct"] == 0
    # Contests with a rival: three of four won here, one of three elsewhere.
    assert row["advantage"] == pytest.approx(4 / 7 - 2 / 6)
    assert row["haste"] == 10
    assert row["price"] == pytest.approx(0.95)


def test_missing_columns_leave_the_rest(snapshot: Snap) -> None:
    frames = market()
    keep = ("award_id", "buyer_id", "company_id", "awarded_on", "amount")
    bare = [{k: row[k] for k in keep} for row in frames["awards"]]
    findings = run(IsolationForest(), snapshot(awards=bare))
    assert findings.computable > 0
    table, raw, _, x, _ = features(pairs_of(snapshot(awards=bare), 3))
    missing = [i for i, f in enumerate(FEATURES) if f.column in ("single", "haste", "price")]
    assert np.isnan(raw[:, missing]).all()
    assert (x[:, missing] == 0).all()
    assert table.num_rows == len(x)
