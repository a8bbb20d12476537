"""Values in many parts by their rank, as if they were sorted, without holding them all at once."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from graphgov.stats.bids.frames import F64

MOST_SORTED = 1 << 21  # values that are simply sorted
_DIGIT = 16  # bits of a value looked at in one pass over the parts
_SIGN = np.uint64(1 << 63)
U64 = npt.NDArray[np.uint64]


class Ranked:
    """Ascending values, NaN last.

    Args:
        parts: Gives the parts anew whenever it is called, always the same.
    """

    def __init__(self, parts: Callable[[], Iterable[F64]]) -> None:
        self._parts = parts
        self._count = sum(map(len, parts()))
        self._sorted: F64 | None = None
        if self._count <= MOST_SORTED:
            self._sorted = np.sort(np.concatenate([np.empty(0), *parts()]))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, rank: int) -> float:
        if not -self._count <= rank < self._count:
            raise IndexError(rank)
        if self._sorted is not None:
            return float(self._sorted[rank])
        return self._selected(rank % self._count)

    def _selected(self, rank: int) -> float:
        """Narrow down the leading bits of the value until few are left, and sort those."""
        lead = 0
        for shift in range(64 - _DIGIT, -1, -_DIGIT):
            counts = np.zeros(1 << _DIGIT, np.int64)
            for keys in map(_keys, self._parts()):
                near = keys if shift + _DIGIT == 64 else _led(keys, lead, shift + _DIGIT)
                digits = (near >> np.uint64(shift)) & np.uint64((1 << _DIGIT) - 1)
                counts += np.bincount(digits.astype(np.int64), minlength=len(counts))
            ends = np.cumsum(counts)
            digit = int(np.searchsorted(ends, rank, side="right"))
            rank -= int(ends[digit] - counts[digit])
            lead = lead << _DIGIT | digit
            if counts[digit] <= MOST_SORTED:
                left = np.concatenate([_led(_keys(part), lead, shift) for part in self._parts()])
                return _value(np.sort(left)[rank])
        return _value(np.uint64(lead))


def _keys(values: F64) -> U64:
    """Numbers in the order of the values."""
    bits = values.view(np.uint64)
    keys = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    keys[np.isnan(values)] = ~np.uint64(0)
    return keys


def _led(keys: U64, lead: int, shift: int) -> U64:
    """The keys that begin with some bits."""
    found: U64 = keys[keys >> np.uint64(shift) == np.uint64(lead)]
    return found


def _value(key: np.uint64) -> float:
    bits = key & ~_SIGN if key & _SIGN else ~key
    return float(np.array([bits], np.uint64).view(np.float64)[0])
