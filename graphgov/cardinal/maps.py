"""The maps of `--map`: which organizations each process concerns."""

from collections.abc import Mapping

import numpy as np

from graphgov.cardinal.entries import Entries
from graphgov.cardinal.results import only_later, texts, together
from graphgov.cardinal.settings import Settings
from graphgov.cardinal.shelf import Shelf
from graphgov.cardinal.table import Part, Table
from graphgov.stats.bids.frames import I64, BidFrames, distinct

_MAPPED = ("R024", "R028", "R030", "R035", "R058")


class Maps:
    """The eight maps.

    Args:
        table: What was read.
        settings: Which indicators there are.
        shelf: Where entries lie until they are sorted.
    """

    def __init__(self, table: Table, settings: Settings, shelf: Shelf) -> None:
        self._words = table.words
        self._all = any((settings.R025, settings.R038, settings.R048))
        self.entries = {
            "ocid_buyer_r038": Entries(shelf, only_later),
            "ocid_procuringentity_r038": Entries(shelf, only_later),
            "ocid_tenderer": Entries(shelf, together),
            **{f"ocid_tenderer_{code.lower()}": Entries(shelf, together) for code in _MAPPED},
        }

    def add(self, part: Part, frames: BidFrames, rejected: I64, pairs: Mapping[str, I64]) -> None:
        """Add the processes of a part.

        Args:
            part: Where they are.
            frames: What they are.
            rejected: How many bids of each process were disqualified, nothing if nobody asked.
            pairs: Rows and tenderer codes by indicator.
        """
        ocid = frames.processes.ocid
        some = np.flatnonzero(rejected > 0)
        for name, codes, kind in (
            ("ocid_buyer_r038", frames.processes.buyer, "buyer"),
            ("ocid_procuringentity_r038", frames.processes.entity, "entity"),
        ):
            rows = some[codes[some] >= 0]
            values = texts(self._words[kind].at(codes[rows]))
            self.entries[name].put(part.ocids().at(ocid[rows]), values)
        if self._all:
            bid, tenderer = frames.tenderers_of(np.flatnonzero(frames.submitted))
            self._sets(part, "ocid_tenderer", ocid[frames.bids.process[bid]], tenderer)
        self.add_pairs(part, {code: np.stack([ocid[p[0]], p[1]]) for code, p in pairs.items()})

    def add_pairs(self, part: Part, pairs: Mapping[str, I64]) -> None:
        """Add rows of a part, as its ocids have them, and tenderer codes by indicator."""
        for code in _MAPPED:
            if code in pairs:
                self._sets(part, f"ocid_tenderer_{code.lower()}", *pairs[code])

    def _sets(self, part: Part, name: str, rows: np.ndarray, codes: np.ndarray) -> None:
        if not len(rows):
            return
        kinds, place = np.unique(codes, return_inverse=True)
        names = self._words["tenderer"].at(kinds)
        order = sorted(range(len(names)), key=names.__getitem__)
        rank = np.empty(len(names), np.int64)
        rank[order] = np.arange(len(names))
        keys = distinct(rows.astype(np.int64) * len(names) + rank[place])
        parties = [names[order[one]] for one in (keys % len(names)).tolist()]
        owner = keys // len(names)
        starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        bounds = zip(starts.tolist(), [*starts[1:].tolist(), len(parties)], strict=True)
        sets = texts(parties[start:end] for start, end in bounds)
        self.entries[name].put(part.ocids().at(owner[starts]), sets)
