"""Positions: nodes apart, edges clear of nodes, the same whatever the order."""

import itertools
import math
import random

import pytest

from graphgov.report.layout import COLUMN, PARTS, SLOT, place


def chain(extra=0):
    parts = ["body", "official", "person", "holding", "company"]
    nodes = [{"id": p, "part": p, "kind": "x", "name": p, "core": True} for p in parts]
    nodes += [
        {"id": f"s{i}", "part": "company", "kind": "company", "name": f"s{i}", "core": False}
        for i in range(extra)
    ]
    pairs = [*itertools.pairwise(parts), ("body", "company")]
    pairs += [("body", f"s{i}") for i in range(extra)]
    edges = [
        {"id": f"e{i}", "source": a, "target": b, "kind": "x"} for i, (a, b) in enumerate(pairs)
    ]
    return nodes, edges


def distance(p, a, b):
    t = ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / math.dist(a, b) ** 2
    t = min(1, max(0, t))
    return math.dist(p, (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))


@pytest.mark.parametrize("extra", [0, 1, 9, 40])
def test_no_edge_passes_under_a_node(extra):
    nodes, edges = chain(extra)
    at = place(nodes, edges)
    for edge in edges:
        path = [at[edge["source"]], *edge["bends"], at[edge["target"]]]
        for node, spot in at.items():
            if node not in (edge["source"], edge["target"]):
                assert min(distance(spot, a, b) for a, b in itertools.pairwise(path)) > 20


def test_layers_run_from_the_buyer_to_the_company():
    nodes, edges = chain(3)
    at = place(nodes, edges)
    assert [at[p][0] for p in PARTS] == [i * COLUMN for i in range(len(PARTS))]


def test_an_empty_layer_takes_no_room():
    nodes, edges = chain()
    nodes = [n for n in nodes if n["id"] in ("body", "company")]
    edges = [e for e in edges if (e["source"], e["target"]) == ("body", "company")]
    at = place(nodes, edges)
    assert at["company"][0] - at["body"][0] == COLUMN
    assert edges[0]["bends"] == []


@pytest.mark.parametrize("ring", [False, True])
def test_nodes_keep_their_distance(ring):
    nodes, edges = chain(20)
    for node in nodes[4:]:
        node.update(core=True, kind="company")
    at = place(nodes, edges, ring=ring)
    assert len(at) == len(nodes)
    assert min(math.dist(a, b) for a, b in itertools.combinations(at.values(), 2)) >= 60


@pytest.mark.parametrize("ring", [False, True])
def test_order_of_input_does_not_move_anything(ring):
    nodes, edges = chain(12)
    first = place(nodes, edges, ring=ring)
    dice = random.Random(5)
    dice.shuffle(nodes)
    dice.shuffle(edges)
    assert place(nodes, edges, ring=ring) == first


def test_crossed_pairs_are_uncrossed():
    nodes = [
        {"id": f"{p}{i}", "part": p, "kind": "x", "name": f"{p}{i}", "core": True}
        for p in ("body", "company")
        for i in range(3)
    ]
    edges = [
        {"id": str(i), "source": f"body{i}", "target": f"company{2 - i}", "kind": "x"}
        for i in range(3)
    ]
    at = place(nodes, edges)
    for edge in edges:
        assert at[edge["source"]][1] == pytest.approx(at[edge["target"]][1])
    assert abs(at["body0"][1] - at["body1"][1]) >= SLOT


def test_nothing_gives_nothing():
    assert place([], []) == {}
    assert place([], [], ring=True) == {}


def test_who_stands_behind_a_ring_company_stands_next_to_it():
    nodes = [
        {"id": f"c{i}", "part": "company", "kind": "company", "name": f"c{i}", "core": True}
        for i in range(5)
    ]
    nodes += [
        {"id": f"p{i}", "part": "person", "kind": "person", "name": f"p{i}", "core": False}
        for i in range(5)
    ]
    edges = [
        {"id": f"e{i}", "source": f"p{i}", "target": f"c{i}", "kind": "owns"} for i in range(5)
    ]
    at = place(nodes, edges, ring=True)
    for i in range(5):
        nearest = min(range(5), key=lambda k: math.dist(at[f"p{i}"], at[f"c{k}"]))
        assert nearest == i
        assert math.dist(at[f"p{i}"], (0, 0)) > math.dist(at[f"c{i}"], (0, 0))
