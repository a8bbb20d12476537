from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.e07_one_hand_behind_winners import OneHandBehindWinners
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
FIRST = date(2022, 1, 3)


def owns(owner: str, company: str, part: float = 0.6, **more: Any) -> Row:
    kind = "person" if owner.startswith("p") else "company"
    row = {
        "owner_id": owner, "owner_kind": kind, "company_id": company, "share": part,
        "started_on": "2015-01-01",
    }  # fmt: skip
    return row | more


def award(i: int, body: str, company: str, category: str = "4500", **more: Any) -> Row:
    row = {
        "award_id": f"A{i:05d}", "buyer_id": body, "company_id": company, "category": category,
        "awarded_on": str(FIRST + timedelta(days=i % 700)), "amount": 100, "currency": "CNY",
        "region": "North",
    }  # fmt: skip
    return row | more


def honest(seed: int, awards: int = 600, firms: int = 60, bodies: int = 40) -> list[Row]:
    rng = np.random.default_rng(seed)
    return [
        award(
            i,
            f"B{rng.integers(bodies):02d}",
            f"f{rng.integers(firms):02d}",
            "4500" if i % 2 else "7100",
        )
        for i in range(awards)
    ]


def sisters(trades: tuple[str, str] = ("4500", "4500"), bodies: int = 4) -> list[Row]:
    """Two firms that win by turns at the same bodies."""
    return [
        award(5000 + i, f"B{i % bodies:02d}", "ab"[i // bodies % 2], trades[i // bodies % 2])
        for i in range(4 * bodies)
    ]


def look(snapshot: Callable[..., Snapshot], *edges: Row, **more: Any) -> Findings:
    settings = more.pop("settings", {})
    awards = [*honest(1), *more.pop("turns", sisters())]
    return run(
        OneHandBehindWinners(**settings),
        snapshot(awards=awards, ownership=list(edges), **more),
    )


ONE_HAND = (owns("p1", "a"), owns("p1", "x"), owns("x", "b"))


def test_sisters_at_the_same_bodies(snapshot: Callable[..., Snapshot]) -> None:
    found = look(snapshot, *ONE_HAND, people=[{"person_id": "p1", "name": "Wang"}])
    (flag,) = found.flags
    assert flag.subject_id == '["a","b"]'
    assert flag.person_id == "p1"
    assert flag.value == 4.0
    assert flag.p_value is not None
    assert flag.p_value < 0.01
    assert flag.amounts[0][1] == 1600
    assert "a and b (both under Wang) won 16 awards" in flag.reason
    assert "they share 4 such buyers" in flag.reason
    assert [e.table for e in flag.evidence].count("ownership") == 3
    assert ("company", "x", "through") in flag.members
    assert (found.subjects, found.computable) == (3, 1)  # x never won


NOT_ONE_HAND: dict[str, tuple[Row, ...]] = {
    "two owners": (owns("p1", "a"), owns("p2", "b")),
    "forty-nine per cent": (owns("p1", "a"), owns("p1", "b", 0.49)),
    "sold before the first award": (owns("p1", "a"), owns("p1", "b", ended_on="2021-12-31")),
    "bought after the last award": (owns("p1", "a"), owns("p1", "b", started_on="2025-01-01")),
}


@pytest.mark.parametrize("edges", NOT_ONE_HAND.values(), ids=NOT_ONE_HAND)
def test_no_common_hand_no_flag(edges: tuple[Row, ...], snapshot: Callable[..., Snapshot]) -> None:
    assert not look(snapshot, *edges).flags


def test_only_awards_under_one_hand_count(snapshot: Callable[..., Snapshot]) -> None:
    edges = (owns("p1", "a"), owns("p1", "b", started_on="2022-04-20"))
    (flag,) = look(snapshot, *edges).flags
    assert 4 <= int(str(flag.facts["count"])) < 16


def test_an_open_group_in_several_trades(snapshot: Callable[..., Snapshot]) -> None:
    """Innocent: sisters that sell other things to the same offices."""
    found = look(snapshot, *ONE_HAND, turns=sisters(("4500", "7100")))
    assert not found.flags
    assert found.reason.startswith("not computable, because the rest of the pairs")


def test_sisters_who_share_one_customer(snapshot: Callable[..., Snapshot]) -> None:
    """Innocent: one common customer among many others, however loyal."""
    turns = [*sisters(bodies=1), *(award(6000 + i, f"B{10 + i:02d}", "ab"[i % 2])
                                   for i in range(20))]  # fmt: skip
    assert not look(snapshot, *ONE_HAND, turns=turns).flags


def test_state_owned_sisters_are_left_out(snapshot: Callable[..., Snapshot]) -> None:
    firms = [{"company_id": c, "state_owned": c in "abx", "name": c}
             for c in ("a", "b", "x", *(f"f{i:02d}" for i in range(60)))]  # fmt: skip
    assert not look(snapshot, *ONE_HAND, companies=firms).flags


def test_p_values_are_uniform_for_sisters_by_chance(snapshot: Callable[..., Snapshot]) -> None:
    seen: list[float] = []
    for seed in range(3):
        rng = np.random.default_rng(seed + 50)
        # Owners of firms drawn at random, twelve each, of whom nobody knows anything.
        edges = [owns(f"p{int(rng.integers(12)):02d}", f"f{i:02d}") for i in range(60)]
        p = run(
            OneHandBehindWinners(), snapshot(awards=honest(seed, 700), ownership=edges)
        ).p_values
        assert p is not None
        seen += p.tolist()
    assert len(seen) > 350
    assert np.mean(np.array(seen) < 0.05) < 0.085
    assert 0.43 < np.mean(seen) < 0.57


def test_without_owners_and_officers(snapshot: Callable[..., Snapshot]) -> None:
    found = run(OneHandBehindWinners(), snapshot(awards=honest(2, 30)))
    assert found.missing.startswith("ownership.owner_id;officers.person_id;companies.phone")


def test_owners_are_named_as_missing_where_nothing_else_makes_a_pair(
    snapshot: Callable[..., Snapshot],
) -> None:
    posts = [{"person_id": "p1", "company_id": "a", "role": "manager"}]
    found = run(OneHandBehindWinners(), snapshot(awards=honest(2, 30), officers=posts))
    assert found.computable == 0
    assert found.missing.split(";")[0] == "ownership.owner_id"
    assert "officers.person_id" not in found.missing
    assert look(snapshot, *ONE_HAND).missing == ""


def test_rare_contacts_make_one_hand(snapshot: Callable[..., Snapshot]) -> None:
    own = {"phone": "0571 8888 4021", "address": "Renmin Road 7"}

    def firms(count: int) -> list[Row]:
        names = ["a", "b", *(f"f{i:02d}" for i in range(60))]
        return [
            {"company_id": c, "name": c, "phone": f"0571 6{i:03d} 9{i:03d}"}
            | (own if i < count else {})
            for i, c in enumerate(names)
        ]

    (flag,) = look(snapshot, companies=firms(2)).flags
    assert "a and b (both give a telephone number that 2 of 62 companies have; both" in flag.reason
    assert [e.table for e in flag.evidence].count("companies") == 2
    assert not look(snapshot, companies=firms(0)).flags
    assert not look(snapshot, companies=firms(12)).flags
