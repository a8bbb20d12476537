import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.network.ids import Index
from graphgov.network.ownership import Holdings, ownership
from graphgov.network.shared_control import make_behind
from graphgov.network.shared_owners import related
from graphgov.stats.spans import FAR

quick = settings(derandomize=True, deadline=None, max_examples=60)


def commons(base, a, b, day=0, **options):
    """Name of each common owner → smaller share, and whether it controls both."""
    found = make_behind(base, **options)
    one, two = (base.node("company", c) for c in (a, b))
    return {
        base.name(c.node)[1]: (pytest.approx(c.low), c.controls)
        for c in found.common(one, two, day)
    }


def test_the_catalogue_vector(held):
    base = held(("h", "A", 0.5), ("A", "B", 0.5), ("B", "A", 0.5), ("q", "B", 0.5))
    found = make_behind(base)
    stakes = {base.name(n)[1]: s.low for n, s in found.stakes(base.node("company", "A"), 0).items()}
    assert stakes == {"h": pytest.approx(2 / 3), "q": pytest.approx(1 / 3), "B": 0.5}
    assert commons(base, "A", "B") == {
        "h": (1 / 3, False), "q": (1 / 3, False), "A": (0.5, False), "B": (0.5, False),
    }  # fmt: skip


def test_control_through_a_chain_and_by_heading(held):
    base = held(("h", "X", 0.6), ("X", "A", 0.9), ("h", "B", 0.51))
    assert commons(base, "A", "B") == {"h": (0.51, True)}
    base = held(("X", "A", 0.9), heads=(("h", "X"), ("h", "B")))
    assert commons(base, "A", "B") == {"h": (0.0, True)}


def test_a_share_counts_on_its_days_only(held):
    base = held(
        ("h", "A", 0.6), ("h", "B", 0.6, {"start": 10, "end": 20}), ("h", "B", 0.2, {"start": 15})
    )
    found = {day: commons(base, "A", "B", day) for day in (9, 10, 14, 15, 20, 21)}
    assert found == {
        9: {}, 10: {"h": (0.6, True)}, 14: {"h": (0.6, True)}, 15: {"h": (0.2, False)},
        20: {"h": (0.2, False)}, 21: {"h": (0.2, False)},
    }  # fmt: skip


def test_the_rows_of_the_ways_and_no_others(held):
    base = held(
        ("h", "X", 0.9, {"start": 1}), ("X", "A", 0.8, {"start": 1}), ("z", "A", 0.2),
        ("h", "B", 0.7, {"start": 1}), ("h", "C", 1.0), ("X", "D", 1.0),
    )  # fmt: skip
    found = make_behind(base)
    (common,) = found.common(base.node("company", "A"), base.node("company", "B"), 5)
    assert common.rows == (("ownership", "row0"), ("ownership", "row1"), ("ownership", "row3"))
    assert [base.name(n)[1] for n in common.through] == ["X"]
    assert common.dated


def test_undated_edges_are_said(held):
    base = held(("h", "A", 0.6, {"start": 1}), ("h", "B", 0.6))
    found = make_behind(base)
    (common,) = found.common(base.node("company", "A"), base.node("company", "B"), 5)
    assert not common.dated


def test_neither_the_state_nor_a_fund_stands_behind_two(held):
    assert commons(held(("@s", "A", 1.0), ("@s", "B", 1.0)), "A", "B") == {}
    base = held(("S", "A", 1.0), ("S", "B", 1.0), ("h", "S", 0.3), state=("S",))
    assert commons(base, "A", "B") == {}
    fund = held(*(("f", c, 0.6) for c in "ABCDE"))
    assert commons(fund, "A", "B", max_held=4) == {}
    assert commons(fund, "A", "B", max_held=5) == {"f": (0.6, True)}


def test_related_finds_everybody_below_one_owner(held):
    base = held(
        ("h", "X", 0.1), ("X", "A", 0.1), ("h", "B", 0.1, {"end": 3}), ("q", "C", 1.0),
        ("S", "D", 1.0), ("S", "E", 1.0), heads=(("q", "D"),), state=("S",),
    )  # fmt: skip
    a, b = related(make_behind(base))
    names = base.companies.names(np.arange(len(base.companies)))
    assert {names[i] + names[j] for i, j in zip(a, b, strict=True)} == {"AX", "BX", "AB", "CD"}


def random_base(seed, people=3, companies=6, rows=14):
    rng = np.random.default_rng(seed)
    firms = Index.of([f"C{i}" for i in range(companies)])
    owner = rng.integers(0, people + companies, rows)
    company = rng.integers(people, people + companies, rows)
    start = rng.integers(0, 20, rows)
    share = np.column_stack([np.full(rows, np.nan), rng.random(rows) * 0.5, np.full(rows, np.nan)])
    head = rng.random(2) < 0.5
    heads = np.array(
        [[int(rng.integers(people)), int(rng.integers(people, people + companies)), 3, 15]] * 1
    )[: int(head.any())].reshape(-1, 4)
    order = np.lexsort((start, company, owner))
    return Holdings(
        Index.of([f"p{i}" for i in range(people)]), firms, Index.of([]),
        owner[order].astype(np.int32), company[order].astype(np.int32), share[order],
        start[order].astype(np.int32),
        np.where(rng.random(rows) < 0.5, FAR, start[order] + 10).astype(np.int32),
        heads.astype(np.int64), np.zeros(companies, dtype=bool), [f"r{i}" for i in range(rows)],
    )  # fmt: skip


@quick
@given(st.integers(0, 10_000), st.integers(0, 35))
def test_looking_up_equals_working_it_out_for_all(seed, day):
    """The oracle: shares and control of everybody on that day, from whole matrices."""
    base = random_base(seed)
    found, whole = make_behind(base), ownership(base, day)
    shares = whole.integrated["low"].toarray()
    control = whole.control(bound="low").toarray()
    for company in range(base.first_company, base.nodes):
        stakes = found.stakes(company, day)
        for node in range(base.nodes):
            if node == company:
                continue
            stake = stakes.get(node)
            assert (stake.low if stake else 0.0) == pytest.approx(shares[node, company], abs=1e-9)
            assert (stake.controls if stake else False) == bool(control[node, company])


@quick
@given(st.integers(0, 10_000), st.integers(0, 35))
def test_common_owners_are_those_of_both(seed, day):
    base = random_base(seed)
    found = make_behind(base)
    a, b = base.first_company, base.first_company + 1
    one, two = found.stakes(a, day), found.stakes(b, day)
    want = (one.keys() | {a}) & (two.keys() | {b})
    assert {c.node for c in found.common(a, b, day)} == want
    for c in found.common(a, b, day):
        assert c.rows
        assert c.low == min(c.first.low, c.second.low)
