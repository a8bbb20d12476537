"""The one frame every kernel over bids reads: plain columns, ids as whole numbers.

What a date, a status or a count means is decided by the feeder; a kernel sees values and flags.
Ids are codes from 0 (-1: unknown) into lists that only the feeder's caller keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=np.generic)
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int8]
BOOL = npt.NDArray[np.bool_]

# Status of a bid. From OTHER_BID on it was submitted: pending and unknown words too.
NO_STATUS, INVITED, WITHDRAWN, OTHER_BID, VALID, DISQUALIFIED = range(6)
# Status of an award, 0 being NO_STATUS: ENDED is cancelled or unsuccessful, OPEN any other word.
ACTIVE, ENDED, OPEN = range(1, 4)


@dataclass(frozen=True)
class Processes:
    """One entry per process in the order of the source.

    Attributes:
        ocid: The process's code; where two rows share it the later one overwrites.
        buyer, entity: Codes of the buyer and the procuring entity.
        method, details: Codes into the words `methods` and `details` of the frame.
        days: Whole days of the submission period, cut towards zero; NaN if unknown.
        bidders: The number of bidders; -1 if unknown.
        has_bids, has_awards: Whether the source lists bids and awards at all, be it none.
    """

    ocid: I32
    buyer: I32
    entity: I32
    method: I32
    details: I32
    days: F64
    bidders: I32
    has_bids: BOOL
    has_awards: BOOL

    def __len__(self) -> int:
        return len(self.ocid)


@dataclass(frozen=True)
class Bids:
    """One entry per bid, by process, then in the order of the source.

    Attributes:
        process: Row of the process, ascending.
        status: `NO_STATUS` to `DISQUALIFIED`.
        amount: Finite; NaN if amount or currency are unknown.
        currency: Code into the words `currencies`; -1 with an unknown amount.
        late: 1 if after the deadline, 0 if not, -1 if unknown.
        first: One more than the bids: where each bid's tenderers begin.
        tenderers: Codes of all tenderers in turn; -1 for one without id.
    """

    process: I32
    status: I8
    amount: F64
    currency: I32
    late: I8
    first: I64
    tenderers: I32

    def __len__(self) -> int:
        return len(self.process)


@dataclass(frozen=True)
class Awards:
    """One entry per award, by process, then in the order of the source.

    Attributes:
        process: Row of the process, ascending.
        status: `NO_STATUS` to `OPEN`.
        first: One more than the awards: where each award's suppliers begin.
        suppliers: Tenderer codes of all suppliers in turn; -1 for one without id.
    """

    process: I32
    status: I8
    first: I64
    suppliers: I32

    def __len__(self) -> int:
        return len(self.process)


@dataclass(frozen=True)
class Items:
    """Classified items of active awards with one supplier; repeats do no harm.

    Attributes:
        process: Row of the process, ascending.
        supplier: Tenderer code.
        category: Code into the words `classes`.
    """

    process: I32
    supplier: I32
    category: I32

    def __len__(self) -> int:
        return len(self.process)


@dataclass(frozen=True)
class Words:
    """The few words a kernel must know, by code."""

    methods: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BidFrames:
    """Processes with their bids, awards and items; what several kernels ask is computed once.

    Attributes:
        buyers, entities, tenderers: How many different codes there are.
    """

    processes: Processes
    bids: Bids
    awards: Awards
    items: Items
    words: Words
    buyers: int
    entities: int
    tenderers: int

    @cached_property
    def submitted(self) -> BOOL:
        """Per bid: neither invited nor withdrawn nor without status."""
        return self.bids.status >= OTHER_BID

    @cached_property
    def priced(self) -> BOOL:
        """Per bid: amount and currency are known."""
        return ~np.isnan(self.bids.amount)

    @cached_property
    def sole(self) -> I32:
        """Per bid: the tenderer's code if there is just one and it has an id, else -1."""
        return _only(self.bids.first, self.bids.tenderers)

    @cached_property
    def settled(self) -> BOOL:
        """Per process: bids and awards are listed and no award is still open."""
        known = self.processes.has_bids & self.processes.has_awards
        known[self.awards.process[self.awards.status == OPEN]] = False
        return known

    @cached_property
    def winner(self) -> I32:
        """Per process: the supplier if one award alone is active and has one with id, else -1."""
        active = np.flatnonzero(self.awards.status == ACTIVE)
        owner = self.awards.process[active]
        out = np.full(len(self.processes), -1, np.int32)
        out[owner] = _only(self.awards.first, self.awards.suppliers)[active]
        out[np.bincount(owner, minlength=len(out)) > 1] = -1
        return out

    @cached_property
    def awarded(self) -> BOOL:
        """Per process: some award is active."""
        out = np.zeros(len(self.processes), np.bool_)
        out[self.awards.process[self.awards.status == ACTIVE]] = True
        return out

    def tenderers_of(self, bids: I64) -> tuple[I64, I32]:
        """The bid and the code of every tenderer with an id of some bids."""
        return _flat(self.bids.first, self.bids.tenderers, bids)

    def suppliers_of(self, awards: I64) -> tuple[I64, I32]:
        """The award and the code of every supplier with an id of some awards."""
        return _flat(self.awards.first, self.awards.suppliers, awards)

    def per_process(self, bids: BOOL) -> I64:
        """How many bids of a mask each process has."""
        return np.bincount(self.bids.process[bids], minlength=len(self.processes))


