from collections.abc import Callable
from typing import Any

import numpy as np

from graphgov.network.favour import Queries
from graphgov.network.recusal import recusals, without_recused
from graphgov.snapshot import Snapshot
from graphgov.stats.market import market

Row = dict[str, Any]
DAY0 = 18262  # 2020-01-01


def award(key: str, day: str, **more: Any) -> Row:
    row = {"award_id": key, "buyer_id": "B", "company_id": "acme", "awarded_on": day, "amount": 1}
    return row | more


AWARDS = [
    award("A1", "2020-01-10"), award("A2", "2020-01-20", tender_id="T2"),
    award("A3", "2020-01-20"), award("A4", "2020-01-30", tender_id="T4"),
    award("A5", "2020-02-10", company_id="zed", tender_id="T5"),
]  # fmt: skip
TENDERS = [{"tender_id": key, "buyer_id": "B"} for key in ("T2", "T4", "T5")]
BIDS = [
    {"bid_id": f"{t}{c}", "tender_id": t, "company_id": c}
    for t in ("T2", "T4", "T5") for c in ("acme", "zed")
]  # fmt: skip


def taken(snapshot: Callable[..., Snapshot], *decisions: Row) -> Snapshot:
    rows = [{"person_id": "ana", "recused": True} | d for d in decisions]
    people = [{"person_id": p, "name": p} for p in ("ana", "eva")]
    return snapshot(
        awards=AWARDS, tenders=TENDERS, bids=BIDS, decisions=rows, people=people,
        bodies=[{"body_id": "B", "name": "B"}],
        companies=[{"company_id": c, "name": c} for c in ("acme", "zed")],
    )  # fmt: skip


def days(snap: Snapshot, person: int = 0, company: int = 0) -> list[int]:
    known = recusals(snap)
    key = known.keys(*(np.array([v], np.int32) for v in (person, 0, company)))
    at = int(np.searchsorted(known.key, key[0]))
    if at == known.key.size or known.key[at] != key[0]:
        return []
    return (known.day[known.begins[at] : known.begins[at + 1]] - DAY0).tolist()


def queries(*spans: tuple[int, int, int], people: int = 1) -> Queries:
    """Spans (group, first day, last day) of ana, or of whom the group is, with acme at B."""
    group, start, end = (np.array(v) for v in zip(*spans, strict=True))
    none = np.zeros(len(spans), np.int32)
    return Queries(
        group.astype(np.int64), np.arange(people, dtype=np.int32), np.zeros(people, np.int32),
        none, none, (start + DAY0).astype(np.int32), (end + DAY0).astype(np.int32),
    )  # fmt: skip


def pieces(found: Queries) -> list[tuple[int, int, int]]:
    return list(
        zip(found.group.tolist(), (found.start - DAY0).tolist(), (found.end - DAY0).tolist(),
            strict=True)
    )  # fmt: skip


def test_days_of_recusals(snapshot: Callable[..., Snapshot]) -> None:
    snap = taken(snapshot, {"award_id": "A1"}, {"tender_id": "T4"})
    assert days(snap) == [9, 29]
    assert days(snap, company=1) == [29]  # zed lost T4
    assert days(snap, person=1) == []


def test_a_day_counts_while_something_else_was_decided_on_it(
    snapshot: Callable[..., Snapshot],
) -> None:
    assert days(taken(snapshot, {"award_id": "A2"})) == []
    assert days(taken(snapshot, {"award_id": "A2"}, {"award_id": "A3"})) == [19]


def test_a_recusal_from_an_award_covers_who_lost_it(snapshot: Callable[..., Snapshot]) -> None:
    assert days(taken(snapshot, {"award_id": "A5"})) == [40]


def test_taking_part_is_no_recusal(snapshot: Callable[..., Snapshot]) -> None:
    assert days(taken(snapshot, {"award_id": "A1", "recused": False})) == []
    assert recusals(snapshot(awards=AWARDS)).key.size == 0


def test_spans_are_cut_at_these_days(snapshot: Callable[..., Snapshot]) -> None:
    snap = taken(snapshot, {"award_id": "A1"}, {"tender_id": "T4"})
    assert pieces(without_recused(snap, queries((0, 0, 99)))) == [
        (0, 0, 8),
        (0, 10, 28),
        (0, 30, 99),
    ]
    assert pieces(without_recused(snap, queries((0, 9, 29)))) == [(0, 10, 28)]
    assert pieces(without_recused(snap, queries((0, 9, 9)))) == []
    assert pieces(without_recused(snap, queries((0, 10, 20)))) == [(0, 10, 20)]
    assert pieces(without_recused(snap, queries((0, 8, 3)))) == []
    two = queries((0, 0, 9), (1, 0, 9), people=2)
    assert pieces(without_recused(snap, two)) == [(0, 0, 8), (1, 0, 9)]


def test_what_is_cut_out_counts_as_outside_once(snapshot: Callable[..., Snapshot]) -> None:
    snap = taken(snapshot, {"award_id": "A1"}, {"tender_id": "T4"})
    cut = without_recused(snap, queries((0, 0, 99)))
    seen = market(snap).advantage(cut.body, cut.company, cut.start, cut.end, cut.group)
    all_ = queries((0, 0, 99))
    whole = market(snap).advantage(all_.body, all_.company, all_.start, all_.end, all_.group)
    # One decision: the rest are repeats of A1 within a fortnight each.
    assert (seen.wins.tolist(), seen.outside_wins.tolist()) == ([0], [1])
    assert (whole.wins.tolist(), whole.outside_wins.tolist()) == ([1], [0])
    assert np.isclose(
        seen.expected + seen.outside_expected, whole.expected + whole.outside_expected
    ).all()
