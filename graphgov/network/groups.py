"""Groups that bid with each other and with few others (D04, Wachs and Kertesz 2019).

From every node the group is grown greedily by the neighbour that raises
f(G) = S_in / ((S_in + S_out)^a |G|^c) most, until none does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from graphgov.stats.spans import slices

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
BOOL = npt.NDArray[np.bool_]
_BLOCK = 200_000  # neighbours of the seeds grown at once


@dataclass(frozen=True)
class Group:
    """A group of nodes.

    Args:
        members: In order.
        fitness: f(G), what the search maximised.
        coherence: Geometric over arithmetic mean of the weights of all its pairs: 1 where all
            meet alike, 0 where a pair never meets.
        exclusivity: Share of its members' weight that stays inside.
    """

    members: tuple[int, ...]
    fitness: float
    coherence: float
    exclusivity: float


def find_groups(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    weight: npt.ArrayLike,
    nodes: int,
    *,
    min_size: int = 3,
    max_size: int = 30,
    spread: float = 1.5,
    growth: float = 1.5,
    seeds: npt.ArrayLike | None = None,
) -> list[Group]:
    """The distinct groups grown from every node, the fittest first.

    Args:
        a: One end per edge, each pair once.
        b: The other end.
        weight: Above zero, such as Jaccard.
        nodes: How many nodes.
        min_size: Members a group needs.
        max_size: Members at which growing stops.
        spread: Exponent a of the total weight.
        growth: Exponent c of the size.
        seeds: Nodes to start from; all with an edge if None.
    """
    graph = _Adjacency(a, b, weight, nodes)
    starts = np.arange(nodes) if seeds is None else np.unique(np.asarray(seeds, dtype=np.int64))
    starts = starts[np.diff(graph.begins)[starts] > 0]
    joined, worth = _grow(graph, starts, max_size, spread, growth)
    size = _stops(worth, growth)
    found = {
        tuple(sorted(joined[i, :n].tolist())): float(worth[i, n - 1]) / float(n) ** growth
        for i, n in enumerate(size.tolist())
        if n >= min_size
    }
    groups = [Group(m, f, *_profile(graph, m)) for m, f in found.items()]
    return sorted(groups, key=lambda g: (-g.fitness, g.members))


def grown(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    weight: npt.ArrayLike,
    nodes: int,
    *,
    growths: Sequence[float],
    min_size: int = 3,
    max_size: int = 30,
    spread: float = 1.5,
) -> I64:
    """The distinct groups grown from every node with each exponent of size.

    A node joins whatever the exponent is, which only says when to stop: the groups of larger
    exponents are the beginnings of the longest one.

    Args:
        a: One end per edge, each pair once.
        b: The other end.
        weight: Above zero, such as Jaccard.
        nodes: How many nodes.
        growths: Exponents c of the size.
        min_size: Members a group needs.
        max_size: Members at which growing stops.
        spread: Exponent a of the total weight.

    Returns:
        One row per group: its members in order, and -1 behind them.
    """
    graph = _Adjacency(a, b, weight, nodes)
    starts = np.flatnonzero(np.diff(graph.begins) > 0)
    joined, worth = _grow(graph, starts, max_size, spread, min(growths))
    found = []
    for growth in growths:
        size = _stops(worth, growth)[:, None]
        rows = np.where(np.arange(max_size) < size, joined, nodes)[size[:, 0] >= min_size]
        rows.sort(axis=1)
        found.append(np.where(rows < nodes, rows, -1))
    return distinct_rows(np.concatenate(found))


def distinct_rows(rows: I64) -> I64:
    """Each row once, in order."""
    rows = rows[np.lexsort(rows.T[::-1])]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return np.asarray(rows[new])


def coherence(weights: npt.ArrayLike) -> float:
    """Geometric over arithmetic mean of internal weights, absent pairs given as zero.

    Zero where there is none.
    """
    w = np.sort(np.asarray(weights, dtype=np.float64))
    if len(w) == 0 or w[0] <= 0:
        return 0.0
    return min(1.0, float(np.exp(np.log(w).mean()) / w.mean()))


def exclusivity(inside: float, leaving: float) -> float:
    """S_in / (S_in + S_out); zero where there is neither."""
    return inside / (inside + leaving) if inside + leaving > 0 else 0.0


class _Adjacency:
    """Neighbours and weights of every node, in order."""

    def __init__(
        self, a: npt.ArrayLike, b: npt.ArrayLike, weight: npt.ArrayLike, nodes: int
    ) -> None:
        x, y = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
        w = np.asarray(weight, dtype=np.float64)
        tail, head = np.concatenate([x, y]), np.concatenate([y, x])
        both = np.concatenate([w, w])
        order = np.lexsort((both, head, tail))
        self.head, self.weight = head[order], both[order]
        self.begins = np.searchsorted(tail[order], np.arange(nodes + 1))
        self.strength = np.bincount(tail[order], weights=self.weight, minlength=nodes)

    def neighbours(self, node: int) -> tuple[I64, F64]:
        part = slice(self.begins[node], self.begins[node + 1])
        return self.head[part], self.weight[part]


def _grow(
    graph: _Adjacency, seeds: I64, max_size: int, spread: float, growth: float
) -> tuple[I64, F64]:
    """Every seed's group in the order of joining, and what it is worth at each size.

    Worth is S_in / (S_in + S_out)^a; both are cut where the group stops growing: nodes are -1
    there and worth is 0.
    """
    joined = np.full((len(seeds), max_size), -1, dtype=np.int64)
    worth = np.zeros((len(seeds), max_size))
    around = np.cumsum(np.diff(graph.begins)[seeds])
    begin = 0
    while begin < len(seeds):
        done = around[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(around, done + _BLOCK)))
        _grow_block(graph, seeds[begin:end], spread, growth, joined[begin:end], worth[begin:end])
        begin = end
    return joined, worth


def _grow_block(
    graph: _Adjacency, seeds: I64, spread: float, growth: float, joined: I64, worth: F64
) -> None:
    """All seeds of a block at once, one more member each at a time.

    A table holds, by seed and node, the weight from the group under way to each node near it.
    """
    nodes = len(graph.strength)
    joined[:, 0] = seeds
    live = np.arange(len(seeds))
    inside, total = np.zeros(len(seeds)), graph.strength[seeds]  # inside and leaving, each once
    key, into = live * nodes + seeds, np.zeros(len(seeds))
    member = np.ones(len(seeds), dtype=bool)
    for size in range(1, joined.shape[1]):
        begins, ends = (
            graph.begins[joined[live, size - 1]],
            graph.begins[joined[live, size - 1] + 1],
        )
        near = slices(begins, ends)
        new = np.repeat(live, ends - begins) * nodes + graph.head[near]
        at = np.searchsorted(key, new)
        known = key[np.minimum(at, len(key) - 1)] == new
        into[at[known]] += graph.weight[near[known]]
        at, new = at[~known], new[~known]
        key, into = np.insert(key, at, new), np.insert(into, at, graph.weight[near[~known]])
        member = np.insert(member, at, False)
        seed, node = key // nodes, key % nodes
        starts = np.searchsorted(seed, live)
        place = np.repeat(np.arange(len(live)), np.diff(starts, append=len(key)))
        value = inside[place] + into
        value /= (total[place] + graph.strength[node] - into) ** spread
        value[member] = -1.0
        top = np.maximum.reduceat(value, starts)
        # Sums that differ in their last bits are a draw, which the smallest node wins.
        best = np.flatnonzero(value >= np.where(top > 0, top * (1 - 1e-12), 0.0)[place])
        grows = top > 0
        grows &= _grows(worth[live, size - 1], top, size + 1, growth)
        chosen, first = np.unique(place[best], return_index=True)
        pick = np.zeros(len(live), dtype=np.int64)
        pick[chosen] = best[first]
        rows = live[grows]
        joined[rows, size], worth[rows, size] = node[pick[grows]], top[grows]
        if not len(rows):
            return
        gain = into[pick]
        inside, total = inside + gain, total + graph.strength[node[pick]] - gain
        member[pick[grows]] = True
        inside, total, live = inside[grows], total[grows], rows
        kept = grows[place]
        key, into, member = key[kept], into[kept], member[kept]


def _grows(before: F64, after: F64, size: int, growth: float) -> BOOL:
    """Whether a member more raises the fitness, given the worth with and without it."""
    if size == 2:
        return after > 0
    return np.asarray(after / size**growth > before / (size - 1) ** growth * (1 + 1e-12))


def _stops(worth: F64, growth: float) -> I64:
    """The size at which each group stops growing."""
    size = np.ones(len(worth), dtype=np.int64)
    for n in range(2, worth.shape[1] + 1):
        more = (size == n - 1) & (worth[:, n - 1] > 0)
        size[more & _grows(worth[:, n - 2], worth[:, n - 1], n, growth)] = n
    return size


def _profile(graph: _Adjacency, members: tuple[int, ...]) -> tuple[float, float]:
    pairs = dict.fromkeys(combinations(members, 2), 0.0)
    for node in members:
        for head, weight in zip(*(v.tolist() for v in graph.neighbours(node)), strict=True):
            if (node, head) in pairs:
                pairs[node, head] = weight
    inside = float(np.sort(np.array(list(pairs.values()))).sum())
    both = float(graph.strength[list(members)].sum())
    return coherence(list(pairs.values())), exclusivity(inside, max(0.0, both - 2 * inside))


def group_p_values(found: list[Group], chance: list[list[Group]]) -> list[float]:
    """How often chance gives a group as coherent and exclusive: one p-value per group.

    (1 + runs with a group of at least that size and product) / (1 + runs).

    Args:
        found: Groups of the real graph.
        chance: Groups of each run on a reshuffled graph.
    """
    runs = [[(len(g.members), g.coherence * g.exclusivity) for g in run] for run in chance]
    out = []
    for group in found:
        size, value = len(group.members), group.coherence * group.exclusivity
        hits = sum(any(n >= size and v >= value for n, v in run) for run in runs)
        out.append((1 + hits) / (1 + len(runs)))
    return out