@dataclass(frozen=True)
class Marks:
    """Values of some units, and which of them are flagged.

    Attributes:
        codes: Rows of processes, or codes of buyers, entities or tenderers; each once, ascending.
        values: What was measured.
        flagged: Whether it is a lead.
    """

    codes: I64
    values: F64
    flagged: BOOL

    def leads(self) -> tuple[I64, F64]:
        """Codes and values of the flagged ones alone."""
        return self.codes[self.flagged], self.values[self.flagged]


NO_MARKS = Marks(np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))


@dataclass(frozen=True)
class Measured:
    """What a kernel found.

    Attributes:
        processes, buyers, entities, tenderers: Measured units of each kind.
        pairs: Row of a flagged process and code of a tenderer concerned, two rows of an array.
        meta: Quartiles and fences behind the flags, in the order they were made.
        why: Per process 0 if the indicator could be computed, else a place in `reasons`.
        reasons: Why not, as clauses; the first is empty.
        bids, awards: Rows that are the evidence of flagged processes, ascending.
        facts: More columns by name, one entry per entry of `processes`.
    """

    processes: Marks = NO_MARKS
    buyers: Marks = NO_MARKS
    entities: Marks = NO_MARKS
    tenderers: Marks = NO_MARKS
    pairs: I64 = field(default_factory=lambda: np.empty((2, 0), np.int64))
    meta: Mapping[str, float] = field(default_factory=dict)
    why: I8 = field(default_factory=lambda: np.empty(0, np.int8))
    reasons: tuple[str, ...] = ("",)
    bids: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    awards: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    facts: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


def reasons(count: int, *tests: tuple[BOOL, str]) -> tuple[I8, tuple[str, ...]]:
    """Why each of `count` processes was not computable: the first test that holds, 0 if none."""
    out = np.zeros(count, np.int8)
    for place, (holds, _) in reversed(list(enumerate(tests, start=1))):
        out[holds] = place
    return out, ("", *(clause for _, clause in tests))


def distinct(keys: npt.NDArray[T]) -> npt.NDArray[T]:
    """The different keys, ascending; by sorting, which is several times faster than hashing."""
    ordered = np.sort(keys)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered


def _only(first: I64, flat: I32) -> I32:
    out = np.full(len(first) - 1, -1, np.int32)
    one = np.flatnonzero(np.diff(first) == 1)
    out[one] = flat[first[one]]
    return out


def _flat(first: I64, flat: I32, rows: I64) -> tuple[I64, I32]:
    count = first[rows + 1] - first[rows]
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    places = np.arange(total) + np.repeat(first[rows] - (ends - count), count)
    owner, code = np.repeat(rows, count), flat[places]
    known = code >= 0
    return owner[known], code[known]
