from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from graphgov.network.groups import (
    Group,
    _Adjacency,
    _profile,
    coherence,
    exclusivity,
    find_groups,
    group_p_values,
    grown,
)


def test_catalogue_vector():
    assert coherence([0.5, 0.4, 0.2]) == pytest.approx(0.9327142, abs=1e-7)
    assert exclusivity(1.1, 0.3) == pytest.approx(0.7857143, abs=1e-7)
    graph = _Adjacency([0, 0, 1, 2], [1, 2, 2, 3], [0.5, 0.4, 0.2, 0.3], 4)
    assert _profile(graph, (0, 1, 2)) == pytest.approx((0.9327142, 0.7857143), abs=1e-7)


def test_nothing_is_neither_coherent_nor_exclusive():
    assert coherence([]) == 0
    assert coherence([0.3, 0.0]) == 0
    assert exclusivity(0, 0) == 0
    assert find_groups([], [], [], 4) == []


def ring_market(rng, n=40, ring=(3, 11, 17, 29)):
    a, b = np.triu_indices(n, 1)
    keep = rng.random(len(a)) < 0.2
    weight = rng.random(len(a)) * 0.05
    inside = np.isin(a, ring) & np.isin(b, ring)
    return a[keep | inside], b[keep | inside], np.where(inside, 0.6, weight)[keep | inside]


def test_a_ring_is_the_fittest_group():
    ring = (3, 11, 17, 29)
    a, b, w = ring_market(np.random.default_rng(1), ring=ring)
    best = find_groups(a, b, w, 40)[0]
    assert best.members == ring
    assert best.coherence == pytest.approx(1)
    assert best.exclusivity > 0.7


def test_fitness_and_profile_equal_networkx():
    a, b, w = ring_market(np.random.default_rng(2))
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(a.tolist(), b.tolist(), w.tolist(), strict=True))
    for group in find_groups(a, b, w, 40):
        inside = graph.subgraph(group.members).size(weight="weight")
        leaving = nx.cut_size(graph, group.members, weight="weight")
        size = len(group.members)
        assert group.fitness == pytest.approx(inside / ((inside + leaving) ** 1.5 * size**1.5))
        assert group.exclusivity == pytest.approx(inside / (inside + leaving))
        pairs = [
            graph.get_edge_data(x, y, {"weight": 0})["weight"]
            for x, y in combinations(group.members, 2)
        ]
        assert group.coherence == pytest.approx(coherence(pairs))


def test_no_single_neighbour_would_raise_a_group_further():
    a, b, w = ring_market(np.random.default_rng(3))
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(a.tolist(), b.tolist(), w.tolist(), strict=True))

    def fitness(members):
        inside = graph.subgraph(members).size(weight="weight")
        leaving = nx.cut_size(graph, members, weight="weight")
        return inside / ((inside + leaving) ** 1.5 * len(members) ** 1.5)

    for group in find_groups(a, b, w, 40):
        around = set().union(*(graph[m] for m in group.members)) - set(group.members)
        assert all(fitness({*group.members, n}) <= group.fitness * (1 + 1e-9) for n in around)


def test_order_of_edges_does_not_matter():
    rng = np.random.default_rng(4)
    a, b, w = ring_market(rng)
    order = rng.permutation(len(a))
    assert find_groups(a, b, w, 40) == find_groups(b[order], a[order], w[order], 40)


def test_growing_stops_at_the_largest_size():
    a, b = np.triu_indices(12, 1)
    w = np.full(len(a), 1.0)
    assert all(
        len(g.members) <= 5 for g in find_groups(a, b, w, 12, max_size=5, spread=0.5, growth=0.5)
    )


def test_chance_is_how_often_a_run_does_as_well():
    group = Group((1, 2, 3), 1.0, 0.9, 0.8)
    worse, better = Group((1, 2, 3), 1.0, 0.5, 0.8), Group((1, 2, 3, 4), 1.0, 0.9, 0.9)
    smaller = Group((1, 2), 1.0, 1.0, 1.0)
    runs = [[worse], [better, worse], [smaller], []]
    assert group_p_values([group], runs) == [pytest.approx(2 / 5)]


@pytest.mark.parametrize("draws", [False, True])
def test_smaller_exponents_give_the_same_groups_as_growing_for_each(draws):
    a, b, w = ring_market(np.random.default_rng(6))
    w = np.round(w, 1) + 0.1 if draws else w
    growths = (1.5, 1.0, 0.6)
    apart = {g.members for c in growths for g in find_groups(a, b, w, 40, max_size=9, growth=c)}
    together = grown(a, b, w, 40, growths=growths, max_size=9)
    assert [tuple(c for c in row if c >= 0) for row in together.tolist()] == sorted(apart)


def test_blocks_of_seeds_do_not_matter(monkeypatch):
    a, b, w = ring_market(np.random.default_rng(7))
    whole = find_groups(a, b, w, 40)
    monkeypatch.setattr("graphgov.network.groups._BLOCK", 20)
    assert find_groups(a, b, w, 40) == whole
