"""Peers: strata with back-off, rates that leave a unit out, shuffles inside strata."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphgov.errors import InputError
from graphgov.stats.exact import FLOAT

IDS = npt.NDArray[np.int32]
NO_BAND = -999


@dataclass(frozen=True)
class Strata:
    """A partition of rows into groups of peers.

    Args:
        ids: Stratum of every row, 0 to `count` - 1, the same whatever the order of rows.
        level: How many columns the row's stratum is defined by.
        sizes: Rows per stratum.
        names: Columns, most important first.
    """

    ids: IDS
    level: npt.NDArray[np.int8]
    sizes: npt.NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many strata there are."""
        return len(self.sizes)

    def enough(self, least: int) -> npt.NDArray[np.bool_]:
        """Rows whose stratum holds at least so many rows."""
        return np.asarray(self.sizes[self.ids] >= least)


def make_strata(columns: Mapping[str, object], *, min_count: int = 30, keep: int = 1) -> Strata:
    """The finest strata of at least `min_count` rows, backing off where there are fewer.

    Rows whose finest cell is large enough stay there. The rest drop the last column and are
    counted again among themselves, and so on down to `keep` columns. What is too small even
    then joins the smallest stratum that shares these columns; only where there is none it
    stays small. The result is a partition, so a shuffle inside it is an exact null. Missing
    cells are a value of their own.

    Args:
        columns: Arrays of equal length, the most important first (the catalogue's default:
            category, method, year, value band, region).
        min_count: Rows a stratum needs.
        keep: Columns that are never dropped.
    """
    names = tuple(columns)
    if not names or not 0 <= keep <= len(names):
        raise InputError("Strata need columns, and cannot keep more than there are.")
    codes = [_codes(columns[name]) for name in names]
    rows = len(codes[0])
    if any(len(c) != rows for c in codes):
        raise InputError("Columns of strata must have equal length.")
    prefixes = _prefix_codes(codes)
    level = np.full(rows, keep, dtype=np.int8)
    open_rows = np.arange(rows)
    for depth in range(len(names), keep, -1):
        cell = prefixes[depth][open_rows]
        large = np.bincount(cell, minlength=int(cell.max(initial=-1)) + 1)[cell] >= min_count
        level[open_rows[large]] = depth
        open_rows = open_rows[~large]
    place = np.zeros(rows, dtype=np.int64)
    for depth in range(keep, len(names) + 1):
        at = level == depth
        place[at] = prefixes[depth][at]
    _, ids = np.unique(level.astype(np.int64) * (rows + 1) + place, return_inverse=True)
    ids, level = _join_leftovers(ids, level, prefixes[keep], keep, min_count)
    return Strata(ids.astype(np.int32), level, np.bincount(ids).astype(np.int64), names)


def _join_leftovers(
    ids: npt.NDArray[np.int64],
    level: npt.NDArray[np.int8],
    cell: npt.NDArray[np.int64],
    keep: int,
    min_count: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """Strata still too small, each given to the smallest large one of the same coarse cell."""
    sizes = np.bincount(ids)
    coarse = np.zeros(len(sizes), dtype=np.int64)
    coarse[ids] = cell
    small = np.flatnonzero(sizes < min_count)
    large = np.flatnonzero(sizes >= min_count)
    large = large[np.lexsort((large, sizes[large], coarse[large]))]
    cells, first = np.unique(coarse[large], return_index=True)
    at = np.searchsorted(cells, coarse[small])
    found = at < len(cells)
    found[found] = cells[at[found]] == coarse[small][found]
    target = np.arange(len(sizes))
    target[small[found]] = large[first[at[found]]]
    joined = target[ids]
    widened = np.isin(joined, target[small[found]])
    _, dense = np.unique(joined, return_inverse=True)
    return dense, np.where(widened, keep, level).astype(np.int8)


def value_band(amount: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """floor(2 log10 of an amount): two bands per power of ten; `NO_BAND` where there is none."""
    values = np.asarray(amount, dtype=np.float64)
    good = np.isfinite(values) & (values > 0)
    # The logarithm of 1000 is a hair below 3 on some machines.
    bands = np.floor(2 * np.log10(np.where(good, values, 1.0)) + 1e-9)
    return np.where(good, bands, NO_BAND).astype(np.int32)


def rate_without(
    hits: npt.ArrayLike, ids: npt.ArrayLike, units: npt.ArrayLike | None = None
) -> FLOAT:
    """The rate of hits in each row's stratum without the row, or without all of its unit.

    NaN where nothing else is in the stratum.

    Args:
        hits: 0/1, or any amount, per row.
        ids: Stratum per row.
        units: Codes of what to leave out as a whole, such as the buyer.
    """
    values, strata = np.asarray(hits, dtype=np.float64), np.asarray(ids, dtype=np.int64)
    total, count = _sums(values, strata), np.bincount(strata)
    if units is None:
        own, n_own = values, np.ones(len(values), dtype=np.int64)
    else:
        unit = np.asarray(units, dtype=np.int64)
        span = int(unit.max(initial=0)) + 1
        _, cell = np.unique(strata * span + unit, return_inverse=True)
        own, n_own = _sums(values, cell)[cell], np.bincount(cell)[cell]
    rest = count[strata] - n_own
    left = np.maximum(total[strata] - own, 0.0) if (values >= 0).all() else total[strata] - own
    rate: FLOAT = np.divide(left, rest, out=np.full(len(values), np.nan), where=rest > 0)
    return rate


def shuffle_within(ids: npt.ArrayLike, seed: int) -> npt.NDArray[np.int64]:
    """A random permutation of rows that stays inside strata: row i takes row result[i]'s place.

    The draw follows the order of the rows: order them by content first.
    """
    strata = np.asarray(ids)
    draws = np.random.default_rng(seed).random(len(strata))
    out = np.empty(len(strata), dtype=np.int64)
    out[np.argsort(strata, kind="stable")] = np.lexsort((draws, strata))
    return out


def _codes(values: object) -> npt.NDArray[np.int64]:
    """Ranks of the values from 1, whatever the order of rows; 0 where missing."""
    codes, _ = pd.factorize(pd.Series(values), sort=True)
    return np.asarray(codes, dtype=np.int64) + 1


def _prefix_codes(codes: list[npt.NDArray[np.int64]]) -> list[npt.NDArray[np.int64]]:
    """Dense codes of the first 0, 1, 2, … columns together."""
    rows = len(codes[0])
    out = [np.zeros(rows, dtype=np.int64)]
    for column in codes:
        joint = out[-1] * (int(column.max(initial=0)) + 1) + column
        _, dense = np.unique(joint, return_inverse=True)
        out.append(dense.astype(np.int64))
    return out


def _sums(values: FLOAT, groups: npt.NDArray[np.int64]) -> FLOAT:
    """Sums per group, added in the order of the values: floats do not care about row order."""
    order = np.lexsort((values, groups))
    return np.bincount(groups[order], weights=values[order]).astype(np.float64)
