"""Pairs of companies with somebody behind both, and the lots on which such pairs met."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from graphgov.network.shared_control import Behind, Common, behind
from graphgov.network.shared_rivals import Met, Rivals, rivals
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import I64

MOST_UNDER = 200  # companies below one owner, through others too
_ROUNDS = 25


def related(found: Behind) -> tuple[I64, I64]:
    """Codes of all pairs of companies with somebody behind both at some time, a < b.

    Days and shares are not looked at yet; owners of very many are left out.
    """
    base = found.base
    first, n, size = base.first_company, len(base.companies), base.nodes
    tail = np.concatenate([base.owner.astype(np.int64), base.heads[:, 0]])
    head = np.concatenate([base.company.astype(np.int64), base.heads[:, 1]])
    keep = ~found.neutral[tail] & ~found.neutral[head]
    edges = sparse.csr_array(
        sparse.coo_array((np.ones(keep.sum(), np.float32), (tail[keep], head[keep] - first)),
                         (size, n))
    )  # fmt: skip
    inside = sparse.csr_array(edges[first : first + n, :])
    reach, step = edges, edges
    for _ in range(_ROUNDS):
        step = sparse.csr_array(step @ inside)
        grown = sparse.csr_array(reach + step)
        if grown.nnz == reach.nnz:
            break
        grown.data[:] = 1.0
        reach = grown
    own = sparse.coo_array(
        (np.ones(n, np.float32), (np.arange(n) + first, np.arange(n))), (size, n)
    )
    reach = sparse.csr_array(reach + own)
    under = np.diff(reach.indptr)
    reach = sparse.csr_array(reach[(under >= 2) & (under <= MOST_UNDER)])
    reach.data[:] = 1.0
    pairs = sparse.triu(sparse.csr_array(reach.T @ reach), k=1).tocsr()
    pairs.sort_indices()
    cells = pairs.tocoo()
    a, b = (c.astype(np.int64) for c in cells.coords)
    return a, b


@dataclass(frozen=True, eq=False)
class Joined:
    """Meetings of rivals with somebody behind both on the day.

    Args:
        a: Codes of the smaller companies, per pair.
        b: Codes of the larger companies, per pair.
        met: Meetings of pairs.
        commons: Who stood behind both, per meeting.
    """

    a: I64
    b: I64
    met: Met
    commons: Sequence[tuple[Common, ...]]

    def where(self, holds: Callable[[Common], bool]) -> "Joined":
        """The meetings with a common owner for whom something holds, and these owners."""
        kept = [tuple(c for c in found if holds(c)) for found in self.commons]
        rows = np.array([i for i, found in enumerate(kept) if found], dtype=np.int64)
        met = Met(self.met.pair[rows], self.met.lot[rows])
        return Joined(self.a, self.b, met, [kept[i] for i in rows.tolist()])


def joined_rivals(snap: Snapshot) -> Joined:
    """All meetings of rivals with a common owner, controller or head that day; made once.

    Pairs of companies of the state are left out.
    """
    return snap.memo("network.joined_rivals", lambda: _join(behind(snap), rivals(snap)))


def _join(found: Behind, market: Rivals) -> Joined:
    a, b = related(found)
    keep = ~(market.state[a] & market.state[b])
    a, b = a[keep], b[keep]
    met = market.met(a, b)
    first = found.base.first_company
    commons = [
        found.common(first + one, first + two, day)
        for one, two, day in zip(
            a[met.pair].tolist(), b[met.pair].tolist(), market.day[met.lot].tolist(), strict=True
        )
    ]
    whole = Joined(a, b, met, commons)
    return whole.where(lambda common: True)
