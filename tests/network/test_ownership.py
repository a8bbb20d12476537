import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphgov.network.control import controlled, integrated_ownership
from graphgov.network.ownership import holdings, ownership

quick = settings(derandomize=True, deadline=None, max_examples=60)


def shares(own, owner, bound=1):
    kind = "person" if owner[0].islower() else "body" if owner[0] == "@" else "company"
    found = own.effective(own.base.node(kind, owner))
    return {own.base.name(c)[1]: pytest.approx(v[bound]) for c, v in found.items()}


def controls(own, owner, **options):
    kind = "person" if owner[0].islower() else "company"
    row = own.control(**options)[[own.base.node(kind, owner)], :].tocoo()
    return {own.base.name(int(c))[1] for c in row.coords[1]}


def labels(own, **options):
    names = own.base.companies.names(np.arange(len(own.base.companies)))
    found = own.clusters(**options)
    return {frozenset(n for n, o in zip(names, found, strict=True) if o == k) for k in set(found)}


def test_catalogue_vector(held):
    own = ownership(held(("h", "A", 0.5), ("A", "B", 0.5), ("B", "A", 0.5), ("q", "B", 0.5)))
    assert shares(own, "h") == {"A": 2 / 3, "B": 1 / 3}
    assert shares(own, "q") == {"A": 1 / 3, "B": 2 / 3}
    assert shares(own, "A") == {"B": 0.5}


def test_a_chain_multiplies_and_two_ways_add_up(held):
    own = ownership(held(("h", "A", 0.6), ("A", "C", 0.5), ("h", "B", 1.0), ("B", "C", 0.2)))
    assert shares(own, "h") == {"A": 0.6, "B": 1.0, "C": 0.5}


def test_companies_that_own_all_of_each_other_do_not_blow_up(held):
    own = ownership(
        held(("A", "B", 1.0), ("B", "A", 1.0), ("B", "C", 0.6), ("h", "C", 0.4), ("D", "D", 1.0))
    )
    assert shares(own, "h") == {"C": 0.4}
    assert shares(own, "A") == {"B": 1.0, "C": 0.6}


def test_shares_of_more_than_all_are_named_and_stay_bounded(held):
    own = ownership(held(("h", "A", 0.9), ("B", "A", 0.9), ("A", "B", 1.0), ("q", "B", 0.4)))
    assert [own.base.name(int(c))[1] for c in own.over] == ["A", "B"]
    assert all(0 < v[1] <= 1 for v in own.effective(own.base.node("person", "h")).values())


def test_a_range_gives_both_ends(held):
    own = ownership(held(("h", "A", (0.25, 0.5)), ("A", "B", 0.8)))
    assert own.effective(0) == {
        1: pytest.approx((0.25, 0.375, 0.5)),
        2: pytest.approx((0.2, 0.3, 0.4)),
    }


def test_an_unknown_share_is_between_nothing_and_what_is_left(held):
    own = ownership(held(("h", "A", 0.7), ("q", "A", None), ("r", "A", None)))
    assert own.effective(own.base.node("person", "q"))[own.base.node("company", "A")] == (
        pytest.approx((0.0, 0.15, 0.3))
    )


def test_only_rows_in_force_count_and_the_last_begun_holds(held):
    base = held(
        ("h", "A", 0.9, {"start": 0, "end": 99}),
        ("h", "A", 0.2, {"start": 50}),
        ("q", "A", 0.1),
    )
    assert shares(ownership(base, 10), "h") == {"A": 0.9}
    assert shares(ownership(base, 60), "h") == {"A": 0.2}
    assert shares(ownership(base, 200), "h") == {"A": 0.2}
    own = ownership(base, 60)
    assert own.undated == {(base.node("person", "q"), base.node("company", "A"))}
    assert [base.row_key[i] for i in own.rows] == ["row1", "row2"]


def test_control_passes_through_what_is_controlled(held):
    own = ownership(held(("h", "A", 0.51), ("A", "B", 0.3), ("h", "B", 0.21), ("B", "C", 0.6)))
    assert controls(own, "h") == {"A", "B", "C"}
    assert controls(own, "A") == set()


def test_half_is_not_control_and_an_uncontrolled_company_lends_no_votes(held):
    own = ownership(held(("h", "A", 0.5), ("A", "B", 0.4), ("h", "B", 0.4)))
    assert controls(own, "h") == set()
    assert controls(own, "h", threshold=0.25) == {"A", "B"}


def test_a_cross_holding_does_not_count_twice(held):
    # A votes 30 % of itself through B; that is still only 30 %.
    own = ownership(held(("A", "B", 0.6), ("B", "A", 0.3), ("h", "A", 0.3)))
    assert controls(own, "A") == {"B"}
    assert controls(own, "h") == set()
    own = ownership(held(("A", "B", 0.6), ("B", "A", 0.6), ("A", "C", 0.3)))
    assert controls(own, "A") == {"B"}


def test_heads_control_and_bring_their_companies_votes(held):
    own = ownership(held(("A", "B", 0.7), heads=(("h", "A"),)))
    assert controls(own, "h") == {"A", "B"}
    assert controls(own, "h", heads=False) == set()


