from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from scipy import stats

from graphgov.snapshot import Snapshot
from graphgov.stats.market import PRIOR_HISTORY, Market, market, negative_binomial_tail
from graphgov.stats.spans import FAR

Snap = Callable[..., Snapshot]
DAY = date(2022, 1, 1)


def award(i: int, body: str, company: str, day: date, **more: Any) -> dict[str, Any]:
    return {"award_id": f"A{i:04d}", "buyer_id": body, "company_id": company,
            "awarded_on": str(day), "amount": 10 + i, "currency": "CNY",
            "category": "45"} | more  # fmt: skip


@pytest.fixture
def yard(snapshot: Snap) -> tuple[Snapshot, Market]:
    rng = np.random.default_rng(2)
    rows = [
        award(i, f"B{rng.integers(4)}", f"C{rng.integers(6)}", DAY + timedelta(days=21 * i))
        for i in range(200)
    ]
    snap = snapshot(awards=rows)
    return snap, market(snap)


def days(*values: date) -> np.ndarray:
    return np.array([(d - date(1970, 1, 1)).days for d in values], np.int32)


@pytest.mark.parametrize("k", [0, 1, 3, 10, 60])
@pytest.mark.parametrize("mean", [0.0, 0.4, 7.0])
def test_the_tail_of_the_share_view_adds_up(k: int, mean: float) -> None:
    size = 2.5
    found = negative_binomial_tail(np.array([k]), np.array([mean]), size)[0]
    law = stats.nbinom(size, size / (size + max(mean, 1e-9)))
    assert found == pytest.approx(1.0 if k == 0 else 1 - sum(law.pmf(range(k))), abs=1e-9)


def test_groups_add_up_their_spans(yard: tuple[Snapshot, Market]) -> None:
    _, found = yard
    zero = np.zeros(1, np.int32)
    middle = DAY + timedelta(days=1500)
    ends = {
        "early": (zero - FAR, days(middle)),
        "late": (days(middle + timedelta(days=1)), zero + FAR),
    }
    parts = [found.advantage(zero, zero + 1, *ends[name]) for name in ("early", "late")]
    whole = found.advantage(zero, zero + 1, zero - FAR, zero + FAR)
    assert parts[0].wins + parts[1].wins == whole.wins
    assert parts[0].outside_wins == parts[1].wins
    assert float(parts[0].expected[0] + parts[1].expected[0]) == pytest.approx(whole.expected[0])
    assert float(parts[0].outside_expected[0]) == pytest.approx(parts[1].expected[0])
    two = np.zeros(2, np.int32)
    both = found.advantage(
        np.array([0, 2], np.int32), two + 1, two - FAR, two + FAR, np.zeros(2, np.int64), groups=3
    )
    other = found.advantage(zero + 2, zero + 1, zero - FAR, zero + FAR)
    assert both.wins.tolist() == [int(whole.wins[0] + other.wins[0]), 0, 0]
    assert both.expected[0] == pytest.approx(float(whole.expected[0] + other.expected[0]))
    assert both.p_share[1] == both.jump.p[1] == both.bids.p[1] == 1.0


def of_sums(parts: list[tuple[int, int, int]], seen: int) -> float:
    """P(a sum of hypergeometric counts of (population, marked, drawn) is as high)."""
    mass = np.ones(1)
    for part in parts:
        mass = np.convolve(mass, stats.hypergeom(*part).pmf(np.arange(part[1] + 1)))
    return float(mass[seen:].sum())


