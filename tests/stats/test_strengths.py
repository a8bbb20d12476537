from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any

import numpy as np
import pytest

from graphgov.snapshot import Snapshot
from graphgov.stats.shares import REPEAT_DAYS
from graphgov.stats.spans import FAR
from graphgov.stats.strengths import PRIOR_CHANCES, ROUNDS, Strengths

Snap = Callable[..., Snapshot]
Frames = dict[str, list[dict[str, Any]]]
DAY = date(2022, 1, 1)


def contests(*rows: tuple[str, list[str], str, date], category: str | None = None) -> Frames:
    """(body, bidders, winners joined by +, day of award) per tender."""
    frames: Frames = {"tenders": [], "bids": [], "awards": []}
    for i, (body, bidders, winners, day) in enumerate(rows):
        tender = f"T{i:03d}"
        frames["tenders"].append({"tender_id": tender, "buyer_id": body, "category": category})
        frames["bids"].extend(
            {"bid_id": f"D{i:03d}{c}", "tender_id": tender, "company_id": c} for c in bidders
        )
        frames["awards"].extend(
            {"award_id": f"A{i:03d}", "buyer_id": body, "company_id": w, "tender_id": tender,
             "awarded_on": str(day), "amount": 10}
            for w in winners.split("+")
        )  # fmt: skip
    return frames


def random_rows(seed: int, n: int = 60) -> list[tuple[str, list[str], str, date]]:
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        firms = [f"C{c}" for c in rng.permutation(7)[: int(rng.integers(1, 5))]]
        day = DAY + timedelta(days=31 * i)
        rows.append((f"B{rng.integers(4)}", firms, firms[0], day))
    return rows


def view(
    snap: Snapshot, body: str, company: str, start: date | None = None, end: date | None = None
) -> tuple[int, int, float, float]:
    """Contests, wins, expected wins, P(as many or more)."""

    def day(value: date | None, otherwise: int) -> np.ndarray:
        number = otherwise if value is None else (value - date(1970, 1, 1)).days
        return np.array([number], np.int32)

    fought, won, expected, tail = Strengths(snap).view(
        np.array([snap.ids("body").index(body)], np.int32),
        np.array([snap.ids("company").index(company)], np.int32),
        day(start, -FAR),
        day(end, FAR),
        np.zeros(1, np.int64),
        1,
    )
    return int(fought[0]), int(won[0]), float(expected[0]), float(tail.p[0])


def slow_view(
    rows: list[tuple[str, list[str], str, date]], body: str, company: str
) -> tuple[int, int, float, float]:
    """Hunter's algorithm one contest at a time, then every outcome written out."""
    real = [(b, firms, winner) for b, firms, winner, _ in rows if len(firms) > 1]
    names = sorted({c for _, firms, *_ in rows for c in firms})
    strength = dict.fromkeys(names, 1.0)
    for _ in range(ROUNDS):
        chances = dict.fromkeys(names, 0.0)
        for _, firms, _ in real:
            field = sum(strength[c] for c in firms)
            for c in firms:
                chances[c] += 1 / field
        wins = {c: sum(w == c for *_, w in real) for c in names}
        strength = {c: (wins[c] + PRIOR_CHANCES) / (chances[c] + PRIOR_CHANCES) for c in names}
    away_wins = sum(w == company and b != body for b, _, w in real)
    away = sum(
        1 / sum(strength[c] for c in firms)
        for b, firms, _ in real if company in firms and b != body
    )  # fmt: skip
    own = (away_wins + PRIOR_CHANCES) / (away + PRIOR_CHANCES)
    here = [(firms, w) for b, firms, w in real if b == body and company in firms]
    odds = [own / (own + sum(strength[c] for c in firms if c != company)) for firms, _ in here]
    won = sum(w == company for _, w in here)
    p = 0.0
    for outcome in product((0, 1), repeat=len(odds)):
        if sum(outcome) >= won:
            p += float(np.prod([q if o else 1 - q for o, q in zip(outcome, odds, strict=True)]))
    return len(here), won, sum(odds), p


@pytest.mark.parametrize("seed", [1, 2])
def test_the_bid_view_is_that_of_a_slow_reading(seed: int, snapshot: Snap) -> None:
    rows = random_rows(seed)
    snap = snapshot(**contests(*rows))
    for body, company in [("B0", "C0"), ("B1", "C3"), ("B2", "C5"), ("B3", "C6")]:
        found, expected = view(snap, body, company), slow_view(rows, body, company)
        assert found[:2] == expected[:2]
        assert found[2:] == pytest.approx(expected[2:], abs=1e-9)


def test_row_order_and_names_do_not_matter(snapshot: Snap) -> None:
    rows = random_rows(5)
    frames = contests(*rows)
    rng = np.random.default_rng(0)
    mixed = {t: [part[i] for i in rng.permutation(len(part))] for t, part in frames.items()}
    assert view(snapshot(**mixed), "B1", "C2") == view(snapshot(**frames), "B1", "C2")
    turned = [(b, [f"X{9 - int(c[1])}" for c in firms], f"X{9 - int(w[1])}", d)
              for b, firms, w, d in rows]  # fmt: skip
    other = snapshot(**contests(*turned))
    assert view(other, "B1", "X7") == pytest.approx(view(snapshot(**frames), "B1", "C2"))


