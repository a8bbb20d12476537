"""Communities by Leiden, with how stable each is over seeds.

One thread, a seed per run and edges in content order: the same graph gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.network.ids import I32

F64 = npt.NDArray[np.float64]
_TRIES = 3  # seeds of each resolution tried


@dataclass(frozen=True, eq=False)
class Communities:
    """A partition of nodes.

    Args:
        label: Community per node; the largest is 0, ties by smallest member; nodes without an
            edge stand alone.
        stability: Per node, how much of its community stays with it under other seeds: the
            mean share over runs, 1 for a node that is alone.
        sizes: Nodes per community.
    """

    label: I32
    stability: F64
    sizes: npt.NDArray[np.int64]

    def members(self, community: int) -> I32:
        """The nodes of one community, in order."""
        return np.flatnonzero(self.label == community).astype(np.int32)

    def mean_stability(self) -> F64:
        """The mean stability of each community's nodes."""
        total = np.bincount(self.label, weights=self.stability, minlength=len(self.sizes))
        return np.asarray(total / self.sizes, dtype=np.float64)


def communities(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    weight: npt.ArrayLike,
    nodes: int,
    *,
    resolution: float = 1.0,
    runs: int = 10,
    seed: int = 0,
) -> Communities:
    """Leiden communities of an undirected weighted graph.

    The partition shown is that of the run which agrees most with the others.

    Args:
        a: One end per edge.
        b: Other end; self-loops and weights of zero are left out.
        weight: Above zero; edges given twice add up.
        nodes: How many nodes.
        resolution: Above 1 for smaller communities.
        runs: Seeds tried, at least 1.
        seed: The first of them.
    """
    tail, head, mass = _ordered(a, b, weight, nodes)
    if len(tail) == 0:
        label = np.arange(nodes, dtype=np.int32)
        return Communities(label, np.ones(nodes), np.ones(nodes, dtype=np.int64))
    labels = _leiden(tail, head, mass, nodes, resolution, [seed + i for i in range(max(runs, 1))])
    kept = [_togetherness(labels, one) for one in range(len(labels))]
    best = int(np.argmax([float(np.sort(k).sum()) for k in kept]))
    return Communities(labels[best], kept[best], np.bincount(labels[best]).astype(np.int64))


def tuned(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    weight: npt.ArrayLike,
    nodes: int,
    *,
    resolutions: Sequence[float] = (1.0, 3.0, 10.0, 30.0),
    least: int = 6,
    runs: int = 10,
    seed: int = 0,
) -> Communities:
    """Leiden communities at the resolution that is most stable over seeds (D13).

    A finer one counts only while its communities of three or more have a median of `least`
    members: single pairs are stable at any resolution. Equals go to the coarsest.

    Args:
        a: As in `communities`, and so are `b`, `weight`, `nodes`, `runs` and `seed`.
        b: Other end.
        weight: Above zero.
        nodes: How many nodes.
        resolutions: Tried, coarsest first.
        least: Members of the middle community.
        runs: Seeds tried.
        seed: The first of them.
    """
    best, most = resolutions[0], -1.0
    for resolution in resolutions:
        found = communities(a, b, weight, nodes, resolution=resolution, runs=_TRIES, seed=seed)
        large = found.sizes[found.sizes >= 3]
        if most < 0 or (len(large) and float(np.median(large)) >= least):
            kept = (found.sizes >= 3)[found.label]
            share = float(np.sort(found.stability[kept]).sum()) / max(int(kept.sum()), 1)
            if share > most + 1e-9:
                best, most = resolution, share
    return communities(a, b, weight, nodes, resolution=best, runs=runs, seed=seed)


def _ordered(
    a: npt.ArrayLike, b: npt.ArrayLike, weight: npt.ArrayLike, nodes: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], F64]:
    x, y = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    w = np.asarray(weight, dtype=np.float64)
    low, high = np.minimum(x, y), np.maximum(x, y)
    keep = (low != high) & (w > 0)
    key, w = (low * nodes + high)[keep], w[keep]
    order = np.lexsort((w, key))
    unique, place = np.unique(key[order], return_inverse=True)
    mass: F64 = np.bincount(place, weights=w[order]).astype(np.float64)
    return unique // nodes, unique % nodes, mass


def _leiden(
    tail: npt.NDArray[np.int64],
    head: npt.NDArray[np.int64],
    weight: F64,
    nodes: int,
    resolution: float,
    seeds: list[int],
) -> list[I32]:
    import networkit as nk  # imported here: slow, and not every run needs it

    threads = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(1)
    try:
        # Nodes without an edge would only slow each run down.
        used, ends = np.unique(np.concatenate([tail, head]), return_inverse=True)
        x, y = ends[: len(tail)], ends[len(tail) :]
        graph = nk.GraphFromCoo((weight, (x, y)), n=len(used), weighted=True, directed=False)
        found = []
        for seed in seeds:
            nk.setSeed(seed, False)
            leiden = nk.community.ParallelLeiden(graph, True, 3, resolution)
            leiden.run()
            vector = np.asarray(leiden.getPartition().getVector(), dtype=np.int64)
            full = np.arange(nodes, dtype=np.int64) + int(vector.max()) + 1
            full[used] = vector
            found.append(_renumbered(full))
        return found
    finally:
        nk.setNumberOfThreads(threads)


def _renumbered(label: npt.NDArray[np.int64]) -> I32:
    """Labels by falling size, then smallest member."""
    _, first, dense, sizes = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[dense]


def _togetherness(labels: list[I32], one: int) -> F64:
    """Mean share of a node's fellows in run `one` that are its fellows in the other runs."""
    mine = labels[one].astype(np.int64)
    size = np.bincount(mine)[mine]
    total = np.zeros(len(mine))
    others = [x for place, x in enumerate(labels) if place != one]
    for other in others:
        joint = mine * (int(other.max()) + 1) + other
        _, cell, count = np.unique(joint, return_inverse=True, return_counts=True)
        total += np.where(size > 1, (count[cell] - 1) / np.maximum(size - 1, 1), 1.0)
    return total / len(others) if others else np.ones(len(mine))