def test_the_jump_deals_out_each_line_of_a_body(snapshot: Snap) -> None:
    rng = np.random.default_rng(7)
    rows = [
        award(i, f"B{rng.integers(3)}", f"C{rng.integers(4)}", DAY + timedelta(days=20 * i),
              category="45" if rng.random() < 0.7 else "72")
        for i in range(160)
    ]  # fmt: skip
    found = market(snapshot(awards=rows))
    spans = {"B0": [(0, 900), (2000, 2400)], "B2": [(500, 1700)]}

    def counted(body: str, line: str, firms: set[str]) -> tuple[int, int, int, int]:
        own = [r for r in rows if (r["buyer_id"], r["category"]) == (body, line)]
        day = {r["award_id"]: (date.fromisoformat(r["awarded_on"]) - DAY).days for r in own}
        inside = [r for r in own if any(a <= day[r["award_id"]] <= b for a, b in spans[body])]
        return (len(own), sum(r["company_id"] in firms for r in own), len(inside),
                sum(r["company_id"] in firms for r in inside))  # fmt: skip

    asked = [(int(b[1]), a, z) for b in spans for a, z in spans[b]]
    body, low, high = (np.array(v, np.int32) for v in zip(*asked, strict=True))
    base = days(DAY)[0]
    for firms in ([1], [1, 2]):
        n = len(firms)
        seen = found.advantage(
            np.repeat(body, n), np.tile(np.array(firms, np.int32), len(body)),
            np.repeat(low + base, n), np.repeat(high + base, n),
            np.zeros(n * len(body), np.int64),
        )  # fmt: skip
        cells = [counted(b, line, {f"C{f}" for f in firms}) for b in spans for line in ("45", "72")]
        assert seen.wins[0] == sum(c[3] for c in cells) > 3
        assert min(c[0] - c[1] for c in cells) > 0
        wanted = of_sums([c[:3] for c in cells], int(seen.wins[0]))
        assert 0 < wanted < 1
        assert seen.jump.p[0] == pytest.approx(wanted)
        assert (seen.jump.above + seen.jump.at)[0] == pytest.approx(wanted)


def test_a_firm_that_wins_all_there_is_makes_no_jump(snapshot: Snap) -> None:
    rows = [award(i, "B0", "C0", DAY + timedelta(days=30 * i)) for i in range(40)]
    rows += [award(100 + i, "B1", "C1", DAY + timedelta(days=30 * i)) for i in range(40)]
    zero = np.zeros(1, np.int32)
    seen = market(snapshot(awards=rows)).advantage(
        zero, zero, days(DAY), days(DAY + timedelta(days=500))
    )
    assert seen.wins[0] > 10
    assert seen.outside_wins[0] > 10
    assert seen.jump.p[0] == pytest.approx(1.0)


def test_a_firm_as_strong_outside_the_span_is_expected_to_be(snapshot: Snap) -> None:
    rows, rivals = [], []
    for i in range(60):
        day = DAY + timedelta(days=30 * i)
        rows.append(award(i, "B1", "C1" if i % 2 else "C2", day))
        rivals.append(award(100 + i, "B2", f"C{2 + i % 5}", day))
    snap = snapshot(awards=rows + rivals)
    zero = np.zeros(1, np.int32)
    seen = market(snap).advantage(zero, zero, days(DAY), days(DAY + timedelta(days=600)))
    history = (seen.outside_wins + PRIOR_HISTORY) / (seen.outside_expected + PRIOR_HISTORY)
    assert float(history[0]) > 1.5
    plain = negative_binomial_tail(seen.wins, seen.expected, market(snap).shares.dispersion)
    assert seen.p_share[0] > plain[0]
    assert seen.jump.p[0] > 0.3


def test_the_awards_behind_a_count(yard: tuple[Snapshot, Market]) -> None:
    snap, found = yard
    rows = found.awards(2, 3, -FAR, FAR)
    wins = snap.sql(
        "SELECT award_id, row_key, awarded_on, amount FROM wins WHERE buyer_id = 'B2' "
        "AND company_id = 'C3' ORDER BY awarded_on, award_id"
    ).to_pylist()
    assert [(a.award_id, a.row_key, a.awarded_on, a.amount) for a in rows] == [
        (w["award_id"], w["row_key"], w["awarded_on"], w["amount"]) for w in wins
    ]
    assert len(rows) > 2
    assert all(isinstance(a.amount, Decimal) for a in rows)
    day = rows[1].awarded_on
    assert [a.awarded_on for a in found.awards(2, 3, *map(int, (days(day)[0],) * 2))] == [day]
    one = np.ones(1, np.int32)
    assert found.count(2 * one, 3 * one, -FAR * one, FAR * one).tolist() == [len(rows)]


def test_a_market_is_made_once(yard: tuple[Snapshot, Market]) -> None:
    snap, found = yard
    assert market(snap) is found


def test_nothing_to_ask(snapshot: Snap) -> None:
    found = market(snapshot(bodies=[{"body_id": "B1", "name": "b"}]))
    none = np.zeros(0, np.int32)
    seen = found.advantage(none, none, none, none, groups=2)
    assert seen.wins.tolist() == [0, 0]
    assert seen.p_share.tolist() == seen.bids.p.tolist() == [1.0, 1.0]
