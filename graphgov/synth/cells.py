"""Cells of the tables: opaque ids, dates, money, and files whose row order tells nothing."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import ArrayLike

from graphgov.synth.words import join, take
from graphgov.synth.world import DAYS, FIRST_YEAR, Floats, Ints

Cells = Mapping[str, pa.Array | str]
_EPOCH = int((np.datetime64(f"{FIRST_YEAR}-01-01") - np.datetime64("1970-01-01")).astype(int))
_LAST_KNOWN = DAYS + 2500
_FIRST_KNOWN = -40_000


def opaque_ids(rng: np.random.Generator, prefix: str, count: int) -> pa.Array:
    """Different ids that are drawn, not counted."""
    numbers = np.unique(rng.integers(1 << 48, size=count + 64))
    while len(numbers) < count:
        numbers = np.unique(np.concatenate([numbers, rng.integers(1 << 48, size=count)]))
    chosen = rng.permutation(numbers)[:count]
    digits = chosen.astype(">u8").view(np.uint8).reshape(count, 8)[:, 2:].tobytes().hex().upper()
    return join(prefix, pa.array(np.frombuffer(digits.encode(), dtype="S12")).cast(pa.string()))


def pick(values: pa.Array, index: ArrayLike) -> pa.Array:
    """Values at some places."""
    return values.take(pa.array(np.asarray(index, dtype=np.int64)))


def dates(day: Ints, known: ArrayLike | None = None) -> pa.Array:
    """Days of the period as dates, empty where not known."""
    mask = None if known is None else ~np.asarray(known, dtype=bool)
    safe = day if mask is None else np.where(mask, 0, day)
    return pa.array((safe + _EPOCH).astype(np.int32), mask=mask).cast(pa.date32())


def times(rng: np.random.Generator, day: Ints, first: int, last: int) -> pa.Array:
    """Times of day between two hours, in UTC, whole five minutes."""
    names = pa.array(np.arange(_FIRST_KNOWN, _LAST_KNOWN) + _EPOCH, pa.int32())
    words = names.cast(pa.date32()).cast(pa.string())
    clock = [f"T{m // 60:02d}:{m % 60:02d}:00Z" for m in range(0, 1440, 5)]
    slot = rng.integers(first * 12, last * 12, size=len(day))
    return join(pick(words, day - _FIRST_KNOWN), take(clock, slot))


def money(value: Floats, known: ArrayLike | None = None) -> pa.Array:
    """Amounts with two decimals, exactly."""
    cents = np.zeros((len(value), 2), dtype=np.int64)
    cents[:, 0] = np.round(value * 100).astype(np.int64)
    whole = pa.Array.from_buffers(
        pa.decimal128(20, 2), len(value), [None, pa.py_buffer(cents.tobytes())]
    )
    text = whole.cast(pa.string())
    if known is None:
        return text
    return pa.compute.if_else(pa.array(np.asarray(known)), text, None)


def write(folder: Path, name: str, rng: np.random.Generator, cells: Cells) -> int:
    """One table as CSV, its rows in random order; gives back how many there are."""
    count = next(len(c) for c in cells.values() if not isinstance(c, str))
    order = pa.array(rng.permutation(count))
    columns = {
        key: pa.array([cell], pa.string()).take(pa.array(np.zeros(count, dtype=np.int8)))
        if isinstance(cell, str)
        else cell.take(order)
        for key, cell in cells.items()
    }
    table = pa.table(columns)
    options = pacsv.WriteOptions(quoting_style="needed")
    pacsv.write_csv(table, folder / f"{name}.csv", options)
    return count
