from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.snapshot import Snapshot
from graphgov.stats.shares import MIN_LINE, PRIOR_AWARDS, REPEAT_DAYS, Shares
from graphgov.stats.spans import FAR

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
DAY = date(2022, 1, 1)
EPOCH = date(1970, 1, 1)


def awards(seed: int, n: int = 160) -> list[Row]:
    rng = np.random.default_rng(seed)
    kinds = ["45233", "45211", "4529", "71", "0311", None]
    rows = []
    for i in range(n):
        body = int(rng.integers(5))
        rows.append(
            {
                "award_id": f"A{i:04d}",
                "buyer_id": f"B{body}",
                "company_id": f"C{rng.integers(9)}",
                "awarded_on": str(DAY + timedelta(days=int(rng.integers(700)))),
                "amount": 100,
                "category": kinds[int(rng.choice(6, p=[0.4, 0.2, 0.04, 0.2, 0.1, 0.06]))],
                "region": (None, "North", "South")[body % 3],
            }
        )
    return rows


def slow(rows: list[Row], company: str, body: str, start: date, end: date) -> float:
    """The share view as its docstring tells it, one award at a time."""
    regions = {r["buyer_id"]: r["region"] or "" for r in rows}
    sizes = Counter(r["category"] for r in rows)

    def division(category: str | None) -> str:
        return (category or "")[:2]

    def line(category: str | None) -> str:
        if sizes[category] >= MIN_LINE:
            return "=" + category if category is not None else ""
        same = sum(
            n for c, n in sizes.items()
            if n < MIN_LINE and c is not None and category is not None and c[:4] == category[:4]
        )  # fmt: skip
        return "4" + category[:4] if category and same >= MIN_LINE else "2" + division(category)

    decided, last = [], {}
    for r in sorted(rows, key=lambda r: (r["awarded_on"], r["award_id"])):
        key, day = (
            (r["buyer_id"], r["company_id"], r["category"]),
            date.fromisoformat(r["awarded_on"]),
        )
        if key not in last or (day - last[key]).days > REPEAT_DAYS:
            decided.append((r["company_id"], r["buyer_id"], line(r["category"]),
                            division(r["category"]), regions[r["buyer_id"]], day))  # fmt: skip
        last[key] = day

    def shrunk(wins: float, total: float, prior: float) -> float:
        return (wins + PRIOR_AWARDS * prior) / (total + PRIOR_AWARDS)

    expected = 0.0
    for name in sorted({d[2] for d in decided if d[0] == company}):
        kind = next(d[3] for d in decided if d[2] == name)
        other = [d for d in decided if d[1] != body]
        in_division = [d for d in other if d[3] == kind]
        in_line = [d for d in other if d[2] == name]
        near = [d for d in in_line if d[4] == regions[body]]

        def firms(index: int, value: str, *more: Any) -> int:
            return len({d[0] for d in decided if d[index] == value and (not more or d[4] in more)})

        def of(part: list[Any]) -> int:
            return sum(d[0] == company for d in part)

        share = shrunk(of(in_division), len(in_division), 1 / firms(3, kind))
        share = shrunk(of(in_line), len(in_line), max(share, 1 / firms(2, name)))
        local = max(firms(2, name, regions[body]), 1)
        share = shrunk(of(near), len(near), max(share, 1 / local))
        expected += share * sum(
            d[1] == body and d[2] == name and start <= d[5] <= end for d in decided
        )
    return expected


def ask(shares: Shares, snap: Snapshot, queries: list[tuple[str, str, date, date]]) -> np.ndarray:
    firms, bodies = snap.ids("company"), snap.ids("body")
    company, body, start, end = zip(*queries, strict=True)
    inside, overall = shares.expected(
        np.array([bodies.index(b) for b in body], np.int32),
        np.array([firms.index(c) for c in company], np.int32),
        np.array([(d - EPOCH).days for d in start], np.int32),
        np.array([(d - EPOCH).days for d in end], np.int32),
    )
    assert np.all(inside <= overall + 1e-9)
    return inside


QUERIES = [
    (f"C{c}", f"B{b}", DAY + timedelta(days=90 * b), DAY + timedelta(days=90 * b + 60 * c))
    for c in range(9)
    for b in range(5)
]


def test_expectations_are_those_of_a_slow_reading(snapshot: Snap) -> None:
    rows = [r for r in awards(3) if r["category"] is not None]
    snap = snapshot(awards=rows)
    found = ask(Shares(snap), snap, QUERIES)
    assert found.max() > 0.5
    assert found == pytest.approx([slow(rows, *q) for q in QUERIES], abs=1e-9)


def test_the_same_pairs_can_be_asked_about_again_and_side_by_side(snapshot: Snap) -> None:
    snap = snapshot(awards=awards(5))
    shares = Shares(snap)
    body, company = np.repeat(np.arange(5, dtype=np.int32), 6), np.zeros(30, np.int32)
    company[:] = np.tile([0, 1, 2, 2, 1, 0], 5)  # every pair twice
    far = np.full(30, FAR, np.int32)
    middle = np.full(30, (DAY - EPOCH).days + 200, np.int32)
    for start, end in ((-far, middle), (middle + 1, far), (-far, far)):
        inside, overall = shares.expected(body, company, start, end)
        alone = [
            float(shares.expected(*(v[i : i + 1] for v in (body, company, start, end)))[0][0])
            for i in range(30)
        ]
        assert inside.tolist() == alone
        assert inside.sum() <= overall.sum()
    assert inside.tolist() == overall.tolist()
    assert inside.max() > 0


