"""How much a tie says by itself: rare and strong ones much, common ones nothing.

Of all officials and the companies that took part in their body's purchases while they served,
few are linked through a spouse, many through a colleague's classmate. Chains are ranked by the
square of their strength over how often their pattern of ties occurs among these pairs (squared,
so that a rare but weak pattern is no strong tie); the points of one are the powers of ten of the
share of pairs that are at least as closely linked. Ten times as many innocent ties take one point
from each. A pattern may also be rare only because it is odd. So a chain ten times as weak as that
to a classmate's own firm loses half a point more; and one and a half are lost by one that ends in
somebody who is merely hired there, since favour pays those who own and lead, and by one of four
links or more, over which nobody feels obliged.
"""

import numpy as np

from graphgov.network.paths import Chains
from graphgov.network.terms import Terms
from graphgov.network.ties import KINDS
from graphgov.stats.market import Market
from graphgov.stats.spans import F64, I64, distinct

TYPICAL, WEAKNESS = 0.2, 0.5  # strength without a correction; points per tenfold strength
ODD = 1.5  # points that a hired hand at the end, and four links, take off
LONG = 4
_HIRED = ("manager", "supervisor")
# Kinds that speak of the same sort of closeness are one: their counts are too small apart.
_SORTS = (
    ("spouse", "parent", "child", "sibling", "kin", "in_law"),
    ("classmate",),
    ("hometown",),
    ("colleague", "superior"),
    ("business_partner", "associate"),
    ("friend",),
    ("legal_representative", "actual_controller", "owner"),
)


def rarity(found: Chains, row: I64, met: int) -> F64:
    """Points of each chain, in powers of ten, at least 0.

    Args:
        found: Chains.
        row: Those between an official and a company that took part while the chain held.
        met: How many pairs of officials and companies there are that took part, tied or not.
    """
    if not row.size:
        return np.zeros(0)
    sort = np.full(len(KINDS) + 1, len(_SORTS) + 1)
    for number, names in enumerate(_SORTS, 1):
        sort[[KINDS.index(name) for name in names]] = number
    sort[-1] = 0
    edges = found.edges[row]
    kinds = np.where(edges >= 0, found.graph.kind[edges].astype(np.int64), -1)
    base = len(_SORTS) + 2
    pattern = (sort[kinds] * base ** np.arange(edges.shape[1])).sum(axis=1)
    _, pattern = np.unique(pattern, return_inverse=True)
    nodes = np.int64(found.graph.nodes)
    pair = found.source[row].astype(np.int64) * nodes + found.target[row]
    of = np.unique(pair, return_inverse=True)[1]
    pairs = int(of.max()) + 1
    once = distinct(pattern.astype(np.int64) * pairs + of)
    rate = np.bincount(once // pairs)[pattern] + 1.0
    worth = found.strength[row] ** 2 / rate
    best = np.zeros(pairs)
    np.maximum.at(best, of, worth)
    best = np.sort(best)
    closer = pairs - np.searchsorted(best, worth * (1 - 1e-12))
    rare = np.log10(max(met, pairs, 1) / np.maximum(closer, 1.0))
    weak = WEAKNESS * np.log10(np.maximum(found.strength[row], 1e-9) / TYPICAL)
    return np.asarray(np.maximum(0.0, rare + weak - _odd(kinds)))


def _odd(kinds: I64) -> F64:
    """Points that a chain loses for whom it ends in and for its length.

    Args:
        kinds: Chains by links, places in `KINDS`; -1 behind the last.
    """
    links = (kinds >= 0).sum(axis=1)
    last = kinds[np.arange(len(kinds)), np.maximum(links - 1, 0)]
    hired = np.isin(last, [KINDS.index(name) for name in _HIRED]) & (links > 1)
    return np.asarray(ODD * (hired.astype(np.float64) + (links >= LONG)))


def pairs_met(held: Terms, yard: Market) -> int:
    """Pairs of an official and a company that took part in purchases during a term.

    A company is there from its first to its last bid or award at the body.
    """
    body = np.append(yard.shares.body, yard.strengths.body).astype(np.int64)
    company = np.append(yard.shares.company, yard.strengths.company).astype(np.int64)
    day = np.append(yard.shares.day, yard.strengths.day).astype(np.int64)
    if not body.size or not held.body.size:
        return 0
    order = np.lexsort((day, company, body))
    body, company, day = body[order], company[order], day[order]
    new = np.ones(body.size, dtype=bool)
    new[1:] = (np.diff(body) != 0) | (np.diff(company) != 0)
    first = np.flatnonzero(new)
    last = np.append(first[1:], body.size) - 1
    low = int(day.min())
    width = int(day.max()) - low + 2
    came = np.sort(body[first] * width + day[first] - low)
    went = np.sort(body[first] * width + day[last] - low)
    where = held.body.astype(np.int64) * width
    start = np.clip(held.start.astype(np.int64) - low, 0, width - 1)
    end = np.clip(held.end.astype(np.int64) - low, -1, width - 2)
    there = np.searchsorted(came, where + end, side="right")
    gone = np.searchsorted(went, where + start, side="left")
    # Both counts include the bodies before this one.
    return int(np.maximum(there - gone, 0).sum())
