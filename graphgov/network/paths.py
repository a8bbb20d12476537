"""Chains of ties from people to companies, all that matter, with the days they held.

Every simple chain of at least `floor` strength is listed once, so that a late short chain
cannot hide an old long one: which of them were in force on a day is asked afterwards. A chain
S of weights w has strength prod(w) * damping^(links - 1); a company's share of a company, going
down, is no link of its own (E01: the control edge weighs the effective share).

Cost: the walk goes only where the best continuation to a target still reaches the floor, so
it touches little more than what it returns, hubs included.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from graphgov.errors import InputError
from graphgov.network.ids import I32
from graphgov.network.ties import BOOL, F64, FADE_DAYS, I8, KINDS, TABLES, TieGraph
from graphgov.schema import CERTAINTIES
from graphgov.stats.spans import FAR

I64 = npt.NDArray[np.int64]
_BLOCK = 2_000_000  # partial chains held at once
_RISE = 1.5  # of the floor, where too many chains reach it
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Step:
    """One tie of a chain, in the direction of the walk."""

    from_kind: str
    from_id: str
    to_kind: str
    to_id: str
    kind: str
    weight: float
    certainty: str
    start: date | None
    end: date | None
    table: str
    row_key: str
    forward: bool = True  # from `a` to `b` of the row, which matters for parents and owners


@dataclass(frozen=True)
class Chain:
    """One chain of ties.

    Args:
        strength: In (0, 1], fading on the day asked about included.
        certainty: The weakest of its ties'.
        start: Latest start of its ties; None where no tie has one.
        end: Earliest end of its ties; None where all are open.
        dated: Whether every tie says when it began; without it no legal claim.
    """

    strength: float
    certainty: str
    start: date | None
    end: date | None
    dated: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Chains:
    """All chains found, by source, target and falling strength.

    Args:
        source: Node a chain starts at.
        target: Company node it ends at.
        edges: Places in the graph's arrays, -1 after the last.
        strength: Before fading.
        start: First day the whole chain could count.
        end: Last day, fading ties until they are faded out.
        certainty: Weakest of the ties, 0 to 2.
        floor: Strength below which no chain is listed; what was asked, or more.
    """

    graph: TieGraph
    source: I32
    target: I32
    edges: I32
    strength: F64
    start: I32
    end: I32
    certainty: I8
    floor: float

    def __len__(self) -> int:
        return len(self.source)

    def rows(self, source: int, target: int) -> I64:
        """Where the chains of one pair stand; numbers of another width would copy the array."""
        low, high = np.searchsorted(self.source, np.array([source, source + 1], np.int32))
        left, right = np.searchsorted(self.target[low:high], [target, target + 1])
        return np.arange(low + left, low + right)

    def best(
        self,
        source: int,
        target: int,
        *,
        on: int | None = None,
        most: int = 5,
        certainty: int = 2,
    ) -> list[tuple[float, int]]:
        """The best chains of a pair that share no link: (strength, row), strongest first.

        Args:
            source: Node the chains start at.
            target: Company node they end at.
            on: A day (since 1970) on which the whole chain must be in force.
            most: How many at most.
            certainty: Weakest certainty let in, 0 documented to 2 inferred.
        """
        rows = self.rows(source, target)
        rows = rows[self.certainty[rows] <= certainty]
        if on is not None:
            rows = rows[(self.start[rows] <= on) & (self.end[rows] >= on)]
        if len(rows) == 0:
            return []
        strength = self.strength[rows] if on is None else self._faded(rows, on)
        used: set[int] = set()
        found: list[tuple[float, int]] = []
        for place in np.argsort(-strength, kind="stable"):
            edges = self.edges[rows[place]]
            links = set(self.graph.link[edges[edges >= 0]].tolist())
            if used.isdisjoint(links):
                used |= links
                found.append((float(strength[place]), int(rows[place])))
                if len(found) == most:
                    break
        return found

    def tie(self, source: int, target: int, *, on: int | None = None, most: int = 5) -> float:
        """1 - prod(1 - strength) over the best chains: how close the pair is."""
        return tie_strength(s for s, _ in self.best(source, target, on=on, most=most))

    def chain(self, row: int, *, on: int | None = None) -> Chain:
        """One chain spelled out."""
        graph, node, steps = self.graph, int(self.source[row]), []
        edges = self.edges[row][self.edges[row] >= 0]
        for e in edges:
            other = int(graph.b[e] if graph.a[e] == node else graph.a[e])
            steps.append(_step(graph, int(e), node, other))
            node = other
        strength = self.strength[row] if on is None else self._faded(np.array([row]), on)[0]
        start, end = int(graph.start[edges].max()), int(graph.end[edges].min())
        return Chain(
            strength=float(strength),
            certainty=CERTAINTIES[int(self.certainty[row])],
            start=_day(start),
            end=_day(end),
            dated=bool((graph.start[edges] > -FAR).all()),
            steps=tuple(steps),
        )

    def _faded(self, rows: I64, on: int) -> F64:
        edges = self.edges[rows]
        late = np.where(
            (edges >= 0) & self.graph.fades[edges], np.maximum(0, on - self.graph.end[edges]), 0
        )
        faded: F64 = self.strength[rows] * np.exp(-late.sum(axis=1) / FADE_DAYS)
        return faded


def tie_strength(strengths: Iterator[float] | list[float]) -> float:
    """1 - prod(1 - S) over chains that share no link."""
    rest = 1.0
    for strength in strengths:
        rest *= 1.0 - strength
    return 1.0 - rest


def chains(
    graph: TieGraph,
    sources: npt.ArrayLike,
    targets: npt.ArrayLike | None = None,
    *,
    max_len: int = 4,
    damping: float = 0.5,
    floor: float = 0.03,
    on: int | None = None,
    most: int | None = None,
) -> Chains:
    """All chains from some nodes to some companies.

    Args:
        graph: The ties.
        sources: Nodes to start from, such as officials.
        targets: Nodes to end at; all companies if None. A source is no target of itself.
        max_len: Ties in a chain at most, 1 to 6.
        damping: Factor for each further link.
        floor: Strength below which a chain is not listed; above 0.
        on: Only ties that count on this day (since 1970).
        most: Where more chains would be listed, the floor rises by halves until there are
            no more: where everybody knows everybody, far acquaintance says nothing.

    Raises:
        InputError: `floor`, `damping` or `max_len` is out of bounds.
    """
    if not (0 < floor <= 1 and 0 < damping <= 1 and 1 <= max_len <= 6):
        raise InputError("Chains need 0 < floor, damping <= 1 and 1 <= max_len <= 6.")
    wanted = np.zeros(graph.nodes, dtype=bool)
    wanted[len(graph.people) :] = targets is None
    if targets is not None:
        wanted[np.asarray(targets, dtype=np.int64)] = True
    begin = np.unique(np.asarray(sources, dtype=np.int32))
    while True:
        walk = _Walk(graph, wanted, max_len, damping, floor, on)
        found = _within(walk.run(begin), most if floor < 1 else None)
        if found is not None:
            return _collect(graph, found, max_len, floor)
        floor = min(1.0, floor * _RISE)


def _within(blocks: Iterator["_Partial"], most: int | None) -> list["_Partial"] | None:
    """All blocks, or None as soon as they hold more chains than allowed."""
    found, total = [], 0
    for block in blocks:
        found.append(block)
        total += len(block.strength)
        if most is not None and total > most:
            return None
    return found


@dataclass
class _Partial:
    """Chains under way: nodes met, edges used, strength so far."""

    nodes: I32
    edges: I32
    strength: F64
    start: I32
    end: I32

    def take(self, rows: BOOL | I64 | slice) -> "_Partial":
        return _Partial(
            self.nodes[rows],
            self.edges[rows],
            self.strength[rows],
            self.start[rows],
            self.end[rows],
        )


class _Walk:
    """The bounded walk: per depth, each node's ties ordered by the best they can still give."""

    def __init__(
        self,
        graph: TieGraph,
        wanted: BOOL,
        max_len: int,
        damping: float,
        floor: float,
        on: int | None,
    ) -> None:
        edges = np.arange(len(graph.a), dtype=np.int32)
        if on is not None:
            edges = edges[(graph.start <= on) & (graph.usable_end >= on)]
        self.tail = np.concatenate([graph.a[edges], graph.b[edges]])
        self.head = np.concatenate([graph.b[edges], graph.a[edges]])
        self.edge = np.concatenate([edges, edges])
        down = np.concatenate([graph.holding[edges], np.zeros(len(edges), dtype=bool)])
        weight = np.concatenate([graph.weight[edges], graph.weight[edges]])
        # From one company to the other the walk may go down at no cost, never for the first tie.
        self.later = weight * np.where(down, 1.0, damping)
        self.first = weight
        self.graph, self.wanted, self.max_len, self.floor = graph, wanted, max_len, floor
        self.reach = [wanted.astype(np.float64)]
        for _ in range(max_len - 1):
            best = self.reach[-1].copy()
            np.maximum.at(best, self.tail, self.later * self.reach[-1][self.head])
            self.reach.append(best)
        self.orders = [self._order(depth) for depth in range(max_len)]

    def _order(self, depth: int) -> tuple[I64, F64, I64]:
        """Half-edges by tail and falling bound: places, search keys, first place per node."""
        weight = self.first if depth == 0 else self.later
        bound = weight * self.reach[self.max_len - depth - 1][self.head]
        order = np.lexsort((self.edge, self.head, -bound, self.tail))
        keys = self.tail[order] + (1.0 - np.minimum(bound[order], 1.0)) / 2
        begins = np.searchsorted(self.tail[order], np.arange(self.graph.nodes + 1))
        return order, keys, begins

    def run(self, sources: I32) -> Iterator[_Partial]:
        """Every complete chain, in blocks."""
        n = len(sources)
        first = _Partial(
            sources[:, None],
            np.empty((n, 0), dtype=np.int32),
            np.ones(n),
            np.full(n, -FAR, dtype=np.int32),
            np.full(n, FAR, dtype=np.int32),
        )
        stack = [first]
        while stack:
            partial = stack.pop()
            depth = partial.edges.shape[1]
            counts = self._counts(partial, depth)
            keep = counts > 0
            partial, counts = partial.take(keep), counts[keep]
            cut = np.searchsorted(np.cumsum(counts), _BLOCK, side="right")
            if 0 < cut < len(counts):
                stack.append(partial.take(slice(int(cut), None)))
                partial, counts = partial.take(slice(0, int(cut))), counts[:cut]
            grown = self._grow(partial, counts, depth)
            yield grown.take(self.wanted[grown.nodes[:, -1]])
            if depth + 1 < self.max_len and len(grown.strength):
                stack.append(grown)

    def _counts(self, partial: _Partial, depth: int) -> I64:
        _, keys, begins = self.orders[depth]
        node = partial.nodes[:, -1]
        need = np.minimum(self.floor / partial.strength, 1.0)
        # A hair of slack for the rounding of the key; exact strengths are checked after.
        last = np.searchsorted(keys, node + (1.0 - need) / 2 + 1e-8, side="right")
        return np.maximum(np.minimum(last, begins[node + 1]) - begins[node], 0)

    def _grow(self, partial: _Partial, counts: I64, depth: int) -> _Partial:
        order, _, begins = self.orders[depth]
        row = np.repeat(np.arange(len(counts)), counts)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        half = order[begins[partial.nodes[row, -1]] + offset]
        weight = (self.first if depth == 0 else self.later)[half]
        strength = partial.strength[row] * weight
        edge, head = self.edge[half], self.head[half]
        start = np.maximum(partial.start[row], self.graph.start[edge])
        end = np.minimum(partial.end[row], self.graph.usable_end[edge])
        bound = strength * self.reach[self.max_len - depth - 1][head]
        keep = (bound >= self.floor * (1 - 1e-12)) & (start <= end)
        keep &= (partial.nodes[row] != head[:, None]).all(axis=1)
        row, edge, head = row[keep], edge[keep], head[keep]
        return _Partial(
            np.column_stack([partial.nodes[row], head]),
            np.column_stack([partial.edges[row], edge]),
            strength[keep],
            start[keep],
            end[keep],
        )


