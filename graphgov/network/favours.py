"""Favours across: what one official's body awards to the firms of another official's kin."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from graphgov.network.favour import Queries, ask
from graphgov.network.paths import Chains, chains
from graphgov.network.recusal import without_recused
from graphgov.network.terms import TERMS_CTE, Terms, terms
from graphgov.network.ties import KINDS, TABLES, TieGraph, tie_graph
from graphgov.snapshot import Snapshot
from graphgov.stats.market import Advantage, Market, market
from graphgov.stats.spans import FAR, I32, I64, distinct

KIN = frozenset({"spouse", "parent", "child", "sibling", "in_law", "kin"})
# Firms of an official's kin that won or bid at the body of another official, who has no such
# chain to the firm, while the one was not in office there as well. The days of chain, terms and
# the other's absence are cut in SQL; a firm may have several chains in the same days, which
# count once.
_SQL = """,
t AS (
    SELECT w.giver, w.other, n.company, term.body, greatest(term.since, n.since) AS since,
        least(term.until, n.until) AS until
    FROM way w JOIN near n ON n.person = w.other JOIN took USING (company)
    JOIN term ON term.person = w.giver AND term.body = took.body
    WHERE term.standing <= {standing}
),
own AS (SELECT DISTINCT person AS giver, company FROM near),
there AS (SELECT person AS other, body, since AS came, until AS went FROM term)
SELECT giver::INTEGER AS giver, other::INTEGER AS other, company::INTEGER AS company,
    body::INTEGER AS body, since::INTEGER AS since, until::INTEGER AS until
FROM (SELECT * FROM t WHERE since <= until) t ANTI JOIN own USING (giver, company)
    ANTI JOIN there ON there.other = t.other AND there.body = t.body
        AND there.came <= t.until AND there.went >= t.since
ORDER BY giver, other, company, body, since, until
"""


@dataclass(frozen=True, eq=False)
class Favours:
    """Favours of one official to the kin firms of another, both ways round.

    A pair of officials has two groups: 2 i is the favour of the first to the second's firms,
    2 i + 1 the other way round.

    Args:
        graph: The ties.
        kin: Chains of kinship and holding from officials to companies.
        held: Terms of office.
        yard: The market.
        first: Index of one official, per pair.
        second: Index of the other, per pair.
        queries: Days in which a favour was possible.
        seen: Wins against expectation.
    """

    graph: TieGraph
    kin: Chains
    held: Terms
    yard: Market
    first: I32
    second: I32
    queries: Queries
    seen: Advantage


def kin_chains(snap: Snapshot, floor: float) -> Chains:
    """Chains of kinship, posts and holdings from officials to companies; no friends in them."""
    graph, held = tie_graph(snap), terms(snap)
    near = np.array([k in KIN for k in KINDS])[graph.kind]
    keep = np.flatnonzero(near | (graph.table != TABLES.index("ties")))
    only = replace(
        graph,
        row_key=[graph.row_key[i] for i in keep.tolist()],
        **{
            name: getattr(graph, name)[keep]
            for name in ("a", "b", "kind", "weight", "certainty", "start", "end", "table")
        },
    )
    return chains(only, np.unique(held.person), max_len=3, floor=floor)


def favours(snap: Snapshot, *, floor: float, standing: int) -> Favours:
    """All pairs of officials each of whose bodies dealt with the other's kin.

    Args:
        snap: Where to look.
        floor: Weakest chain of kinship looked at.
        standing: Lowest standing in office that counts, as in `Terms`.
    """
    yard, held = market(snap), terms(snap)
    kin = kin_chains(snap, floor)
    people = len(kin.graph.people)
    took = took_part(yard)
    first, second = _mutual(held, kin, took, yard)
    giver, other, company, body, since, until = dated(
        snap, kin, took, np.concatenate([first, second]), np.concatenate([second, first]), standing
    )
    both = giver.astype(np.int64) * people + other
    back = other.astype(np.int64) * people + giver
    mutual = np.isin(both, back)
    giver, other, company, body, since, until = (
        values[mutual] for values in (giver, other, company, body, since, until)
    )
    pairs = np.unique(np.minimum(both, back)[mutual])
    at = np.searchsorted(pairs, np.minimum(both, back)[mutual])
    group = 2 * at + (giver > other)
    person = np.empty(2 * pairs.size, np.int32)
    person[0::2], person[1::2] = pairs // people, pairs % people
    queries = asked(snap, person, group, body, company, since, until)
    return Favours(
        kin.graph, kin, held, yard, person[0::2], person[1::2], queries, ask(yard, queries)
    )


def took_part(yard: Market) -> tuple[I64, I64]:
    """Every body with every company that won or bid there."""
    firms = np.int64(max(yard.shares.companies, 1))
    seen = (yard.shares, yard.strengths)
    pair = distinct(np.concatenate([s.body.astype(np.int64) * firms + s.company for s in seen]))
    return pair // firms, pair % firms


def _mutual(held: Terms, kin: Chains, took: tuple[I64, I64], yard: Market) -> tuple[I64, I64]:
    """Pairs of officials each of whom ever served where a firm of the other's kin took part."""
    ways = gave(held, kin, *took, yard)
    both = sparse.coo_array(sparse.triu(ways.multiply(ways.T), k=1))
    first, second = (np.asarray(c, dtype=np.int64) for c in both.coords)
    return first, second


