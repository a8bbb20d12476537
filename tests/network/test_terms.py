from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from graphgov.network.terms import terms
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import FAR

Snap = Callable[..., Snapshot]


def post(
    start: str | None, end: str | None, role: str | None = None, **more: Any
) -> dict[str, Any]:
    return {"person_id": "P1", "body_id": "B1", "started_on": start, "ended_on": end,
            "role": role} | more  # fmt: skip


def held(snapshot: Snap, *posts: dict[str, Any]) -> list[tuple[str, str, str, str, int, int]]:
    snap = snapshot(offices=list(posts), as_of="2030-01-01")
    found = terms(snap)

    def day(value: int) -> str:
        if abs(value) >= FAR:
            return "-" if value < 0 else "+"
        return str(date.fromordinal(value + date(1970, 1, 1).toordinal()))

    return [
        (
            snap.ids("person")[found.person[i]],
            snap.ids("body")[found.body[i]],
            day(int(found.start[i])),
            day(int(found.end[i])),
            int(found.standing[i]),
            len(found.rows[i]),
        )
        for i in range(found.person.size)
    ]


JOINED = {
    "one": ([post("2020-01-01", "2021-01-01")], [("2020-01-01", "2021-01-01", 3, 1)]),
    "overlapping": (
        [post("2020-01-01", "2021-06-30", "finance"), post("2021-01-01", "2022-12-31", "head")],
        [("2020-01-01", "2022-12-31", 0, 2)],
    ),
    "the next day": (
        [post("2020-01-01", "2020-12-31"), post("2021-01-01", "2021-12-31")],
        [("2020-01-01", "2021-12-31", 3, 2)],
    ),
    "a day between": (
        [post("2020-01-01", "2020-12-30"), post("2021-01-01", "2021-12-31", "deputy")],
        [("2020-01-01", "2020-12-30", 3, 1), ("2021-01-01", "2021-12-31", 1, 1)],
    ),
    "one inside the other": (
        [post("2020-01-01", "2023-12-31"), post("2021-01-01", "2021-02-01"),
         post("2023-06-01", "2024-06-01")],
        [("2020-01-01", "2024-06-01", 3, 3)],
    ),
    "a long one hides a gap": (
        [post("2020-01-01", "2023-12-31"), post("2020-02-01", "2020-03-01"),
         post("2022-01-01", "2022-02-01")],
        [("2020-01-01", "2023-12-31", 3, 3)],
    ),
    "open": ([post("2020-01-01", None, "procurement")], [("2020-01-01", "+", 1, 1)]),
    "no dates": ([post(None, None)], [("-", "+", 3, 1)]),
    "unknown start": ([post(None, "2021-01-01"), post("2020-01-01", None)], [("-", "+", 3, 2)]),
    "ends before it starts": (
        [post("2021-01-01", "2020-01-01"), post("2019-01-01", "2019-02-01")],
        [("2019-01-01", "2019-02-01", 3, 1)],
    ),
    "a single day": ([post("2021-01-01", "2021-01-01")], [("2021-01-01", "2021-01-01", 3, 1)]),
}  # fmt: skip


@pytest.mark.parametrize(("posts", "expected"), JOINED.values(), ids=JOINED)
def test_posts_are_joined_to_terms(
    posts: list[dict[str, Any]], expected: list[tuple[str, str, int, int]], snapshot: Snap
) -> None:
    assert [row[2:] for row in held(snapshot, *posts)] == expected
    assert [row[2:] for row in held(snapshot, *posts[::-1])] == expected


def test_people_and_bodies_stay_apart(snapshot: Snap) -> None:
    found = held(
        snapshot,
        post("2020-01-01", "2021-01-01", person_id="P2"),
        post("2020-06-01", None, body_id="B2"),
        post("2020-06-01", None),
    )
    assert [row[:2] for row in found] == [("P1", "B1"), ("P1", "B2"), ("P2", "B1")]


def test_rows_are_those_of_the_table_and_terms_are_read_once(snapshot: Snap) -> None:
    snap = snapshot(offices=[post("2020-01-01", None), post("2019-01-01", "2019-06-01")])
    keys = snap.sql("SELECT row_key FROM offices ORDER BY started_on")["row_key"].to_pylist()
    assert [key for rows in terms(snap).rows for key in rows] == keys
    assert terms(snap) is terms(snap)


def test_no_offices(snapshot: Snap) -> None:
    found = terms(snapshot(people=[{"person_id": "P1", "name": "p"}]))
    assert found.person.size == 0
    assert found.rows == ()
