"""What the indicators over groups of bidders share: candidates, their tests, their evidence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.network.cobidding import Cobidding, cobidding, graph, niche_of, rows_of
from graphgov.network.gatherings import Gathered
from graphgov.network.groups import distinct_rows, grown
from graphgov.network.projection import Pairs, Validation
from graphgov.schema import Evidence, Member
from graphgov.schema.words import money
from graphgov.snapshot import Snapshot
from graphgov.stats.rotation import Turns, turns_of_many
from graphgov.stats.spans import slices

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
BOOL = npt.NDArray[np.bool_]
Rows = Sequence[Mapping[str, Any]]
_GROWTHS = (1.5, 1.0, 0.6)  # exponents of size: from tight groups to wide ones
_NICHE_GROWTHS = (1.5, 1.0, 0.6, 0.3)
_LEAST = 4  # lots of a company in a niche
_EPOCH = date(1970, 1, 1)


def candidates(snap: Snapshot, max_bidders: int, max_members: int, max_q: float) -> I64:
    """Communities and grown groups, one row each: companies in order, then -1."""
    return snap.memo(
        f"cobidding candidates {max_bidders} {max_members} {max_q}",
        lambda: _candidates(snap, max_bidders, max_members, max_q),
    )


def _candidates(snap: Snapshot, max_bidders: int, max_members: int, max_q: float) -> I64:
    seen = graph(snap, max_bidders, max_q)
    pairs, found = seen.pairs, seen.found
    often = pairs.take(pairs.joint >= 2)
    nodes = len(found.label)
    groups = grown(often.a, often.b, often.weight, nodes, growths=_GROWTHS, max_size=max_members)
    usable = (found.sizes >= 3) & (found.sizes <= max_members)
    more = np.full((int(usable.sum()), max_members), -1, dtype=np.int64)
    order = np.argsort(found.label, kind="stable")
    order = order[usable[found.label[order]]]
    row = np.repeat(np.arange(len(more)), found.sizes[usable])
    begins = np.cumsum(found.sizes[usable]) - found.sizes[usable]
    more[row, np.arange(len(order)) - begins[row]] = order
    return distinct_rows(
        np.concatenate([groups, more, _niche_groups(snap, max_bidders, max_members)])
    )


def _niche_groups(snap: Snapshot, max_bidders: int, max_members: int) -> I64:
    """Groups grown inside each niche, where what members do elsewhere does not thin them out."""
    niches = niche_of(snap, max_bidders)
    pairs = niches.pairs
    often = (pairs.joint >= 2) & (np.minimum(pairs.lots[pairs.a], pairs.lots[pairs.b]) >= _LEAST)
    kept = pairs.take(often)
    nodes = len(niches.company)
    groups = grown(kept.a, kept.b, kept.weight, nodes, growths=_NICHE_GROWTHS, max_size=max_members)
    found = np.where(groups >= 0, niches.company[np.maximum(groups, 0)], nodes)
    found.sort(axis=1)
    return np.where(found < nodes, found, -1)


@dataclass(frozen=True, eq=False)
class Tested:
    """A candidate: its companies, the lots looked at, those won inside, and the tests.

    `prices` says how odd the prices are on lots on which two of them bid, in standard deviations,
    by each score that was asked for; NaN where no price is known.
    """

    members: tuple[int, ...]
    lots: I64
    won: I64
    turns: Turns
    clumping: float
    prices: tuple[float, ...]


def gathered(snap: Snapshot, max_bidders: int, max_members: int, max_q: float) -> list[Gathered]:
    """What all candidates did on lots on which two of them bid, looked up once."""
    return snap.memo(
        f"cobidding gathered {max_bidders} {max_members} {max_q}",
        lambda: list(
            cobidding(snap, max_bidders).lots.gather(
                candidates(snap, max_bidders, max_members, max_q), _LEAST, 2
            )
        ),
    )


def weighed(
    market: Cobidding,
    groups: I64,
    parts: Iterable[Gathered],
    min_lots: int,
    *,
    least: int,
    scores: Sequence[F64] = (),
) -> Iterator[Tested]:
    """Candidates with enough lots in the niche where they met most.

    Args:
        market: Where they bid.
        groups: As `candidates` gives them.
        parts: What they did on lots on which two of them bid.
        min_lots: Lots a group needs.
        least: Members that bid on a lot that counts.
        scores: Scores of every lot's prices, high where odd; NaN where unknown.
    """
    sizes = (groups >= 0).sum(axis=1)
    for part in parts:
        here = part.took_part.sum(axis=1)
        prices = np.array([_priced(market, part, here, score) for score in scores])
        counted = np.flatnonzero(here >= least)
        firsts = np.searchsorted(counted, part.begins)
        inside = counted[part.winner[counted] >= 0]
        begins = np.searchsorted(inside, part.begins)
        enough = np.diff(begins) >= min_lots
        seen: dict[int, Turns] = {}
        for size in np.unique(sizes[part.group]).tolist():
            mine = np.flatnonzero((sizes[part.group] == size) & enough)
            rows = inside[slices(begins[mine], begins[mine + 1])]
            ends = np.append(0, np.cumsum(begins[mine + 1] - begins[mine]))
            found = turns_of_many(part.took_part[rows, :size], part.winner[rows], ends)
            seen.update(zip(mine.tolist(), found, strict=True))
        for i, turns in sorted(seen.items()):
            if turns.freedom >= 2:
                group = int(part.group[i])
                yield Tested(
                    members=tuple(groups[group, : sizes[group]].tolist()),
                    lots=part.lots[counted[firsts[i] : firsts[i + 1]]],
                    won=part.lots[inside[begins[i] : begins[i + 1]]],
                    turns=turns,
                    clumping=float(part.clumping[i]),
                    prices=tuple(prices[:, i].tolist()) if len(prices) else (),
                )


def _priced(market: Cobidding, part: Gathered, here: I64, score: F64) -> F64:
    """A score of prices on the lots of each group, those with few outsiders counting most."""
    groups = len(part.group)
    weight = ((here - 1) / np.maximum(market.bids.size[part.lots] - 1, 1)) ** 2
    own = score[part.lots]
    weight = np.where(np.isfinite(own), weight, 0.0)
    of = np.repeat(np.arange(groups), np.diff(part.begins))
    total = np.bincount(of, weight * np.nan_to_num(own), minlength=groups)
    spread = np.sqrt(np.bincount(of, weight**2, minlength=groups))
    out: F64 = np.full(groups, np.nan)
    return np.divide(total, spread, out=out, where=spread > 0)


class Inside:
    """How often pairs met and how often they were expected to."""

    def __init__(self, pairs: Pairs, checked: Validation, nodes: int) -> None:
        self.pairs, self.checked, self.nodes = pairs, checked, nodes
        self.key = pairs.a.astype(np.int64) * nodes + pairs.b  # ascending
        tail, head = np.concatenate([pairs.a, pairs.b]), np.concatenate([pairs.b, pairs.a])
        order = np.lexsort((head, tail))
        self.head, self.row = head[order], order % max(len(pairs.a), 1)
        self.begins = np.searchsorted(tail[order], np.arange(nodes + 1))

    def inside(self, members: Sequence[int]) -> tuple[F64, float]:
        """Weights of all pairs inside, and meetings over expected meetings."""
        ids = np.array(members, dtype=np.int64)
        first, second = np.triu_indices(len(ids), 1)
        wanted = ids[first] * self.nodes + ids[second]
        row = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        met = self.key[row] == wanted
        weights = np.where(met, self.pairs.weight[row], 0.0)
        row = row[met]
        row = row[np.isfinite(self.checked.expected[row])]
        expected = float(self.checked.expected[row].sum())
        return weights, float(self.pairs.joint[row].sum()) / expected if expected > 0 else 0.0

    def leaving(self, members: Sequence[int], inside: float) -> float:
        """Weight of pairs of which one is inside."""
        rows = [self.row[self.begins[c] : self.begins[c + 1]] for c in members]
        total = np.sort(self.pairs.weight[np.unique(np.concatenate(rows))]).sum()
        return max(0.0, float(total) - inside)


def strongest(members: Sequence[tuple[int, ...]], order_by: F64, kept: BOOL) -> list[int]:
    """Candidates that share fewer than half of their members with a better one.

    Args:
        members: Companies of each candidate.
        order_by: The smaller the better.
        kept: Candidates to choose from.
    """
    found: list[int] = []
    of: dict[int, list[int]] = defaultdict(list)  # company → places of kept candidates
    order = sorted(np.flatnonzero(kept).tolist(), key=lambda i: (order_by[i], members[i]))
    for i in order:
        shared = Counter(k for c in members[i] for k in of[c])
        if all(2 * count < len(members[i]) for count in shared.values()):
            found.append(i)
            for c in members[i]:
                of[c].append(i)
    return found


def evidence(
    snap: Snapshot, market: Cobidding, groups: Sequence[tuple[Sequence[int], I64]]
) -> list[list[Mapping[str, Any]]]:
    """Award and bid rows of the companies on the lots, group by group."""
    asked = [
        (place, lot, company)
        for place, (members, lots) in enumerate(groups)
        for lot in lots.tolist()
        for company in members
    ]
    return rows_of(snap, market, asked, len(groups))


@dataclass(frozen=True)
class Told:
    """What every flag on a group of companies says; `bodies` awarded, `buyers` called."""

    companies: list[str]
    bodies: list[str]
    buyers: list[str]
    amounts: dict[str, Decimal]
    awards: list[str]
    first: date
    last: date
    rows: Rows

    def facts(self, snap: Snapshot) -> dict[str, object]:
        """Names, dates and money as facts."""
        return {
            "companies": [snap.name("company", c) for c in self.companies],
            "bodies": [snap.name("body", b) for b in self.buyers],
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "amounts": [[c, str(a)] for c, a in sorted(self.amounts.items())],
        }

    def parts(self) -> dict[str, Any]:
        """Arguments of `Detector.flag`."""
        return {
            "amounts": self.amounts,
            "first_on": self.first,
            "last_on": self.last,
            "body_id": self.bodies[0] if len(self.bodies) == 1 else "",
            "evidence": [Evidence(r["table"], r["row_key"], r["id"]) for r in self.rows],
            "members": [
                *(Member("company", c, "member") for c in self.companies),
                *(Member("award", key, "award") for key in self.awards),
            ],
        }


def told(market: Cobidding, members: Sequence[int], lots: I64, rows: Rows) -> Told:
    """Who, when and how much; a joint award counts once."""
    days = market.day[lots]
    won = {r["id"]: r for r in rows if r["table"] == "awards"}
    buyers = market.lot_keys["buyer_id"].take(pa.array(np.asarray(lots, dtype=np.int64)))
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for r in won.values():
        amounts[r["currency"] or ""] += r["amount"]
    return Told(
        companies=[market.companies[c] for c in members],
        bodies=sorted({r["buyer_id"] for r in won.values()}),
        buyers=sorted({str(key) for key in buyers.to_pylist()}),
        amounts=dict(sorted(amounts.items())),
        awards=sorted(won),
        first=_EPOCH + timedelta(days=int(days.min())),
        last=_EPOCH + timedelta(days=int(days.max())),
        rows=rows,
    )


def won_clause(who: Told) -> dict[str, str]:
    """How many of the lots they won and for how much, by language."""
    if not who.awards:
        return {"en": "won none of them", "zh": "均未中标"}
    worth = money(sorted(who.amounts.items()))
    count = len(who.awards)
    return {
        "en": f"won {count:,} of them for {worth}",
        "zh": f"赢得其中{count:,}个，合计{worth}",
    }
