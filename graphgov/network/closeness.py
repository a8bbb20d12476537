"""Officials and the companies they are close to: chains that held while both were at work.

Shared by every indicator that asks whether the close ones won more than chance explains.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphgov.network.favour import Queries, ask, spans_of, term_queries
from graphgov.network.paths import Chains, chains
from graphgov.network.rarity import pairs_met, rarity
from graphgov.network.terms import Terms, terms
from graphgov.network.ties import FADE_DAYS, TieGraph, tie_graph
from graphgov.snapshot import Snapshot
from graphgov.stats.market import Advantage, Market, market
from graphgov.stats.spans import F64, I32, I64, distinct

NEEDS = (
    "awards.buyer_id", "awards.company_id", "awards.awarded_on",
    "offices.person_id", "offices.body_id",
)  # fmt: skip
WANTS = (
    "ties.person_a", "ties.person_b", "ties.kind", "ties.certainty", "ties.started_on",
    "ties.ended_on", "officers.person_id", "officers.company_id", "officers.role",
    "officers.certainty", "officers.started_on", "officers.ended_on", "ownership.owner_id",
    "ownership.owner_kind", "ownership.company_id", "ownership.share", "ownership.share_min",
    "ownership.share_max", "ownership.certainty", "ownership.started_on", "ownership.ended_on",
    "awards.amount", "awards.currency", "awards.category", "awards.region", "awards.status",
    "awards.tender_id", "awards.lot_id", "bids.company_id", "bids.tender_id", "bids.status",
    "bids.lot_id", "tenders.category", "tenders.region", "tenders.buyer_id", "bodies.region",
    "bodies.name", "companies.name", "people.name", "rates.rate", "tenders.estimated_value",
    "tenders.currency", "bids.amount", "bids.currency", "offices.started_on",
    "offices.ended_on", "offices.role",
)  # fmt: skip

# Chains looked at, per official and in all. An official has some seventy where ties are known as
# they usually are; with ten times the ties it would be ten thousand.
_PER_OFFICIAL, _MOST = 500, (1_000_000, 12_000_000)
_SAME = 1e-9  # points that are none


@dataclass(frozen=True, eq=False)
class Close:
    """Chains from officials to companies that won or bid at their bodies, one row per chain.

    Args:
        found: All chains.
        row: Places in `found` of the chains that matter.
        person: Index of the official, per row.
        company: Index of the company, per row.
        queries: The official's terms cut to the days the chain held.
        seen: Wins against expectation in these days, per row.
        day: Mean day of the awards, or of the contests where there is no award, per row.
        strength: Strength of each chain on that day, faded ties included.
        rarity: Points of each chain for how few officials and companies are so closely linked.
        looked_at: Chains that held in office, those that won nothing included: how many
            tests were made.
    """

    graph: TieGraph
    found: Chains
    held: Terms
    yard: Market
    row: I64
    person: I32
    company: I32
    queries: Queries
    seen: Advantage
    day: I64
    strength: F64
    rarity: F64
    looked_at: int

    @property
    def wins(self) -> I64:
        """Awards won in these days, counted by decision."""
        return self.seen.wins


def close(snap: Snapshot, *, max_len: int = 4, damping: float = 0.5, floor: float = 0.03) -> Close:
    """Who is close to whom and won or bid there; made once per snapshot and setting.

    Args:
        snap: Where to look.
        max_len: Ties in a chain at most.
        damping: Factor per further tie.
        floor: Weakest chain looked at.
    """
    key = f"close:{max_len}:{damping}:{floor}"
    return snap.memo(key, lambda: _close(snap, max_len, damping, floor))


def _close(snap: Snapshot, max_len: int, damping: float, floor: float) -> Close:
    graph, yard, held = tie_graph(snap), market(snap), terms(snap)
    people = len(graph.people)
    took_part = distinct(np.append(yard.shares.company, yard.strengths.company).astype(np.int64))
    officials = np.unique(held.person)
    found = chains(
        graph,
        officials,
        took_part + people,
        max_len=max_len,
        damping=damping,
        floor=floor,
        most=int(np.clip(_PER_OFFICIAL * officials.size, *_MOST)),
    )
    row = np.arange(len(found), dtype=np.int64)
    person, company = found.source, (found.target - people).astype(np.int32)
    queries = term_queries(held, person, company, found.start, found.end)
    won = yard.count(queries.body, queries.company, queries.start, queries.end)
    in_office = np.bincount(queries.group, queries.end >= queries.start, minlength=row.size) > 0
    looked_at = int(_best_windows(found, row[in_office]).size)
    bid, _ = yard.strengths.days(queries.body, queries.company, queries.start, queries.end)
    row = row[np.bincount(queries.group, won + bid, minlength=row.size) > 0]
    rare = rarity(found, row, pairs_met(held, yard))
    kept = _best_windows(found, row)
    row, rare = row[kept], rare[kept]
    day = _mean_day(yard, held, found, person, company, row)
    strength = _faded(found, row, day)
    strong = strength >= found.floor
    row, day, strength, rare = row[strong], day[strong], strength[strong], rare[strong]
    person, company = person[row], company[row]
    queries = term_queries(held, person, company, found.start[row], found.end[row])
    seen = ask(yard, queries)
    return Close(
        graph, found, held, yard, row, person, company, queries, seen, day, strength, rare,
        looked_at,
    )  # fmt: skip


def _mean_day(yard: Market, held: Terms, found: Chains, person: I32, company: I32, row: I64) -> I64:
    """The mean day of the awards each chain saw, else of the contests: a day on which it held."""
    spans = term_queries(held, person[row], company[row], found.start[row], found.end[row])
    size = row.size
    count, days = np.zeros(size), np.zeros(size)
    for source in (yard.shares.days, yard.strengths.days):
        seen, past = source(spans.body, spans.company, spans.start, spans.end)
        none = count == 0
        count = np.where(none, np.bincount(spans.group, seen, minlength=size), count)
        days = np.where(none, np.bincount(spans.group, past, minlength=size), days)
    return np.asarray(days // np.maximum(count, 1), np.int64)


def _faded(found: Chains, row: I64, day: I64) -> F64:
    """Strength of chains on a day of their own each, work ties weakening after their end."""
    graph, edges = found.graph, found.edges[row]
    if not graph.end.size:
        return found.strength[row]
    past = np.maximum(0, day[:, None] - graph.end[edges].astype(np.int64))
    late = np.where((edges >= 0) & graph.fades[edges], past, 0).sum(axis=1)
    return np.asarray(found.strength[row] * np.exp(-late / FADE_DAYS))


def _best_windows(found: Chains, row: I64) -> I64:
    """Of the chains of a pair, the strongest for each span of days; chains come sorted."""
    window = [v[row] for v in (found.end, found.start, found.target, found.source)]
    order = np.lexsort(window)  # stable: the first of a window is its strongest
    new = np.zeros(order.size, dtype=bool)
    new[:1] = True
    for column in window:
        new[1:] |= np.diff(column[order]) != 0
    return np.sort(order[new])


def overshadowed(near: Close, rows: Sequence[int], worth: F64) -> set[int]:
    """Rows with awards that another official's closeness to the same company explains better.

    An award is steered once. Where two officials served a body on the same days, both close to
    a company, the one for whom more speaks is the likelier hand, and the other a bystander.

    Args:
        near: Who is close to whom.
        rows: Those compared, one per official and company.
        worth: What each row of `near` is worth.
    """
    by_pair: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for i in sorted(rows, key=lambda i: (-worth[i], i)):
        for body, company, start, end in spans_of(near.queries, i):
            if start <= end:
                by_pair.setdefault((body, company), []).append((i, start, end))
    found: set[int] = set()
    for pair, spans in by_pair.items():
        for n, (i, start, end) in enumerate(spans):
            if i in found:
                continue
            for j, since, until in spans[:n]:
                shared = max(since, start), min(until, end)
                better = worth[j] > worth[i] + _SAME and shared[0] <= shared[1]
                if better and _won(near.yard, *pair, *shared):
                    found.add(i)
                    break
    return found


def _won(yard: Market, *query: int) -> bool:
    """Whether a body bought from a company in a span."""
    body, company, start, end = (np.array([value], np.int32) for value in query)
    return bool(yard.count(body, company, start, end)[0])


def strongest(near: Close, worth: F64) -> Sequence[int]:
    """Per official and company the row that is worth most, in order."""
    best: dict[tuple[int, int], int] = {}
    pairs = zip(near.person.tolist(), near.company.tolist(), strict=True)
    for i, pair in enumerate(pairs):
        if pair not in best or worth[i] > worth[best[pair]]:
            best[pair] = i
    return [best[pair] for pair in sorted(best)]