def _collect(graph: TieGraph, found: list[_Partial], max_len: int, floor: float) -> Chains:
    found = [f for f in found if len(f.strength)]
    total = sum(len(f.strength) for f in found)
    edges = np.full((total, max_len), -1, dtype=np.int32)
    source, target = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int32)
    at = 0
    for part in found:
        rows = slice(at, at + len(part.strength))
        edges[rows, : part.edges.shape[1]] = part.edges
        source[rows], target[rows] = part.nodes[:, 0], part.nodes[:, -1]
        at += len(part.strength)
    strength = np.concatenate([f.strength for f in found] or [np.empty(0)])
    start = np.concatenate([f.start for f in found] or [np.empty(0, np.int32)])
    end = np.concatenate([f.end for f in found] or [np.empty(0, np.int32)])
    length = (edges >= 0).sum(axis=1)
    ties = [edges[:, i] for i in range(max_len - 1, -1, -1)]
    order = np.lexsort((*ties, length, -strength, target, source))
    edges = edges[order]
    # Half of the columns are padding: -1 picks some certainty, which the mask hides.
    padded = np.where(edges >= 0, graph.certainty[edges] if len(graph.certainty) else 0, 0)
    certainty = padded.max(axis=1, initial=0).astype(np.int8)
    return Chains(
        graph,
        source[order],
        target[order],
        edges,
        strength[order],
        start[order],
        end[order],
        certainty,
        floor,
    )


def _step(graph: TieGraph, e: int, node: int, other: int) -> Step:
    return Step(
        *graph.name(node),
        *graph.name(other),
        kind=KINDS[int(graph.kind[e])],
        weight=float(graph.weight[e]),
        certainty=CERTAINTIES[int(graph.certainty[e])],
        start=_day(int(graph.start[e])),
        end=_day(int(graph.end[e])),
        table=TABLES[int(graph.table[e])],
        row_key=graph.row_key[e],
        forward=int(graph.a[e]) == node,
    )


def _day(day: int) -> date | None:
    return None if abs(day) >= FAR else _EPOCH + timedelta(days=day)
