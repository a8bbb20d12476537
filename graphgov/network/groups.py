"""Groups that bid with each other and with few others (D04, Wachs and Kertesz 2019).

From every node the group is grown greedily by the neighbour that raises
f(G) = S_in / ((S_in + S_out)^a |G|^c) most, until none does.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


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
    found: dict[tuple[int, ...], float] = {}
    for seed in starts.tolist():
        members, fitness = _grow(graph, seed, max_size, spread, growth)
        if len(members) >= min_size:
            found[members] = fitness
    groups = [Group(m, f, *_profile(graph, m)) for m, f in found.items()]
    return sorted(groups, key=lambda g: (-g.fitness, g.members))


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
        self.into = np.zeros(nodes)  # weight from the group under way to every node

    def neighbours(self, node: int) -> tuple[I64, F64]:
        part = slice(self.begins[node], self.begins[node + 1])
        return self.head[part], self.weight[part]


def _grow(
    graph: _Adjacency, seed: int, max_size: int, spread: float, growth: float
) -> tuple[tuple[int, ...], float]:
    members, inside, best = [seed], 0.0, 0.0
    total = float(graph.strength[seed])  # inside and leaving, each edge once
    heads, weights = graph.neighbours(seed)
    touched = [heads]
    graph.into[heads] += weights
    while len(members) < max_size:
        around = touched[0] if len(touched) == 1 else np.concatenate(touched)
        gain = graph.into[around]
        fitness = (inside + gain) / (
            (total + graph.strength[around] - gain) ** spread * (len(members) + 1) ** growth
        )
        fitness[np.isin(around, members)] = -1.0
        top = float(fitness.max())
        # Sums that differ in their last bits are a draw, which the smallest node wins.
        if top <= best * (1 + 1e-12):
            break
        node = int(around[fitness >= top * (1 - 1e-12)].min())
        joined = float(graph.into[node])
        inside, total, best = inside + joined, total + float(graph.strength[node]) - joined, top
        members.append(node)
        heads, weights = graph.neighbours(node)
        graph.into[heads] += weights
        touched.append(heads)
    for heads in touched:
        graph.into[heads] = 0.0
    return tuple(sorted(members)), best


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
