from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from graphgov.detector import Findings, run
from graphgov.indicators.d06_rare_shared_attribute import RareSharedAttribute
from graphgov.snapshot import Snapshot

Row = dict[str, Any]
Frames = dict[str, list[Row]]
FIRST = date(2022, 1, 3)


def market(
    seed: int = 3,
    *,
    lots: int = 400,
    firms: int = 40,
    together: int = 0,
    shared: int = 0,
    lines: int = 2,
) -> Frames:
    """Lots of chance bidders in two trades; F000 and F002 meet `together` times more.

    The first `shared` pairs of neighbours in one trade give one telephone each.
    """
    rng = np.random.default_rng(seed)
    frames: Frames = {"tenders": [], "bids": [], "awards": []}
    names = [f"F{i:03d}" for i in range(firms)]
    phones = {name: f"0571 6{i:03d} 8{i:03d}" for i, name in enumerate(names)}
    for k in range(shared):
        one, two = names[(k * 2 * lines) % firms], names[(k * 2 * lines + lines) % firms]
        phones[two] = phones[one]
    frames["companies"] = [{"company_id": n, "name": n, "phone": p} for n, p in phones.items()]
    for i in range(lots + together):
        line = i % lines if i < lots else 0
        local = [n for k, n in enumerate(names) if k % lines == line]
        who = [str(n) for n in rng.permutation(local)[: int(rng.integers(2, 5))]]
        if i >= lots:
            who = [names[0], names[lines]]
        day = FIRST + timedelta(days=int(rng.integers(600)))
        key = f"T{i:05d}"
        frames["tenders"].append({"tender_id": key, "buyer_id": f"B{i % 7}", "region": "North",
                                  "category": str(4500 + 1000 * line),
                                  "bids_due_at": f"{day}T10:00:00Z"})  # fmt: skip
        frames["awards"].append({"award_id": f"A{key}", "tender_id": key, "buyer_id": f"B{i % 7}",
                                 "company_id": who[0], "awarded_on": str(day + timedelta(30)),
                                 "amount": 100 + i, "currency": "CNY"})  # fmt: skip
        frames["bids"] += [{"bid_id": f"{key}{w}", "tender_id": key, "company_id": w} for w in who]
    return frames


def look(snapshot: Callable[..., Snapshot], frames: Frames, **settings: Any) -> Findings:
    return run(RareSharedAttribute(**settings), snapshot(**frames))


@pytest.fixture(scope="module")
def found(snapshot: Callable[..., Snapshot]) -> Findings:
    return look(snapshot, market(together=12, shared=5, firms=120))


def test_the_pair_that_meets_too_often_is_flagged(found: Findings) -> None:
    (flag,) = found.flags
    assert flag.subject_id == '["F000","F002"]'
    assert flag.p_value is not None
    assert flag.p_value < 1e-5
    assert flag.value >= 12
    assert flag.value > 4 * float(str(flag.facts["expected"]))
    assert "a telephone number that 2 of 120 companies have" in flag.reason
    assert sum(e.table == "companies" for e in flag.evidence) == 2
    assert (found.subjects, found.computable) == (5, 5)
    assert found.p_values is not None
    assert len(found.p_values) == 5


def test_sharing_alone_and_meeting_alone_are_ordinary(snapshot: Callable[..., Snapshot]) -> None:
    """Innocent: neighbours with one telephone; a pair that meets all the time."""
    assert not look(snapshot, market(shared=10, firms=120)).flags
    assert not look(snapshot, market(together=9)).flags


def test_what_many_share_is_not_looked_at(snapshot: Callable[..., Snapshot]) -> None:
    frames = market(together=9)
    for firm in frames["companies"][:12]:
        firm["phone"] = "0571 8888 4021"
    found = look(snapshot, frames)
    assert found.subjects == 0
    assert look(snapshot, frames, max_holders=12, min_bits=0.5).subjects == 66


def test_a_pair_of_other_trades_is_not_computable(snapshot: Callable[..., Snapshot]) -> None:
    frames = market()
    frames["companies"][1]["phone"] = frames["companies"][0]["phone"]
    found = look(snapshot, frames, min_bits=1.0)
    assert (found.subjects, found.computable) == (1, 0)
    assert found.reason.startswith("not computable, because the rest of the pairs never bid")


def test_p_values_are_uniform_where_bidders_are_drawn_by_chance(
    snapshot: Callable[..., Snapshot],
) -> None:
    seen: list[float] = []
    for seed in range(4):
        frames = market(seed, lots=900, firms=300, shared=0, lines=3)
        for i, firm in enumerate(frames["companies"]):  # three firms of one trade per number
            firm["phone"] = f"0571 7{i % 3}{(i // 9):03d} 123"
        p = look(snapshot, frames, min_bits=0.5).p_values
        assert p is not None
        seen += p.tolist()
    share = np.mean(np.array(seen) < 0.05)
    assert len(seen) > 900
    assert 0.03 < share < 0.07
    assert 0.4 < np.mean(seen) < 0.6
