"""The bipartite configuration model: who would meet whom, given only how busy each is (D03).

Of all networks with these mean degrees the one of greatest entropy (Saracco and others 2015):
company i and body a are linked with chance x_i y_a / (1 + x_i y_a). Nodes of one stratum and
degree are alike, so that all strata are solved at once, a number per class of nodes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.stats.exact import Tail, hypergeometric_tail
from graphgov.stats.spans import slices
from graphgov.stats.sums import poisson_binomial_tails

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_ROUNDS = 3000
_CLOSE = 1e-8


@dataclass(frozen=True, eq=False)
class _Side:
    """Classes of the nodes of one side, by stratum and degree.

    Attributes:
        of: Class per node.
        stratum, degree, many: Per class; `many` is how many nodes it has.
        begins: Where each stratum's classes begin, and the end.
        fixed: 1 where a class is linked with everybody left, 0 where with nobody, else -1.
        turn: When a fixed class was taken out; high for the others.
        fitness: x or y of the others.
    """

    of: I64
    stratum: I64
    degree: F64
    many: F64
    begins: I64
    fixed: I64
    turn: I64
    fitness: F64


@dataclass(frozen=True, eq=False)
class Bicm:
    """A fitted model; rows and columns of one stratum alone may be linked."""

    rows: _Side
    columns: _Side

    def chance(self, row: npt.ArrayLike, column: npt.ArrayLike) -> F64:
        """The chance of a link, per pair of nodes."""
        return _chance(
            self.rows,
            self.columns,
            self.rows.of[np.asarray(row, np.int64)],
            self.columns.of[np.asarray(column, np.int64)],
        )

    def degree(self, row: npt.ArrayLike) -> F64:
        """The links of each row that the model was fitted to."""
        return np.asarray(self.rows.degree[self.rows.of[np.asarray(row, dtype=np.int64)]])

    def shared(self, one: npt.ArrayLike, other: npt.ArrayLike, *, held: bool = False) -> F64:
        """Mean number of common neighbours of two rows.

        Args:
            one: A row of each pair.
            other: The other row.
            held: Hold the columns' degrees fast: who has one of a column's few links leaves one
                less to the other.
        """
        left, right = (self.rows.of[np.asarray(row, np.int64)] for row in (one, other))
        low, high = np.minimum(left, right), np.maximum(left, right)
        keys, place = np.unique(low * len(self.rows.degree) + high, return_inverse=True)
        a, b = keys // len(self.rows.degree), keys % len(self.rows.degree)
        pair, column = self._columns(a)
        both = _chance(self.rows, self.columns, a[pair], column)
        both = both * _chance(self.rows, self.columns, b[pair], column)
        weight = self.columns.many[column]
        if held:
            weight = weight * self._left_over()[column]
        mean = np.bincount(pair, weight * both, minlength=len(keys))
        return np.asarray(mean[place], np.float64)

    def exact(self, one: I64, other: I64, seen: I64) -> Tail:
        """Tails of common neighbours, Poisson-binomial over all columns."""
        left, right = self.rows.of[one], self.rows.of[other]
        pair, column = self._columns(left)
        both = _chance(self.rows, self.columns, left[pair], column)
        both = both * _chance(self.rows, self.columns, right[pair], column)
        many = self.columns.many[column].astype(np.int64)
        sizes = np.bincount(pair, many, minlength=len(left)).astype(np.int64)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        return poisson_binomial_tails(np.clip(np.repeat(both, many), 0, 1), offsets, seen)

    def _left_over(self) -> F64:
        """Per class of columns: pairs of its links over pairs as the model counts them.

        d (d - 1) / (d^2 - sum of squared chances), d being the degree.
        """
        count = len(self.rows.degree)
        row, column = self._columns(np.arange(count))
        chance = _chance(self.rows, self.columns, row, column)
        square = np.bincount(
            column, self.rows.many[row] * chance**2, minlength=len(self.columns.degree)
        )
        degree = self.columns.degree
        room = degree**2 - square
        return np.divide(degree * (degree - 1), room, out=np.ones(len(degree)), where=room > 1e-9)

    def _columns(self, row: I64) -> tuple[I64, I64]:
        """Every class of columns in the stratum of each class of rows."""
        stratum = self.rows.stratum[row]
        low, high = self.columns.begins[stratum], self.columns.begins[stratum + 1]
        return np.repeat(np.arange(len(row)), high - low), slices(low, high)


def bicm(
    row_degree: npt.ArrayLike,
    column_degree: npt.ArrayLike,
    row_stratum: npt.ArrayLike | None = None,
    column_stratum: npt.ArrayLike | None = None,
) -> Bicm:
    """The model with these mean degrees.

    A row linked with every column of its stratum is linked for sure, one without links never;
    they are taken out before the others are fitted.

    Args:
        row_degree: Links of each row; of a stratum they add up to the same as the columns'.
        column_degree: Links of each column.
        row_stratum: Stratum per row, from 0; one for all if None.
        column_stratum: Stratum per column.
    """
    rows = _classes(row_degree, row_stratum)
    columns = _classes(column_degree, column_stratum)
    strata = max(int(s.stratum.max(initial=-1)) + 1 for s in (rows, columns))
    rows, columns = (_begun(side, strata) for side in (rows, columns))
    left, right = _peel(rows, columns, strata)
    _solve(rows, columns, left, right)
    return Bicm(rows, columns)


def common_tails(model: Bicm, one: I64, other: I64, seen: I64) -> tuple[Tail, F64]:
    """Tails of common neighbours with the degrees of both rows held fast, and their means.

    The model lets degrees vary, which makes common neighbours too many and too unlike. So the
    mean is the model's with degrees held, and the shape is hypergeometric: as if both rows chose
    among so many equal columns that this mean comes out.

    Args:
        model: Says how likely each link is.
        one: A row of each pair.
        other: The other row.
        seen: Common neighbours.
    """
    mean = model.shared(one, other, held=True)
    left, right = model.degree(one), model.degree(other)
    equal = np.rint(left * right / np.maximum(mean, 1e-12))
    columns = np.maximum(equal, np.maximum(left, right) + np.minimum(left, right) - seen)
    columns = np.maximum(columns, np.maximum(left, right))
    return hypergeometric_tail(seen, columns, left, right), mean


def _classes(degree: npt.ArrayLike, stratum: npt.ArrayLike | None) -> _Side:
    k = np.asarray(degree, dtype=np.int64)
    s = np.zeros(len(k), np.int64) if stratum is None else np.asarray(stratum, dtype=np.int64)
    wide = int(k.max(initial=0)) + 1
    keys, of, many = np.unique(s * wide + k, return_inverse=True, return_counts=True)
    count = len(keys)
    return _Side(
        of.astype(np.int64), keys // wide, (keys % wide).astype(np.float64), many.astype(float),
        np.zeros(0, np.int64), np.full(count, -1), np.full(count, 2**40), np.zeros(count),
    )  # fmt: skip


def _begun(side: _Side, strata: int) -> _Side:
    begins = np.searchsorted(side.stratum, np.arange(strata + 1))
    return _Side(
        side.of, side.stratum, side.degree, side.many, begins, side.fixed, side.turn, side.fitness
    )


def _peel(rows: _Side, columns: _Side, strata: int) -> tuple[F64, F64]:
    """Fix classes that are full or empty, until none is; the degrees that are left."""
    sides = (rows, columns)
    left = [rows.degree.copy(), columns.degree.copy()]
    turn = 0
    changed = True
    while changed:
        changed = False
        for mine in (0, 1):
            side, other = sides[mine], sides[1 - mine]
            open_ = side.fixed < 0
            room = np.bincount(
                other.stratum, np.where(other.fixed < 0, other.many, 0.0), minlength=strata
            )[side.stratum]
            full = open_ & (left[mine] >= room) & (room > 0)
            empty = open_ & ~full & (left[mine] <= 0)
            if not (full | empty).any():
                continue
            changed, turn = True, turn + 1
            side.fixed[full], side.fixed[empty] = 1, 0
            side.turn[full | empty] = turn
            taken = np.bincount(side.stratum, np.where(full, side.many, 0.0), minlength=strata)
            left[1 - mine] -= np.where(other.fixed < 0, taken[other.stratum], 0.0)
    return left[0], left[1]


def _solve(rows: _Side, columns: _Side, left: F64, right: F64) -> None:
    """Fixed-point iteration of the fitnesses of what is not fixed, in place."""
    row = np.flatnonzero(rows.fixed < 0)
    if not len(row):
        return
    low, high = columns.begins[rows.stratum[row]], columns.begins[rows.stratum[row] + 1]
    r, c = np.repeat(row, high - low), slices(low, high)
    kept = columns.fixed[c] < 0
    r, c = r[kept], c[kept]
    links = np.bincount(rows.stratum[row], (left * rows.many)[row])
    scale = np.sqrt(np.maximum(links, 1.0))
    rows.fitness[row] = left[row] / scale[rows.stratum[row]]
    column = np.unique(c)
    columns.fitness[column] = right[column] / scale[columns.stratum[column]]
    for _ in range(_ROUNDS):
        x, y = rows.fitness, columns.fitness
        each = 1.0 / (1.0 + x[r] * y[c])
        to_row = np.bincount(r, columns.many[c] * y[c] * each, minlength=len(x))
        new_x = x.copy()
        new_x[row] = left[row] / np.maximum(to_row[row], 1e-300)
        each = 1.0 / (1.0 + new_x[r] * y[c])
        to_column = np.bincount(c, rows.many[r] * new_x[r] * each, minlength=len(y))
        new_y = y.copy()
        new_y[column] = right[column] / np.maximum(to_column[column], 1e-300)
        moved = np.abs(np.log(np.maximum(new_x[row], 1e-300) / np.maximum(x[row], 1e-300))).max()
        rows.fitness[:], columns.fitness[:] = new_x, new_y
        if moved < _CLOSE:
            break


def _chance(rows: _Side, columns: _Side, row: I64, column: I64) -> F64:
    product = rows.fitness[row] * columns.fitness[column]
    by_row = rows.turn[row] < columns.turn[column]
    sure = np.where(by_row, rows.fixed[row], columns.fixed[column])
    fixed = (rows.fixed[row] >= 0) | (columns.fixed[column] >= 0)
    return np.where(fixed, sure, product / (1.0 + product))
