"""Awards as arrays, with the lines in force: what all indicators of splitting look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphgov.snapshot import Snapshot
from graphgov.stats.spans import F64, I32, I64
from graphgov.stats.thresholds import RANKS, Coded, Lines, coded, lines

# Columns that `purchases` reads; an indicator built on it declares them.
COLUMNS = (
    "awards.method",
    "awards.category",
    "awards.currency",
    "awards.title",
    "awards.status",
    "awards.tender_id",
    "awards.region",
    "tenders.method",
    "tenders.category",
    "tenders.title",
    "tenders.region",
    "tenders.estimated_value",
    "tenders.currency",
    "bodies.kind",
    "bodies.jurisdiction",
    "bodies.region",
    "bodies.name",
    "companies.name",
    "rates.rate",
    "thresholds.*",
)

_ROWS = """SELECT w.award_id, w.company_id, w.buyer_id, w.tender_id, w.members,
    date_diff('day', DATE '1970-01-01', w.awarded_on)::INTEGER AS day,
    {amount}::DOUBLE AS amount, {currency} AS currency, w.method, w.category, w.region,
    {estimate}::DOUBLE AS estimate
FROM wins w {join} ORDER BY w.award_id, w.company_id"""
_PLAIN = {
    "amount": "w.amount",
    "currency": "w.currency",
    "estimate": "w.estimated_value",
    "join": "",
}
_OWN = {
    "amount": "a.amount",
    "currency": "a.currency",
    "estimate": """CASE WHEN coalesce(t.currency, a.currency) IS NOT DISTINCT FROM
        coalesce(a.currency, t.currency) THEN t.estimated_value END""",
    "join": """JOIN awards a USING (award_id, company_id)
        LEFT JOIN tenders t ON t.tender_id = w.tender_id""",
}
_CURRENCIES = """SELECT count(DISTINCT currency) FROM (
    SELECT currency FROM awards UNION ALL SELECT currency FROM tenders)"""
_TITLES = """SELECT w.title FROM asked k JOIN wins w USING (award_id, company_id)
ORDER BY k.place"""
_DETAILS = """SELECT k.place, w.award_id, w.company_id, w.buyer_id, w.tender_id, w.awarded_on,
    a.amount, a.currency, w.title, w.category, w.method, w.row_key
