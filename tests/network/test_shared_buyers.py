from math import comb

import numpy as np
import pytest

from graphgov.network.shared_buyers import shared_buyers


def award(i, body, company, category="4500", region="N"):
    return {
        "award_id": f"A{i}", "buyer_id": body, "company_id": company, "awarded_on": "2023-05-01",
        "amount": 1, "category": category, "region": region,
    }  # fmt: skip


def test_the_tail_is_hypergeometric_over_links(snapshot):
    """Worked out by hand: a and b share two of their bodies, loyal repeats count once."""
    links = [("B1", "a"), ("B2", "a"), ("B3", "a"), ("B1", "b"), ("B2", "b"), ("B2", "b"),
             ("B1", "c"), ("B4", "c"), ("B5", "d"), ("B6", "d")]  # fmt: skip
    snap = snapshot(awards=[award(i, *link) for i, link in enumerate(links)])
    found = shared_buyers(snap, np.array([0]), np.array([1]))
    # Other links: 9 - 3 = 6, at a's bodies: B1 b, B1 c, B2 b = 3; b has 2.
    assert found.shared.tolist() == [2]
    assert found.expected[0] == pytest.approx(2 * 3 / 6)
    assert found.tail.p[0] == pytest.approx(comb(3, 2) / comb(6, 2))


def test_other_categories_and_regions_do_not_meet(snapshot):
    rows = [award(0, "B1", "a"), award(1, "B1", "b", category="7100"),
            award(2, "B1", "c", region="S"), award(3, "B2", "a", category="4599")]  # fmt: skip
    found = shared_buyers(snapshot(awards=rows), np.array([0, 0]), np.array([1, 2]))
    assert found.testable.tolist() == [False, False]
    assert found.shared.tolist() == [0, 0]


def test_the_order_of_two_does_not_matter(snapshot):
    rng = np.random.default_rng(1)
    rows = [award(i, f"B{rng.integers(9)}", f"c{rng.integers(6)}") for i in range(60)]
    snap = snapshot(awards=rows)
    one, two = np.triu_indices(6, 1)
    there, back = shared_buyers(snap, one, two), shared_buyers(snap, two, one)
    assert there.shared.tolist() == back.shared.tolist()
    unequal = np.abs(there.tail.p - back.tail.p) > 1e-12
    links = {c: len({r["buyer_id"] for r in rows if r["company_id"] == f"c{c}"}) for c in range(6)}
    assert all(links[a] == links[b] for a, b in zip(one[unequal], two[unequal], strict=True))


def test_nobody_won(snapshot):
    found = shared_buyers(snapshot(awards=[award(0, "B", "a")]), np.array([0]), np.array([0]))
    assert found.testable.tolist() == [False]
    none = np.empty(0, np.int64)
    assert len(shared_buyers(snapshot(awards=[award(0, "B", "a")]), none, none).shared) == 0
