"""Companies in closed corners of the graph."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.models.company_features import FEATURES, companies_of
from graphgov.models.h05_graph_anomaly import GraphAnomaly
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]
NAMES = [f.column for f in FEATURES]


def add(frames: Frames, body: str, firms: list[str], day: int, category: str = "4521") -> None:
    """One contest; the first firm wins."""
    n = len(frames["awards"])
    on = date(2020, 1, 1) + timedelta(days=day)
    frames["tenders"].append(
        {"tender_id": f"T{n:05d}", "buyer_id": body, "category": category, "method": "open"}
    )
    frames["awards"].append(
        {"award_id": f"A{n:05d}", "buyer_id": body, "company_id": firms[0], "amount": 100,
         "awarded_on": str(on), "currency": "CNY", "tender_id": f"T{n:05d}"}
    )  # fmt: skip
    frames["bids"] += [
        {"bid_id": f"D{n:05d}{c}", "tender_id": f"T{n:05d}", "company_id": c, "amount": 100 + i}
        for i, c in enumerate(firms)
    ]


def market(n: int = 1500, firms: int = 80, seed: int = 1) -> Frames:
    rng = np.random.default_rng(seed)
    frames: Frames = {"tenders": [], "awards": [], "bids": []}
    for _ in range(n):
        who = [f"C{i:02d}" for i in rng.choice(firms, int(rng.integers(2, 6)), replace=False)]
        add(frames, f"B{rng.integers(20):02d}", who, int(rng.integers(1400)))
    return frames


def corner(frames: Frames) -> None:
    """Four firms that meet nobody else, at one office, where the first wins."""
    for k in range(16):
        add(frames, "B03", ["lead", "x1", "x2", "x3"], 60 * k)


@pytest.fixture(scope="module")
def found() -> Findings:
    from graphgov.ingest import read_frames
    from graphgov.snapshot import take

    frames = market()
    corner(frames)
    return run(GraphAnomaly(top_share=0.02), take(read_frames(frames)))


def test_the_closed_corner_is_found(found: Findings) -> None:
    assert len(found.flags) == 2
    best = next(f for f in found.flags if f.subject_id == "lead")
    assert best.body_id == "B03"
    assert best.value == max(f.value or 0 for f in found.flags)
    assert len(best.evidence) == 16
    assert "CNY 1,600" in best.reason
    assert best.p_value is not None
    assert best.p_value < 0.06


def test_it_says_what_is_closed_about_it(found: Findings) -> None:
    best = next(f for f in found.flags if f.subject_id == "lead")
    told = best.facts["features"]
    assert isinstance(told, dict)
    assert set(told) == set(NAMES)
    assert told["top"]["value"] == 1.0
    assert told["bodies"]["value"] == 1
    assert told["rival"]["value"] == 1.0
    assert told["circle"]["value"] == pytest.approx(3 / 16)
    assert told["clique"]["value"] == 1.0
    assert told["link"]["value"] > 5
    assert best.facts["peer"] not in ("lead", "?")


def test_p_values_are_ranks_in_the_own_half(found: Findings) -> None:
    assert found.p_values is not None
    assert len(found.p_values) == found.computable == 81  # the three that lose have no award
    assert 0.4 < np.mean(found.p_values <= 0.5) < 0.6
    assert np.mean(found.p_values <= 0.05) <= 0.08


def test_firms_of_one_body_lie_in_one_half(snapshot: Snap) -> None:
    seen = companies_of(snapshot(**market()), 5)
    assert seen is not None
    halves: dict[str, set[int]] = {}
    for body, half in zip(seen.table["body_id"].to_pylist(), seen.half, strict=True):
        halves.setdefault(body, set()).add(int(half))
    assert all(len(h) == 1 for h in halves.values())
    assert set().union(*halves.values()) == {0, 1}


def test_without_bids_the_links_to_bodies_remain(snapshot: Snap) -> None:
    frames = market(600)
    corner(frames)
    seen = companies_of(snapshot(awards=[
        {k: v for k, v in row.items() if k != "tender_id"} for row in frames["awards"]
    ]), 5)  # fmt: skip
    assert seen is not None
    row = seen.raw[seen.table["company_id"].to_pylist().index("lead")]
    assert row[:3] == pytest.approx([row[0], 1.0, 1.0])
    assert np.isnan(row[3:]).all()
    assert (seen.x[:, 3:] == 0).all()


def test_row_order_does_not_matter(snapshot: Snap) -> None:
    frames = market(700)
    corner(frames)
    mixed = {k: random.Random(3).sample(rows, len(rows)) for k, rows in frames.items()}
    one, two = (run(GraphAnomaly(trees=50), snapshot(**f)) for f in (frames, mixed))
    assert list(one.flags) == list(two.flags)
    assert one.flags


def test_few_companies_are_no_crowd(snapshot: Snap) -> None:
    findings = run(GraphAnomaly(), snapshot(**market(300, firms=30)))
    assert not findings.flags
    assert "too few awards" in findings.reason
