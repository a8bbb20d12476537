"""Communities of the three graphs a market has, with what their members did together.

cobidding
    Companies joined where they met more often than their trade explains.
buyers
    Buyers and companies joined where one won from the other more often than its share of the
    trade, region, year and size explains.
ties
    People and companies joined by posts, shares and kin; what many share (a home town, a year at
    school, an office) joins nobody.

Leiden communities with how stable each is over seeds; those of fewer than three nodes are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.network.cobidding import Cobidding, Niche, cobidding, graph, niche_of
from graphgov.network.communities import Communities, communities
from graphgov.network.links import links
from graphgov.network.ties import COMMON, KINDS, TieGraph, tie_graph
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.market import market

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_SEED = 13
_RUNS = 5
_LEAST = 3  # nodes of a community
_MAX_Q = 0.01
_JOINT = 3  # awards of a link
_FIRM = 0.5  # weight a tie needs: small shares and hearsay have less


@dataclass(frozen=True, eq=False)
class Circles:
    """The communities of one graph.

    Attributes:
        graph: Its name.
        company: Community per company; -1 for none.
        body: The same per buyer; empty where the graph has none.
        person: The same per person.
        stability: Mean stability per community.
        nodes: Stability per node: companies, bodies, people.
    """

    graph: str
    company: I64
    body: I64
    person: I64
    stability: F64
    nodes: tuple[F64, F64, F64]

    @property
    def count(self) -> int:
        """How many communities there are."""
        return len(self.stability)


def circles(snap: Snapshot) -> Sequence[Circles]:
    """The communities of all graphs that the data allow."""
    found = []
    if snap.has("bids.bid_id") and snap.has("awards.tender_id"):
        seen = graph(snap).found
        found.append(_circles("cobidding", seen, len(seen.label), 0, 0))
    found.append(_buyers(snap))
    if any(snap.has(f"{table}.*") for table in ("officers", "ownership", "ties")):
        found.append(_ties(tie_graph(snap)))
    return found


def _buyers(snap: Snapshot) -> Circles:
    yard = market(snap)
    met = links(snap)
    seen = met.joint >= 1
    q = np.ones(len(met.joint))
    q[seen] = benjamini_hochberg(met.tail.p[seen])
    held = (met.joint >= _JOINT) & (q <= _MAX_Q)
    companies, bodies = len(yard.company_ids), len(yard.body_ids)
    a, b = met.company[held], met.body[held].astype(np.int64) + companies
    weight = met.joint[held].astype(np.float64)
    found = communities(a, b, weight, companies + bodies, seed=_SEED, runs=_RUNS)
    return _circles("buyers", found, companies, bodies, 0)


def _ties(seen: TieGraph) -> Circles:
    common = np.array([kind in COMMON for kind in KINDS])
    held = (seen.weight >= _FIRM) & ~common[seen.kind]
    people, companies = len(seen.people), len(seen.companies)

    def place(node: npt.NDArray[np.int32]) -> I64:
        return np.where(node >= people, node - people, node + companies).astype(np.int64)

    found = communities(
        place(seen.a[held]),
        place(seen.b[held]),
        seen.weight[held],
        companies + people,
        seed=_SEED,
        runs=_RUNS,
    )
    return _circles("ties", found, companies, 0, people)


def _circles(name: str, found: Communities, companies: int, bodies: int, people: int) -> Circles:
    """Communities of three nodes or more, two of them companies, numbered anew."""
    firms = np.bincount(found.label[:companies], minlength=len(found.sizes))
    kept = (found.sizes >= _LEAST) & (firms >= 2)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    label = number[found.label].astype(np.int64)
    parts = np.split(label, [companies, companies + bodies])
    nodes = np.split(found.stability, [companies, companies + bodies])
    return Circles(
        name,
        parts[0],
        parts[1],
        parts[2],
        found.mean_stability()[kept],
        (nodes[0], nodes[1], nodes[2]),
    )


@dataclass(frozen=True, eq=False)
class Inside:
    """What the members of communities did together on contested lots, one entry a community.

    Attributes:
        lots: Lots that count, per community.
        score: Sum of the lots' scores over the root of their number; NaN without any.
        met, expected: Meetings of members, and as many as their niches let expect.
    """

    lots: Sequence[I64]
    score: F64
    met: F64
    expected: F64


def inside(snap: Snapshot, seen: Circles, dear: F64) -> Inside:
    """What members did: lots on which two of them bid, or that one won from a buyer among them.

    Args:
        snap: Where they did it.
        seen: The communities.
        dear: Score of every lot; NaN where unknown.
    """
    yard = cobidding(snap)
    lot, label = _lots(snap, yard, seen)
    begins = np.searchsorted(label, np.arange(seen.count + 1))
    known = np.isfinite(dear[lot])
    total = np.bincount(label[known], dear[lot[known]], minlength=seen.count)
    number = np.bincount(label[known], minlength=seen.count)
    score: F64 = np.full(seen.count, np.nan)
    np.divide(total, np.sqrt(number), out=score, where=number > 0)
    met, expected = _meetings(niche_of(snap), yard, seen)
    lots = [lot[begins[i] : begins[i + 1]] for i in range(seen.count)]
    return Inside(lots, score, met, expected)


def _lots(snap: Snapshot, yard: Cobidding, seen: Circles) -> tuple[I64, I64]:
    """Lots and the community they count for, by community, then time."""
    bids = yard.bids
    if len(seen.body):
        places = {key: i for i, key in enumerate(snap.ids("body"))}
        buyer = np.array([places[b] for b in yard.lot_keys["buyer_id"].to_pylist()], np.int64)
        lot = np.flatnonzero((yard.winner >= 0) & (bids.size > 0))
        label = seen.company[yard.winner[lot]]
        kept = (label >= 0) & (label == seen.body[buyer[lot]])
        lot, label = lot[kept], label[kept]
    else:
        label = seen.company[bids.company]
        mine = label >= 0
        wide = np.int64(max(seen.count, 1))
        keys, counts = np.unique(bids.lot[mine] * wide + label[mine], return_counts=True)
        lot, label = keys[counts >= 2] // wide, keys[counts >= 2] % wide
    order = np.lexsort((lot, label))
    return lot[order], label[order]


def _meetings(niches: Niche, yard: Cobidding, seen: Circles) -> tuple[F64, F64]:
    """Meetings of members inside niches, and as many as chance gives them."""
    pairs, label = niches.pairs, seen.company[niches.company]
    same = (label[pairs.a] >= 0) & (label[pairs.a] == label[pairs.b])
    met = np.bincount(label[pairs.a][same], pairs.joint[same], minlength=seen.count)
    nodes = np.flatnonzero(label >= 0)
    bids = yard.bids
    wide = np.int64(max(bids.companies, 1))
    key = niches.cell * wide + niches.company
    node = np.searchsorted(key, yard.cell[bids.lot] * wide + bids.company)
    rivals = np.bincount(node, bids.size[bids.lot] - 1, minlength=len(key))
    places = np.bincount(yard.cell, bids.size.astype(np.float64))
    group = niches.cell[nodes] * np.int64(max(seen.count, 1)) + label[nodes]
    groups, of = np.unique(group, return_inverse=True)
    own, mine = rivals[nodes], pairs.lots[nodes].astype(np.float64)
    cross = np.bincount(of, own) * np.bincount(of, mine) - np.bincount(of, own * mine)
    room = places[groups // np.int64(max(seen.count, 1))]
    expected = np.bincount(
        groups % np.int64(max(seen.count, 1)), cross / np.maximum(room, 1) / 2, minlength=seen.count
    )
    return met.astype(np.float64), expected.astype(np.float64)
