"""Everything read from a file, as columns: merged from blocks, and turned into frames."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphgov.cardinal.chunks import KINDS, Chunk, Places
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
_CODES = {**{kind: kind for kind in KINDS if kind != "tenderer"},
          "tenderers": "tenderer", "suppliers": "tenderer"}  # fmt: skip


@dataclass(frozen=True)
class Texts(Sequence[str]):
    """Many texts in one."""

    blob: bytes
    ends: I64

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Texts":
        """Pack texts."""
        joined = "".join(texts)
        blob = joined.encode()
        if len(blob) == len(joined):
            sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        else:
            sizes = np.fromiter((len(text.encode()) for text in texts), np.int64, len(texts))
        return cls(blob, np.cumsum(sizes))

    def __len__(self) -> int:
        return len(self.ends)

    def at(self, places: I64) -> list[str]:
        """The texts of many places."""
        starts = np.where(places > 0, self.ends[places - 1], 0).tolist() if len(self) else []
        bounds = zip(starts, self.ends[places].tolist(), strict=True)
        return [self.blob[start:end].decode() for start, end in bounds]

    def __getitem__(self, place: int) -> str:  # type: ignore[override]
        start = int(self.ends[place - 1]) if place else 0
        return self.blob[start : int(self.ends[place])].decode()


@dataclass(frozen=True)
class Table:
    """All columns of a file.

    Attributes:
        columns: As in a chunk, with codes that hold for the file.
        ocids: One per process.
        ocid: The code of each process's ocid: the row where it first stands.
        words: The different words of each kind.
    """

    columns: dict[str, np.ndarray]
    ocids: Texts
    ocid: I32
    words: dict[str, Texts]

    def frames(self, kept: Callable[[tuple[str, ...]], Sequence[bool]] | None = None) -> BidFrames:
        """The frames of the kernels.

        Args:
            kept: Tells for the words of the method details whether their processes count.
        """
        c: dict[str, npt.NDArray[Any]] = {
            name: column.astype(np.int32, copy=False) if name in _CODES else column
            for name, column in self.columns.items()
        }
        words = Words(
            *(tuple(self.words[kind]) for kind in ("method", "details", "currency", "category"))
        )
        processes = Processes(
            self.ocid, c["buyer"], c["entity"], c["method"], c["details"], c["days"],
            c["bidders"].astype(np.int32, copy=False), c["has_bids"], c["has_awards"],
        )  # fmt: skip
        rows = np.arange(len(self.ocid), dtype=np.int32)
        bids = Bids(
            np.repeat(rows, c["bids"]), c["bid_status"], c["amount"], c["currency"], c["late"],
            _first(c["bid_tenderers"]), c["tenderers"],
        )  # fmt: skip
        owner = np.repeat(rows, c["awards"])
        awards = Awards(owner, c["award_status"], _first(c["award_suppliers"]), c["suppliers"])
        listed = np.repeat(np.arange(len(owner)), c["award_items"])
        # an award with listed items has one supplier alone
        items = Items(owner[listed], awards.suppliers[awards.first[listed]], c["category"])
        frames = BidFrames(
            processes, bids, awards, items, words,
            *(len(self.words[kind]) for kind in ("buyer", "entity", "tenderer")),
        )  # fmt: skip
        if kept is None:
            return frames
        fit = np.array([*kept(words.details), True], np.bool_)[c["details"]]
        return frames if fit.all() else _subset(frames, fit)


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
    """Join chunks in the order of the file."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in COLUMNS}
    known = {kind: Places() for kind in KINDS}
    blobs: list[Texts] = []
    hashes: list[I64] = []
    for chunk in chunks:
        tables = {kind: _codes(known[kind], chunk.words[kind]) for kind in KINDS}
        for name in COLUMNS:
            column = chunk.columns[name]
            if name in _CODES:
                column = tables[_CODES[name]][column]
            parts[name].append(column)
        blobs.append(Texts.of(chunk.ocids))
        hashes.append(np.fromiter(map(hash, chunk.ocids), np.int64, len(chunk.ocids)))
    columns = {name: _joined(name, parts.pop(name)) for name in COLUMNS}
    ocids = _texts(blobs)
    words = {kind: Texts.of(list(known.pop(kind))) for kind in KINDS}
    return Table(columns, ocids, _first_rows(ocids, hashes), words)


def _codes(known: Places, words: list[str]) -> I32:
    return np.array([*[known[word] for word in words], -1], np.int32)


_EMPTY = {
    "days": np.float64, "amount": np.float64, "has_bids": np.bool_, "has_awards": np.bool_,
    "bid_status": np.int8, "award_status": np.int8, "late": np.int8,
}  # fmt: skip


def _joined(name: str, parts: list[np.ndarray]) -> np.ndarray:
    """One column, whole numbers in as few bytes as they need."""
    if not parts:
        return np.empty(0, _EMPTY.get(name, np.int32))
    if parts[0].dtype != np.int32:
        return np.concatenate(parts)
    most = max((int(part.max()) for part in parts if len(part)), default=0)
    small = next(kind for kind in (np.int8, np.int16, np.int32) if most <= np.iinfo(kind).max)
    return np.concatenate(parts, dtype=small)


def _texts(parts: list[Texts]) -> Texts:
    base = np.cumsum([0, *(len(part.blob) for part in parts)])
    ends = [part.ends + start for part, start in zip(parts, base[:-1], strict=True)]
    return Texts(
        b"".join(part.blob for part in parts), np.concatenate([np.empty(0, np.int64), *ends])
    )


def _first_rows(ocids: Texts, hashes: list[I64]) -> I32:
    """The row where each row's ocid first stands; hashes only tell where to look."""
    rows = np.arange(len(ocids), dtype=np.int32)
    if not len(rows):
        return rows
    mixed = np.concatenate(hashes)
    ordered = np.sort(mixed)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        seen: dict[str, int] = {}
        for row in np.flatnonzero(np.isin(mixed, twice)).tolist():
            rows[row] = seen.setdefault(ocids[row], row)
    return rows
