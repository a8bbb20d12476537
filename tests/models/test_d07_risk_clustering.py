"""Corners where dealings without competition lie together, and differences that are none."""

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.models.d07_risk_clustering import RiskClustering
from graphgov.network.risk import cluster_of_lines
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]
TOWNS, BODIES, FIRMS = 8, 10, 15


def market(seed: int = 1) -> Frames:
    """Towns that trade among themselves; bodies and firms differ in how often they compete."""
    rng = np.random.default_rng(seed)
    frames: Frames = {"awards": []}
    of_body, of_firm = rng.uniform(0.1, 0.4, (TOWNS, BODIES)), rng.normal(0, 0.05, (TOWNS, FIRMS))
    for town in range(TOWNS):
        for _ in range(260):
            body, firm = int(rng.integers(BODIES)), int(rng.integers(FIRMS))
            share = of_body[town, body] + of_firm[town, firm]
            buy(frames, f"B{town}{body}", f"C{town}{firm:02d}", direct=bool(rng.random() < share))
    return frames


def buy(frames: Frames, body: str, firm: str, *, direct: bool) -> None:
    n = len(frames["awards"])
    frames["awards"].append(
        {
            "award_id": f"A{n:05d}",
            "buyer_id": body,
            "company_id": firm,
            "awarded_on": f"2022-{1 + n % 12:02d}-{1 + n % 28:02d}",
            "amount": 100,
            "currency": "CNY",
            "category": "4521",
            "method": "direct" if direct else "open",
        }
    )


def corner(frames: Frames) -> None:
    """In the third town five bodies and six firms deal with each other directly, always."""
    for body in range(5):
        for firm in range(6):
            for _ in range(4):
                buy(frames, f"B3{body}", f"C3{firm:02d}", direct=True)


@pytest.fixture(scope="module")
def found() -> Findings:
    from graphgov.ingest import read_frames
    from graphgov.snapshot import take

    frames = market()
    corner(frames)
    return run(RiskClustering(), take(read_frames(frames)))


def test_the_corner_is_found_and_named(found: Findings) -> None:
    (flag,) = found.flags
    bodies = {m.id for m in flag.members if m.kind == "body"}
    companies = {m.id for m in flag.members if m.kind == "company"}
    assert len({f"B3{i}" for i in range(5)} & bodies) >= 4
    assert len({f"C3{i:02d}" for i in range(6)} & companies) >= 5
    assert json.loads(flag.subject_id) == sorted(companies)
    assert all(key[1] == "3" for key in bodies | companies)
    assert flag.p_value is not None
    assert flag.p_value < 0.01
    assert flag.value is not None
    assert flag.value > 0


def test_it_says_how_much_is_usual(found: Findings) -> None:
    (flag,) = found.flags
    risky, count, usual = (flag.facts[k] for k in ("risky", "count", "usual"))
    assert risky / count > 1.3 * usual  # type: ignore[operator]
    assert len(flag.evidence) == count
    assert "2022-" in flag.reason
    assert "CNY" in flag.reason


def test_its_community_is_told(found: Findings) -> None:
    (flag,) = found.flags
    assert {c.community_id for c in found.communities} == {flag.flag_id}
    assert {c.kind for c in found.communities} == {"body", "company"}
    assert found.subjects == found.computable >= 5


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_bodies_and_firms_that_differ_are_no_corner(seed: int, snapshot: Snap) -> None:
    """Innocent: each office and each firm has its own habit, and they meet by chance."""
    assert not run(RiskClustering(), snapshot(**market(seed))).flags


def test_one_office_that_buys_directly_is_no_corner(snapshot: Snap) -> None:
    """Innocent: an office whose rules let it buy directly, from everybody in its town."""
    frames = market(5)
    for row in frames["awards"]:
        if row["buyer_id"] == "B31":
            row["method"] = "direct"
    assert not run(RiskClustering(), snapshot(**frames)).flags


def test_row_order_does_not_matter(snapshot: Snap) -> None:
    frames = market()
    corner(frames)
    mixed = random.Random(3).sample(frames["awards"], len(frames["awards"]))
    one, two = (run(RiskClustering(), snapshot(awards=a)) for a in (frames["awards"], mixed))
    assert list(one.flags) == list(two.flags)
    assert one.flags


def test_awards_that_say_nothing_are_not_computable(snapshot: Snap) -> None:
    bare = [{k: v for k, v in row.items() if k != "method"} for row in market()["awards"]]
    findings = run(RiskClustering(), snapshot(awards=bare))
    assert findings.missing == "awards.method;tenders.method"
    assert not findings.flags


def lines(seed: int, common: float) -> dict[str, Any]:
    """Lines of thirty communities whose bodies and companies differ."""
    rng = np.random.default_rng(seed)
    body, company, community = [], [], []
    for k in range(30):
        pairs = np.unique(
            rng.integers([12 * k, 20 * k], [12 * k + 12, 20 * k + 20], (80, 2)), axis=0
        )
        body += pairs[:, 0].tolist()
        company += (pairs[:, 1] + 10_000).tolist()
        community += [k] * len(pairs)
    b, c = np.array(body), np.array(company)
    z = rng.normal(0, common, 360)[b] + rng.normal(0, common, 600)[c - 10_000]
    z = z + rng.normal(0, 1, len(b))
    return {"body": b, "company": c, "z": z - z.mean(), "stratum": np.zeros(len(b), np.int64),
            "community": np.array(community), "communities": 30}  # fmt: skip


@pytest.mark.parametrize("common", [0.0, 1.0])
def test_p_values_are_uniform_where_nothing_lies_together(common: float) -> None:
    seen = [
        cluster_of_lines(**lines(seed, common), deals=199, seed=seed).p_value for seed in range(20)
    ]
    p_values = np.concatenate(seen)
    assert len(p_values) == 600
    assert 0.025 <= np.mean(p_values < 0.05) <= 0.075
    assert 0.4 <= np.mean(p_values < 0.5) <= 0.6


def test_the_sum_by_hand() -> None:
    given = lines(1, 0.5)
    seen = cluster_of_lines(**given, deals=1)
    here = np.flatnonzero(given["community"] == 4)
    expected = 0.0
    for line in here:
        means = []
        for end in (given["body"], given["company"]):
            others = np.flatnonzero((end == end[line]) & (np.arange(len(end)) != line))
            means.append(max(0.0, given["z"][others].mean()) if len(others) else 0.0)
        expected += means[0] * means[1]
    assert seen.joint[4] == pytest.approx(expected)
    assert seen.lines[4] == len(here)
