from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.network.closeness import Close, close, overshadowed, strongest
from graphgov.network.ties import FADE_DAYS
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
DAY = date(2023, 5, 1)
FAR_AGO = "2010-01-01"


def world(key: str, **change: Any) -> Frames:
    """One body with one award to the firm of the spouse of an official, named after the key."""
    official, owner, firm, body = (f"{key}-{part}" for part in ("off", "own", "firm", "body"))
    rows = {
        "bodies": {"body_id": body, "name": body},
        "people": [{"person_id": p, "name": p} for p in (official, owner)],
        "companies": {"company_id": firm, "name": firm},
        "offices": {"person_id": official, "body_id": body, "started_on": FAR_AGO},
        "ties": {"person_a": official, "person_b": owner, "kind": "spouse",
                 "started_on": FAR_AGO, "certainty": "documented"},
        "officers": {"person_id": owner, "company_id": firm, "role": "legal_representative",
                     "started_on": FAR_AGO},
        "awards": {"award_id": f"{key}-1", "buyer_id": body, "company_id": firm,
                   "awarded_on": str(DAY), "amount": 5},
    }  # fmt: skip
    frames: Frames = {}
    for table, row in rows.items():
        some = row if isinstance(row, list) else [row | change.get(table, {})]
        frames[table] = [dict(r) for r in some]
    for table, more in change.get("more", {}).items():
        frames.setdefault(table, []).extend(more)
    return frames


def day(n: int) -> str:
    return str(DAY + timedelta(days=n))


BIDS: Frames = {
    "tenders": [{"tender_id": "T", "buyer_id": "bid-body"}],
    "bids": [{"bid_id": c, "tender_id": "T", "company_id": c} for c in ("bid-firm", "x")],
    "companies": [{"company_id": "x", "name": "x"}],
}
# What changes, and whether the pair is close while it wins or bids.
WORLDS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "wed on the day": ({"ties": {"started_on": day(0)}}, True),
    "wed a day late": ({"ties": {"started_on": day(1)}}, False),
    "divorced on the day": ({"ties": {"ended_on": day(0)}}, True),
    "divorced before": ({"ties": {"ended_on": day(-1)}}, False),
    "in office from the day": ({"offices": {"started_on": day(0)}}, True),
    "in office a day late": ({"offices": {"started_on": day(1)}}, False),
    "out of office": ({"offices": {"ended_on": day(-1)}}, False),
    "last day in office": ({"offices": {"ended_on": day(0)}}, True),
    "no dates": ({"offices": {"started_on": None}, "ties": {"started_on": None},
                  "officers": {"started_on": None}}, True),
    "the firm came later": ({"officers": {"started_on": day(1)}}, False),
    "left the firm": ({"officers": {"ended_on": day(-1)}}, False),
    "another body": ({"awards": {"buyer_id": "plain-body"}}, False),
    "cancelled": ({"awards": {"status": "cancelled"}}, False),
    "bid": ({"awards": {"company_id": "x", "tender_id": "T"}, "more": BIDS}, True),
    "old colleague": ({"ties": {"kind": "colleague", "ended_on": day(-365)}}, True),
    "former colleague": ({"ties": {"kind": "colleague", "ended_on": day(-3000)}}, False),
    "supervisor's friend": ({"ties": {"kind": "friend"}, "officers": {"role": "supervisor"}}, True),
}  # fmt: skip


@pytest.fixture(scope="module")
def near(request: pytest.FixtureRequest) -> Callable[[], tuple[Snapshot, Close]]:
    made: list[tuple[Snapshot, Close]] = []

    def get(snapshot: Callable[..., Snapshot]) -> tuple[Snapshot, Close]:
        if not made:
            frames: Frames = {}
            for key, (change, _) in WORLDS.items():
                for table, rows in world(key.split("'")[0].replace(" ", "_"), **change).items():
                    frames.setdefault(table, []).extend(rows)
            for i in range(40):  # strangers: what two of many share is rare
                frames["people"].append({"person_id": f"s{i}", "name": f"s{i}"})
            snap = snapshot(**frames, as_of="2024-01-01")
            made.append((snap, close(snap)))
        return made[0]

    return get


def pairs(snap: Snapshot, found: Close) -> dict[tuple[str, str], int]:
    people, firms = snap.ids("person"), snap.ids("company")
    return {
        (people[found.person[i]], firms[found.company[i]]): i
        for i in strongest(found, found.strength)
    }


@pytest.mark.parametrize("name", WORLDS)
def test_who_is_close(name: str, near: Any, snapshot: Callable[..., Snapshot]) -> None:
    key = name.split("'")[0].replace(" ", "_")
    found = pairs(*near(snapshot))
    assert ((f"{key}-off", f"{key}-firm") in found) == WORLDS[name][1]


