"""The market of lots that several companies bid on, read once for all who look at it.

Lots are numbered in time order, companies by id. Of a joint bid the first member stands for
all: partners do not compete with each other. Markets come in three widths: `division`, the
first digits of the category; `category`, four of them; `cell`, category and region, the niche
that honest firms share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.network.communities import Communities, tuned
from graphgov.network.gatherings import Lots
from graphgov.network.projection import (
    Bidding,
    Meetings,
    Pairs,
    Validation,
    bidding,
    meetings,
    validate,
)
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail, hypergeometric_tail
from graphgov.stats.spans import F64, I32, I64, Spans

BOOL = npt.NDArray[np.bool_]
MAX_BIDDERS = 20
MAX_Q = 0.01  # of the pairs that make the graph `cobidding`
_SEED = 11
_RUNS = 5
_MOST_MEETINGS = 20_000_000
COLUMNS = (
    "bids.bid_id", "bids.status", "bids.lot_id", "bids.amount", "bids.currency",
    "awards.tender_id", "awards.lot_id", "awards.status", "awards.currency",
    "tenders.category", "tenders.region", "tenders.estimated_value", "bodies.name",
    "bodies.region", "companies.name", "rates.*",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Cobidding:
    """Lots with several bidders.

    Args:
        bids: Who bid, by lot and company.
        amount: Price of each bid, NaN where unknown.
        currency: Code of each bid's currency.
        day: Per lot, days since 1970.
        division: Per lot, code of the category's first digits.
        category: Per lot, code of its category.
        cell: Per lot, code of category and region.
        buyer: Per lot, code of the buyer.
        winner: Per lot, the company that won; -1 for none or several.
        estimate: Per lot, the estimated value, NaN where unknown.
        companies: Ids by code.
        lot_keys: Tender and lot, a row per lot.
    """

    bids: Bidding
    amount: F64
    currency: I32
    day: I32
    division: I32
    category: I32
    cell: I32
    buyer: I32
    winner: I64
    estimate: F64
    companies: list[str]
    lot_keys: pa.Table

    @cached_property
    def lots(self) -> Lots:
        """Lots by company and cell, for looking up what groups did."""
        return Lots(self.bids, self.cell, self.winner)

    @cached_property
    def priced(self) -> BOOL:
        """Per bid: it has a price, and its lot knows one currency alone."""
        known = np.isfinite(self.amount) & (self.amount > 0)
        lot, most = self.bids.lot[known], int(self.currency.max(initial=0)) + 1
        low, top = np.full(self.bids.lots, most), np.full(self.bids.lots, -1)
        np.minimum.at(low, lot, self.currency[known])
        np.maximum.at(top, lot, self.currency[known])
        return np.asarray(known & (low == top)[self.bids.lot])

    @cached_property
    def won(self) -> BOOL:
        """Per bid: it won its lot alone."""
        return np.asarray(self.winner[self.bids.lot] == self.bids.company)


def cobidding(snap: Snapshot, max_bidders: int = MAX_BIDDERS) -> Cobidding:
    """The market of a snapshot; larger lots tell little about anybody and are left out."""
    return snap.memo(f"cobidding {max_bidders}", lambda: _read(snap, max_bidders))


def met(snap: Snapshot, max_bidders: int = MAX_BIDDERS) -> Meetings:
    """Who met whom on which lot."""
    return snap.memo(
        f"cobidding meetings {max_bidders}", lambda: meetings(cobidding(snap, max_bidders).bids)
    )


@dataclass(frozen=True, eq=False)
class Graph:
    """Pairs that met more often than their trade explains, and their communities."""

    pairs: Pairs
    checked: Validation
    found: Communities


def graph(snap: Snapshot, max_bidders: int = MAX_BIDDERS, max_q: float = MAX_Q) -> Graph:
    """The graph `cobidding`: pairs validated inside the category's division."""
    return snap.memo(
        f"cobidding graph {max_bidders} {max_q}", lambda: _graph(snap, max_bidders, max_q)
    )


def _graph(snap: Snapshot, max_bidders: int, max_q: float) -> Graph:
    market = cobidding(snap, max_bidders)
    pairs = met(snap, max_bidders).pairs
    checked = validate(market.bids, pairs, stratum=market.division, day=market.day)
    held = pairs.take(checked.discovered(max_q))
    nodes = market.bids.companies
    found = tuned(held.a, held.b, held.weight, nodes, seed=_SEED, runs=_RUNS)
    return Graph(pairs, checked, found)


@dataclass(frozen=True, eq=False)
class Niche:
    """Pairs that met inside one niche; a node is a company in a category and region.

    Args:
        pairs: Of nodes.
        company: Of each node; a cell's nodes follow each other.
        cell: Of each node.
    """

    pairs: Pairs
    company: I64
    cell: I64


