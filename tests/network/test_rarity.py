"""What a tie says by itself: how few of those who met are linked like it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphgov.network.closeness import close
from graphgov.network.rarity import ODD, TYPICAL, WEAKNESS, _odd, pairs_met, rarity
from graphgov.network.terms import terms
from graphgov.network.ties import KINDS
from graphgov.snapshot import Snapshot
from graphgov.stats.market import market

Frames = dict[str, list[dict[str, Any]]]


def town(kinds: list[str], strangers: int = 20) -> Frames:
    """One official per kind, tied that way to the owner of a winner, and strangers' firms."""
    frames: Frames = {"bodies": [{"body_id": "B", "name": "B"}]}
    for table in ("people", "companies", "offices", "ties", "officers", "awards"):
        frames[table] = []
    for i, kind in enumerate([*kinds, *[""] * strangers]):
        frames["people"] += [{"person_id": f"{p}{i}", "name": f"{p}{i}"} for p in "ow"]
        frames["companies"].append({"company_id": f"c{i}", "name": f"c{i}"})
        frames["officers"].append(
            {"person_id": f"w{i}", "company_id": f"c{i}", "role": "legal_representative"}
        )
        frames["awards"].append(
            {"award_id": f"a{i}", "buyer_id": "B", "company_id": f"c{i}", "amount": 1,
             "awarded_on": f"2020-01-{i + 1:02d}"}
        )  # fmt: skip
        if kind:
            frames["offices"].append(
                {"person_id": f"o{i}", "body_id": "B", "started_on": "2019-01-01"}
            )
        if kind not in ("", "none"):
            frames["ties"].append(
                {"person_a": f"o{i}", "person_b": f"w{i}", "kind": kind, "certainty": "declared"}
            )
    return frames


def points(snap: Snapshot) -> dict[str, float]:
    near = close(snap)
    ids = snap.ids("person")
    return {ids[p]: float(v) for p, v in zip(near.person, near.rarity, strict=True)}


def strength(snap: Snapshot) -> float:
    return float(close(snap).found.strength[0])


def test_a_weak_chain_says_less_than_a_strong_one_as_rare(
    snapshot: Callable[..., Snapshot],
) -> None:
    weak = points(snapshot(**town(["hometown"] + ["none"] * 9)))
    strong = points(snapshot(**town(["spouse"] + ["none"] * 9)))
    assert 0 < weak["o0"] < strong["o0"]


def test_the_rare_and_strong_say_more(snapshot: Callable[..., Snapshot]) -> None:
    found = points(snapshot(**town(["spouse", "classmate", "classmate", "classmate", "classmate"])))
    assert found["o0"] > found["o1"] == found["o2"] == found["o4"] > 0


def test_more_ties_of_a_kind_say_less(snapshot: Callable[..., Snapshot]) -> None:
    few = points(snapshot(**town(["spouse"] * 2 + ["none"] * 6)))
    many = points(snapshot(**town(["spouse"] * 8)))
    assert few["o0"] > many["o0"]


def test_it_counts_those_who_met(snapshot: Callable[..., Snapshot]) -> None:
    frames = town(["spouse", "spouse"], strangers=8)
    snap = snapshot(**frames)
    assert pairs_met(terms(snap), market(snap)) == 2 * 10
    found = points(snap)["o0"]
    assert found == pytest.approx(np.log10(20 / 2) + WEAKNESS * np.log10(strength(snap) / TYPICAL))
    frames["offices"][1]["ended_on"] = "2020-01-03"
    snap = snapshot(**frames)
    assert pairs_met(terms(snap), market(snap)) == 10 + 3


def test_nobody(snapshot: Callable[..., Snapshot]) -> None:
    snap = snapshot()
    assert pairs_met(terms(snap), market(snap)) == 0
    assert rarity(close(snap).found, np.zeros(0, np.int64), 0).size == 0


def test_the_order_of_rows_is_nothing(snapshot: Callable[..., Snapshot]) -> None:
    frames = town(["spouse", "classmate", "friend", "classmate"])
    turned = {table: rows[::-1] for table, rows in frames.items()}
    assert points(snapshot(**frames)) == points(snapshot(**turned))


@pytest.mark.parametrize(
    ("links", "lost"),
    [
        (("spouse", "owner"), 0.0),
        (("spouse", "manager"), ODD),
        (("spouse", "officer"), 0.0),  # a role nobody wrote down is not held against anybody
        (("spouse", "manager", "owner"), 0.0),  # hired on the way to somebody who owns
        (("manager",), 0.0),  # the official's own post
        (("friend", "kin", "business_partner", "owner"), ODD),
        (("friend", "kin", "business_partner", "supervisor"), 2 * ODD),
    ],
)
def test_hired_hands_and_long_chains_lose_points(links: tuple[str, ...], lost: float) -> None:
    row = [KINDS.index(k) for k in links] + [-1] * (4 - len(links))
    assert _odd(np.array([row])).tolist() == [lost]


def test_a_relative_who_is_hired_says_less_than_one_who_owns(
    snapshot: Callable[..., Snapshot],
) -> None:
    frames = town(["spouse", "spouse"] + ["none"] * 8, strangers=18)
    frames["officers"][1]["role"] = "manager"
    found = points(snapshot(**frames))
    assert found["o0"] - found["o1"] >= ODD
