"""Kernels of ownership and control on sparse share matrices."""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_TINY = 1e-12  # shares below are noise of rounding
_CLOSED = 1e-9  # a cycle of which outsiders own less is taken as closed
_DENSE = 2000  # companies in one cycle up to which it is solved exactly


def integrated_ownership(direct: sparse.csr_array, first: int, n: int) -> sparse.csr_array:
    """Y = A + A A + … : everything each node owns, directly and through companies.

    Exact: each cycle of companies is solved as a small system of its own, and what is left has
    no cycle, so the sum ends. Companies that own all of each other are closed to outsiders:
    nothing passes through them. Shares of a company inside a cycle that add up to more than
    one are scaled down, so that nobody owns more than there is. Rows of companies are divided
    by their own loop and leave themselves out.

    Args:
        direct: Shares in [0, 1], node by node; only companies are owned.
        first: Node of the first company.
        n: How many companies.
    """
    owned = sparse.csr_array(direct[:, first : first + n])
    inside = sparse.coo_array(owned[first : first + n, :])
    tail, head = (np.asarray(c, dtype=np.int64) for c in inside.coords)
    _, label = csgraph.connected_components(inside, directed=True, connection="strong")
    total = np.maximum(np.asarray(owned.sum(axis=0)).ravel(), 1.0)
    cyclic = label[tail] == label[head]
    scaled = np.where(cyclic, inside.data / total[head], inside.data)
    inverse = _cycle_inverse(tail[cyclic], head[cyclic], scaled[cyclic], label, n)
    between = sparse.csr_array((scaled[~cyclic], (tail[~cyclic], head[~cyclic])), (n, n))
    excess = sparse.csr_array((inside.data - scaled, (tail + first, head)), owned.shape)
    found = step = sparse.csr_array((owned - excess) @ inverse)
    onward = sparse.csr_array(between @ inverse)
    while step.nnz:
        step = sparse.csr_array(step @ onward)
        step.data[step.data < _TINY] = 0.0
        step.eliminate_zeros()
        found = sparse.csr_array(found + step)
    return _finished(found, inverse.diagonal(), first, direct.shape)


def _cycle_inverse(
    tail: I64, head: I64, share: F64, label: npt.NDArray[np.int32], n: int
) -> sparse.csr_array:
    """(I - C)^-1 of the holdings inside cycles, the identity elsewhere."""
    order = np.lexsort((head, tail, label[tail]))
    tail, head, share = tail[order], head[order], share[order]
    cycle = label[tail]
    starts = np.flatnonzero(np.diff(cycle, prepend=-1))
    ends = np.append(starts[1:], len(cycle))[: len(starts)]
    alone = np.ones(n, dtype=bool)
    rows, columns, values = [], [], []
    for begin, end in zip(starts, ends, strict=True):
        part = slice(begin, end)
        members = np.unique(np.concatenate([tail[part], head[part]]))
        a, b = np.searchsorted(members, tail[part]), np.searchsorted(members, head[part])
        size = len(members)
        if np.bincount(b, weights=share[part], minlength=size).min() > 1 - _CLOSED:
            continue
        block = sparse.csr_array((share[part], (a, b)), (size, size))
        solved = _inverse(block, size)
        alone[members] = False
        rows.append(members[solved.coords[0]])
        columns.append(members[solved.coords[1]])
        values.append(solved.data)
    own = np.flatnonzero(alone)
    return sparse.csr_array(
        (
            np.concatenate([*values, np.ones(len(own))]),
            (np.concatenate([*rows, own]), np.concatenate([*columns, own])),
        ),
        (n, n),
    )


def _inverse(block: sparse.csr_array, size: int) -> sparse.coo_array:
    if size <= _DENSE:
        dense = np.linalg.inv(np.eye(size) - block.toarray())
        return sparse.coo_array(np.where(dense > _TINY, dense, 0.0))
    # A knot this large is an accident of the data; a thousand rounds of it must do.
    total = step = sparse.csr_array(sparse.eye_array(size))
    for _ in range(1000):
        step = sparse.csr_array(step @ block)
        step.data[step.data < 1e-7] = 0.0
        step.eliminate_zeros()
        if step.nnz == 0:
            break
        total = sparse.csr_array(total + step)
    return sparse.coo_array(total)


def _finished(
    found: sparse.csr_array, loop: F64, first: int, shape: tuple[int, int]
) -> sparse.csr_array:
    """Rows of companies without their loop, clipped, as a matrix of nodes."""
    cells = sparse.coo_array(found)
    row, column = (np.asarray(c, dtype=np.int64) for c in cells.coords)
    company = (row >= first) & (row < first + found.shape[1])
    divide = np.where(company, loop[np.where(company, row - first, 0)], 1.0)
    values = np.minimum(cells.data / divide, 1.0)
    keep = (row != column + first) & (values > _TINY)
    return sparse.csr_array((values[keep], (row[keep], column[keep] + first)), shape)


def controlled(
    direct: sparse.csr_array,
    first: int,
    n: int,
    threshold: float,
    seed: sparse.coo_array | None = None,
) -> sparse.csr_array:
    """Who controls which company: a 0/1 matrix of nodes, by threshold propagation.

    A node controls a company when its own share and those of the companies it controls
    together exceed the threshold; repeated until nothing changes.

    Args:
        direct: Shares, node by node.
        first: Node of the first company.
        n: How many companies.
        threshold: Votes to exceed.
        seed: Control given from elsewhere, such as by office, never taken back.
    """
    owned = sparse.csr_array(direct[:, first : first + n])
    inside = sparse.csr_array(owned[first : first + n, :])
    given = sparse.csr_array(owned.shape) if seed is None else sparse.csr_array(seed)
    if seed is not None:
        given = sparse.csr_array(given[:, first : first + n])
    has = _beyond(owned, given, threshold, first)
    while True:
        grown = _beyond(sparse.csr_array(owned + has @ inside), given, threshold, first)
        if grown.nnz == has.nnz:
            break
        has = grown
    row, column = has.tocoo().coords
    return sparse.csr_array((np.ones(has.nnz), (row, column + first)), direct.shape)


def _beyond(
    votes: sparse.csr_array, given: sparse.csr_array, threshold: float, first: int
) -> sparse.csr_array:
    cells, seeds = votes.tocoo(), given.tocoo()
    over = cells.data > threshold + 1e-9
    row = np.concatenate([cells.coords[0][over], seeds.coords[0]])
    column = np.concatenate([cells.coords[1][over], seeds.coords[1]])
    # A company that controls itself would count its own shares twice.
    other = row != column + first
    has = sparse.csr_array((np.ones(other.sum()), (row[other], column[other])), votes.shape)
    has.sum_duplicates()
    has.data[:] = 1.0
    return has
