"""A company's place in the graph of buyers and rivals, in six numbers."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import poisson

from graphgov.models.h07_explanation import Feature
from graphgov.models.scaling import shrunk, standardised
from graphgov.network.cobidding import cobidding, met
from graphgov.network.ids import Index
from graphgov.snapshot import Snapshot
from graphgov.stats.market import Market, market
from graphgov.stats.spans import FAR
from graphgov.stats.strata import make_strata

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

# None of them names a tie, a place or an identity.
FEATURES = (
    Feature("link", "powers of ten by which its strongest link to a body exceeds chance",
            "与某采购人的联系超出偶然的数量级"),
    Feature("top", "share of its awards from one body", "来自同一采购人的比例", "share"),
    Feature("bodies", "bodies that buy from it", "采购人数量", "count"),
    Feature("rival", "share of its contests that its closest rival entered too",
            "最密切对手共同投标的比例", "share"),
    Feature("circle", "different rivals per contest", "每次竞争的不同对手数"),
    Feature("clique", "share of its steady rivals' pairs that are steady rivals too",
            "其固定对手之间也互为固定对手的比例", "share"),
)  # fmt: skip
_STEADY = 3  # contests together from which two companies are steady rivals
_FEW = 5  # contests below which rivals say nothing
_MIN_STRATUM = 50
_MOST_LINK = 50.0


@dataclass(frozen=True, eq=False)
class Companies:
    """Companies with enough awards, in the order of their ids.

    Args:
        table: `company_id`, `body_id` (of the strongest link), `n`.
        raw: Features, NaN where nothing is known.
        median: Of the stratum.
        x: Features in spreads from it.
        half: 0 or 1; companies whose strongest link is to one body lie in one half.
        stratum: Peers: main category and number of awards.
    """

    table: pa.Table
    raw: F64
    median: F64
    x: F64
    half: I64
    stratum: I32


def companies_of(snap: Snapshot, min_awards: int) -> Companies | None:
    """Companies with so many awards or more; None without any."""
    yard = market(snap)
    links = _links(yard, min_awards)
    if len(links.company) == 0:
        return None
    # Every company's strongest link comes first, ties by body.
    order = np.lexsort((links.body, -links.strength, links.company))
    known, start = np.unique(links.company[order], return_index=True)
    first = order[start]
    at = np.searchsorted(known, links.company)
    total = np.bincount(at, weights=links.awards).astype(np.float64)
    most = np.zeros(len(known))
    np.maximum.at(most, at, links.awards)
    ids = pa.array([yard.company_ids[c] for c in known.tolist()], pa.string())
    rival, circle, contests, clique = _rivals(snap, ids)
    bodies = np.bincount(at).astype(np.float64)
    raw = np.column_stack([links.strength[first], most / total, bodies, rival, circle, clique])
    scaled = raw.copy()
    scaled[:, 0] = np.log1p(raw[:, 0])
    scaled[:, 1] = shrunk(raw[:, 1], total)
    scaled[:, 2] = -np.log(np.maximum(raw[:, 2], 1.0))
    scaled[:, 3] = shrunk(raw[:, 3], contests)
    scaled[:, 4] = -np.log(np.maximum(raw[:, 4], 1e-3))
    band = np.minimum(np.floor(2 * np.log2(total)), 20).astype(np.int64)
    trade = _main_trade(yard)[known]
    strata = make_strata({"band": band, "trade": trade}, min_count=_MIN_STRATUM, keep=0)
    median, x = standardised(scaled, raw, strata.ids)
    table = pa.table(
        {
            "company_id": ids,
            "body_id": [yard.body_ids[b] for b in links.body[first].tolist()],
            "n": total.astype(np.int64),
        }
    )
    return Companies(table, raw, median, x, links.body[first] % 2, strata.ids)


class _Links(NamedTuple):
    """Pairs of company and body that deal with each other."""

    company: I64
    body: I64
    awards: I64
    strength: F64  # -log10 of the chance of so many


def _links(yard: Market, min_awards: int) -> _Links:
    shares = yard.shares
    often = np.bincount(shares.company, minlength=shares.companies) >= min_awards
    key = shares.body.astype(np.int64) * shares.companies + shares.company
    pair, awards = np.unique(key[often[shares.company]], return_counts=True)
    body = (pair // shares.companies).astype(np.int32)
    company = (pair % shares.companies).astype(np.int32)
    far = np.full(len(pair), FAR, np.int32)
    _, expected = shares.expected(body, company, -far, far)
    low, high = shares.decisions.span(body, company, -far, far)
    tail = poisson.logsf(high - low - 1, np.maximum(expected, 1e-9)) / -np.log(10)
    strength = np.clip(np.where(np.isfinite(tail), tail, _MOST_LINK), 0, _MOST_LINK)
    return _Links(company.astype(np.int64), body.astype(np.int64), awards, np.round(strength, 9))


def _main_trade(yard: Market) -> I64:
    """The category in which each company has most awards."""
    shares = yard.shares
    key = shares.company.astype(np.int64) * shares.divisions + shares.division
    cell, count = np.unique(key, return_counts=True)
    company = cell // shares.divisions
    order = np.lexsort((cell, -count, company))
    out = np.zeros(shares.companies, dtype=np.int64)
    out[company[order][::-1]] = (cell % shares.divisions)[order][::-1]
    return out


def _rivals(snap: Snapshot, ids: pa.Array) -> tuple[F64, F64, F64, F64]:
    """Closest rival, circle of rivals, contests and clique of some companies, by code."""
    lots_of, pairs = cobidding(snap), met(snap).pairs
    size = lots_of.bids.companies
    lots = pairs.lots.astype(np.float64)
    closest, different = np.zeros(size), np.zeros(size)
    for one in (pairs.a, pairs.b):
        np.maximum.at(closest, one, pairs.joint)
        different += np.bincount(one, minlength=size)
    steady = pairs.joint >= _STEADY
    clique = _clustering(pairs.a[steady], pairs.b[steady], size)
    place = Index(pa.array(lots_of.companies, pa.string())).codes(ids)
    known = (place >= 0) & (np.append(lots, 0)[place] >= _FEW)
    at = place[known]
    out = tuple(np.full(len(ids), np.nan) for _ in range(4))
    for column, values in zip(
        out, (closest / np.maximum(lots, 1), different / np.maximum(lots, 1), lots, clique),
        strict=True,
    ):  # fmt: skip
        column[known] = values[at]
    return out[0], out[1], np.nan_to_num(out[2]), out[3]


def _clustering(a: I32, b: I32, nodes: int) -> F64:
    """The local clustering coefficient of each node; NaN with fewer than two neighbours."""
    import networkit as nk  # slow to import

    graph: Any = nk.Graph(nodes)
    if len(a):
        coo = (np.ones(len(a)), (a.astype(np.int64), b.astype(np.int64)))
        graph = nk.GraphFromCoo(coo, n=nodes, weighted=False, directed=False)
    graph.removeMultiEdges()
    graph.sortEdges()
    found = nk.centrality.LocalClusteringCoefficient(graph, turbo=True)
    found.run()
    degree = np.bincount(a, minlength=nodes) + np.bincount(b, minlength=nodes)
    return np.where(degree >= 2, np.asarray(found.scores(), dtype=np.float64), np.nan)
