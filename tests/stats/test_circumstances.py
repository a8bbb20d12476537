"""Sizes, breadth, margins and bids at other times, against a slow plain version."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.snapshot import Snapshot
from graphgov.stats.circumstances import (
    AFTER,
    BEFORE,
    BLIND,
    BREADTH,
    MOST_NARROW,
    MOST_SIZE,
    NARROW,
    OUTSIDE,
    SIZE,
    Asked,
    Circumstances,
)
from graphgov.stats.market import LEAST_WINS, market
from graphgov.stats.shares import PRESENCE, Shares
from graphgov.stats.spans import FAR

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
EPOCH = date(1970, 1, 1)
START = date(2018, 1, 1)


def province(seed: int = 0, tenders: int = 400) -> dict[str, list[Row]]:
    """Random tenders of three bodies in two lines, two to four of six firms bidding."""
    rng = np.random.default_rng(seed)
    frames: dict[str, list[Row]] = {"tenders": [], "bids": [], "awards": []}
    for i in range(tenders):
        body, category = f"B{rng.integers(3)}", ("4500", "3000")[int(rng.integers(2))]
        day = str(START + timedelta(days=int(rng.integers(2000))))
        value = float(np.round(rng.lognormal(10 + (category == "4500"), 1)))
        firms = [f"C{c}" for c in rng.choice(6, size=int(rng.integers(2, 5)), replace=False)]
        key = f"T{i:03d}"
        frames["tenders"].append(
            {"tender_id": key, "buyer_id": body, "category": category, "estimated_value": value}
        )
        frames["bids"] += [
            {"bid_id": f"{key}{c}", "tender_id": key, "company_id": c,
             "amount": int(value * (0.8 + 0.05 * j) + rng.integers(9)) if rng.random() < 0.9
             else int(value)}
            for j, c in enumerate(firms)
        ]  # fmt: skip
        frames["awards"].append(
            {"award_id": f"A{i:03d}", "tender_id": key, "buyer_id": body, "company_id": firms[0],
             "awarded_on": day, "amount": value, "category": category}
        )  # fmt: skip
    return frames


def prepared(snap: Snapshot) -> Circumstances:
    return Circumstances(snap, Shares(snap, PRESENCE), Shares(snap))


def ask(snap: Snapshot, body: str, company: str, spans: list[tuple[date, date]]) -> float:
    count = len(spans)
    codes = snap.ids("body").index(body), snap.ids("company").index(company)
    one = np.ones(count, np.int32)
    asked = Asked(
        one * codes[0],
        one * codes[1],
        np.array([(s - EPOCH).days for s, _ in spans], np.int32),
        np.array([(e - EPOCH).days for _, e in spans], np.int32),
        np.zeros(count, np.int64),
        one[:1] * codes[0],
        one[:1] * codes[1],
        np.zeros(1, np.int64),
    )
    return float(prepared(snap).points(asked, 1)[0])


def plainly(
    frames: dict[str, list[Row]], body: str, company: str, spans: list[tuple[date, date]]
) -> float:
    """The same from the rows, one at a time; repeats within a fortnight count for size alone."""
    tender = {t["tender_id"]: t for t in frames["tenders"]}
    day = {a["tender_id"]: date.fromisoformat(a["awarded_on"]) for a in frames["awards"]}
    bids = [(tender[b["tender_id"]], b["company_id"]) for b in frames["bids"]]
    log = {c: [np.log(t["estimated_value"]) for t, _ in bids if t["category"] == c]
           for c in ("4500", "3000")}  # fmt: skip

    def level(t: Row) -> float:
        values = log[t["category"]]
        return (np.log(t["estimated_value"]) - np.mean(values)) / np.std(values)

    usual = np.mean([level(t) for t, _ in bids if t["buyer_id"] == body])
    own = [t for t, c in bids if c == company and t["buyer_id"] == body]
    inside = [level(t) - usual for t in own if any(s <= day[t["tender_id"]] <= e for s, e in spans)]
    size = np.sum(inside) / np.sqrt(max(len(inside), 1))

    def decisions(rows: list[tuple[str, str, date, str]]) -> list[date]:
        kept, last = [], {}
        for key, line, when, _ in sorted(rows, key=lambda r: (r[2], r[3])):
            if (when - last.get((key, line), date.min)).days > 14:
                kept.append(when)
            last[key, line] = when
        return kept

    lines = {
        tender[a["tender_id"]]["category"] for a in frames["awards"] if a["company_id"] == company
    }
    took = [day[t["tender_id"]] for t in own]  # who comes every week is no stranger
    bought = decisions(
        [(a["company_id"], a["category"], day[a["tender_id"]], a["award_id"])
         for a in frames["awards"] if a["buyer_id"] == body and a["category"] in lines]
    )  # fmt: skip
    first, last = min(s for s, _ in spans), max(e for _, e in spans)
    rates = []
    for low, high in (
        (first - timedelta(days=365), first - timedelta(days=1)),
        (last + timedelta(days=1), last + timedelta(days=365)),
    ):
        seen, there = (sum(low <= d <= high for d in days) for days in (took, bought))
        rates.append(np.log10((seen + 0.3) / (there + 2.0)))
    seen, there = (
        sum(not any(s <= d <= e for s, e in spans) for d in days) for days in (took, bought)
    )
    rates.append(np.log10((seen + 0.3) / (there + 2.0)))
    met = {t["category"] for t in own if any(s <= day[t["tender_id"]] <= e for s, e in spans)}
    won = [
        -np.log(share) - 1.0
        for (key, share) in narrowness(frames).items()
        for a in frames["awards"]
        if a["tender_id"] == key and a["company_id"] == company and a["buyer_id"] == body
        and any(s <= day[key] <= e for s, e in spans)
    ]  # fmt: skip
    return float(
        SIZE * np.clip(size, -MOST_SIZE, MOST_SIZE)
        + BREADTH * (np.log10(max(len(met), 1)) - 0.3)
        - BEFORE * (rates[0] + 0.8)
        - AFTER * (rates[1] + 0.8)
        - OUTSIDE * (rates[2] + 0.8)
        + NARROW * np.clip(sum(won) / np.sqrt(len(won) + 1), -MOST_NARROW, MOST_NARROW)
    )


def narrowness(frames: dict[str, list[Row]]) -> dict[str, float]:
    """Of each tender won by its cheapest bid: rank of the margin among its like, as a share."""
    winner = {a["tender_id"]: a["company_id"] for a in frames["awards"]}
    division = {t["tender_id"]: t["category"][:2] for t in frames["tenders"]}
    margins: dict[str, tuple[int, str, float]] = {}
    for key, who in winner.items():
        bids = sorted((b["amount"], b["company_id"]) for b in frames["bids"]
                      if b["tender_id"] == key)  # fmt: skip
        own_bid = next(amount for amount, c in bids if c == who)
        if len(bids) >= 2 and bids[0][0] == own_bid:
            margins[key] = min(len(bids), 6), division[key], bids[1][0] / bids[0][0]
    found = {}
    for key, (size, part, own) in margins.items():
        like = [m for n, d, m in margins.values() if (n, d) == (size, part)]
        if len(like) < 30:
            like = [m for n, d, m in margins.values() if n == size
                    and sum((n, d) == (k, e) for k, e, _ in margins.values()) < 30]  # fmt: skip
        below, equal = sum(m < own for m in like), sum(m == own for m in like)
        found[key] = (below + equal / 2) / len(like)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_the_rows_say(snapshot: Snap, seed: int) -> None:
    frames = province(seed)
    snap = snapshot(**frames)
    rng = np.random.default_rng(seed)
    for _ in range(6):
        body, company = f"B{rng.integers(3)}", f"C{rng.integers(6)}"
        begin = START + timedelta(days=int(rng.integers(1200)))
        spans = [(begin, begin + timedelta(days=200)),
                 (begin + timedelta(days=300), begin + timedelta(days=500))]  # fmt: skip
        assert ask(snap, body, company, spans) == pytest.approx(
            plainly(frames, body, company, spans), abs=1e-9
        )


def test_the_order_of_rows_changes_nothing(snapshot: Snap) -> None:
    frames = province(9)
    mixed = {name: rows[::-1] for name, rows in frames.items()}
    span = [(date(2019, 1, 1), date(2020, 6, 1))]
    assert ask(snapshot(**frames), "B1", "C2", span) == ask(snapshot(**mixed), "B1", "C2", span)


def test_values_nobody_knows_say_nothing_of_size(snapshot: Snap) -> None:
    frames = province(3)
    for row in frames["tenders"]:
        del row["estimated_value"]
    span = [(date(2019, 1, 1), date(2020, 6, 1))]
    known = ask(snapshot(**province(3)), "B1", "C2", span)
    blank = ask(snapshot(**frames), "B1", "C2", span)
    assert np.isfinite(blank)
    assert blank != known
    assert abs(blank - known) <= SIZE * MOST_SIZE


def test_a_stranger_before_and_after_says_more_than_a_regular(snapshot: Snap) -> None:
    frames = province(5)
    span = [(date(2019, 7, 1), date(2020, 12, 31))]
    before = ask(snapshot(**frames), "B0", "C0", span)
    day = {a["tender_id"]: a["awarded_on"] for a in frames["awards"]}
    frames["bids"] = [
        b for b in frames["bids"]
        if b["company_id"] != "C0" or "2019-07-01" <= day[b["tender_id"]] <= "2020-12-31"
    ]  # fmt: skip
    for award in frames["awards"]:  # the others win what it no longer bids on
        if award["company_id"] == "C0" and not "2019-07-01" <= award["awarded_on"] <= "2020-12-31":
            award["company_id"] = next(
                b["company_id"] for b in frames["bids"] if b["tender_id"] == award["tender_id"]
            )
    assert ask(snapshot(**frames), "B0", "C0", span) > before


def test_open_ends_have_no_year_beside_them(snapshot: Snap) -> None:
    snap = snapshot(**province(1))
    far = np.array([FAR], np.int32)
    zero, unit = np.zeros(1, np.int32), np.zeros(1, np.int64)
    found = prepared(snap).points(Asked(zero, zero, -far, far, unit, zero, zero, unit), 2)
    assert abs(found[0]) <= SIZE * MOST_SIZE + 0.3 * BREADTH + NARROW * MOST_NARROW + 0.03
    assert found[1] == 0.0  # a group without a unit


def test_a_pair_with_few_wins_has_no_circumstances(snapshot: Snap) -> None:
    frames = province(2, tenders=40)
    yard = market(snapshot(**frames))
    every = np.arange(18)
    body, company = (every // 6).astype(np.int32), (every % 6).astype(np.int32)
    far = np.full(18, FAR, np.int32)
    seen = yard.advantage(body, company, -far, far, with_odds=True)
    assert (seen.circumstances[seen.wins < LEAST_WINS] == 0).all()
    assert (seen.circumstances[seen.wins >= LEAST_WINS] != 0).any()
    assert not yard.advantage(body, company, -far, far).circumstances.any()


def test_without_bids_a_habit_cannot_be_seen(snapshot: Snap) -> None:
    frames = province(4)
    del frames["bids"]
    snap = snapshot(**frames)
    bought = Shares(snap)
    zero, unit = np.zeros(1, np.int32), np.zeros(1, np.int64)
    days = [np.array([(date(y, 1, 1) - EPOCH).days], np.int32) for y in (2019, 2021)]
    asked = Asked(zero, zero, *days, unit, zero, zero, unit)
    blind = Circumstances(snap, bought, bought).points(asked, 1)[0]
    seeing = Circumstances(snap, bought, Shares(snap)).points(asked, 1)[0]
    assert blind != seeing
    assert abs(blind + BLIND) <= SIZE * MOST_SIZE + BREADTH


def test_what_is_told_is_what_the_rows_say(snapshot: Snap) -> None:
    frames = province(6)
    snap = snapshot(**frames)
    body, company = snap.ids("body").index("B1"), snap.ids("company").index("C3")
    begin, end = date(2019, 6, 1), date(2020, 5, 31)
    days = (begin - EPOCH).days, (end - EPOCH).days
    told = prepared(snap).told([(body, company, *days)])
    day = {a["tender_id"]: date.fromisoformat(a["awarded_on"]) for a in frames["awards"]}
    own = [
        (t, day[t["tender_id"]]) for b in frames["bids"] for t in frames["tenders"]
        if b["tender_id"] == t["tender_id"] and b["company_id"] == "C3" and t["buyer_id"] == "B1"
    ]  # fmt: skip
    assert told is not None
    assert told.lines == len({t["category"] for t, d in own if begin <= d <= end})
    assert told.before is not None
    assert told.before == sum(begin - timedelta(days=365) <= d < begin for _, d in own) > 0
    # Years that the data do not hold are not told of.
    last = max(day.values())
    late = ((last - timedelta(days=200)) - EPOCH).days, (last - timedelta(days=100) - EPOCH).days
    after = prepared(snap).told([(body, company, *late)])
    assert after is not None
    assert (after.before is not None, after.after) == (True, None)
    assert prepared(snap).told([(body, company, -FAR, FAR)])[1:] == (None, None)
    bought = Shares(snap)
    assert Circumstances(snap, bought, bought).told([(body, company, *days)]) is None


def test_a_span_that_never_was_changes_nothing(snapshot: Snap) -> None:
    """A post that ended before the chain began."""
    snap = snapshot(**province(7))
    real = (date(2019, 3, 1), date(2020, 3, 1))
    never = (date(2018, 6, 1), date(2018, 1, 1))
    assert ask(snap, "B1", "C2", [real]) == ask(snap, "B1", "C2", [never, real])


@pytest.mark.parametrize("together", [False, True])
def test_a_partner_is_not_a_rival_beaten_by_a_hair(snapshot: Snap, together: bool) -> None:
    frames = province(8)
    for row in [a for a in frames["awards"] if a["company_id"] == "C1"]:
        bids = [b for b in frames["bids"] if b["tender_id"] == row["tender_id"]]
        partner = next(b for b in bids if b["company_id"] != "C1")
        own = next(b for b in bids if b["company_id"] == "C1")
        own["amount"] = partner["amount"] = 1  # the cheapest, alike
        if together:
            frames["awards"].append(row | {"company_id": partner["company_id"]})
    snap = snapshot(**frames)
    yard = market(snap)
    found = yard.circumstances._margins
    codes = snap.ids("company").index("C1")
    rows = found._spans.key // (found._spans.days + 1) % found._spans.seconds == codes
    assert bool(rows.any()) is not together


def test_ids_do_not_matter_where_prices_are_alike(snapshot: Snap) -> None:
    frames = province(10)
    for row in frames["bids"]:
        row["amount"] = 900
    swap = {"C0": "C5", "C5": "C0"}
    mixed = {
        name: [
            row | ({"company_id": swap.get(row["company_id"], row["company_id"])}
                   if "company_id" in row else {}) for row in rows
        ] for name, rows in frames.items()
    }  # fmt: skip
    span = [(date(2018, 1, 1), date(2021, 1, 1))]
    one, other = (ask(snapshot(**f), "B1", c, span) for f, c in ((frames, "C0"), (mixed, "C5")))
    assert one == pytest.approx(other, abs=1e-9)
