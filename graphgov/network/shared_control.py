"""Who stands behind a company on a day, and what two companies have above them in common.

`network.ownership` answers for everybody on one day; bids come on thousands of days. Here only
what is above one company is looked at: its owners, theirs, and so on, with the shares in force
that day. Between two changes of any of these the answer stays the same and is kept.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphgov.network.control import controlled, integrated_ownership
from graphgov.network.ownership import Holdings, holdings, ranges
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import FAR, I64

F64 = npt.NDArray[np.float64]
BOOL = npt.NDArray[np.bool_]
MOST_ABOVE = 400  # companies above one; a larger knot tells nothing about two of them
MOST_HELD = 50  # companies of one owner; who has more is a fund or an agent
HALF = 0.5
COLUMNS = (
    "ownership.owner_id", "ownership.owner_kind", "ownership.company_id", "ownership.share",
    "ownership.share_min", "ownership.share_max", "ownership.started_on", "ownership.ended_on",
    "ownership.certainty", "officers.person_id", "officers.company_id", "officers.role",
    "officers.started_on", "officers.ended_on", "officers.certainty", "companies.state_owned",
    "companies.name", "people.name",
)  # fmt: skip


@dataclass(frozen=True)
class Stake:
    """What one node has in a company on a day.

    Args:
        low: Effective share at the lower ends of all ranges.
        point: Effective share, unknown shares taken as an equal part of the rest.
        controls: More than half of the votes, directly or through companies it controls, at
            the lower ends; or its head.
        head: Legal representative or actual controller of it.
    """

    low: float
    point: float
    controls: bool
    head: bool


@dataclass(frozen=True)
class Common:
    """A node behind both of two companies.

    Args:
        node: Whose; one of the two companies itself where it stands behind the other.
        first: What it has in the first company.
        second: What it has in the second company.
        through: Companies between it and the two.
        direct: It has a share or the head's post of its own in both.
        rows: Table and row key of every edge on the ways.
        certainty: 0 documented, 1 declared, 2 inferred: the weakest link.
        dated: Every edge says since when.
    """

    node: int
    first: Stake
    second: Stake
    through: tuple[int, ...]
    direct: bool
    rows: tuple[tuple[str, str], ...]
    certainty: int
    dated: bool

    @property
    def low(self) -> float:
        """The smaller of the two lower shares."""
        return min(self.first.low, self.second.low)

    @property
    def point(self) -> float:
        """The smaller of the two shares."""
        return min(self.first.point, self.second.point)

    @property
    def controls(self) -> bool:
        """Whether it controls both."""
        return self.first.controls and self.second.controls


def nearest(commons: Sequence[Common]) -> Common:
    """Of several behind the same two companies the one with the fewest edges between."""
    return min(commons, key=lambda c: (len(c.through), len(c.rows), c.node))


@dataclass(frozen=True)
class _Above:
    """The holdings above a company on a day: place of each row, who owns whom, and the stakes."""

    stakes: dict[int, Stake]
    rows: tuple[int, ...]
    heads: tuple[int, ...]
    down: Mapping[int, Sequence[int]]
    up: Mapping[int, Sequence[int]]
    headed: Mapping[int, Sequence[int]]


_OWN = Stake(1.0, 1.0, controls=True, head=False)


@dataclass(eq=False)
class Behind:
    """Looks up who stands behind companies; companies are nodes of `base`.

    Bodies, companies of the state and owners of more than `MOST_HELD` companies stand behind
    nobody: two firms of the state, or of one fund, may well be rivals.
    """

    base: Holdings
    neutral: BOOL
    _rows: I64 = field(init=False)
    _begins: I64 = field(init=False)
    _heads: I64 = field(init=False)
    _head_begins: I64 = field(init=False)
    _closed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _turns: dict[int, I64] = field(default_factory=dict)
    _above: dict[tuple[int, int], _Above] = field(default_factory=dict)
    _common: dict[tuple[int, int, int, int], tuple[Common, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        base = self.base
        point = np.nan_to_num(base.share[:, 1], nan=-1.0)
        self._rows = np.lexsort((point, base.start, base.owner, base.company))
        nodes = np.arange(base.nodes + 1)
        self._begins = np.searchsorted(base.company[self._rows], nodes)
        self._heads = np.argsort(base.heads[:, 1], kind="stable")
        self._head_begins = np.searchsorted(base.heads[self._heads, 1], nodes)

    @cached_property
    def stated(self) -> BOOL:
        """Per company, whether any owner or head of it is known."""
        first, n = self.base.first_company, len(self.base.companies)
        known = np.zeros(n, dtype=bool)
        known[self.base.company - first] = True
        known[self.base.heads[:, 1] - first] = True
        return known

    def common(self, a: int, b: int, day: int) -> tuple[Common, ...]:
        """Whoever stands behind both companies on a day, by node."""
        key = (a, b, self._epoch(a, day), self._epoch(b, day))
        if key not in self._common:
            self._common[key] = tuple(self._find_common(a, b, day))
        return self._common[key]

    def stakes(self, company: int, day: int) -> dict[int, Stake]:
        """What every node above a company has in it on a day."""
        return self._look(company, day).stakes

    def open_group(self, commons: Sequence[Common]) -> bool:
        """Whether two companies belong to one group for everybody to see: a company holds both.

        That one of the two holds the other is the plainest case of it.
        """
        return self._is_company(nearest(commons).node)

    def _epoch(self, company: int, day: int) -> int:
        if company not in self._turns:
            self._turns[company] = self._changes(company)
        return int(np.searchsorted(self._turns[company], day, side="right"))

    def _changes(self, company: int) -> I64:
        above = self._closure(company)
        rows = np.concatenate([self._of(c) for c in above])
        heads = np.concatenate([self._heads_of(c) for c in above])
        base = self.base
        parts = (base.start[rows], base.end[rows] + 1, base.heads[heads, 2],
                 base.heads[heads, 3] + 1)  # fmt: skip
        return np.unique(np.concatenate(parts).astype(np.int64))

    def _of(self, company: int) -> I64:
        return self._rows[self._begins[company] : self._begins[company + 1]]

    def _heads_of(self, company: int) -> I64:
        return self._heads[self._head_begins[company] : self._head_begins[company + 1]]

    def _is_company(self, node: int) -> bool:
        return self.base.first_company <= node < self.base.first_company + len(self.base.companies)

    def _closure(self, company: int) -> tuple[int, ...]:
        """The company and all companies above it at any time; alone where there are too many."""
        if company not in self._closed:
            seen, queue = {company}, [company]
            while queue and len(seen) <= MOST_ABOVE:
                for owner in np.unique(self.base.owner[self._of(queue.pop())]).tolist():
                    if self._is_company(owner) and owner not in seen and not self.neutral[owner]:
                        seen.add(owner)
                        queue.append(owner)
            self._closed[company] = tuple(sorted(seen)) if not queue else (company,)
        return self._closed[company]

    def _look(self, company: int, day: int) -> _Above:
        key = (company, self._epoch(company, day))
        if key not in self._above:
            self._above[key] = self._solve(company, day)
        return self._above[key]

    def _solve(self, company: int, day: int) -> _Above:
        """Shares and control of everybody above a company, on the edges in force."""
        base, above = self.base, self._closure(company)
        rows = np.concatenate([self._in_force(c, day) for c in above])
        heads = np.concatenate([self._heads_of(c) for c in above])
        heads = heads[(base.heads[heads, 2] <= day) & (base.heads[heads, 3] >= day)]
        firms = np.array(above, dtype=np.int64)
        owner, owned = base.owner[rows].astype(np.int64), base.company[rows].astype(np.int64)
        others = np.setdiff1d(np.concatenate([owner, base.heads[heads, 0]]), firms)
        nodes = np.concatenate([others, firms])
        place = {node: i for i, node in enumerate(nodes.tolist())}
        first, size = len(others), len(nodes)
        tail = np.array([place[n] for n in owner.tolist()], dtype=np.int64)
        head = np.array([place[n] for n in owned.tolist()], dtype=np.int64)
        low, point, _ = ranges(base.share[rows], head.astype(np.int32), size)
        seeds = base.heads[heads]
        headed = [(place[p], place[c]) for p, c in seeds[:, :2].tolist()]
        target = place[company]
        shares = [_effective(tail, head, s, first, size, target) for s in (low, point)]
        controls = _controllers(tail, head, low, headed, first, size, target)
        heading = {p for p, c in headed if c == target}
        stakes = {
            int(nodes[i]): Stake(
                float(shares[0][i]), float(shares[1][i]), controls=bool(controls[i]),
                head=i in heading,
            )
            for i in np.flatnonzero((shares[1] > 0) | controls).tolist()
            if i != target
        }  # fmt: skip
        down, up, headed_by = (defaultdict(list) for _ in range(3))
        for one, two in zip(owner.tolist(), owned.tolist(), strict=True):
            down[one].append(two)
            up[two].append(one)
        for one, two in seeds[:, :2].tolist():
            headed_by[one].append(two)
        return _Above(stakes, tuple(rows.tolist()), tuple(heads.tolist()), down, up, headed_by)

    def _in_force(self, company: int, day: int) -> I64:
        """Of each owner's rows in force the one that began last; rows are in that order."""
        rows = self._of(company)
        rows = rows[(self.base.start[rows] <= day) & (self.base.end[rows] >= day)]
        owner = self.base.owner[rows]
        last = np.ones(len(rows), dtype=bool)
        last[:-1] = owner[1:] != owner[:-1]
        return np.asarray(rows[last])

    def _find_common(self, a: int, b: int, day: int) -> Iterator[Common]:
        one, two = self._look(a, day), self._look(b, day)
        first, second = {**one.stakes, a: _OWN}, {**two.stakes, b: _OWN}
        for node in sorted(first.keys() & second.keys()):
            if self.neutral[node]:
                continue
            rows, heads, through = self._ways(node, (one, a), (two, b))
            known = [("ownership", self.base.row_key[r]) for r in rows]
            posts = [("officers", self.base.head_key[h]) for h in heads if self.base.head_key]
            certainty = [int(self.base.certainty[r]) for r in rows if len(self.base.certainty)]
            certainty += [int(self.base.head_certainty[h]) for h in heads if posts]
            dated = all(self.base.start[r] > -FAR for r in rows)
            dated = dated and all(self.base.heads[h, 2] > -FAR for h in heads)
            yield Common(
                node,
                first[node],
                second[node],
                tuple(sorted(through - {a, b, node})),
                self._edges_to(node, rows, heads) >= {a, b} - {node},
                (*known, *posts),
                max(certainty, default=0),
                dated,
            )

    def _ways(
        self, node: int, *sides: tuple[_Above, int]
    ) -> tuple[tuple[int, ...], tuple[int, ...], set[int]]:
        """Holdings and posts on the ways from a node down to each company; who is between."""
        rows, heads, through = set(), set(), set()
        for above, company in sides:
            down = self._reached(node, above)
            up = self._reaching(company, above, node)
            for r in above.rows:
                tail, head = int(self.base.owner[r]), int(self.base.company[r])
                if tail in down and head in up:
                    rows.add(r)
                    through |= {tail, head}
            for h in above.heads:
                if self.base.heads[h, 0] == node and self.base.heads[h, 1] in up:
                    heads.add(h)
                    through.add(int(self.base.heads[h, 1]))
        return tuple(sorted(rows)), tuple(sorted(heads)), through

    def _edges_to(self, node: int, rows: Sequence[int], heads: Sequence[int]) -> set[int]:
        """Companies of which a node has a share of its own, or which it heads."""
        owned = {int(self.base.company[r]) for r in rows if self.base.owner[r] == node}
        return owned | {int(self.base.heads[h, 1]) for h in heads}

    def _reached(self, node: int, above: _Above) -> set[int]:
        """The companies below a node, and the node."""
        found, queue = {node}, [node]
        queue += above.headed.get(node, ())
        found.update(queue)
        while queue:
            for company in above.down.get(queue.pop(), ()):
                if company not in found:
                    found.add(company)
                    queue.append(company)
        return found

    def _reaching(self, company: int, above: _Above, node: int) -> set[int]:
        """Companies on a way down to one, not beyond the node."""
        found, queue = {company}, [company]
        while queue:
            at = queue.pop()
            if at == node:
                continue
            for owner in above.up.get(at, ()):
                if self._is_company(owner) and owner not in found:
                    found.add(owner)
                    queue.append(owner)
        return found