def test_no_contest_without_a_rival_or_with_a_stranger_as_winner(snapshot: Snap) -> None:
    snap = snapshot(
        **contests(
            ("B1", ["C1"], "C1", DAY),
            ("B1", ["C1", "C2"], "C3", DAY + timedelta(days=100)),
            ("B1", ["C1", "C2"], "C1", DAY + timedelta(days=200)),
        )
    )
    assert view(snap, "B1", "C1")[:2] == (1, 1)
    assert view(snap, "B1", "C3")[:2] == (0, 0)


@pytest.mark.parametrize(("gap", "seen"), [(REPEAT_DAYS, 1), (REPEAT_DAYS + 1, 2)])
def test_a_repeat_within_a_fortnight_is_no_new_contest(gap: int, seen: int, snapshot: Snap) -> None:
    later = DAY + timedelta(days=gap)
    both = [("B1", ["C1", "C2"], "C1", DAY), ("B1", ["C1", "C2"], "C1", later)]
    assert view(snapshot(**contests(*both)), "B1", "C1")[0] == seen
    turn = [both[0], ("B1", ["C1", "C2"], "C2", later)]
    assert view(snapshot(**contests(*turn)), "B1", "C1")[0] == 2


def test_a_contest_counts_on_the_day_of_its_award(snapshot: Snap) -> None:
    snap = snapshot(**contests(("B1", ["C1", "C2"], "C1", DAY)))
    before, after = DAY - timedelta(days=1), DAY + timedelta(days=1)
    assert view(snap, "B1", "C1", DAY, DAY)[:2] == (1, 1)
    assert view(snap, "B1", "C1", None, before)[:2] == (0, 0)
    assert view(snap, "B1", "C1", after, None) == (0, 0, 0.0, 1.0)


def test_success_at_the_body_itself_makes_nobody_strong(snapshot: Snap) -> None:
    rows = [("B1", ["C1", "C2", "C3"], "C1", DAY + timedelta(days=40 * i)) for i in range(8)]
    away = [("B2", ["C1", "C2", "C3"], f"C{1 + i % 3}", DAY + timedelta(days=40 * i))
            for i in range(9)]  # fmt: skip
    fought, won, expected, p = view(snapshot(**contests(*rows, *away)), "B1", "C1")
    assert (fought, won) == (8, 8)
    assert 8 / 3 < expected < 6
    assert p < 0.05


def test_partners_of_a_consortium_do_not_beat_each_other(snapshot: Snap) -> None:
    rows = [("B1", ["C1", "C2", "C3", "C4"], "C1+C2", DAY + timedelta(days=30 * i))
            for i in range(6)]  # fmt: skip
    fought, won, expected, p = view(snapshot(**contests(*rows)), "B1", "C1")
    assert (fought, won) == (6, 6)
    assert expected > 6 / 3
    assert 0 < p <= 1


def test_everybody_wins_no_chance_is_left(snapshot: Snap) -> None:
    _, won, expected, p = view(snapshot(**contests(("B1", ["C1", "C2"], "C1+C2", DAY))), "B1", "C1")
    assert won == 1
    assert expected == pytest.approx(1.0)
    assert p == pytest.approx(1.0)


def test_without_bids_there_are_no_contests(snapshot: Snap) -> None:
    award = {"award_id": "A", "buyer_id": "B1", "company_id": "C1", "awarded_on": "2022-01-01"}
    snap = snapshot(awards=[award | {"amount": 1}])
    assert view(snap, "B1", "C1") == (0, 0, 0.0, 1.0)


def test_wins_drawn_by_equal_strengths_look_like_chance(snapshot: Snap) -> None:
    rng = np.random.default_rng(7)
    rows = []
    for i in range(900):
        firms = [f"C{c:02d}" for c in rng.permutation(25)[: int(rng.integers(2, 6))]]
        rows.append((f"B{rng.integers(8)}", firms, str(rng.choice(firms)),
                     DAY + timedelta(days=20 * i)))  # fmt: skip
    strengths = Strengths(snapshot(**contests(*rows)))
    body, company = (
        values.ravel().astype(np.int32)
        for values in np.meshgrid(np.arange(8), np.arange(25), indexing="ij")
    )
    far = np.full(body.size, FAR, np.int32)
    *_, tail = strengths.view(
        body, company, -far, far, np.arange(body.size, dtype=np.int64), body.size
    )
    shares = [float((tail.randomised(seed) < 0.05).mean()) for seed in range(40)]
    assert 0.02 < np.mean(shares) < 0.085
    assert strengths.strength == pytest.approx(np.ones(25), abs=0.5)


def test_bids_count_where_nobody_published_the_tender(snapshot: Snap) -> None:
    """What is not known of the tender is taken from its award."""
    frames = contests(*random_rows(3), category="45000000")
    for row in frames["awards"]:
        row["category"] = "45000000"
    with_tenders = snapshot(**frames)
    without = snapshot(**{name: rows for name, rows in frames.items() if name != "tenders"})
    wanted = "SELECT tender_id, lot, company_id, won, buyer_id, awarded_on, category FROM contests"
    found = without.sql(wanted)
    assert found.num_rows > 100
    assert found.equals(with_tenders.sql(wanted))


def test_what_the_tender_says_goes_before_its_award(snapshot: Snap) -> None:
    frames = contests(("B1", ["C1", "C2"], "C1", DAY), category="45000000")
    frames["awards"][0] |= {"buyer_id": "B2", "category": "30000000"}
    found = snapshot(**frames).sql("SELECT DISTINCT buyer_id, category FROM contests")
    assert found.to_pylist() == [{"buyer_id": "B1", "category": "45000000"}]
