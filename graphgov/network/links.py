"""Buyers and companies that meet: how often, and how often their trades explain it.

Joint awards are held against independence inside strata of line of business, region, year and
size of the award (hypergeometric, strata added up): a specialist, a local firm and one that takes
large jobs alone explain themselves.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import special

from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.market import Market, market
from graphgov.stats.spans import distinct
from graphgov.stats.strata import make_strata, value_band
from graphgov.stats.sums import hypergeometric_sum_tails

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Links:
    """Tested pairs: indexes, joint awards, expectation, and tail given that they met."""

    body: npt.NDArray[np.int32]
    company: npt.NDArray[np.int32]
    joint: I64
    expected: F64
    tail: Tail


def links(snap: Snapshot) -> Links:
    """The tested pairs of a snapshot, made once."""

    def make() -> Links:
        yard = market(snap)
        return joint_awards(yard, met_pairs(yard))

    return snap.memo("network.links", make)


def met_pairs(yard: Market) -> I64:
    """Every body and company that met in an award or a contest, as one sorted number."""
    span = max(yard.shares.companies, 1)
    met = yard.shares.body.astype(np.int64) * span + yard.shares.company
    competed = yard.strengths.body.astype(np.int64) * span + yard.strengths.company
    return distinct(np.concatenate([met, competed]))


def joint_awards(yard: Market, pairs: I64) -> Links:
    """Joint awards against independence inside strata (hypergeometric, strata added up)."""
    shares = yard.shares
    span = max(shares.companies, 1)
    of_body, of_firm = shares.body[shares.first], shares.company[shares.first]
    body, company = (pairs // span).astype(np.int32), (pairs % span).astype(np.int32)
    if not of_body.size:
        none = np.zeros(pairs.size)
        return Links(body, company, none.astype(np.int64), none, Tail(np.ones(pairs.size), none))
    strata = make_strata(
        {
            "line": shares.line[shares.first],
            "region": shares.region[shares.first],
            "year": shares.day[shares.first] // 365,
            "size": _sizes(yard)[shares.first],
        }
    ).ids.astype(np.int64)
    count = int(strata.max()) + 1
    per_body, body_n = np.unique(of_body * np.int64(count) + strata, return_counts=True)
    per_firm, firm_n = np.unique(of_firm * np.int64(count) + strata, return_counts=True)
    size = np.bincount(strata, minlength=count)
    # Every stratum of the body in which the company has an award too.
    low = np.searchsorted(per_body, body * np.int64(count))
    high = np.searchsorted(per_body, (body + np.int64(1)) * count)
    query = np.repeat(np.arange(pairs.size), high - low)
    start = np.repeat(low - np.concatenate([[0], np.cumsum(high - low)[:-1]]), high - low)
    row = start + np.arange(query.size)
    stratum = per_body[row] % count
    wanted = company[query] * np.int64(count) + stratum
    at = np.minimum(np.searchsorted(per_firm, wanted), per_firm.size - 1)
    both = per_firm[at] == wanted
    query, stratum = query[both], stratum[both]
    n_body, n_firm = body_n[row[both]], firm_n[at[both]]
    expected = np.bincount(query, n_body * n_firm / size[stratum], minlength=pairs.size)
    offsets = np.searchsorted(query, np.arange(pairs.size + 1))
    met, joint_n = np.unique(of_body * np.int64(span) + of_firm, return_counts=True)
    place = np.minimum(np.searchsorted(met, pairs), met.size - 1)
    joint = np.where(met[place] == pairs, joint_n[place], 0)
    found = hypergeometric_sum_tails(joint, size[stratum], n_firm, n_body, offsets)
    met_at_all = _at_least_one(query, size[stratum], n_firm, n_body, pairs.size)
    tail = Tail(*(np.minimum(part / met_at_all, 1.0) for part in (found.above, found.at)))
    return Links(body, company, joint, np.asarray(expected, dtype=np.float64), tail)


def _at_least_one(query: I64, size: I64, firm: I64, body: I64, pairs: int) -> F64:
    """The chance that a pair meets at all: 1 - prod of C(N - K, n) / C(N, n) over its strata."""
    rest = size - firm - body
    none = np.where(
        rest < 0,
        -np.inf,
        special.gammaln(size - firm + 1.0)
        + special.gammaln(size - body + 1.0)
        - special.gammaln(np.maximum(rest, 0) + 1.0)
        - special.gammaln(size + 1.0),
    )
    chance = -np.expm1(np.bincount(query, none, minlength=pairs))
    return np.asarray(np.maximum(chance, 1e-12))


def _sizes(yard: Market) -> I64:
    """A band of the amount per award, per currency; two bands per power of ten."""
    rows = yard.shares.rows
    amount = rows["amount"].cast(pa.float64()).fill_null(float("nan")).to_numpy()
    words = rows["currency"].cast(pa.string()).fill_null("").combine_chunks()
    coded = words.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks() if coded.num_chunks != 1 else coded.chunk(0)
    names = coded.dictionary.to_pylist()
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    band = value_band(amount).astype(np.int64)
    return np.asarray(rank[coded.indices.to_numpy()] * 10_000 + band)
