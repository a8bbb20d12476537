"""Awards far out in the tails: found, explained, and not their own measure."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.models.award_features import FEATURES, awards_of
from graphgov.models.h02_ecod import Ecod
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]
NAMES = [f.column for f in FEATURES]


def add(frames: Frames, body: str, company: str, day: int, **more: Any) -> str:
    n = len(frames["awards"])
    opened = date(2022, 1, 1) + timedelta(days=day)
    due = opened + timedelta(days=more.get("notice", 30))
    frames["tenders"].append(
        {
            "tender_id": f"T{n:05d}",
            "buyer_id": body,
            "method": more.get("method", "open"),
            "category": more.get("category", "4521"),
            "estimated_value": 1000,
            "currency": "CNY",
            "bidders": more.get("bidders", 4),
            "published_at": f"{opened}T00:00:00Z",
            "bids_due_at": f"{due}T00:00:00Z",
        }
    )
    frames["awards"].append(
        {
            "award_id": f"A{n:05d}",
            "buyer_id": body,
            "company_id": company,
            "awarded_on": str(due + timedelta(days=more.get("decision", 20))),
            "amount": more.get("amount", 950),
            "currency": "CNY",
            "tender_id": f"T{n:05d}",
        }
    )
    return f"A{n:05d}"


def market(n: int = 1500, seed: int = 1) -> Frames:
    rng = np.random.default_rng(seed)
    frames: Frames = {"tenders": [], "awards": [], "companies": []}
    for _ in range(n):
        add(frames, f"B{rng.integers(20)}", f"C{rng.integers(40):02d}", int(rng.integers(600)),
            notice=int(rng.integers(15, 45)), bidders=int(rng.integers(2, 7)),
            decision=int(rng.integers(10, 40)),
            amount=round(float(rng.uniform(800, 1050)), 2))  # fmt: skip
    frames["companies"] = [
        {"company_id": f"C{i:02d}", "name": f"Firm {i}", "founded_on": f"{1990 + i % 25}-05-05"}
        for i in range(40)
    ]
    return frames


ODD = {"notice": 1, "bidders": 1, "amount": 1500, "decision": 0}


@pytest.fixture(scope="module")
def found() -> Findings:
    from graphgov.ingest import read_frames
    from graphgov.snapshot import take

    frames = market()
    for k in range(6):
        add(frames, "B3", "odd", 400 + 20 * k, **ODD)
    frames["companies"].append({"company_id": "odd", "name": "Odd", "founded_on": "2023-01-01"})
    return run(Ecod(top_share=0.01), take(read_frames(frames)))


def test_the_odd_awards_come_first(found: Findings) -> None:
    best = sorted(found.flags, key=lambda f: -(f.value or 0))[:6]
    assert {f.company_id for f in best} == {"odd"}
    assert all(f.p_value is not None and f.p_value < 0.01 for f in best)
    assert {f.subject_kind for f in found.flags} == {"award"}


def test_it_says_what_is_odd_and_which_award_is_ordinary(found: Findings) -> None:
    best = max(found.flags, key=lambda f: f.value or 0)
    why = " ".join(best.facts["why_en"])  # type: ignore[arg-type]
    assert "peers" in why
    told = best.facts["features"]
    assert isinstance(told, dict)
    assert set(told) == set(NAMES)
    assert told["price"]["value"] == 1.5
    assert 0.8 < told["price"]["median"] < 1.05
    assert told["price"]["term"] > 3
    assert told["rivals"]["value"] == 1
    assert best.facts["peer"] != "?"
    assert "CNY 1,500" in best.reason
    assert len(best.evidence) == 1


def test_p_values_are_ranks_in_the_own_half(found: Findings) -> None:
    assert found.p_values is not None
    assert len(found.p_values) == found.computable == found.subjects
    assert 0.04 <= np.mean(found.p_values < 0.05) <= 0.06
    assert len(found.flags) <= np.ceil(0.01 * found.computable)


def test_awards_of_one_pair_do_not_define_their_peers(snapshot: Snap) -> None:
    """A scheme of twenty awards is as strange as one of six."""
    few, many = market(), market()
    for frames, n in ((few, 6), (many, 20)):
        for k in range(n):
            add(frames, "B3", "odd", 5 * k, **ODD)
    score = {}
    for name, frames in (("few", few), ("many", many)):
        flags = run(Ecod(top_share=0.05), snapshot(**frames)).flags
        odd = [f for f in flags if f.company_id == "odd"]
        score[name] = [f.value or 0 for f in odd]
        assert all(f.p_value is not None and f.p_value < 0.04 for f in odd)
    assert len(score["few"]) == 6
    assert len(score["many"]) == 20
    assert min(score["many"]) > 0.9 * max(score["few"])


def test_features_leave_the_award_itself_out(snapshot: Snap) -> None:
    frames: Frames = {"tenders": [], "awards": []}
    for k in range(4):
        add(frames, "B1", "a", 10 * k)
    key = add(frames, "B1", "a", 100, category="7110", notice=12, decision=9, amount=1234)
    add(frames, "B2", "b", 100)
    frames["companies"] = [{"company_id": "a", "name": "A", "founded_on": "2022-01-01"}]
    awards = awards_of(snapshot(**frames))
    row = dict(zip(NAMES, awards.raw[awards.ids.to_pylist().index(key)], strict=True))
    assert row["price"] == pytest.approx(1.234)
    assert row["notice"] == 12
    assert row["decision"] == 9
    assert row["age"] == 100 + 12 + 9
    assert row["practice"] == 0  # none of its four others is of this kind
    assert row["dependence"] == 1
    assert np.isnan(row["hold"])  # the body bought nothing else of this kind
    other = dict(zip(NAMES, awards.raw[0], strict=True))
    assert other["practice"] == pytest.approx(3 / 4)
    assert other["hold"] == 1


def test_both_halves_hold_whole_pairs(snapshot: Snap) -> None:
    awards = awards_of(snapshot(**market()))
    for pair in np.unique(awards.pair):
        assert len(np.unique(awards.half[awards.pair == pair])) == 1
    assert 0.4 < awards.half.mean() < 0.6


def test_missing_columns_leave_the_rest(snapshot: Snap) -> None:
    keep = ("award_id", "buyer_id", "company_id", "awarded_on", "amount")
    bare = [{k: row[k] for k in keep} for row in market()["awards"]]
    findings = run(Ecod(), snapshot(awards=bare))
    assert findings.computable == len(bare)
    assert findings.p_values is not None
    assert 0.03 <= np.mean(findings.p_values < 0.05) <= 0.07


def test_a_handful_of_awards_is_too_few(snapshot: Snap) -> None:
    frames = market(3)
    findings = run(Ecod(), snapshot(**frames))
    assert not findings.flags
    assert "too few" in findings.reason
