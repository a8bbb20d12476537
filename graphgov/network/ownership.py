"""Who owns and who controls what, through chains, cross-holdings and cycles (E07).

Integrated ownership adds up all ways money flows: direct share, share of a company that has a
share, and so on. Control follows votes instead: whoever has more than half of the votes of a
company votes its shares as well. Shares may be ranges; then both ends are given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from graphgov.network.control import controlled, integrated_ownership
from graphgov.network.ids import I32, Index
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import FAR

F64 = npt.NDArray[np.float64]
BOOL = npt.NDArray[np.bool_]
BOUNDS = ("low", "point", "high")

_SQL = f"""
WITH p AS (SELECT person_id, row_number() OVER (ORDER BY person_id) - 1 AS node FROM people),
c AS (SELECT company_id, (SELECT count(*) FROM people)
    + row_number() OVER (ORDER BY company_id) - 1 AS node FROM companies),
b AS (SELECT body_id, (SELECT count(*) FROM people) + (SELECT count(*) FROM companies)
    + row_number() OVER (ORDER BY body_id) - 1 AS node FROM bodies)
SELECT coalesce(p.node, h.node, b.node)::INTEGER AS owner, c.node::INTEGER AS company,
    share, share_min, share_max, row_key,
    CASE o.certainty WHEN 'documented' THEN 0 WHEN 'declared' THEN 1 ELSE 2 END AS certainty,
    coalesce(date_diff('day', DATE '1970-01-01', started_on), -{FAR})::INTEGER AS since,
    coalesce(date_diff('day', DATE '1970-01-01', ended_on), {FAR})::INTEGER AS until
FROM ownership o JOIN c USING (company_id)
LEFT JOIN p ON p.person_id = CASE o.owner_kind WHEN 'person' THEN o.owner_id END
LEFT JOIN c h ON h.company_id = CASE o.owner_kind WHEN 'company' THEN o.owner_id END
LEFT JOIN b ON b.body_id = CASE o.owner_kind WHEN 'body' THEN o.owner_id END
WHERE coalesce(p.node, h.node, b.node) IS NOT NULL
ORDER BY owner, company, since, until, row_key
"""
_HEADS = f"""
WITH p AS (SELECT person_id, row_number() OVER (ORDER BY person_id) - 1 AS node FROM people),
c AS (SELECT company_id, (SELECT count(*) FROM people)
    + row_number() OVER (ORDER BY company_id) - 1 AS node FROM companies)
SELECT p.node::INTEGER AS person, c.node::INTEGER AS company, row_key,
    CASE certainty WHEN 'documented' THEN 0 WHEN 'declared' THEN 1 ELSE 2 END AS certainty,
    coalesce(date_diff('day', DATE '1970-01-01', started_on), -{FAR})::INTEGER AS since,
    coalesce(date_diff('day', DATE '1970-01-01', ended_on), {FAR})::INTEGER AS until