FROM asked k JOIN wins w USING (award_id, company_id) JOIN awards a USING (award_id, company_id)
ORDER BY k.place"""


@dataclass(frozen=True, eq=False)
class Purchases:
    """Awards in force, one row each, in byte order of their ids.

    Args:
        award_ids: Ids.
        body: Place in `snap.ids("body")`.
        company: Place in `snap.ids("company")`; of a consortium the first.
        tender: A number for each process; awards without one have one of their own.
        day: Since 1970.
        amount: In its own currency.
        estimate: Of the process, before it; NaN where unknown or in another currency.
        rank: Of the method, 1 direct to 4 open, 0 where unknown.
        lines: In force that day.
    """

    award_ids: pa.Array
    body: I32
    company: I32
    tender: I32
    day: I32
    amount: F64
    estimate: F64
    currency: Coded
    rank: npt.NDArray[np.int8]
    category: Coded
    region: Coded
    lines: Lines

    def __len__(self) -> int:
        return len(self.day)

    @cached_property
    def object(self) -> Coded:
        """The first four digits of the category, or all of one that has other letters."""
        return _shortened(self.category, 4)

    @cached_property
    def division(self) -> Coded:
        """The first two digits of the category, or all of one that has other letters."""
        return _shortened(self.category, 2)

    @cached_property
    def below(self) -> tuple[F64, I32]:
        """The nearest line above each purchase that its method kept below, and the rule."""
        return self.lines.nearest_above(self.amount, self.rank)

    @cached_property
    def value(self) -> F64:
        """What is held against a line: the estimate of a process with one award, or the amount."""
        single = np.bincount(self.tender)[self.tender] == 1
        known = single & (np.nan_to_num(self.estimate) > 0)
        return np.where(known, self.estimate, self.amount)

    def fiscal_year(self, month: int) -> I32:
        """The year a purchase counts to, where years begin in a month; calendar-like for 1."""
        months = self.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return np.asarray((months - (month - 1)) // 12 + 1970, dtype=np.int32)

    def titles(self, snap: Snapshot, rows: npt.ArrayLike) -> list[str]:
        """Titles of some rows, in the order asked for; empty where there is none."""
        asked = self._asked(snap, np.asarray(rows, dtype=np.int64))
        return [t or "" for t in snap.sql(_TITLES, asked=asked)["title"].to_pylist()]

    def details(self, snap: Snapshot, rows: npt.ArrayLike) -> list[dict[str, Any]]:
        """Ids, titles, exact amounts and row keys of some rows, in the order asked for."""
        places = np.asarray(rows, dtype=np.int64)
        if not len(places):
            return []
        found: list[dict[str, Any]] = snap.sql(
            _DETAILS, asked=self._asked(snap, places)
        ).to_pylist()
        return found

    def _asked(self, snap: Snapshot, rows: I64) -> pa.Table:
        companies = snap.ids("company")
        return pa.table(
            {
                "place": np.arange(len(rows)),
                "award_id": self.award_ids.take(pa.array(rows)),
                "company_id": pa.array([companies[c] for c in self.company[rows].tolist()]),
            }
        )


def purchases(snap: Snapshot) -> Purchases:
    """The awards of a snapshot; read once."""
    return snap.memo("stats.purchases", lambda: _read(snap))


def _read(snap: Snapshot) -> Purchases:
    # With one currency and no rates the derived table holds the amounts as they were given.
    plain = not snap.has("rates.rate") and snap.sql(_CURRENCIES)[0][0].as_py() < 2
    found = snap.sql(_ROWS.format(**(_PLAIN if plain else _OWN)))
    found = _first_of_award(found)
    body = _places(found["buyer_id"], snap.ids("body"))
    day = found["day"].to_numpy()
    method = coded(found["method"])
    rank = np.array([*(RANKS.get(w, 0) for w in method.words), 0], dtype=np.int8)[method.codes]
    tender = coded(found["tender_id"]).codes
    alone = tender < 0
    tender = np.where(alone, tender.max(initial=0) + np.cumsum(alone), tender)
    category, currency = coded(found["category"]), coded(found["currency"])
    return Purchases(
        _whole(found["award_id"]),
        body,
        _places(found["company_id"], snap.ids("company")),
        tender.astype(np.int32),
        day,
        found["amount"].to_numpy(),
        found["estimate"].to_numpy(zero_copy_only=False),
        currency,
        rank,
        category,
        coded(found["region"]),
        lines(snap, body, category, currency, day),
    )


def _first_of_award(rows: pa.Table) -> pa.Table:
    """One row per award: of the partners of a consortium the first."""
    if not rows.num_rows:
        return rows
    shared = rows["members"].to_numpy() > 1
    if not shared.any():
        return rows
    ids = _whole(rows["award_id"])
    same = np.zeros(rows.num_rows, dtype=bool)
    same[1:] = pc.equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    return rows.filter(pa.array(~(shared & same)))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _places(column: pa.ChunkedArray, ids: Sequence[str]) -> I32:
    found = pc.index_in(column, pa.array(ids, pa.string())).to_numpy()
    return np.asarray(found, dtype=np.int32)


def _shortened(words: Coded, digits: int) -> Coded:
    short = [
        w[:digits] if len(w) >= digits and w[:digits].isdecimal() and w[:digits].isascii() else w
        for w in words.words
    ]
    known = sorted(set(short))
    place = {w: i for i, w in enumerate(known)}
    codes = np.array([*(place[w] for w in short), -1], dtype=np.int32)[words.codes]
    return Coded(codes, tuple(known))


def distinct_runs(*keys: npt.NDArray[Any]) -> tuple[I64, I64]:
    """Groups of equal keys: the rows in order of keys, and where each group begins, with the end.

    Rows of one group keep their order.
    """
    order = np.lexsort(tuple(reversed(keys)))
    fresh = np.zeros(len(order), dtype=bool)
    fresh[:1] = True
    for key in keys:
        sorted_key = key[order]
        fresh[1:] |= sorted_key[1:] != sorted_key[:-1]
    return order, np.append(np.flatnonzero(fresh), len(order))
