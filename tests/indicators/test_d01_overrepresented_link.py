import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.d01_overrepresented_link import OverrepresentedLink
from graphgov.schema import Flag
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
FIRST = date(2015, 1, 1)


def fair(n: int, seed: int, *, bids: bool, bodies: int = 12, firms: int = 30) -> Frames:
    """Purchases whose winner is drawn among equals, with or without known rivals."""
    rng = np.random.default_rng(seed)
    frames: Frames = {"awards": [], "tenders": [], "bids": []}
    frames["bodies"] = [
        {"body_id": f"B{b:02d}", "name": f"Office {b}", "region": "NSW"[b % 3]}
        for b in range(bodies)
    ]
    frames["companies"] = [{"company_id": f"C{f:02d}", "name": f"Firm {f}"} for f in range(firms)]
    for i in range(n):
        rivals = [int(f) for f in rng.permutation(firms)[: int(rng.integers(2, 6))]]
        day = FIRST + timedelta(days=int(rng.integers(2500)))
        buy(frames, f"{i:04d}", int(rng.integers(bodies)), rivals, day, bids=bids)
    return frames


def buy(
    frames: Frames, key: str, body: int, firms: list[int], day: date, *, bids: bool, **more: Any
) -> None:
    """One purchase; the first of the firms wins."""
    tender = f"T{key}" if bids else None
    frames["awards"].append(
        {"award_id": f"A{key}", "buyer_id": f"B{body:02d}", "company_id": f"C{firms[0]:02d}",
         "awarded_on": str(day), "amount": 100, "currency": "CNY", "tender_id": tender,
         "category": "45"} | more
    )  # fmt: skip
    if tender:
        frames["tenders"].append(
            {"tender_id": tender, "buyer_id": f"B{body:02d}", "category": "45"}
        )
        frames["bids"].extend(
            {"bid_id": f"{tender}{f}", "tender_id": tender, "company_id": f"C{f:02d}"}
            for f in firms
        )


def weekly(n: int) -> date:
    return FIRST + timedelta(days=40 * n)


def planted(*, bids: bool) -> Frames:
    """At office 0 firm 0 wins 24 of 26; firm 1 does as well everywhere."""
    frames = fair(700, 1, bids=bids)
    for n in range(26):
        first, second = (0, 4) if n < 24 else (4, 0)
        buy(frames, f"x{n:02d}", 0, [first, second, 5 + n % 9], weekly(n), bids=bids)
    for n in range(120):  # the best firm wins nearly everything it enters, everywhere
        buy(frames, f"s{n:03d}", n % 12, [1, 15 + n % 7, 22 + n % 8], weekly(n % 50), bids=bids)
    return frames


@pytest.fixture(scope="module")
def contested(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Findings]:
    snap = snapshot(**planted(bids=True))
    return snap, run(OverrepresentedLink(), snap)


@pytest.fixture(scope="module")
def uncontested(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Findings]:
    frames = planted(bids=False)
    snap = snapshot(**{t: r for t, r in frames.items() if r})
    return snap, run(OverrepresentedLink(), snap)


def subjects(findings: Findings) -> list[str]:
    return [f.subject_id for f in findings.flags]


def test_who_wins_more_than_rivals_explain(contested: tuple[Snapshot, Findings]) -> None:
    """The firm that is as strong everywhere is innocent; so is everybody in fair trade."""
    assert subjects(contested[1]) == ['["B00","C00"]']


def test_who_wins_more_than_a_share_explains(uncontested: tuple[Snapshot, Findings]) -> None:
    assert subjects(uncontested[1]) == ['["B00","C00"]']


def test_one_flag_says_it_all(contested: tuple[Snapshot, Findings]) -> None:
    snap, findings = contested
    (flag,) = findings.flags
    won = snap.sql(
        "SELECT award_id, row_key FROM wins WHERE buyer_id = 'B00' AND company_id = 'C00'"
    ).to_pylist()
    assert {(e.table, e.key, e.id) for e in flag.evidence} == {
        ("awards", w["row_key"], w["award_id"]) for w in won
    }
    assert {m.id for m in flag.members} == {"B00", "C00", *(w["award_id"] for w in won)}
    assert flag.facts["awards"] == len(won)
    assert flag.amounts == (("CNY", 100 * len(won)),)
    assert flag.p_value is not None
    assert flag.q_value is not None
    assert flag.p_value < flag.q_value <= 0.05
    assert flag.value is not None
    assert flag.value > 1.5
    assert re.fullmatch(
        r"Firm 0 won 2\d tenders with known rivals of Office 0 where \S+ were to be expected "
        r"from who else bid in its \d\d contests there; 2\d awards in all, \S+ to \S+, CNY \S+\.",
        flag.reason,
    ), flag.reason


def test_the_share_is_told_as_one(uncontested: tuple[Snapshot, Findings]) -> None:
    (flag,) = uncontested[1].flags
    assert "its share of such awards in the region" in flag.reason
    assert flag.facts["contests"] == 0