def gave(held: Terms, kin: Chains, body: I64, firm: I64, yard: Market) -> sparse.csr_array:
    """By official and other, how much of what bodies and firms share lies between them ever."""
    people = int(max(held.person.max(initial=-1), kin.source.max(initial=-1))) + 1
    bodies, companies = yard.shares.bodies, yard.shares.companies
    company = kin.target.astype(np.int64) - len(kin.graph.people)

    def pairs(a: npt.NDArray[Any], b: npt.NDArray[Any], shape: tuple[int, int]) -> sparse.csr_array:
        return sparse.csr_array((np.ones(a.size, dtype=np.float32), (a, b)), shape=shape)

    if not company.size or not body.size:
        return pairs(company[:0], company[:0], (people, people))
    reach = pairs(kin.source, company, (people, companies)) @ pairs(firm, body, (companies, bodies))
    return sparse.csr_array(pairs(held.person, held.body, (people, bodies)) @ reach.T)


def dated(
    snap: Snapshot, kin: Chains, took: tuple[I64, I64], giver: I64, other: I64, standing: int
) -> tuple[I32, I32, I32, I32, I32, I32]:
    """Giver, other, company, body, first and last day of all favours that were possible."""
    found = snap.sql(
        TERMS_CTE + _SQL.format(standing=standing),
        near=pa.table(
            {
                "person": kin.source,
                "company": kin.target.astype(np.int64) - len(kin.graph.people),
                "since": kin.start,
                "until": kin.end,
            }
        ),
        took=pa.table({"body": took[0], "company": took[1]}),
        way=pa.table({"giver": giver, "other": other}),
    )
    a, b, c, d, e, f = (
        found[name].to_numpy().astype(np.int32)
        for name in ("giver", "other", "company", "body", "since", "until")
    )
    return a, b, c, d, e, f


def asked(
    snap: Snapshot, person: I32, group: I64, body: I32, company: I32, since: I32, until: I32
) -> Queries:
    """Spans that do not overlap, less the days on which their person stood aside."""
    rows = _apart(group, body, company, since, until)
    none = np.full(person.size, -1, np.int32)
    spans = Queries(group[rows[0]], person, none, body[rows[0]], company[rows[0]], rows[1], rows[2])
    return without_recused(snap, spans)


def _apart(group: I64, body: I32, company: I32, since: I32, until: I32) -> tuple[I64, I32, I32]:
    """Rows in order of group, with spans of one company at one body cut so as not to overlap."""
    order = np.lexsort((until, since, company, body, group))
    start = since[order].astype(np.int32)
    end = until[order].astype(np.int32)
    last, place = -FAR - 1, (-1, -1, -1)
    keep = np.ones(order.size, dtype=bool)
    keys = zip(group[order].tolist(), body[order].tolist(), company[order].tolist(), strict=True)
    for i, key in enumerate(keys):
        if key != place:
            place, last = key, -FAR - 1
        start[i] = max(int(start[i]), last + 1)
        keep[i] = start[i] <= end[i]
        last = max(last, int(end[i]))
    return order[keep], start[keep], end[keep]