def test_row_order_and_names_do_not_matter(snapshot: Snap) -> None:
    rows = awards(4)
    mixed = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    other = [
        r | {"company_id": f"Z{9 - int(r['company_id'][1])}", "buyer_id": f"Y{r['buyer_id']}"}
        for r in mixed
    ]
    first, second, third = (snapshot(awards=part) for part in (rows, mixed, other))
    plain = ask(Shares(first), first, QUERIES)
    assert ask(Shares(second), second, QUERIES).tolist() == plain.tolist()
    renamed = [(f"Z{9 - int(c[1])}", f"Y{b}", s, e) for c, b, s, e in QUERIES]
    assert ask(Shares(third), third, renamed) == pytest.approx(plain)


def far(snap: Snapshot, shares: Shares, company: str, body: str) -> float:
    low, high = EPOCH - timedelta(days=700_000), EPOCH + timedelta(days=1_000_000)
    return float(ask(shares, snap, [(company, body, low, high)])[0])


def one(i: int, day: date, **more: Any) -> Row:
    return {"award_id": f"A{i:03d}", "buyer_id": "B1", "company_id": "C1", "awarded_on": str(day),
            "amount": 1} | more  # fmt: skip


def test_weekly_bread_is_one_decision(snapshot: Snap) -> None:
    weekly = [one(i, DAY + timedelta(days=7 * i), category="1581") for i in range(10)]
    snap = snapshot(awards=[*weekly, one(99, DAY + timedelta(days=63 + REPEAT_DAYS + 1),
                                         category="1581")])  # fmt: skip
    shares = Shares(snap)
    assert shares.first.tolist() == [True] + [False] * 9 + [True]
    assert shares.by_pair.order.size == 11


@pytest.mark.parametrize(("gap", "decisions"), [(REPEAT_DAYS, 1), (REPEAT_DAYS + 1, 2), (0, 1)])
def test_a_fortnight_is_the_limit(gap: int, decisions: int, snapshot: Snap) -> None:
    snap = snapshot(awards=[one(1, DAY), one(2, DAY + timedelta(days=gap))])
    assert int(Shares(snap).first.sum()) == decisions


def test_another_kind_of_purchase_is_no_repeat(snapshot: Snap) -> None:
    snap = snapshot(awards=[one(1, DAY, category="1581"), one(2, DAY, category="4523")])
    assert int(Shares(snap).first.sum()) == 2


def test_a_firm_alone_in_a_niche_is_expected_to_win_it(snapshot: Snap) -> None:
    rows = [one(i, DAY + timedelta(days=30 * i), buyer_id=f"B{i % 3}", category="9999")
            for i in range(12)]  # fmt: skip
    snap = snapshot(awards=rows)
    assert far(snap, Shares(snap), "C1", "B1") == pytest.approx(4.0)


def test_what_happens_at_the_body_itself_does_not_count(snapshot: Snap) -> None:
    def rows(here: str) -> list[Row]:
        other = [one(i, DAY + timedelta(days=30 * i), buyer_id="B2", company_id=f"C{i % 4}",
                     category="45") for i in range(20)]  # fmt: skip
        return other + [
            one(50 + i, DAY + timedelta(days=30 * i), company_id=here, category="45")
            for i in range(6)
        ]

    steered, fair = (snapshot(awards=rows(firm)) for firm in ("C1", "C2"))
    assert far(steered, Shares(steered), "C1", "B1") == pytest.approx(
        far(fair, Shares(fair), "C1", "B1")
    )


@pytest.mark.parametrize(
    "rows",
    [
        [one(1, DAY)],
        [one(i, DAY + timedelta(days=i * 20), company_id=f"C{i}") for i in range(4)],
        [one(i, DAY + timedelta(days=i * 20), buyer_id=f"B{i}") for i in range(4)],
    ],
    ids=["one award", "one body", "one firm"],
)
def test_small_markets_have_finite_expectations(rows: list[Row], snapshot: Snap) -> None:
    snap = snapshot(awards=rows)
    shares = Shares(snap)
    for row in rows:
        value = far(snap, shares, row["company_id"], row["buyer_id"])
        assert 0 < value <= len(rows)
    assert 0.3 <= shares.dispersion <= 50


def test_no_awards_at_all(snapshot: Snap) -> None:
    snap = snapshot(bodies=[{"body_id": "B1", "name": "b"}])
    shares = Shares(snap)
    none = np.zeros(0, np.int32)
    inside, overall = shares.expected(none, none, none, none)
    assert inside.size == overall.size == 0
    zero = np.zeros(1, np.int32)
    low, high = shares.decisions.span(zero, zero, zero - FAR, zero + FAR)
    assert low[0] == high[0]


def test_dispersion_tells_equal_bodies_from_loyal_ones(snapshot: Snap) -> None:
    def market(loyal: float) -> Shares:
        rng = np.random.default_rng(1)
        rows = []
        for i in range(1500):
            body = int(rng.integers(12))
            firm = body if rng.random() < loyal else int(rng.integers(12))
            rows.append(
                one(i, DAY + timedelta(days=int(rng.integers(2000))), award_id=f"A{i:04d}",
                    buyer_id=f"B{body:02d}", company_id=f"C{firm:02d}", category="45")
            )  # fmt: skip
        return Shares(snapshot(awards=rows))

    assert market(0.0).dispersion > 10 > market(0.3).dispersion
