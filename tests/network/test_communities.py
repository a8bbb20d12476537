import networkx as nx
import numpy as np
import pytest

from graphgov.network.communities import communities, tuned


def edges(graph):
    a, b, w = zip(
        *((x, y, d.get("weight", 1.0)) for x, y, d in graph.edges(data=True)), strict=True
    )
    return np.array(a), np.array(b), np.array(w)


def test_cliques_in_a_ring_are_found_and_stable():
    graph = nx.ring_of_cliques(8, 6)
    found = communities(*edges(graph), 48)
    assert len(found.sizes) == 8
    for clique in range(8):
        assert len(set(found.label[clique * 6 : clique * 6 + 6])) == 1
    assert found.stability == pytest.approx(np.ones(48))
    assert found.mean_stability() == pytest.approx(np.ones(8))


def test_noise_is_less_stable_than_structure():
    noise = nx.gnm_random_graph(60, 240, seed=1)
    planted = nx.planted_partition_graph(6, 10, 0.9, 0.05, seed=1)
    shaky = communities(*edges(noise), 60)
    firm = communities(*edges(planted), 60)
    assert shaky.stability.mean() < 0.8 < firm.stability.mean()


def test_modularity_is_as_good_as_networkx():
    graph = nx.karate_club_graph()
    found = communities(*edges(graph), 34)
    own = [set(found.members(c).tolist()) for c in range(len(found.sizes))]
    louvain = nx.community.louvain_communities(graph, seed=1)
    assert nx.community.modularity(graph, own) > nx.community.modularity(graph, louvain) - 0.02


def test_order_and_direction_of_edges_do_not_matter():
    rng = np.random.default_rng(1)
    a, b, w = edges(nx.gnm_random_graph(300, 1200, seed=2))
    w = rng.random(len(a))
    order, turn = rng.permutation(len(a)), rng.random(len(a)) < 0.5
    one = communities(a, b, w, 300)
    two = communities(np.where(turn, b, a)[order], np.where(turn, a, b)[order], w[order], 300)
    assert (one.label == two.label).all()
    assert (one.stability == two.stability).all()


def test_labels_go_by_size_then_member_and_loners_stand_alone():
    found = communities([5, 6, 5, 0, 3, 3], [6, 7, 7, 1, 3, 4], [1, 1, 1, 1, 9, 0], 8)
    assert found.label[[5, 6, 7]].tolist() == [0, 0, 0]
    assert found.label[[0, 1]].tolist() == [1, 1]
    assert found.label[[2, 3, 4]].tolist() == [2, 3, 4]
    assert found.sizes.tolist() == [3, 2, 1, 1, 1]
    assert found.stability.tolist() == [1.0] * 8


def test_a_graph_without_edges():
    found = communities([], [], [], 3)
    assert found.label.tolist() == [0, 1, 2]
    assert len(communities([], [], [], 0).label) == 0


def test_a_higher_resolution_gives_smaller_communities():
    a, b, w = edges(nx.gnm_random_graph(200, 1000, seed=3))
    coarse = communities(a, b, w, 200, runs=2, resolution=0.5)
    fine = communities(a, b, w, 200, runs=2, resolution=4)
    assert len(fine.sizes) > len(coarse.sizes)


def test_the_most_stable_resolution_is_taken() -> None:
    """Forty cliques of eight in a ring: coarse communities join some at random."""
    edges = []
    for group in range(40):
        nodes = range(8 * group, 8 * group + 8)
        edges += [(i, j, 1.0) for i in nodes for j in nodes if i < j]
        edges.append((8 * group, (8 * group + 12) % 320, 0.5))
    a, b, weight = (np.array(column) for column in zip(*edges, strict=True))
    found = tuned(a, b, weight, 320)
    assert set(found.sizes.tolist()) == {8}
    small = tuned(a, b, weight, 320, least=9)
    assert (small.sizes >= 8).all()
    assert tuned([], [], [], 3).sizes.tolist() == [1, 1, 1]
