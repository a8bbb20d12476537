"""Who sold to whom, trade by trade: the bipartite network of companies and buyers.

A node of either side is a company, or a buyer, in one stratum: trade, region and kind of body,
made coarser where there are few awards. So a region's trade explains itself, and the model of
`bicm` knows how many buyers a company has and how many suppliers a buyer.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.network.bicm import Bicm, bicm
from graphgov.network.projection import Bidding
from graphgov.snapshot import Snapshot
from graphgov.stats.strata import make_strata

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]
MIN_LINKS = 200  # of a stratum
_MOST_PAIRS = 20_000_000


@dataclass(frozen=True, eq=False)
class Selling:
    """Links of companies and buyers; a repeated award is one link.

    Attributes:
        node, column: Company and buyer of each link, by column.
        company, division: Per node.
        body: Per column.
        degree: Links per node.
        model: The chance of each link given all degrees.
        companies, bodies, divisions: Ids by code.
    """

    node: I64
    column: I64
    company: I64
    division: I64
    body: I64
    degree: I64
    model: Bicm
    companies: list[str]
    bodies: list[str]
    divisions: list[str]

    def bidding(self, able: BOOL) -> Bidding:
        """Some nodes as bidders on the columns, for counting who meets whom."""
        kept = able[self.node]
        columns = len(self.body)
        size = np.bincount(self.column[kept], minlength=columns)
        return Bidding(
            self.column[kept].astype(np.int32),
            self.node[kept].astype(np.int32),
            columns,
            len(self.company),
            size.astype(np.int64),
        )

    def shared(self, one: int, other: int) -> I64:
        """The columns linked with both nodes."""
        return np.intersect1d(
            self.column[self.node == one], self.column[self.node == other], assume_unique=True
        )


def selling(snap: Snapshot) -> Selling:
    """The links of a snapshot, made once."""
    return snap.memo("selling", lambda: _read(snap))


def _read(snap: Snapshot) -> Selling:
    rows = snap.sql(_LINKS)
    company, body, division = (
        rows[name].to_numpy().astype(np.int64) for name in ("company", "body", "division")
    )
    names = snap.sql("SELECT DISTINCT coalesce(division, '') AS d FROM wins ORDER BY d")
    columns = {name: rows[name].to_numpy() for name in ("division", "region", "kind")}
    strata = make_strata(columns, min_count=MIN_LINKS).ids if len(company) else np.zeros(0)
    stratum = strata.astype(np.int64)
    kept = _readable(stratum, body, company)
    company, body, division, stratum = (v[kept] for v in (company, body, division, stratum))
    # A company may be in one stratum with several trades where strata are coarse.
    nodes, node = np.unique(_key(stratum, division, company), axis=0, return_inverse=True)
    cells, column = np.unique(_key(stratum, division, body), axis=0, return_inverse=True)
    node, column = node.ravel(), column.ravel()
    order = np.lexsort((node, column))
    node, column = node[order], column[order]
    degree = np.bincount(node, minlength=len(nodes))
    _, group = np.unique(np.concatenate([nodes[:, :2], cells[:, :2]]), axis=0, return_inverse=True)
    group = group.ravel()
    model = bicm(
        degree,
        np.bincount(column, minlength=len(cells)),
        group[: len(nodes)],
        group[len(nodes) :],
    )
    return Selling(
        node=node,
        column=column,
        company=nodes[:, 2],
        division=nodes[:, 1],
        body=cells[:, 2],
        degree=degree.astype(np.int64),
        model=model,
        companies=snap.ids("company"),
        bodies=snap.ids("body"),
        divisions=names["d"].to_pylist(),
    )


def _key(stratum: I64, division: I64, unit: I64) -> I64:
    return np.stack([stratum, division, unit], axis=1)


def _readable(stratum: I64, body: I64, company: I64) -> BOOL:
    """Links of buyers with few enough suppliers to tell something about two of them."""
    if not len(body):
        return np.zeros(0, dtype=bool)
    _, cell = np.unique(np.stack([stratum, body], axis=1), axis=0, return_inverse=True)
    cell = cell.ravel()
    size = np.bincount(cell)
    by_size = np.bincount(size, minlength=2).astype(np.int64)
    sizes = np.arange(len(by_size), dtype=np.int64)
    total = np.cumsum(by_size * (sizes * (sizes - 1) // 2))
    most = max(2, int(np.searchsorted(total, _MOST_PAIRS, side="right")) - 1)
    return np.asarray((size <= most)[cell])


_LINKS = """WITH b AS (
        SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body, coalesce(kind, '') AS kind
        FROM bodies),
    c AS (SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies),
    d AS (
        SELECT division, row_number() OVER (ORDER BY division) - 1 AS code
        FROM (SELECT DISTINCT coalesce(division, '') AS division FROM wins)),
    link AS (
        SELECT buyer_id, company_id, coalesce(division, '') AS division, min(coalesce(region, ''))
            AS region
        FROM wins GROUP BY buyer_id, company_id, coalesce(division, '')
    )
    SELECT c.company, b.body, d.code AS division,
        dense_rank() OVER (ORDER BY l.region) - 1 AS region,
        dense_rank() OVER (ORDER BY b.kind) - 1 AS kind
    FROM link l JOIN b ON b.body_id = l.buyer_id JOIN c USING (company_id)
    JOIN d ON d.division = l.division
    ORDER BY b.body, c.company, d.code"""
