"""Bids, awards and items of a snapshot as the plain columns that kernels read.

A process is a lot where a tender's bids and awards name several, else the tender. Cancelled,
withdrawn and planned ones are left out. An award over several lots is an award of each.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphgov.snapshot import Snapshot
from graphgov.stats.bids.frames import (
    ACTIVE,
    BOOL,
    DISQUALIFIED,
    ENDED,
    I32,
    I64,
    INVITED,
    OPEN,
    OTHER_BID,
    VALID,
    WITHDRAWN,
    Awards,
    BidFrames,
    Bids,
    Items,
    Processes,
    Words,
    distinct,
)
from graphgov.stats.bids.prices import PriceGate
from graphgov.stats.strata import make_strata, value_band

UNKNOWN = ""  # the word for a method or award criteria that nobody stated
BY_PRICE = PriceGate(unlisted=frozenset({"quality"}))  # what the price has no say in is left out
MIN_PEERS = 30  # processes of a stratum


@dataclass(frozen=True, eq=False)
class Records:
    """A frame, and what its codes and rows stand for.

    Attributes:
        frames: What kernels read.
        lots: One row per process, in the order of the frame.
        bid_ids: Id of each bid of the frame.
        companies, bodies: Ids by code.
        division, year: Codes per process.
        first_lot: Per process: it is its tender's first.
    """

    frames: BidFrames
    lots: pa.Table
    bid_ids: pa.Array
    companies: list[str]
    bodies: list[str]
    division: I64
    year: I64
    first_lot: BOOL

    def strata(self, rows: I64, price: npt.NDArray[np.float64]) -> I64:
        """A stratum per process, of `MIN_PEERS` or more of the given ones where there are.

        Category division, method, band of the price, region and year; the last are dropped
        first. Processes that are not given share stratum 0 with others.

        Args:
            rows: Processes.
            price: Of each of them.
        """
        out = np.zeros(len(self.frames.processes), np.int64)
        if len(rows):
            lots = self.lots
            columns = {
                "division": self.division[rows],
                "method": self.frames.processes.method[rows],
                "band": value_band(price),
                "region": _codes(lots["region"])[0][rows],
                "year": self.year[rows],
            }
            out[rows] = make_strata(columns, min_count=MIN_PEERS).ids
        return out


def records(snap: Snapshot) -> Records:
    """The frame of a snapshot, made once."""
    return snap.memo("bid records", lambda: _read(snap))


def _read(snap: Snapshot) -> Records:
    zone = snap.timezone.replace("'", "''")
    lots = snap.sql(_PROCESSES.format(zone=zone)).combine_chunks()
    companies, bodies = snap.ids("company"), snap.ids("body")
    given = {
        "lots": lots.select(["process", "tender_id", "lot", "split", "vague", "due", "due_day"]),
        "known": _numbered(companies),
    }
    bids, bid_ids, currencies = _bids(snap.sql(_BIDS.format(zone=zone), **given))
    awards, award_ids = _awards(snap.sql(_AWARDS, **given))
    items, classes = _items(snap, awards, award_ids)
    method, methods = _codes(lots["method"])
    criteria, words = _codes(lots["criteria"])
    place = pa.array(bodies, pa.string())
    count = lots.num_rows
    frames = BidFrames(
        Processes(
            ocid=np.arange(count, dtype=np.int32),
            buyer=_places(lots["buyer_id"], place),
            entity=_places(lots["procuring_entity_id"], place),
            method=method.astype(np.int32),
            details=criteria.astype(np.int32),
            days=_floats(lots["days"]),
            bidders=_bidders(lots, bids),
            has_bids=np.bincount(bids.process, minlength=count) > 0,
            has_awards=np.bincount(awards.process, minlength=count) > 0,
        ),
        bids,
        awards,
        items,
        Words(methods, words, currencies, classes),
        buyers=len(bodies),
        entities=len(bodies),
        tenderers=len(companies),
    )
    year = lots["year"].fill_null(0).to_numpy().astype(np.int64)
    first_lot = np.zeros(count, np.bool_)
    first_lot[_starts(np.zeros(count, np.int32), lots["tender_id"])] = True
    division = _codes(lots["division"])[0]
    return Records(frames, lots, bid_ids, companies, bodies, division, year, first_lot)


def _bids(rows: pa.Table) -> tuple[Bids, pa.Array, tuple[str, ...]]:
    rows = rows.combine_chunks()
    process = rows["process"].to_numpy().astype(np.int32)
    starts = _starts(process, rows["bid_id"])
    amount = _floats(rows["amount"])[starts]
    currency, words = _codes(rows["currency"])
    code = currency[starts].astype(np.int32)
    code[np.isnan(amount)] = -1
    frame = Bids(
        process=process[starts],
        status=rows["status"].to_numpy().astype(np.int8)[starts],
        amount=amount,
        currency=code,
        late=rows["late"].to_numpy().astype(np.int8)[starts],
        first=np.append(starts, len(process)),
        tenderers=rows["company"].to_numpy().astype(np.int32),
    )
    return frame, rows["bid_id"].take(pa.array(starts)).combine_chunks(), words


def _bidders(lots: pa.Table, bids: Bids) -> I32:
    """Bidders per process: what its notice says, else the different ones among its bids.

    A lot has its own: the notice counts those of the whole tender. The first of joint tenderers
    stands for them all.
    """
    told = lots["bidders"].fill_null(-1).to_numpy().astype(np.int32)
    told[lots["split"].to_numpy()] = -1
    submitted = bids.status >= OTHER_BID
    process, firm = bids.process[submitted], bids.tenderers[bids.first[:-1][submitted]]
    pairs = distinct((process.astype(np.int64) << 32) | firm.astype(np.int64))
    seen = np.bincount(pairs >> 32, minlength=len(told)).astype(np.int32)
    return np.where((told < 0) & (seen > 0), seen, told).astype(np.int32)


def _awards(rows: pa.Table) -> tuple[Awards, pa.ChunkedArray]:
    rows = rows.combine_chunks()
    process = rows["process"].to_numpy().astype(np.int32)
    starts = _starts(process, rows["award_id"])
    frame = Awards(
        process=process[starts],
        status=rows["status"].to_numpy().astype(np.int8)[starts],
        first=np.append(starts, len(process)),
        suppliers=rows["company"].to_numpy().astype(np.int32),
    )
    return frame, rows["award_id"].take(pa.array(starts))


def _items(
    snap: Snapshot, awards: Awards, award_ids: pa.ChunkedArray
) -> tuple[Items, tuple[str, ...]]:
    """Classified items of active awards with one supplier."""
    if not snap.has("items.classification"):
        none = np.empty(0, np.int32)
        return Items(none, none, none), ()
    fit = np.flatnonzero((awards.status == ACTIVE) & (np.diff(awards.first) == 1))
    asked = pa.table(
        {
            "award_id": award_ids.take(pa.array(fit)),
            "process": awards.process[fit],
            "supplier": awards.suppliers[awards.first[fit]],
        }
    )
    rows = snap.sql(_ITEMS, asked=asked)
    category, words = _codes(rows["classification"])
    process, supplier = (rows[c].to_numpy().astype(np.int32) for c in ("process", "supplier"))
    return Items(process, supplier, category.astype(np.int32)), words


def _starts(process: I32, ids: pa.ChunkedArray) -> I64:
    """First row of each id of each process."""
    if len(process) == 0:
        return np.empty(0, np.int64)
    fresh = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy()
    return np.flatnonzero(np.r_[True, fresh.astype(np.bool_) | (process[1:] != process[:-1])])


def _codes(column: pa.ChunkedArray) -> tuple[I64, tuple[str, ...]]:
    """Ranks of the words of a column, unknown ones being `UNKNOWN`, and the words."""
    filled = column.cast(pa.string()).fill_null(UNKNOWN).combine_chunks()
    coded = filled.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks() if coded.num_chunks != 1 else coded.chunk(0)
    words: list[str] = coded.dictionary.to_pylist()
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), np.int64)
    rank[order] = np.arange(len(words))
    return rank[coded.indices.to_numpy()], tuple(words[i] for i in order)


def _places(column: pa.ChunkedArray, ids: pa.Array) -> I32:
    found = pc.index_in(column.cast(pa.string()), value_set=ids)
    return np.asarray(found.fill_null(-1).to_numpy(), np.int32)


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    filled = column.cast(pa.float64()).fill_null(float("nan"))
    return np.asarray(filled.to_numpy(), np.float64)


def _numbered(ids: list[str]) -> pa.Table:
    return pa.table({"company_id": pa.array(ids, pa.string()),
                     "company": np.arange(len(ids), dtype=np.int32)})  # fmt: skip


def lots_of(column: str) -> str:
    """SQL: the list of lots that a cell of `awards.lot_id` names; `['']` for none."""
    return (
        f"CASE WHEN {column} LIKE '[%' AND json_valid({column}) "
        f"THEN from_json({column}, '[\"VARCHAR\"]') ELSE [coalesce({column}, '')] END"
    )


# A day without a clock is read as its midnight, so a deadline at midnight lasts until the end
# of its day.
_PROCESSES = f"""WITH said AS (
        SELECT tender_id, lot_id AS lot, true AS used FROM bids WHERE lot_id IS NOT NULL
        UNION ALL SELECT tender_id, unnest({lots_of("lot_id")}), true FROM awards
            WHERE tender_id IS NOT NULL AND lot_id IS NOT NULL
        UNION ALL SELECT tender_id, lot_id, false FROM lots
    ), several AS (
        SELECT tender_id, count(DISTINCT lot) FILTER (used) > 1 AS split,
            count(DISTINCT lot) > 1 AS vague
        FROM said GROUP BY tender_id HAVING vague
    ), parts AS (
        SELECT tender_id, coalesce(lot_id, '') AS lot FROM bids
            SEMI JOIN (SELECT tender_id FROM several WHERE split) USING (tender_id)
        UNION SELECT tender_id, unnest({lots_of("lot_id")}) FROM awards
            SEMI JOIN (SELECT tender_id FROM several WHERE split) USING (tender_id)
    ), first AS (
        SELECT tender_id, min(awarded_on) AS awarded_on, min(division) AS division,
            min(method) AS method
        FROM wins WHERE tender_id IS NOT NULL GROUP BY tender_id
    ), off AS (
        SELECT tender_id, lot_id AS lot FROM lots
        WHERE lower(status) IN ('cancelled', 'withdrawn', 'planned')
    ), process AS (
        SELECT t.tender_id, coalesce(p.lot, '') AS lot, coalesce(s.split, false) AS split,
            coalesce(s.vague, false) AND coalesce(p.lot, '') = '' AS vague,
            t.buyer_id, t.procuring_entity_id, coalesce(t.method, f.method) AS method, t.criteria,
            t.bidders,
            coalesce(f.division, CASE WHEN regexp_matches(t.category, '^[0-9]{{{{2}}}}')
                THEN left(t.category, 2) ELSE t.category END) AS division,
            coalesce(t.region, b.region) AS region,
            coalesce(f.awarded_on, t.bids_due_at::DATE, t.published_at::DATE) AS day,
            coalesce(t.submission_starts_at, t.published_at) AS starts, t.bids_due_at AS due,
            (t.bids_due_at AT TIME ZONE 'UTC') AT TIME ZONE '{{zone}}' AS due_local
        FROM tenders t LEFT JOIN several s USING (tender_id)
        LEFT JOIN parts p USING (tender_id)
        LEFT JOIN first f USING (tender_id)
        LEFT JOIN bodies b ON b.body_id = t.buyer_id
        WHERE coalesce(t.status, '') NOT IN ('cancelled', 'withdrawn', 'planned')
    )
    SELECT (row_number() OVER (ORDER BY tender_id, lot) - 1)::INTEGER AS process, *,
        year(day)::INTEGER AS year,
        CASE WHEN due >= starts THEN floor(date_diff('second', starts, due) / 86400) END AS days,
        CASE WHEN due_local = date_trunc('day', due_local) THEN due_local::DATE END AS due_day
    FROM process p ANTI JOIN off USING (tender_id, lot) ORDER BY process"""

_BIDS = f"""SELECT l.process, b.bid_id, k.company,
    CASE coalesce(b.status, 'valid') WHEN 'valid' THEN {VALID} WHEN 'pending' THEN {OTHER_BID}
        WHEN 'disqualified' THEN {DISQUALIFIED} WHEN 'invited' THEN {INVITED}
        ELSE {WITHDRAWN} END AS status,
    CASE WHEN b.amount > 0 AND NOT l.vague THEN b.amount::DOUBLE END AS amount,
    coalesce(b.currency, '') AS currency,
    CASE WHEN b.submitted_at IS NULL OR l.due IS NULL THEN -1
        WHEN l.due_day IS NULL THEN (b.submitted_at > l.due)::INTEGER
        ELSE (((b.submitted_at AT TIME ZONE 'UTC') AT TIME ZONE '{{zone}}')::DATE
            > l.due_day)::INTEGER END AS late
    FROM bids b JOIN lots l ON l.tender_id = b.tender_id
        AND l.lot = CASE WHEN l.split THEN coalesce(b.lot_id, '') ELSE '' END
    JOIN known k ON k.company_id = b.company_id
    ORDER BY l.process, b.bid_id, k.company"""

_AWARDS = f"""WITH a AS (
        SELECT award_id, company_id, tender_id, status, {lots_of("lot_id")} AS named FROM awards
        WHERE tender_id IS NOT NULL
    )
    SELECT l.process, a.award_id, k.company,
        CASE coalesce(a.status, 'active') WHEN 'active' THEN {ACTIVE}
            WHEN 'pending' THEN {OPEN} ELSE {ENDED} END AS status
    FROM a JOIN lots l ON l.tender_id = a.tender_id
        AND (NOT l.split OR list_contains(a.named, l.lot))
    JOIN known k ON k.company_id = a.company_id
    ORDER BY l.process, a.award_id, k.company"""

_ITEMS = """SELECT DISTINCT a.process, a.supplier, i.classification
    FROM items i JOIN asked a ON i.owner_kind = 'award' AND i.owner_id = a.award_id
    WHERE i.classification IS NOT NULL
    ORDER BY a.process, a.supplier, i.classification"""
