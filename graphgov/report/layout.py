"""Positions for the picture of a case: the chain from left to right, or a ring.

Layers are body, official, other person, holding company, company. An edge that crosses a layer
gets a slot of its own there (a bend), so that it passes between the nodes and never under one.
Orders come from barycentre sweeps, heights from a least-squares fit that keeps the distances.
Everything is sorted by content first: the same case gives the same picture.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Point = tuple[float, float]

PARTS = ("body", "official", "person", "holding", "company")
COLUMN = 290.0  # distance between layers
SLOT = 92.0  # height of a node with two lines of label
SMALL = 72.0  # height of a node of the surroundings
LANE = 30.0  # height of an edge that passes a layer
_SWEEPS = 12


def place(nodes: Sequence[Row], edges: Sequence[Row], *, ring: bool = False) -> dict[str, Point]:
    """Where each node goes; also gives every edge its `bends` (a list of points).

    Args:
        nodes: With `id`, `part`, `name` and `core`.
        edges: With `id`, `source`, `target`, `kind`.
        ring: Whether the case is about companies among themselves.
    """
    if ring:
        return _circle(nodes, edges)
    return _layered(nodes, edges)


def _layered(nodes: Sequence[Row], edges: Sequence[Row]) -> dict[str, Point]:
    used = [p for p in PARTS if any(n["part"] == p for n in nodes)]
    layer = {n["id"]: used.index(n["part"]) for n in nodes}
    columns: list[list[str]] = [[] for _ in used]
    for node in sorted(nodes, key=lambda n: (not n["core"], n["name"], n["id"])):
        columns[layer[node["id"]]].append(node["id"])
    joined, lanes = _lanes(edges, layer, columns)
    heights = {n["id"]: SLOT if n["core"] else SMALL for n in nodes}
    heights.update({lane: LANE for some in lanes.values() for lane in some})
    _order(columns, joined)
    y = _heights(columns, joined, heights)
    at = {key: (i * COLUMN, y[key]) for i, column in enumerate(columns) for key in column}
    for edge in edges:
        edge["bends"] = [at[lane] for lane in lanes.get(edge["id"], ())]
    return {n["id"]: at[n["id"]] for n in nodes}


def _lanes(
    edges: Sequence[Row], layer: Mapping[str, int], columns: list[list[str]]
) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """Who is next to whom, with a lane in each layer that an edge passes.

    Edges between the same two nodes share their lanes.
    """
    joined: dict[str, set[str]] = defaultdict(set)
    shared: dict[tuple[str, str], list[str]] = {}
    lanes: dict[str, list[str]] = {}
    for edge in sorted(edges, key=lambda e: (e["source"], e["target"], e["kind"], e["id"])):
        a, b = edge["source"], edge["target"]
        low, high = sorted((a, b), key=lambda k: (layer[k], k))
        if layer[low] == layer[high]:
            joined[a].add(b)
            joined[b].add(a)
            continue
        if (low, high) not in shared:
            chain = [f"{low}>{high}>{i}" for i in range(layer[low] + 1, layer[high])]
            for i, lane in enumerate(chain):
                columns[layer[low] + 1 + i].insert(0, lane)  # above: labels hang below
            shared[(low, high)] = chain
            whole = [low, *chain, high]
            for left, right in itertools.pairwise(whole):
                joined[left].add(right)
                joined[right].add(left)
        chain = shared[(low, high)]
        lanes[edge["id"]] = chain if a == low else chain[::-1]
    return joined, lanes


def _order(columns: list[list[str]], joined: Mapping[str, set[str]]) -> None:
    best, fewest = [list(c) for c in columns], _crossings(columns, joined)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        walk = range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1)
        for i in walk:
            fixed = columns[i - 1] if forward else columns[i + 1]
            rank = {key: float(k) for k, key in enumerate(fixed)}
            here = {key: float(k) for k, key in enumerate(columns[i])}
            columns[i].sort(key=lambda key: (_mean(joined[key], rank, here[key]), here[key], key))
        crossings = _crossings(columns, joined)
        if crossings < fewest:
            best, fewest = [list(c) for c in columns], crossings
    columns[:] = best


def _mean(keys: set[str], rank: Mapping[str, float], default: float) -> float:
    found = sorted(rank[k] for k in keys if k in rank)
    return math.fsum(found) / len(found) if found else default


def _crossings(columns: Sequence[Sequence[str]], joined: Mapping[str, set[str]]) -> int:
    count = 0
    for left, right in itertools.pairwise(columns):
        rank = {key: k for k, key in enumerate(right)}
        ends = [sorted(rank[k] for k in joined[key] if k in rank) for key in left]
        for i, upper in enumerate(ends):
            for lower in ends[i + 1 :]:
                count += sum(1 for a in upper for b in lower if a > b)
    return count


def _heights(
    columns: Sequence[Sequence[str]],
    joined: Mapping[str, set[str]],
    heights: Mapping[str, float],
) -> dict[str, float]:
    y: dict[str, float] = {}
    for column in columns:
        top = -sum(heights[k] for k in column) / 2
        for key in column:
            y[key] = top + heights[key] / 2
            top += heights[key]
    index = {key: i for i, column in enumerate(columns) for key in column}
    for sweep in range(_SWEEPS):
        walk = columns if sweep % 2 == 0 else columns[::-1]
        for column in walk:
            wished = []
            for key in column:
                near = [y[k] for k in sorted(joined[key]) if index[k] != index[key]]
                wished.append(math.fsum(near) / len(near) if near else y[key])
            y.update(zip(column, _spread(column, wished, heights), strict=True))
    return {key: round(value, 1) for key, value in y.items()}


def _spread(
    column: Sequence[str], wished: Sequence[float], heights: Mapping[str, float]
) -> list[float]:
    """The positions nearest to the wished ones that keep order and distance (pool adjacent)."""
    offset, offsets = 0.0, []
    for i, key in enumerate(column):
        if i:
            offset += (heights[column[i - 1]] + heights[key]) / 2
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []  # (sum, count) of wished minus offset
    for value, shift in zip(wished, offsets, strict=True):
        blocks.append((value - shift, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1] = (blocks[-1][0] + total, blocks[-1][1] + count)
    base = [total / count for total, count in blocks for _ in range(count)]
    return [b + shift for b, shift in zip(base, offsets, strict=True)]


def _circle(nodes: Sequence[Row], edges: Sequence[Row]) -> dict[str, Point]:
    """Companies of a ring on a circle, who stands behind them around it, buyers to the left."""
    inner = [n for n in nodes if n["core"] and n["kind"] == "company"]
    inner.sort(key=lambda n: (n["name"], n["id"]))
    radius = max(150.0, 42.0 * len(inner))
    step = 2 * math.pi / max(1, len(inner))
    angle = {n["id"]: i * step - math.pi / 2 for i, n in enumerate(inner)}
    at = {key: _polar(radius, turn) for key, turn in angle.items()}
    behind = {}
    for node in nodes:
        near = sorted(angle[k] for k in _neighbours(node["id"], edges) if k in angle)
        if near and node["id"] not in at and node["kind"] != "body":
            behind[node["id"]] = near[0]
    outer = max(radius + 190, 104.0 * len(behind) / (2 * math.pi))
    turn = 2 * math.pi / max(1, len(behind))
    order = sorted(behind, key=lambda k: (behind[k], k))
    shift = math.fsum(behind[k] - i * turn for i, k in enumerate(order)) / max(1, len(order))
    at.update({key: _polar(outer, i * turn + shift) for i, key in enumerate(order)})
    wide = 1.35 * (outer if behind else radius) + 260
    for body in (True, False):
        rest = [n for n in nodes if n["id"] not in at and (n["kind"] == "body") == body]
        rest.sort(key=lambda n: (not n["core"], n["part"], n["name"], n["id"]))
        for i, node in enumerate(rest):
            column, row = divmod(i, 9)
            high = min(9, len(rest) - 9 * column)
            x = (wide + column * 190) * (-1 if body else 1)
            at[node["id"]] = (round(x, 1), round((row - (high - 1) / 2) * SLOT, 1))
    for edge in edges:
        edge["bends"] = []
    return at


def _polar(radius: float, angle: float) -> Point:
    return round(1.35 * radius * math.cos(angle), 1), round(radius * math.sin(angle), 1)


def _neighbours(key: str, edges: Sequence[Row]) -> set[str]:
    return {e["target"] for e in edges if e["source"] == key} | {
        e["source"] for e in edges if e["target"] == key
    }
