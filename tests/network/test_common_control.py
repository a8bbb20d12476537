from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from graphgov.network.common_control import CommonControl, common_control
from graphgov.snapshot import Snapshot

Snap = Callable[..., Snapshot]
Row = dict[str, Any]
AWARDS = [
    {"award_id": f"A{c}", "buyer_id": "B", "company_id": c, "awarded_on": "2024-01-01", "amount": 1}
    for c in ("c1", "c2", "c3")
]
OLD, DAY, NEW = ((date(y, 6, 1) - date(1970, 1, 1)).days for y in (2019, 2021, 2023))


def holds(owner: str, company: str, share: float = 0.8, **more: Any) -> Row:
    kind = "person" if owner.startswith("p") else "company"
    return {"owner_id": owner, "owner_kind": kind, "company_id": company, "share": share} | more


def heads(person: str, company: str, **more: Any) -> Row:
    return {"person_id": person, "company_id": company, "role": "legal_representative"} | more


def control(snapshot: Snap, **tables: Any) -> tuple[CommonControl, list[int]]:
    snap = snapshot(awards=AWARDS, **tables)
    ids = snap.ids("company")
    return common_control(snap), [ids.index(c) for c in ("c1", "c2", "c3")]


CASES: dict[str, tuple[list[Row], list[Row], tuple[bool, bool, bool]]] = {
    "one owner all the time": ([holds("p1", "c1"), holds("p1", "c2")], [], (True, True, True)),
    "a minority is no control": (
        [holds("p1", "c1"), holds("p1", "c2", 0.4)], [], (False, False, False)),
    "bought in between": (
        [holds("p1", "c1"), holds("p1", "c2", started_on="2021-01-01")], [], (False, True, True)),
    "sold in between": (
        [holds("p1", "c1"), holds("p1", "c2", ended_on="2022-01-01")], [], (True, True, False)),
    "never both at once": (
        [holds("p1", "c1", ended_on="2020-01-01"), holds("p1", "c2", started_on="2022-01-01")],
        [], (False, False, False)),
    "through a holding": (
        [holds("p1", "h"), holds("h", "c1"), holds("p1", "c2")], [], (True, True, True)),
    "the holding came later": (
        [holds("p1", "h", started_on="2022-01-01"), holds("h", "c1"), holds("p1", "c2")],
        [], (False, False, True)),
    "one head": ([], [heads("p1", "c1"), heads("p1", "c2")], (True, True, True)),
    "a head that left": (
        [], [heads("p1", "c1"), heads("p1", "c2", ended_on="2020-01-01")], (True, False, False)),
    "nothing known": ([], [], (False, False, False)),
}  # fmt: skip


@pytest.mark.parametrize(("owned", "led", "expected"), CASES.values(), ids=CASES)
def test_two_companies_on_three_days(
    owned: list[Row], led: list[Row], expected: tuple[bool, bool, bool], snapshot: Snap
) -> None:
    found, (one, two, other) = control(snapshot, ownership=owned, officers=led)
    assert tuple(found.together([one, two], [day]) for day in (OLD, DAY, NEW)) == expected
    assert found.together([two, one], [OLD, DAY, NEW]) == all(expected)
    assert not found.together([one, two, other], [DAY])
    assert found.together([one], [DAY])
    if any(expected):
        assert found.label[one] == found.label[two] != found.label[other]


def test_what_shows_it(snapshot: Snap) -> None:
    rows = [
        holds("p1", "c1", certainty="declared"),
        holds("p1", "c2", certainty="inferred", ended_on="2022-01-01"),
        holds("p1", "c3", certainty="inferred"),
    ]
    snap = snapshot(awards=AWARDS, ownership=rows, officers=[heads("p1", "c2")])
    found = common_control(snap)
    assert [e.table for e in found.evidence(snap, ["c1", "c2"], "2021-06-01")] == [
        "officers", "ownership", "ownership",
    ]  # fmt: skip
    assert len(found.evidence(snap, ["c1", "c2"], "2023-06-01")) == 2
    assert found.certainty(snap, ["c1", "c2"], "2021-06-01") == "inferred"
    assert found.certainty(snap, ["c1", "c2"], "2023-06-01") == "declared"
    assert found.certainty(snap, ["zed"], "2023-06-01") == "documented"


def test_a_cycle_ends(snapshot: Snap) -> None:
    rows = [holds("c1", "c2"), holds("c2", "c1"), holds("c1", "c3")]
    found, (one, two, three) = control(snapshot, ownership=rows)
    assert found.together([one, two, three], [DAY])