def test_clusters_join_what_one_hand_holds(held):
    own = ownership(held(("h", "A", 0.9), ("h", "B", 0.9), ("B", "C", 0.8), ("q", "D", 0.9)))
    assert labels(own) == {frozenset("ABC"), frozenset("D")}


def test_the_state_joins_nobody(held):
    own = ownership(
        held(
            ("@sasac", "A", 1.0), ("@sasac", "B", 1.0), ("S", "C", 1.0), ("S", "D", 1.0),
            state=("S",),
        )
    )  # fmt: skip
    assert labels(own) == {frozenset(c) for c in "ABCDS"}


def test_neutral_owners_and_registration_agents_join_nobody(held):
    own = ownership(held(("f", "A", 1.0), ("f", "B", 1.0)))
    assert labels(own, neutral=[own.base.node("person", "f")]) == {frozenset("A"), frozenset("B")}
    agents = ownership(held(heads=tuple(("g", c) for c in "ABC")))
    assert labels(agents, max_headed=2) == {frozenset(c) for c in "ABC"}
    assert labels(agents, max_headed=3) == {frozenset("ABC")}


def random_market(rng, people=3, companies=7):
    """Shares that add up to at most one per company."""
    n = people + companies
    matrix = np.where(rng.random((n, n)) < 0.35, rng.random((n, n)), 0.0)
    matrix[:, :people] = 0.0
    total = matrix.sum(axis=0)
    return matrix / np.maximum(1.02 * total, 1.0), people, companies


@quick
@given(st.integers(0, 10_000))
def test_equals_the_dense_inverse(seed):
    matrix, people, n = random_market(np.random.default_rng(seed))
    inside = matrix[people:, people:]
    inverse = np.linalg.inv(np.eye(n) - inside)
    want = matrix[:, people:] @ inverse
    want[people:] /= np.diag(inverse)[:, None]
    want[people:][np.eye(n, dtype=bool)] = 0.0
    found = integrated_ownership(sparse.csr_array(matrix), people, n).toarray()
    assert found[:, people:] == pytest.approx(want, abs=1e-9)
    # All that is owned goes to people in the end, and never more than there is.
    assert found[:people].sum(axis=0).max() <= 1 + 1e-9


@quick
@given(st.integers(0, 10_000))
def test_the_long_way_round_gives_the_same(seed):
    matrix, people, n = random_market(np.random.default_rng(seed), companies=12)
    exact = integrated_ownership(sparse.csr_array(matrix), people, n).toarray()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphgov.network.control._DENSE", 1)
        rounds = integrated_ownership(sparse.csr_array(matrix), people, n).toarray()
    assert rounds == pytest.approx(exact, abs=1e-4)


@quick
@given(st.integers(0, 10_000))
def test_control_without_cycles_equals_a_walk(seed):
    rng = np.random.default_rng(seed)
    n = 10
    matrix = np.triu(np.where(rng.random((n, n)) < 0.5, rng.random((n, n)) * 0.6, 0.0), 1)
    matrix[:, :2] = 0.0
    found = controlled(sparse.csr_array(matrix), 2, n - 2, 0.5).toarray()
    order = list(nx.topological_sort(nx.DiGraph(matrix)))
    for owner in range(n):
        held = {owner}
        for company in [c for c in order if c >= 2 and c != owner]:
            if matrix[sorted(held), company].sum() > 0.5:
                held.add(company)
        assert set(np.flatnonzero(found[owner])) == held - {owner}


def test_a_snapshot_gives_its_holdings(snapshot):
    award = {
        "award_id": "1",
        "buyer_id": "b",
        "company_id": "A",
        "awarded_on": "2024-05-01",
        "amount": "10",
    }
    rows = [
        {"owner_id": "h", "owner_kind": "person", "company_id": "A", "share": "0.6"},
        {"owner_id": "A", "owner_kind": "company", "company_id": "B", "share": "0.5"},
        {"owner_id": "b", "owner_kind": "body", "company_id": "B", "share_min": "0.1"},
    ]
    officers = [{"person_id": "z", "company_id": "B", "role": "legal_representative"}]
    base = holdings(snapshot(awards=[award], ownership=rows, officers=officers))
    own = ownership(base)
    assert shares(own, "h") == {"A": 0.6, "B": 0.3}
    assert own.effective(base.node("body", "b"))[base.node("company", "B")] == (
        pytest.approx((0.1, 0.1, 0.5))
    )
    assert controls(own, "z") == {"B"}
    turned = holdings(snapshot(awards=[award], ownership=rows[::-1], officers=officers))
    assert (turned.owner == base.owner).all()
    assert turned.row_key == base.row_key
    assert np.array_equal(turned.share, base.share, equal_nan=True)


def test_nothing_owned(snapshot):
    award = {
        "award_id": "1",
        "buyer_id": "b",
        "company_id": "A",
        "awarded_on": "2024-05-01",
        "amount": "10",
    }
    own = ownership(holdings(snapshot(awards=[award])))
    assert own.effective(0) == {}
    assert own.clusters().tolist() == [0]