FROM officers JOIN p USING (person_id) JOIN c USING (company_id)
WHERE role IN ('legal_representative', 'actual_controller')
ORDER BY person, company, since, until, row_key
"""


@dataclass(frozen=True, eq=False)
class Holdings:
    """Shares and heads of companies as arrays; nodes are people, companies, bodies in turn.

    Args:
        owner: Node that holds the share.
        company: Node of the company it is a share of.
        share: In [0, 1], one row of low, point and high per holding; NaN where unknown.
        start: First day; `-FAR` where unknown.
        end: Last day; `FAR` where open.
        heads: Legal representatives and actual controllers: person, company, start, end.
        state: Companies owned by the state.
        row_key: Row of `ownership` of each holding.
        certainty: Of each holding: 0 documented, 1 declared, 2 inferred; empty is documented.
        head_key: Row of `officers` of each head.
        head_certainty: Certainty of each head.
    """

    people: Index
    companies: Index
    bodies: Index
    owner: I32
    company: I32
    share: F64
    start: I32
    end: I32
    heads: npt.NDArray[np.int64]
    state: BOOL
    row_key: Sequence[str]
    certainty: I32 = field(default_factory=lambda: np.empty(0, np.int32))
    head_key: Sequence[str] = ()
    head_certainty: I32 = field(default_factory=lambda: np.empty(0, np.int32))

    @property
    def first_company(self) -> int:
        """The node of the first company."""
        return len(self.people)

    @property
    def nodes(self) -> int:
        """How many people, companies and bodies."""
        return len(self.people) + len(self.companies) + len(self.bodies)

    def node(self, kind: str, key: str) -> int:
        """The node of a person, company or body, or -1."""
        first = {"person": 0, "company": len(self.people)}
        index = {"person": self.people, "company": self.companies, "body": self.bodies}[kind]
        code = index.code(key)
        return -1 if code < 0 else code + first.get(kind, len(self.people) + len(self.companies))

    def name(self, node: int) -> tuple[str, str]:
        """The kind and id of a node."""
        for kind, index in (("person", self.people), ("company", self.companies)):
            if node < len(index):
                return kind, index[node]
            node -= len(index)
        return "body", self.bodies[node]


def holdings(snap: Snapshot) -> Holdings:
    """All holdings of a snapshot; made once."""
    return snap.memo("network.holdings", lambda: _read(snap))


def _read(snap: Snapshot) -> Holdings:
    rows, heads = snap.sql(_SQL), snap.sql(_HEADS)
    given = [
        rows[c].to_numpy(zero_copy_only=False).astype(np.float64)
        for c in ("share_min", "share", "share_max")
    ]
    companies = snap.sql("SELECT company_id, state_owned FROM companies ORDER BY company_id")
    state = np.array([s is True for s in companies["state_owned"].to_pylist()], dtype=bool)
    return Holdings(
        people=Index.of(snap.sql("SELECT person_id FROM people")["person_id"]),
        companies=Index.of(companies["company_id"]),
        bodies=Index.of(snap.sql("SELECT body_id FROM bodies")["body_id"]),
        owner=rows["owner"].to_numpy(),
        company=rows["company"].to_numpy(),
        share=np.column_stack(given),
        start=rows["since"].to_numpy(),
        end=rows["until"].to_numpy(),
        heads=np.column_stack(
            [heads[c].to_numpy() for c in ("person", "company", "since", "until")]
        ).astype(np.int64),
        state=state,
        row_key=rows["row_key"].to_pylist(),
        certainty=rows["certainty"].to_numpy().astype(np.int32),
        head_key=heads["row_key"].to_pylist(),
        head_certainty=heads["certainty"].to_numpy().astype(np.int32),
    )


@dataclass(frozen=True, eq=False)
class Ownership:
    """Who owned what on one day.

    Args:
        base: Where the holdings come from.
        direct: Sparse matrix owner by company node per bound: low, point, high.
        rows: Places in `base` of the holdings counted, by owner and company.
        undated: Pairs (owner, company) that rest on a row without a start.
        over: Company nodes whose known shares add up to more than one.
        on: The day (since 1970), or None for all rows whatever their dates.
    """

    base: Holdings
    direct: Mapping[str, sparse.csr_array]
    rows: npt.NDArray[np.int64]
    undated: frozenset[tuple[int, int]]
    over: I32
    on: int | None

    @cached_property
    def integrated(self) -> Mapping[str, sparse.csr_array]:
        """The effective share of every node in every company, per bound.

        Rows of companies are free of the loop through themselves.
        """
        first, n = self.base.first_company, len(self.base.companies)
        return {k: integrated_ownership(m, first, n) for k, m in self.direct.items()}

    def effective(self, owner: int) -> dict[int, tuple[float, float, float]]:
        """What one node effectively owns: company node → low, point, high."""
        found: dict[int, list[float]] = {}
        for place, bound in enumerate(BOUNDS):
            row = self.integrated[bound][[owner], :].tocoo()
            for company, value in zip(row.coords[1], row.data, strict=True):
                found.setdefault(int(company), [0.0, 0.0, 0.0])[place] = float(value)
        return {c: (v[0], v[1], v[2]) for c, v in sorted(found.items())}

    def control(
        self, threshold: float = 0.5, *, bound: str = "point", heads: bool = True
    ) -> sparse.csr_array:
        """Who controls which company: a 0/1 matrix of nodes.

        Args:
            threshold: Votes that must be exceeded; .25 is weak control.
            bound: Which end of share ranges: low, point or high.
            heads: Whether legal representatives and actual controllers control.
        """
        seed = _heads(self.base, self.on) if heads else None
        first, n = self.base.first_company, len(self.base.companies)
        return controlled(self.direct[bound], first, n, threshold, seed)

    def clusters(
        self,
        threshold: float = 0.5,
        *,
        neutral: npt.ArrayLike = (),
        max_headed: int = 50,
    ) -> I32:
        """Companies under common control: one label per company, the smallest of its members.

        State bodies, companies of the state and `neutral` nodes join nobody; neither does a
        person who heads more than `max_headed` companies, as registration agents do.

        Args:
            threshold: Votes that must be exceeded.
            neutral: Further nodes, such as funds.
            max_headed: Companies a person may head and still join them.
        """
        first, n = self.base.first_company, len(self.base.companies)
        left_out = np.zeros(self.base.nodes, dtype=bool)
        left_out[first + n :] = True
        left_out[first : first + n] |= self.base.state
        left_out[np.asarray(neutral, dtype=np.int64)] = True
        matrix = self.control(threshold).tocoo()
        headed = np.bincount(_heads(self.base, self.on).coords[0], minlength=self.base.nodes)
        left_out |= headed > max_headed
        tail, head = matrix.coords
        keep = ~left_out[tail] & ~left_out[head]
        size = self.base.nodes
        links = sparse.coo_array((np.ones(keep.sum()), (tail[keep], head[keep])), (size, size))
        _, label = csgraph.connected_components(links, directed=False)
        own = label[first : first + n]
        smallest = np.full(size, size)
        np.minimum.at(smallest, own, np.arange(n))
        return smallest[own].astype(np.int32)


def ownership(base: Holdings, on: int | None = None) -> Ownership:
    """The holdings in force on a day.

    Of several rows on one owner and company the one that began last holds. A share that is not
    known is 0 to what the others leave; its point is an equal part of that.

    Args:
        base: All holdings.
        on: Day since 1970; None takes the last row of each pair.
    """
    rows = np.arange(len(base.owner))
    if on is not None:
        rows = rows[(base.start <= on) & (base.end >= on)]
    order = rows[
        np.lexsort(
            (
                np.nan_to_num(base.share[rows, 1], nan=-1.0),
                base.start[rows],
                base.company[rows],
                base.owner[rows],
            )
        )
    ]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (np.diff(base.owner[order]) != 0) | (np.diff(base.company[order]) != 0)
    rows = order[last]
    owner, company = base.owner[rows], base.company[rows]
    low, point, high = ranges(base.share[rows], company, base.nodes)
    total = np.bincount(company, weights=low, minlength=base.nodes)
    shape = (base.nodes, base.nodes)
    undated = base.start[rows] == -FAR
    return Ownership(
        base,
        {
            name: sparse.csr_array(sparse.coo_array((values, (owner, company)), shape))
            for name, values in zip(BOUNDS, (low, point, high), strict=True)
        },
        rows,
        frozenset(zip(owner[undated].tolist(), company[undated].tolist(), strict=True)),
        np.flatnonzero(total > 1 + 1e-6).astype(np.int32),
        on,
    )


def ranges(share: F64, company: I32, nodes: int) -> tuple[F64, F64, F64]:
    """Low, point and high of each share, gaps filled from what is known of the company."""
    low, point, high = share[:, 0].copy(), share[:, 1].copy(), share[:, 2].copy()
    point = np.where(np.isnan(point), (low + high) / 2, point)
    point = np.where(np.isnan(point), np.where(np.isnan(low), high / 2, low), point)
    unknown = np.isnan(point)
    known = np.bincount(company, weights=np.where(unknown, 0.0, point), minlength=nodes)
    open_rows = np.bincount(company, weights=unknown, minlength=nodes)
    left = np.clip(1.0 - known, 0.0, 1.0)[company]
    exact = np.isnan(low) & np.isnan(high) & ~unknown
    low = np.where(np.isnan(low), np.where(exact, point, 0.0), low)
    most = np.minimum(1.0, left + np.where(unknown, 0.0, point))
    high = np.where(np.isnan(high), np.where(exact, point, most), high)
    point = np.where(unknown, left / np.maximum(open_rows[company], 1), point)
    return low, point, np.maximum(high, point)


def _heads(base: Holdings, on: int | None) -> sparse.coo_array:
    heads = base.heads
    if on is not None:
        heads = heads[(heads[:, 2] <= on) & (heads[:, 3] >= on)]
    pairs = np.unique(heads[:, :2], axis=0)
    shape = (base.nodes, base.nodes)
    return sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape)
