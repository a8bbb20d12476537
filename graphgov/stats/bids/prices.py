"""Which processes compete by price, and in which currency prices are compared."""

from dataclasses import dataclass

import numpy as np

from graphgov.stats.bids.frames import BOOL, F64, I32, I64, VALID, BidFrames


@dataclass(frozen=True)
class PriceGate:
    """Method details that do or do not compete by price; a list of those that do has precedence."""

    listed: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()

    def comparable(self, frames: BidFrames) -> BOOL:
        """Per process: whether its prices may be compared."""
        words, details = frames.words.details, frames.processes.details
        if self.listed:
            return among(words, details, self.listed)
        return ~among(words, details, self.unlisted)


def among(words: tuple[str, ...], codes: I32, wanted: frozenset[str]) -> BOOL:
    """Per code: its word is wanted; never for -1."""
    # one more place, for the code -1 of an unknown word
    table = np.array([*(word in wanted for word in words), False])
    return np.asarray(table[codes], np.bool_)


def ratio_bids(frames: BidFrames, gate: PriceGate) -> I64:
    """Bids whose prices enter the ratio of the second-lowest bid, in any currency.

    Valid, priced, of one tenderer, in a settled process with one award to one supplier.
    """
    fit = gate.comparable(frames) & frames.settled & (frames.winner >= 0)
    mask = (frames.bids.status == VALID) & frames.priced & (frames.sole >= 0)
    return np.flatnonzero(mask & fit[frames.bids.process])


def lowest_bids(frames: BidFrames, gate: PriceGate) -> I64:
    """Bids among which the lowest is looked for, in any currency.

    Submitted and priced, in a process with an active award.
    """
    fit = gate.comparable(frames) & frames.awarded
    return np.flatnonzero(frames.submitted & frames.priced & fit[frames.bids.process])


def first_currency(frames: BidFrames, *met: I64) -> int:
    """The currency of the first bid any price indicator meets in the order of the source.

    Args:
        frames: What was read.
        met: Bids each indicator looks at, ascending; of one process those of the first count.

    Returns:
        A code, -1 if no bid qualifies.
    """
    first = [part[0] for part in met if len(part)]
    if not first:
        return -1
    return int(frames.bids.currency[min(first, key=lambda bid: frames.bids.process[bid])])


def in_currency(frames: BidFrames, rows: I64, currency: int | None) -> tuple[I64, BOOL]:
    """The bids that can be compared, all of a process in one currency.

    Args:
        frames: What was read.
        rows: Bids, ascending.
        currency: The one currency that counts; None: each process in its own, if it has one.

    Returns:
        The bids, and per process whether it was left out for having several currencies.
    """
    mixed = np.zeros(len(frames.processes), np.bool_)
    if currency is not None:
        return rows[frames.bids.currency[rows] == currency], mixed
    owner = frames.bids.process[rows]
    same = owner[1:] == owner[:-1]
    mixed[owner[1:][same & (np.diff(frames.bids.currency[rows]) != 0)]] = True
    return rows[~mixed[owner]], mixed


def first_lowest(keys: I32, amounts: F64) -> tuple[I32, I64]:
    """The first-listed strict minimum of each key.

    Args:
        keys: Ascending.
        amounts: Finite, one per key.

    Returns:
        The keys, each once, and the places of their minima.
    """
    if len(keys) == 0:
        return np.empty(0, np.int32), np.empty(0, np.int64)
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    low = np.minimum.reduceat(amounts, starts)
    sizes = np.diff(np.r_[starts, len(keys)])
    places = np.flatnonzero(amounts == np.repeat(low, sizes))
    found = keys[places]
    first = np.r_[True, found[1:] != found[:-1]]
    return found[first], places[first]
