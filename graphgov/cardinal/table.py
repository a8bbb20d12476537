"""Everything read from a file, as columns: joined from blocks in parts, and turned into frames."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from graphgov.cardinal.chunks import KINDS, Chunk, Places
from graphgov.cardinal.repeats import Repeats
from graphgov.cardinal.shelf import Parcel, Shelf
from graphgov.stats.bids.frames import (
    BOOL,
    I32,
    I64,
    Awards,
    BidFrames,
    Bids,
    Items,
    Processes,
    Words,
)

# What each column counts or belongs to; codes of words are named like their kind.
PROCESS = ("buyer", "entity", "method", "details", "days", "bidders", "has_bids", "has_awards",
           "bids", "awards")  # fmt: skip
BID = ("bid_tenderers", "bid_status", "amount", "currency", "late")
AWARD = ("award_suppliers", "award_status", "award_items")
FLAT = ("tenderers", "suppliers", "category")
COLUMNS = (*PROCESS, *BID, *AWARD, *FLAT)
PART = 4 << 20  # bytes of columns, as blocks have them, that are joined to a part
_CODES = {**{kind: kind for kind in KINDS if kind != "tenderer"},
          "tenderers": "tenderer", "suppliers": "tenderer"}  # fmt: skip
Kept = Callable[[tuple[str, ...]], Sequence[bool]]


@dataclass(frozen=True)
class Texts(Sequence[str]):
    """Many texts in one."""

    blob: bytes
    ends: npt.NDArray[Any]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Texts":
        """Pack texts."""
        joined = "".join(texts)
        blob = joined.encode()
        if len(blob) == len(joined):
            sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        else:
            sizes = np.fromiter((len(text.encode()) for text in texts), np.int64, len(texts))
        ends = np.cumsum(sizes)
        return cls(blob, ends.astype(np.uint32) if len(blob) < 1 << 32 else ends)

    def __len__(self) -> int:
        return len(self.ends)

    def at(self, places: npt.NDArray[Any]) -> list[str]:
        """The texts of many places."""
        starts = np.where(places > 0, self.ends[places - 1], 0).tolist() if len(self) else []
        bounds = zip(starts, self.ends[places].tolist(), strict=True)
        return [self.blob[start:end].decode() for start, end in bounds]

    def __getitem__(self, place: int) -> str:  # type: ignore[override]
        start = int(self.ends[place - 1]) if place else 0
        return self.blob[start : int(self.ends[place])].decode()


@dataclass(frozen=True)
class Part:
    """Some processes on end.

    Attributes:
        first: The row of the first in the file.
        count: How many.
        parcel: Their columns, with codes that hold for the file, and their ocids.
    """

    first: int
    count: int
    parcel: Parcel

    def ocids(self) -> Texts:
        """One per process."""
        found = self.parcel.only("ocids", "ocid_ends")
        return Texts(found["ocids"].tobytes(), found["ocid_ends"])


@dataclass(frozen=True)
class Table:
    """All columns of a file.

    Attributes:
        parts: The processes.
        repeats: Rows that share their ocid.
        words: The different words of each kind.
    """

    parts: list[Part]
    repeats: Repeats
    words: dict[str, Texts]

    @cached_property
    def kernel_words(self) -> Words:
        """The few words a kernel must know."""
        return Words(
            *(tuple(self.words[kind]) for kind in ("method", "details", "currency", "category"))
        )

    def frames(self, kept: Kept | None = None) -> Iterator[tuple[Part, BidFrames]]:
        """The frames of the kernels, part by part; the code of a process is its row in the part.

        Args:
            kept: Tells for the words of the method details whether their processes count.
        """
        fits = None if kept is None else np.array([*kept(self.kernel_words.details), True])
        for part in self.parts:
            columns = part.parcel.only(*COLUMNS)
            fit = None if fits is None else fits[columns["details"]]
            frames = self._frames(columns)
            yield part, frames if fit is None or fit.all() else _subset(frames, fit)

    def _frames(self, columns: dict[str, np.ndarray]) -> BidFrames:
        c: dict[str, npt.NDArray[Any]] = {
            name: column.astype(np.int32, copy=False) if name in _CODES else column
            for name, column in columns.items()
        }
        rows = np.arange(len(c["days"]), dtype=np.int32)
        words = self.kernel_words
        if len(words.methods) + len(words.details) > len(rows):  # else each part goes through all
            method, c["method"] = _own(words.methods, c["method"])
            details, c["details"] = _own(words.details, c["details"])
            words = replace(words, methods=method, details=details)
        processes = Processes(
            rows, c["buyer"], c["entity"], c["method"], c["details"], c["days"],
            c["bidders"].astype(np.int32, copy=False), c["has_bids"], c["has_awards"],
        )  # fmt: skip
        bids = Bids(
            np.repeat(rows, c["bids"]), c["bid_status"], c["amount"], c["currency"], c["late"],
            _first(c["bid_tenderers"]), c["tenderers"],
        )  # fmt: skip
        owner = np.repeat(rows, c["awards"])
        awards = Awards(owner, c["award_status"], _first(c["award_suppliers"]), c["suppliers"])
        listed = np.repeat(np.arange(len(owner)), c["award_items"])
        # an award with listed items has one supplier alone
        items = Items(owner[listed], awards.suppliers[awards.first[listed]], c["category"])
        return BidFrames(
            processes, bids, awards, items, words,
            *(len(self.words[kind]) for kind in ("buyer", "entity", "tenderer")),
        )  # fmt: skip


def _own(words: tuple[str, ...], codes: I32) -> tuple[tuple[str, ...], I32]:
    """The words that occur, and codes into them."""
    found, place = np.unique(codes, return_inverse=True)
    unknown = int((found < 0).sum())
    own = tuple(words[code] for code in found[unknown:].tolist())
    return own, (place - unknown).astype(np.int32)


def _first(counts: np.ndarray) -> I64:
    out = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=out[1:])
    return out


def _subset(frames: BidFrames, fit: BOOL) -> BidFrames:
    """The frames of some processes, rows numbered anew."""
    number = (np.cumsum(fit) - 1).astype(np.int32)
    p, b, a, i = frames.processes, frames.bids, frames.awards, frames.items
    in_bids, in_awards, in_items = fit[b.process], fit[a.process], fit[i.process]
    team = np.repeat(in_bids, np.diff(b.first))
    won = np.repeat(in_awards, np.diff(a.first))
    return BidFrames(
        Processes(
            p.ocid[fit], p.buyer[fit], p.entity[fit], p.method[fit], p.details[fit], p.days[fit],
            p.bidders[fit], p.has_bids[fit], p.has_awards[fit],
        ),
        Bids(
            number[b.process[in_bids]], b.status[in_bids], b.amount[in_bids],
            b.currency[in_bids], b.late[in_bids], _first(np.diff(b.first)[in_bids]),
            b.tenderers[team],
        ),
        Awards(
            number[a.process[in_awards]], a.status[in_awards],
            _first(np.diff(a.first)[in_awards]), a.suppliers[won],
        ),
        Items(number[i.process[in_items]], i.supplier[in_items], i.category[in_items]),
        frames.words, frames.buyers, frames.entities, frames.tenderers,
    )  # fmt: skip


def merged(chunks: Iterable[Chunk]) -> Table:
    """Join chunks in the order of the file.

    Raises:
        InputError: There is no room for the temporary file.
    """
    known = {kind: Places() for kind in KINDS}
    shelf = Shelf()
    hashes = Shelf()
    parts: list[Part] = []
    mixed: list[Parcel] = []
    for group in _groups(chunks, known):
        ocids = [ocid for one in group for ocid in one.ocids]
        first = parts[-1].first + parts[-1].count if parts else 0
        parts.append(Part(first, len(ocids), shelf.put(_joined(group, ocids))))
        mixed.append(hashes.put({"hash": np.fromiter(map(hash, ocids), np.int64, len(ocids))}))
    texts = [part.ocids for part in parts]
    repeats = Repeats.of(mixed, [part.first for part in parts], texts)
    words = {kind: Texts.of(list(known.pop(kind))) for kind in KINDS}
    return Table(parts, repeats, words)


def _groups(chunks: Iterable[Chunk], known: dict[str, Places]) -> Iterator[list[Chunk]]:
    """The chunks of each part, with codes that hold for the file."""
    group: list[Chunk] = []
    size = 0
    for chunk in chunks:
        tables = {kind: _codes(known[kind], chunk.words[kind]) for kind in KINDS}
        columns = {
            name: tables[_CODES[name]][column] if name in _CODES else column
            for name, column in chunk.columns.items()
        }
        group.append(replace(chunk, words={}, columns=columns))
        size += sum(column.nbytes for column in columns.values())
        if size >= PART:
            yield group
            group, size = [], 0
    if group:
        yield group


def _codes(known: Places, words: list[str]) -> I32:
    return np.array([*[known[word] for word in words], -1], np.int32)


def _joined(group: list[Chunk], ocids: list[str]) -> dict[str, np.ndarray]:
    """The columns of a part, whole numbers in as few bytes as they need."""
    joined: dict[str, np.ndarray] = {}
    for name in COLUMNS:
        columns = [chunk.columns[name] for chunk in group]
        kind = columns[0].dtype
        if kind == np.int32:
            most = max((int(column.max()) for column in columns if len(column)), default=0)
            small = (np.int8, np.int16, np.int32)
            kind = next(np.dtype(one) for one in small if most <= np.iinfo(one).max)
        joined[name] = np.concatenate(columns, dtype=kind)
    texts = Texts.of(ocids)
    joined["ocids"] = np.frombuffer(texts.blob, np.uint8)
    joined["ocid_ends"] = texts.ends
    return joined