def niche_of(snap: Snapshot, max_bidders: int = MAX_BIDDERS) -> Niche:
    """The pairs of a snapshot by niche, made once."""
    return snap.memo(f"cobidding niches {max_bidders}", lambda: niche(cobidding(snap, max_bidders)))


def niche(market: Cobidding) -> Niche:
    """The pairs of a market by niche."""
    bids = market.bids
    cell = market.cell[bids.lot].astype(np.int64)
    wide = np.int64(max(bids.companies, 1))
    nodes, node = np.unique(cell * wide + bids.company, return_inverse=True)
    one = Bidding(bids.lot, node.astype(np.int32), bids.lots, len(nodes), bids.size)
    return Niche(meetings(one).pairs, nodes % wide, nodes // wide)


def niche_tails(market: Cobidding, niches: Niche, pairs: Pairs, joint: I64) -> tuple[Tail, F64]:
    """The chance of so many meetings inside a niche, and their mean, per pair of nodes.

    While both are active, the one's bids fall on places that the other has not taken, of which
    each of the other's lots has one less than it has bidders (hypergeometric).

    Args:
        market: Where they met.
        niches: Its niches.
        pairs: Pairs of nodes.
        joint: Meetings of each.
    """
    bids = market.bids
    day = market.day[bids.lot]
    cell = market.cell[bids.lot].astype(np.int64)
    wide = np.int64(max(bids.companies, 1))
    key = niches.cell * wide + niches.company
    node = np.searchsorted(key, cell * wide + bids.company).astype(np.int32)
    used = np.flatnonzero(bids.size > 0)
    nothing = np.zeros(len(day), np.int32)
    own = Spans(node, nothing, day, 1)
    every = Spans(market.cell[used], nothing[: len(used)], market.day[used], 1)
    own_places = np.append(0, np.cumsum(bids.size[bids.lot][own.order] - 1))
    all_places = np.append(0, np.cumsum(bids.size[used][every.order]))
    begins = np.searchsorted(node[own.order], np.arange(len(key) + 1))
    first, last = day[own.order][begins[:-1]], day[own.order][begins[1:] - 1]
    total = own_places[begins[1:]] - own_places[begins[:-1]]
    # The more active of two has its places marked, whatever their ids; equals are equal.
    lots = pairs.lots
    swap = (lots[pairs.a] < lots[pairs.b]) | (
        (lots[pairs.a] == lots[pairs.b]) & (total[pairs.a] < total[pairs.b])
    )
    a, b = np.where(swap, pairs.b, pairs.a), np.where(swap, pairs.a, pairs.b)
    start, end = np.maximum(first[a], first[b]), np.minimum(last[a], last[b])
    none = np.zeros(len(a), np.int32)
    a_low, a_high = own.span(a.astype(np.int32), none, start, end)
    b_low, b_high = own.span(b.astype(np.int32), none, start, end)
    low, high = every.span(niches.cell[a].astype(np.int32), none, start, end)
    marked = own_places[a_high] - own_places[a_low]
    population = all_places[high] - all_places[low] - (a_high - a_low)
    drawn = b_high - b_low
    mean: F64 = marked * drawn / np.maximum(population, 1)
    return hypergeometric_tail(joint, population, marked, drawn), mean


def _read(snap: Snapshot, max_bidders: int) -> Cobidding:
    companies = snap.ids("company")
    joint = snap.sql(_PARTNERS)
    rows = snap.sql(_BIDS.format(alone=_ALONE if joint.num_rows else ""), partners=joint)
    lots = snap.sql(_LOTS)
    lot, company = (rows[c].to_numpy().astype(np.int64) for c in ("lot", "company"))
    count = lots.num_rows
    most = _bound(np.bincount(lot, minlength=count), max_bidders)
    bids = bidding(lot, company, lots=count, companies=len(companies), max_size=most)
    kept = bids.size[lot] > 0
    won = rows["won"].to_numpy(zero_copy_only=False).astype(bool)
    winner = np.full(count, -1, dtype=np.int64)
    winner[lot[won]] = company[won]
    winner[np.bincount(lot[won], minlength=count) > 1] = -1
    codes = {
        name: lots[name].to_numpy().astype(np.int32)
        for name in ("day", "division", "category", "cell", "buyer")
    }
    return Cobidding(
        bids=bids,
        amount=_floats(rows["amount"])[kept],
        currency=rows["currency"].to_numpy().astype(np.int32)[kept],
        winner=winner,
        estimate=_floats(lots["estimate"]),
        companies=companies,
        lot_keys=lots.select(["tender_id", "lot_id", "buyer_id"]).combine_chunks(),
        **codes,
    )


def _bound(size: I64, max_bidders: int) -> int:
    """The largest lots that are looked at: memory grows with the square of bidders."""
    sizes = np.arange(max_bidders + 1, dtype=np.int64)
    lots = np.bincount(np.minimum(size, max_bidders + 1), minlength=max_bidders + 2)[:-1]
    total = np.cumsum(lots * (sizes * (sizes - 1) // 2))
    return max(2, int(np.searchsorted(total, _MOST_MEETINGS, side="right")) - 1)


def _floats(column: pa.ChunkedArray) -> F64:
    filled = column.cast(pa.float64()).fill_null(float("nan"))
    return np.asarray(filled.to_numpy(), np.float64)


def rows_of(
    snap: Snapshot, market: Cobidding, asked: Sequence[tuple[int, int, int]], places: int
) -> list[list[Mapping[str, Any]]]:
    """Award and bid rows of companies on lots, for evidence; in content order.

    Args:
        snap: What they are in.
        market: Its lots.
        asked: (place, lot, company) of every row wanted.
        places: How many lists come back.
    """
    found: list[list[Mapping[str, Any]]] = [[] for _ in range(places)]
    if not asked:
        return found
    place, lot, company = np.array(asked, dtype=np.int64).T
    ids = pa.array(market.companies, pa.string())
    keys = market.lot_keys.take(pa.array(lot))
    keys = keys.append_column("company_id", ids.take(pa.array(company)))
    keys = keys.append_column("place", pa.array(place))
    for row in snap.sql(_EVIDENCE, asked=keys).to_pylist():
        found[row.pop("place")].append(row)
    return found


_LOT = "dense_rank() OVER (ORDER BY awarded_on, tender_id, lot) - 1"
_KEPT = "has_bid OR won"
_CATEGORY = """CASE WHEN regexp_matches(category, '^[0-9]{4}') THEN left(category, 4)
    ELSE coalesce(category, '') END"""
_LOTS = f"""WITH l AS (
        SELECT tender_id, lot AS lot_id, min(awarded_on) AS awarded_on, min(category) AS category,
            min(division) AS division, min(region) AS region, min(buyer_id) AS buyer_id,
            min(CASE WHEN lot = '' THEN estimated_value END) AS estimated_value
        FROM contests WHERE {_KEPT} GROUP BY tender_id, lot
    )
    SELECT tender_id, lot_id, buyer_id, estimated_value AS estimate,
        dense_rank() OVER (ORDER BY {_CATEGORY}) - 1 AS category,
        dense_rank() OVER (ORDER BY {_CATEGORY}, coalesce(region, '')) - 1 AS cell,
        dense_rank() OVER (ORDER BY buyer_id) - 1 AS buyer,
        date_diff('day', DATE '1970-01-01', awarded_on) AS day,
        dense_rank() OVER (ORDER BY coalesce(division, '')) - 1 AS division
    FROM l ORDER BY awarded_on, tender_id, lot_id"""
# Partners of a joint bid but the first, who stands for them.
_PARTNERS = """SELECT DISTINCT tender_id, company_id FROM bids
    QUALIFY company_id > min(company_id) OVER (PARTITION BY tender_id, bid_id)"""
_ALONE = "ANTI JOIN partners p ON p.tender_id = k.tender_id AND p.company_id = k.company_id"
_BIDS = f"""WITH c AS (
        SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies),
    k AS (SELECT *, {_LOT} AS place FROM contests WHERE {_KEPT})
    SELECT place AS lot, company, won, amount,
        dense_rank() OVER (ORDER BY coalesce(currency, '')) - 1 AS currency
    FROM k JOIN c USING (company_id) {{alone}}
    ORDER BY place, company"""
_EVIDENCE = """WITH rows AS (
        SELECT a.place, k.tender_id, k.lot, k.company_id, k.won, k.bid_row_key
        FROM contests k JOIN asked a ON k.tender_id = a.tender_id AND k.lot = a.lot_id
            AND k.company_id = a.company_id
    )
    SELECT place, 'awards' AS "table", w.row_key, w.award_id AS id, w.buyer_id, w.amount,
        w.currency, w.company_id, w.tender_id
    FROM wins w JOIN rows r ON r.won AND w.tender_id = r.tender_id
        AND w.company_id = r.company_id AND (r.lot = '' OR w.lot_id = r.lot)
    UNION ALL
    SELECT place, 'bids', b.row_key, b.bid_id, NULL, b.amount, b.currency, b.company_id,
        b.tender_id
    FROM bids b JOIN rows r ON b.row_key = r.bid_row_key
    ORDER BY ALL"""