@pytest.mark.parametrize("name", ["contested", "uncontested"])
def test_chinese_sentences_hold_no_english(name: str, request: pytest.FixtureRequest) -> None:
    for flag in request.getfixturevalue(name)[1].flags:
        text = fill(OverrepresentedLink.sentences["zh"][0], flag.facts)
        assert not re.findall(r"[a-z]{3,}", text.replace("Firm", "").replace("Office", "")), text


def few(wins: int, *, bids: bool) -> Frames:
    frames = fair(300, 3, bids=bids)
    frames["bodies"].append({"body_id": "B99", "name": "New", "region": "N"})
    frames["companies"].append({"company_id": "C99", "name": "New"})
    for n in range(wins):
        buy(frames, f"x{n}", 99, [99, 1 + n, 11 + n, 20 + n], weekly(n), bids=bids)
    for n in range(2, 40):
        buy(frames, f"y{n}", 99, [n % 25, 1 + n % 20], weekly(n), bids=bids)
    return {t: r for t, r in frames.items() if r}


@pytest.mark.parametrize(("wins", "flagged"), [(2, 0), (8, 1)])
def test_two_meetings_are_no_pattern(
    wins: int, flagged: int, snapshot: Callable[..., Snapshot]
) -> None:
    found = run(OverrepresentedLink(), snapshot(**few(wins, bids=True)))
    assert subjects(found).count('["B99","C99"]') == flagged


def test_settings_are_kept(contested: tuple[Snapshot, Findings]) -> None:
    snap, _ = contested
    wins = int(contested[1].flags[0].facts["wins"])  # type: ignore[call-overload]
    assert len(run(OverrepresentedLink(min_awards=wins), snap).flags) == 1
    assert subjects(run(OverrepresentedLink(min_awards=wins + 1), snap)) == []
    assert subjects(run(OverrepresentedLink(min_ratio=100.0), snap)) == []
    assert subjects(run(OverrepresentedLink(max_q=0.0), snap)) == []


def test_weekly_deliveries_are_one_decision(snapshot: Callable[..., Snapshot]) -> None:
    frames = fair(300, 4, bids=False)
    for n in range(40):
        buy(frames, f"w{n}", 2, [7], FIRST + timedelta(days=7 * n), bids=False)
    found = run(OverrepresentedLink(), snapshot(**{t: r for t, r in frames.items() if r}))
    assert '["B02","C07"]' not in subjects(found)


@pytest.mark.parametrize("bids", [True, False], ids=["given who bid", "given the share"])
def test_it_is_as_rare_by_chance_as_it_says(bids: bool, snapshot: Callable[..., Snapshot]) -> None:
    seen: list[float] = []
    flags: list[Flag] = []
    for seed in (31, 32):
        frames = fair(1100, seed, bids=bids, bodies=10, firms=25)
        found = run(OverrepresentedLink(), snapshot(**{t: r for t, r in frames.items() if r}))
        assert found.p_values is not None
        assert found.computable == found.p_values.size
        seen.extend(found.p_values.tolist())
        flags.extend(found.flags)
    p = np.array(seen)
    assert p.size > 350
    assert 0.025 < (p < 0.05).mean() < 0.08, (p < 0.05).mean()
    assert 0.44 < p.mean() < 0.56, p.mean()
    assert len(flags) <= 1


def at_home(premium: bool) -> Frames:
    """Every firm wins twice as often in its own region, if so wanted; firm 0 at office 0 too."""
    rng = np.random.default_rng(8)
    frames: Frames = {"awards": [], "tenders": [], "bids": []}
    region = "NSW"
    frames["bodies"] = [
        {"body_id": f"B{b:02d}", "name": f"Office {b}", "region": region[b % 3]} for b in range(12)
    ]
    frames["companies"] = [
        {"company_id": f"C{f:02d}", "name": f"Firm {f}", "region": region[f % 3]} for f in range(30)
    ]
    for i in range(900):
        body = int(rng.integers(12)) if i % 5 else 0
        firms = [0, *rng.permutation(range(1, 30))[:3]] if body == 0 else rng.permutation(30)[:4]
        weight = np.array([6.0 if premium and f % 3 == body % 3 else 1.0 for f in firms])
        first = int(rng.choice(firms, p=weight / weight.sum()))
        order = [first, *(int(f) for f in firms if f != first)]
        buy(frames, f"{i:04d}", body, order, FIRST + timedelta(days=2 * i), bids=True)
    return frames


def test_nearness_explains_what_it_gives_to_all(snapshot: Callable[..., Snapshot]) -> None:
    """Innocent: the local firm wins more at the local office, as local firms do everywhere."""
    assert subjects(run(OverrepresentedLink(), snapshot(**at_home(premium=True)))) == []


def test_size_explains_who_takes_the_large_jobs(snapshot: Callable[..., Snapshot]) -> None:
    """Innocent: five firms can take large jobs, which office 0 alone has many of."""
    frames = fair(500, 6, bids=False)
    for n in range(120):
        body = 0 if n % 2 else n // 2 % 12
        buy(frames, f"L{n:03d}", body, [n % 5], weekly(n % 60), bids=False, amount=10_000_000)
    found = run(OverrepresentedLink(), snapshot(**{t: r for t, r in frames.items() if r}))
    assert subjects(found) == []
