"""Counting rows of a pair of ids in spans of days: a sort once, then two look-ups a query."""

from typing import Any

import numpy as np
import numpy.typing as npt

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
FAR = 2**30  # a day before or after every day
_TABLE = 1_000_000  # numbers for which a table is always worth its memory


class Spans:
    """Rows grouped by a pair of ids and a day, for counting in spans."""

    def __init__(self, first: I32, second: I32, day: I32, seconds: int) -> None:
        self.low = int(day.min()) if day.size else 0
        self.days = int(day.max()) - self.low + 1 if day.size else 1
        self.seconds = seconds
        key = self._key(first, second, day)
        self.order = np.argsort(key, kind="stable")
        self.key = key[self.order]

    def _key(self, first: I32, second: I32, day: I32) -> I64:
        clipped = np.clip(day.astype(np.int64) - self.low, 0, self.days)
        pair = first.astype(np.int64) * self.seconds + second
        return pair * (self.days + 1) + clipped

    def span(self, first: I32, second: I32, start: I32, end: I32) -> tuple[I64, I64]:
        """Bounds of the rows of each query, both days inclusive."""
        low = np.searchsorted(self.key, self._key(first, second, start))
        past = np.where(
            end < self.low, self.low, np.minimum(end.astype(np.int64) + 1, self.low + self.days)
        )
        high = np.searchsorted(self.key, self._key(first, second, past.astype(np.int32)))
        empty = (end < start) | (end < self.low)
        return low, np.where(empty, low, np.maximum(low, high))


class DayCount:
    """How many rows a span holds, and their days added up."""

    def __init__(self, spans: Spans, day: I32) -> None:
        self._spans = spans
        days = day[spans.order].astype(np.int64)
        self._past = np.concatenate([np.zeros(1, np.int64), np.cumsum(days)])

    def __call__(self, first: I32, second: I32, start: I32, end: I32) -> tuple[I64, I64]:
        """Rows and sum of days of each query."""
        low, high = self._spans.span(first, second, start, end)
        return high - low, self._past[high] - self._past[low]


def slices(low: I64, high: I64) -> I64:
    """The indexes low..high-1 of every pair, end to end."""
    length = high - low
    if not length.sum():
        return np.zeros(0, np.int64)
    start = np.repeat(low - np.concatenate([[0], np.cumsum(length)[:-1]]), length)
    return start + np.arange(length.sum())


def distinct(values: I64) -> I64:
    """Each value once, in order; for millions of them faster than `np.unique`, which hashes."""
    found = np.sort(values)
    new = np.ones(found.size, dtype=bool)
    np.not_equal(found[1:], found[:-1], out=new[1:])
    return np.asarray(found[new])


def sums(group: npt.NDArray[Any], values: npt.NDArray[Any], groups: int) -> F64:
    """Values added up per group, in the order of the rows."""
    return np.asarray(np.bincount(group, values, minlength=groups), dtype=np.float64)


class Tally:
    """How often each number occurs."""

    def __init__(self, keys: I64) -> None:
        self.keys, self.counts = np.unique(keys, return_counts=True)
        # Where numbers lie close a table is looked up at a fifth of the cost of a search.
        top = int(self.keys[-1]) + 1 if self.keys.size else 0
        small = 0 < top <= max(_TABLE, 8 * keys.size) and self.keys[0] >= 0
        self._table = sums(self.keys, self.counts, top + 1) if small else np.zeros(0)

    def __call__(self, wanted: I64) -> F64:
        """Counts of the wanted numbers; 0 where they do not occur."""
        if self._table.size:  # its last entry is empty: the place of all that is not in it
            return np.asarray(self._table[np.clip(wanted, -1, self._table.size - 1)])
        if not self.keys.size:
            return np.zeros(wanted.size)
        at = np.minimum(np.searchsorted(self.keys, wanted), self.keys.size - 1)
        return np.where(self.keys[at] == wanted, self.counts[at], 0).astype(np.float64)
