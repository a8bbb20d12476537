"""Officials whose record lies apart, and offices that only buy what others do not."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.models.h04_lof import Lof
from graphgov.models.official_features import FEATURES, officials_of
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]
NAMES = [f.column for f in FEATURES]


def add(frames: Frames, body: str, company: str, day: int, **more: Any) -> str:
    n = len(frames["awards"])
    on = date(2020, 1, 1) + timedelta(days=day)
    frames["tenders"].append(
        {
            "tender_id": f"T{n:05d}",
            "buyer_id": body,
            "method": more.get("method", "open"),
            "estimated_value": 1000,
            "bidders": more.get("bidders", 4),
            "published_at": f"{on - timedelta(days=more.get('notice', 30))}T00:00:00Z",
            "bids_due_at": f"{on}T00:00:00Z",
        }
    )
    frames["awards"].append(
        {
            "award_id": f"A{n:05d}",
            "buyer_id": body,
            "company_id": company,
            "awarded_on": str(on),
            "amount": more.get("amount", 900),
            "currency": "CNY",
            "tender_id": f"T{n:05d}",
        }
    )
    return f"A{n:05d}"


def market(bodies: int = 80, seed: int = 1) -> Frames:
    """Every body has two heads, one after the other, each with fifteen awards."""
    rng = np.random.default_rng(seed)
    frames: Frames = {"tenders": [], "awards": [], "offices": [], "people": []}
    for i in range(bodies):
        for j, (first, last) in enumerate((("2020-01-01", "2021-12-31"), ("2022-01-01", None))):
            person = f"O{i:02d}{j}"
            frames["people"].append({"person_id": person, "name": f"Official {i}-{j}"})
            frames["offices"].append(
                {"person_id": person, "body_id": f"B{i:02d}", "role": "head",
                 "started_on": first, "ended_on": last}
            )  # fmt: skip
            for _ in range(15):
                add(frames, f"B{i:02d}", f"C{rng.integers(60):02d}",
                    int(rng.integers(700)) + 731 * j, notice=int(rng.integers(15, 45)),
                    bidders=int(rng.integers(1, 7)),
                    amount=round(float(rng.uniform(800, 1050)), 2))  # fmt: skip
    return frames


def odd(frames: Frames) -> None:
    """Under the second head of B03 everything goes to one firm with no other customer."""
    for k in range(14):
        add(frames, "B03", "pet", 800 + 20 * k, notice=2, bidders=1, amount=1300)


@pytest.fixture(scope="module")
def found() -> Findings:
    from graphgov.ingest import read_frames
    from graphgov.snapshot import take

    frames = market()
    odd(frames)
    return run(Lof(top_share=0.02), take(read_frames(frames)))


def test_the_odd_record_comes_first(found: Findings) -> None:
    best = max(found.flags, key=lambda f: (f.score, f.value or 0))
    assert (best.person_id, best.company_id, best.body_id) == ("O031", "pet", "B03")
    assert best.p_value is not None
    assert best.p_value < 0.03  # the smallest there is among 81
    assert "14 for CNY 18,200" in best.reason
    assert "Official 3-1" in best.reason


def test_it_says_what_sets_it_apart(found: Findings) -> None:
    best = next(f for f in found.flags if f.person_id == "O031")
    told = best.facts["features"]
    assert isinstance(told, dict)
    assert set(told) == set(NAMES)
    assert told["top"]["value"] == pytest.approx(14 / 29)
    assert told["top"]["value"] > 2 * told["top"]["median"]
    assert told["captive"]["share_of_score"] > 0
    assert best.facts["why_en"] != ["the combination"]
    assert len(best.evidence) == 29


def test_p_values_are_ranks_among_officials_of_the_own_half(found: Findings) -> None:
    assert found.p_values is not None
    assert len(found.p_values) == found.computable == 160
    assert 0.02 <= np.mean(found.p_values <= 0.05) <= 0.08
    assert 0.4 < np.mean(found.p_values <= 0.5) < 0.6
    assert len(found.flags) <= np.ceil(0.02 * 160)


def test_officials_of_one_body_are_never_each_others_peers(snapshot: Snap) -> None:
    seen = officials_of(snapshot(**market()), 10)
    assert seen is not None
    halves: dict[str, set[int]] = {}
    for body, half in zip(seen.table["body_id"].to_pylist(), seen.half, strict=True):
        halves.setdefault(body, set()).add(int(half))
    assert all(len(h) == 1 for h in halves.values())


def test_features_by_hand(snapshot: Snap) -> None:
    frames: Frames = {"tenders": [], "awards": [], "offices": [], "people": []}
    frames["people"] = [{"person_id": p, "name": p} for p in ("head", "clerk", "signer")]
    frames["offices"] = [
        {"person_id": "head", "body_id": "B1", "role": "head", "started_on": "2020-01-10",
         "ended_on": "2020-12-31"},
        {"person_id": "clerk", "body_id": "B1", "role": "member", "started_on": "2020-01-01"},
    ]  # fmt: skip
    keys = [add(frames, "B1", "a", 9 + k, bidders=1 if k < 2 else 3, notice=10) for k in range(4)]
    keys.append(add(frames, "B1", "b", 20, method="direct", amount=1000, notice=20))
    add(frames, "B1", "a", 400)  # after the term
    add(frames, "B1", "a", 8)  # before it
    add(frames, "B2", "b", 30)
    frames["decisions"] = [
        {"person_id": "signer", "award_id": k, "role": "approver"} for k in keys[:3]
    ] + [{"person_id": "signer", "award_id": keys[4], "role": "approver", "recused": True}]
    seen = officials_of(snapshot(**frames), 3)
    assert seen is not None
    assert seen.table["person_id"].to_pylist() == ["head", "signer"]
    row = dict(zip(NAMES, seen.raw[0], strict=True))
    assert seen.table["n"].to_pylist() == [5, 3]
    assert row["top"] == pytest.approx(4 / 5)
    assert row["captive"] == pytest.approx((4 * 4 / 6 + 1 * 1 / 2) / 5)
    assert row["single"] == pytest.approx(2 / 4)
    assert row["direct"] == pytest.approx(1 / 5)
    assert row["price"] == pytest.approx((0.9**4) ** (1 / 5))
    assert row["haste"] == pytest.approx((4 * 10 + 20) / 5)


def test_row_order_does_not_matter(snapshot: Snap) -> None:
    frames = market(60)
    odd(frames)
    mixed = {k: random.Random(3).sample(rows, len(rows)) for k, rows in frames.items()}
    one, two = (run(Lof(), snapshot(**f)) for f in (frames, mixed))
    assert list(one.flags) == list(two.flags)
    assert one.flags


def test_without_officials_it_is_not_computable(snapshot: Snap) -> None:
    frames = market(5)
    bare = {k: frames[k] for k in ("tenders", "awards")}
    findings = run(Lof(), snapshot(**bare))
    assert findings.missing == "decisions.person_id;offices.started_on"
    assert findings.computable == 0
    undated = [{k: v for k, v in row.items() if "_on" not in k} for row in frames["offices"]]
    findings = run(Lof(), snapshot(**bare, people=frames["people"], offices=undated))
    assert findings.missing


def test_few_officials_are_no_crowd_to_stand_out_from(snapshot: Snap) -> None:
    frames = market(10)
    odd(frames)
    findings = run(Lof(), snapshot(**frames))
    assert not findings.flags
    assert "no official with enough awards" in findings.reason
