"""Processes that share their ocid, found by hashes without holding all of them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from graphgov.cardinal.shelf import Parcel
from graphgov.stats.bids.frames import BOOL, I64, distinct

MOST_SORTED = 1 << 22  # hashes compared at once


def _none() -> I64:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Repeats:
    """Rows of processes whose ocid stands more than once.

    Attributes:
        rows: All of them, ascending.
        code: The row where the ocid of each first stands.
    """

    rows: I64 = field(default_factory=_none)
    code: I64 = field(default_factory=_none)

    @classmethod
    def of(
        cls,
        hashes: Sequence[Parcel],
        firsts: Sequence[int],
        ocids: Sequence[Callable[[], Sequence[str]]],
    ) -> "Repeats":
        """Find them.

        Args:
            hashes: The array `hash` of each part.
            firsts: The row of the first process of each part.
            ocids: Gives the ocids of each part.
        """
        twice = _twice(hashes)
        if not len(twice):
            return cls()
        rows, digests = [], []
        for parcel, first, texts in zip(hashes, firsts, ocids, strict=True):
            places = np.flatnonzero(np.isin(parcel.arrays()["hash"], twice))
            if len(places):
                rows.append(places + first)
                digests.append(_digests(texts(), places))
        return cls._told_apart(np.concatenate(rows), np.concatenate(digests))

    @classmethod
    def _told_apart(cls, rows: I64, digests: np.ndarray) -> "Repeats":
        order = np.argsort(digests, kind="stable")
        ordered = digests[order]
        new = np.r_[True, ordered[1:] != ordered[:-1]]
        starts = np.flatnonzero(new)
        sizes = np.diff(np.r_[starts, len(rows)])
        code = np.empty(len(rows), np.int64)
        code[order] = np.repeat(rows[order[starts]], sizes)
        again = np.empty(len(rows), np.bool_)
        again[order] = np.repeat(sizes > 1, sizes)
        return cls(rows[again], code[again])

    def superseded(self, rows: Iterable[I64]) -> I64:
        """Of some rows those whose ocid stands in a later one of them.

        Args:
            rows: In parts, ascending.
        """
        found = [part[self._among(part)] for part in rows] if len(self.rows) else []
        some = np.concatenate([_none(), *found])
        codes = self.code[np.searchsorted(self.rows, some)]
        _, last = np.unique(codes[::-1], return_index=True)
        out = np.ones(len(some), np.bool_)
        out[len(some) - 1 - last] = False
        return some[out]

    def _among(self, rows: I64) -> BOOL:
        return np.isin(rows, self.rows)


def _twice(hashes: Sequence[Parcel]) -> I64:
    """The hashes that occur more than once."""
    count = sum(parcel.size // 8 for parcel in hashes)
    slices = -(-count // MOST_SORTED)
    found = [_none()]
    for number in range(slices):
        part = np.sort(np.concatenate([*_slice(hashes, number, slices)]))
        found.append(part[1:][part[1:] == part[:-1]])
    return distinct(np.concatenate(found))


def _slice(hashes: Sequence[Parcel], number: int, slices: int) -> Iterator[I64]:
    for parcel in hashes:
        mixed = parcel.arrays()["hash"]
        yield mixed if slices == 1 else mixed[mixed.view(np.uint64) % np.uint64(slices) == number]


def _digests(ocids: Sequence[str], places: I64) -> np.ndarray:
    """What tells texts apart for good."""
    made = [hashlib.blake2b(ocids[place].encode(), digest_size=16).digest() for place in places]
    return np.array(made, "S16")