def _effective(tail: I64, head: I64, share: F64, first: int, size: int, target: int) -> F64:
    """The effective share of every node in one company."""
    out = np.zeros(size)
    if not (tail >= first).any():
        np.add.at(out, tail[head == target], share[head == target])
        return np.minimum(out, 1.0)
    direct = sparse.csr_array(sparse.coo_array((share, (tail, head)), (size, size)))
    found = integrated_ownership(direct, first, size - first)
    column = found[:, [target]].tocoo()
    out[column.coords[0]] = column.data
    return out


def _controllers(
    tail: I64,
    head: I64,
    share: F64,
    headed: Sequence[tuple[int, int]],
    first: int,
    size: int,
    target: int,
) -> BOOL:
    """Who controls one company."""
    out = np.zeros(size, dtype=bool)
    if not (tail >= first).any():
        votes = np.bincount(tail[head == target], share[head == target], minlength=size)
        out |= votes > HALF + 1e-9
        out[[p for p, c in headed if c == target]] = True
        return out
    direct = sparse.csr_array(sparse.coo_array((share, (tail, head)), (size, size)))
    seed = None
    if headed:
        pairs = np.array(sorted(set(headed)), dtype=np.int64)
        seed = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (size, size))
    column = controlled(direct, first, size - first, HALF, seed)[:, [target]].tocoo()
    out[column.coords[0]] = True
    return out


def behind(snap: Snapshot) -> Behind:
    """The look-up of a snapshot; made once, and what it found is kept."""
    return snap.memo("network.behind", lambda: make_behind(holdings(snap)))


def make_behind(base: Holdings, max_held: int = MOST_HELD) -> Behind:
    """The look-up on some holdings."""
    first, n = base.first_company, len(base.companies)
    neutral = np.zeros(base.nodes, dtype=bool)
    neutral[first + n :] = True
    neutral[first : first + n] |= base.state
    tail = np.concatenate([base.owner.astype(np.int64), base.heads[:, 0]])
    head = np.concatenate([base.company.astype(np.int64), base.heads[:, 1]])
    once = np.unique(tail * base.nodes + head) // max(base.nodes, 1)
    neutral |= np.bincount(once, minlength=base.nodes) > max_held
    return Behind(base, neutral)