def test_nobody_else_is(near: Any, snapshot: Callable[..., Snapshot]) -> None:
    for official, firm in pairs(*near(snapshot)):
        assert official.rsplit("-", 1) == [firm.rsplit("-", 1)[0], "off"]


def test_wins_and_days(near: Any, snapshot: Callable[..., Snapshot]) -> None:
    snap, found = near(snapshot)
    rows = pairs(snap, found)
    number = (DAY - date(1970, 1, 1)).days
    assert found.wins[rows["plain-off", "plain-firm"]] == 1
    assert found.wins[rows["bid-off", "bid-firm"]] == 0
    assert found.seen.contests[rows["bid-off", "bid-firm"]] == 1
    assert set(found.day.tolist()) == {number}
    assert found.looked_at >= len(rows)
    assert len(set(found.queries.group.tolist())) == found.row.size


def test_a_work_tie_has_faded_on_the_day(near: Any, snapshot: Callable[..., Snapshot]) -> None:
    snap, found = near(snapshot)
    row = pairs(snap, found)["old_colleague-off", "old_colleague-firm"]
    fresh = found.found.strength[found.row[row]]
    assert found.strength[row] == pytest.approx(fresh * np.exp(-365 / FADE_DAYS))
    assert found.strength[pairs(snap, found)["plain-off", "plain-firm"]] == pytest.approx(0.5)


def test_the_strongest_row_of_a_pair_is_chosen(
    near: Any, snapshot: Callable[..., Snapshot]
) -> None:
    _, found = near(snapshot)
    worth = np.arange(found.row.size, dtype=np.float64)
    chosen = strongest(found, worth)
    keys = list(zip(found.person[chosen].tolist(), found.company[chosen].tolist(), strict=True))
    assert keys == sorted(set(keys))
    for i, key in zip(chosen, keys, strict=True):
        same = (found.person == key[0]) & (found.company == key[1])
        assert worth[i] == worth[same].max()


def test_without_ties_nobody_is_close(snapshot: Callable[..., Snapshot]) -> None:
    frames = world("k")
    snap = snapshot(awards=frames["awards"], offices=frames["offices"])
    found = close(snap)
    assert found.row.size == found.looked_at == 0
    assert close(snap) is found
    assert close(snap, max_len=2) is not found


def test_nothing_at_all(snapshot: Callable[..., Snapshot]) -> None:
    assert close(snapshot()).row.size == 0


def two_officials(**second: Any) -> Frames:
    """Two officials of one body, both tied to the owner of the firm that won there."""
    one = world("k")
    rows = {
        "people": {"person_id": "k-two", "name": "two"},
        "offices": {"person_id": "k-two", "body_id": "k-body", "started_on": FAR_AGO} | second,
        "ties": {"person_a": "k-two", "person_b": "k-own", "kind": "friend",
                 "started_on": FAR_AGO, "certainty": "documented"},
    }  # fmt: skip
    for table, row in rows.items():
        one[table].append(row)
    one["awards"].append(one["awards"][0] | {"award_id": "k-2", "awarded_on": day(-400)})
    return one


def shadows(snap: Snapshot, worth: dict[str, float]) -> set[str]:
    near = close(snap)
    ids = snap.ids("person")
    value = np.array([worth[ids[p]] for p in near.person])
    found = overshadowed(near, range(len(value)), value)
    return {ids[near.person[i]] for i in found}


def test_of_two_officials_the_likelier_hand_overshadows_the_other(
    snapshot: Callable[..., Snapshot],
) -> None:
    snap = snapshot(**two_officials())
    assert shadows(snap, {"k-off": 3.0, "k-two": 1.0}) == {"k-two"}
    assert shadows(snap, {"k-off": 1.0, "k-two": 3.0}) == {"k-off"}
    assert shadows(snap, {"k-off": 2.0, "k-two": 2.0}) == set()


def test_officials_who_never_served_together_do_not_overshadow_each_other(
    snapshot: Callable[..., Snapshot],
) -> None:
    frames = two_officials(ended_on=day(-300))
    frames["offices"][0]["started_on"] = day(-299)
    assert shadows(snapshot(**frames), {"k-off": 3.0, "k-two": 1.0}) == set()


def test_without_an_award_in_common_nobody_is_overshadowed(
    snapshot: Callable[..., Snapshot],
) -> None:
    frames = two_officials(ended_on=day(-10))  # served with the other, but not on an award's day
    frames["awards"] = [a for a in frames["awards"] if a["award_id"] != "k-2"]
    frames["awards"].append(frames["awards"][0] | {"award_id": "k-3", "awarded_on": day(-400)})
    frames["offices"][0]["started_on"] = day(-200)
    assert shadows(snapshot(**frames), {"k-off": 3.0, "k-two": 1.0}) == set()
