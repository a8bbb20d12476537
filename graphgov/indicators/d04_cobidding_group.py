"""Groups of companies that bid together and win in turns."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, digest, surprise
from graphgov.network.communities import Communities, communities
from graphgov.network.gatherings import Lots
from graphgov.network.groups import coherence, distinct_rows, exclusivity, grown
from graphgov.network.projection import Bidding, Pairs, Validation, bidding, project, validate
from graphgov.network.telling import group_ground
from graphgov.schema import Community, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.rotation import (
    Turns,
    clumping_p_values,
    joined,
    rotation_p_values,
    turns_of_many,
)
from graphgov.stats.spans import slices

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_EPOCH = date(1970, 1, 1)
_SEED = 11
_GROWTHS = (1.5, 1.0, 0.6)  # exponents of size: from tight groups to wide ones


@dataclass(frozen=True)
class CobiddingGroup(Detector):
    """Companies that meet far more often than chance and win in turns.

    Method: Project lots with 2 to **max_bidders** bidders on companies. Pairs that met more often
        than a hypergeometric null inside the category allows (q at most **max_q**) make the
        graph `cobidding`, whose Leiden communities of three or more are reported. Candidates
        are these and the groups a greedy search for cohesion and exclusivity grows from each
        company, of 3 to **max_members**, with at least **min_lots** lots, in the category and
        region where they met most, on which three of them bid and one of them won. Three tests
        are joined by Fisher's method. Given who bid: is the winner the one that had waited
        longest, and are wins more even than the strengths of other groups' members let expect?
        Given the market: do members come together, or each for itself, more than in other
        groups? Of overlapping candidates the strongest is kept.
    Example: Four computer dealers bid on forty lots together; each fourth one goes to each.
    Why: Firms that agree on who wins go in turns and cover for each other. Firms that share a
        niche and a region also meet always and only each other, and a full order book makes
        an honest firm bid high after it has won.
    Score: Surprise of the joint p-value of turns, evenness and clumping.
    Skips: Lots with one bidder or more than **max_bidders**; groups whose p is above **max_p**,
        that of wins alone above **max_turns_p**, or that meet no more than their category does.
    Source: Wachs and Kertesz 2019; Tumminello and others 2011; OCP R057 (turn-taking); the
        test given who bid is this engine's own.
    """

    code: ClassVar = "D04"
    title: ClassVar = {"en": "Co-bidding group that takes turns", "zh": "轮流中标的投标群体"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "group"
    unit: ClassVar = "standard deviations of waiting rank"
    needs: ClassVar = ("bids.bid_id", "awards.tender_id")
    wants: ClassVar = (
        "bids.status",
        "bids.lot_id",
        "bids.amount",
        "bids.currency",
        "awards.lot_id",
        "awards.status",
        "awards.currency",
        "tenders.category",
        "tenders.region",
        "tenders.method",
        "bodies.name",
        "bodies.region",
        "companies.name",
        "rates.*",
    )
    sentences: ClassVar = {
        "en": (
            "{companies:names} bid against each other on {lots:n} lots between {first} and "
            "{last}, {lift:times} times as often as their categories explain, and won {won:n} of "
            "them for {amounts:money} ({wins:names} wins); {ground[en]:text}.",
            "Few firms in one trade and region meet all the time, and a firm with a full order "
            "book bids high until it has room again, which also looks like taking turns.",
        ),
        "zh": (
            "{companies:names}在{first}至{last}之间共同参与{lots:n}个标段的投标，"
            "为其所属品类可解释次数的{lift:times}倍，赢得其中{won:n}个，"
            "合计{amounts:money}（各家中标次数：{wins:names}）；{ground[zh]:text}。",
            "同一行业和地区的少数企业自然经常相遇；企业产能饱和时报价偏高、有余力后再次中标，"
            "看上去也像轮流中标。",
        ),
    }

    max_bidders: int = bounded(20, low=2, high=100)
    max_members: int = bounded(12, low=3, high=30)
    min_lots: int = bounded(6, low=4, high=1000)
    max_p: float = bounded(0.02, low=0.0, high=1.0)
    max_turns_p: float = bounded(0.25, low=0.0, high=1.0)
    max_q: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All communities, and the groups among them and elsewhere that take turns."""
        market = _Market.of(snap, self.max_bidders)
        pairs = project(market.bids)
        checked = validate(market.bids, pairs, stratum=market.stratum, day=market.day)
        held = checked.discovered(self.max_q)
        graph = pairs.take(held)
        nodes = market.bids.companies
        found = communities(graph.a, graph.b, graph.weight, nodes, seed=_SEED, runs=10)
        groups = self._candidates(pairs, found, nodes)
        tested = list(self._tested(market, groups))
        p_turns, p_even, p_wins = rotation_p_values([t.turns for t in tested])
        p_clump = clumping_p_values(np.array([t.clumping for t in tested]))
        p_value = joined(p_turns, p_even, p_clump)
        q_value = benjamini_hochberg(p_value)
        meetings = _Meetings(pairs, checked, nodes)
        # Coming together without winning in turns is what a small town looks like.
        ranked = np.where(p_wins <= self.max_turns_p, p_value, 1.0)
        hits = []
        for i in _strongest(tested, ranked, self.max_p):
            weights, lift = meetings.inside(tested[i].members)
            if lift > 1.0:
                chances = (p_turns[i], p_even[i], p_clump[i], p_value[i], q_value[i])
                shape = (weights, lift, meetings.leaving(tested[i].members, float(weights.sum())))
                hits.append((tested[i], chances, shape))
        rows = _evidence(snap, market, [group for group, _, _ in hits])
        flags = [
            self._flag(snap, market, *hit, rows=own) for hit, own in zip(hits, rows, strict=True)
        ]
        return Findings(
            flags=flags,
            subjects=len(groups),
            computable=len(tested),
            reason="not computable, because the rest won too few lots on which two of them bid"
            if len(tested) < len(groups)
            else "",
            p_values=p_value,
            communities=_named(market, found.label, found.stability, found.sizes),
        )

    def _candidates(self, pairs: Pairs, found: Communities, nodes: int) -> I64:
        """Communities and grown groups, one row each: companies in order, then -1."""
        often = pairs.take(pairs.joint >= 2)
        groups = grown(
            often.a, often.b, often.weight, nodes, growths=_GROWTHS, max_size=self.max_members
        )
        usable = (found.sizes >= 3) & (found.sizes <= self.max_members)
        more = np.full((int(usable.sum()), self.max_members), -1, dtype=np.int64)
        order = np.argsort(found.label, kind="stable")
        order = order[usable[found.label[order]]]
        row = np.repeat(np.arange(len(more)), found.sizes[usable])
        begins = np.cumsum(found.sizes[usable]) - found.sizes[usable]
        more[row, np.arange(len(order)) - begins[row]] = order
        return distinct_rows(np.concatenate([groups, more]))

    def _tested(self, market: "_Market", groups: I64) -> "Iterator[_Group]":
        sizes = (groups >= 0).sum(axis=1)
        for part in market.lots.gather(groups, self.min_lots):
            inside = np.flatnonzero(part.winner >= 0)
            begins = np.searchsorted(inside, part.begins)
            seen: dict[int, Turns] = {}
            for size in np.unique(sizes[part.group]).tolist():
                mine = np.flatnonzero(sizes[part.group] == size)
                rows = inside[slices(begins[mine], begins[mine + 1])]
                ends = np.cumsum(begins[mine + 1] - begins[mine])
                found = turns_of_many(
                    part.took_part[rows, :size], part.winner[rows], np.append(0, ends)
                )
                seen.update(zip(mine.tolist(), found, strict=True))
            for i, group in enumerate(part.group.tolist()):
                if seen[i].freedom >= 2:
                    members = tuple(groups[group, : sizes[group]].tolist())
                    rows = inside[begins[i] : begins[i + 1]]
                    lots = part.lots[part.begins[i] : part.begins[i + 1]]
                    yield _Group(members, lots, part.lots[rows], seen[i], float(part.clumping[i]))

    def _flag(
        self,
        snap: Snapshot,
        market: "_Market",
        group: "_Group",
        chances: tuple[float, ...],
        shape: tuple[F64, float, float],
        *,
        rows: Sequence[Mapping[str, Any]],
    ) -> Flag:
        p_turns, p_even, p_clump, p_value, q_value = map(float, chances)
        weights, lift, leaving = shape
        companies = [market.company_ids[c] for c in group.members]
        days = [_EPOCH + timedelta(days=int(market.day[i])) for i in group.lots]
        bodies = sorted({r["buyer_id"] for r in rows if r["buyer_id"]})
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        won = {r["id"]: r for r in rows if r["table"] == "awards"}  # a joint award counts once
        for r in won.values():
            amounts[r["currency"] or ""] += r["amount"]
        return self.flag(
            companies,
            score=surprise(p_value),
            value=round(group.turns.z, 6),
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=min(days),
            last_on=max(days),
            body_id=bodies[0] if len(bodies) == 1 else "",
            facts={
                "companies": [snap.name("company", c) for c in companies],
                "lots": len(group.lots),
                "won": len(group.won),
                "wins": [str(int(w)) for w in group.turns.wins],
                "ground": group_ground(
                    p_clump, p_even, p_turns, group.turns.longest, group.turns.longest_expected
                ),
                "longest": round(group.turns.longest, 2),
                "longest_expected": round(group.turns.longest_expected, 2),
                "lift": round(lift, 3),
                "coherence": round(coherence(weights), 4),
                "exclusivity": round(exclusivity(float(np.sort(weights).sum()), leaving), 4),
                "bodies": [snap.name("body", b) for b in bodies],
                "first": min(days).isoformat(),
                "last": max(days).isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
                "p_turns": float(f"{p_turns:.6g}"),
                "p_even": float(f"{p_even:.6g}"),
                "p_clumping": float(f"{p_clump:.6g}"),
            },
            evidence=[Evidence(r["table"], r["row_key"], r["id"]) for r in rows],
            members=[
                *(Member("company", c, "member") for c in companies),
                *(Member("award", key, "award") for key in won),
            ],
        )


class _Group(NamedTuple):
    """A candidate: its companies, lots on which three bid, those won inside, and the tests."""

    members: tuple[int, ...]
    lots: I64
    won: I64
    turns: Turns
    clumping: float


@dataclass(frozen=True, eq=False)
class _Market:
    """Lots in time order and who bid on them."""

    bids: Bidding
    day: I32
    stratum: I32
    lots: Lots
    company_ids: list[str]
    lot_keys: pa.Table

    @staticmethod
    def of(snap: Snapshot, max_bidders: int) -> "_Market":
        rows = snap.sql(_BIDS)
        company_ids = snap.sql("SELECT company_id FROM companies ORDER BY company_id")
        lots = snap.sql(_LOTS)
        lot, company = (rows[c].to_numpy().astype(np.int64) for c in ("lot", "company"))
        bids = bidding(
            lot,
            company,
            lots=lots.num_rows,
            companies=company_ids.num_rows,
            max_size=max_bidders,
        )
        won = rows["won"].to_numpy(zero_copy_only=False).astype(bool)
        winner = np.full(lots.num_rows, -1, dtype=np.int64)
        winner[lot[won]] = company[won]
        winner[np.bincount(lot[won], minlength=lots.num_rows) > 1] = -1
        # Category and region: the market that a ring would share out.
        cell = lots["cell"].to_numpy().astype(np.int32)
        return _Market(
            bids=bids,
            day=lots["day"].to_numpy().astype(np.int32),
            stratum=lots["stratum"].to_numpy().astype(np.int32),
            lots=Lots(bids, cell, winner),
            company_ids=company_ids["company_id"].to_pylist(),
            lot_keys=lots.select(["tender_id", "lot_id"]),
        )


class _Meetings:
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


def _strongest(tested: Sequence[_Group], p_value: F64, max_p: float) -> list[int]:
    """Candidates up to a p-value, each sharing fewer than half its members with a better one."""
    kept: list[int] = []
    of: dict[int, list[int]] = defaultdict(list)  # company → places of kept candidates
    order = sorted(
        np.flatnonzero(p_value <= max_p).tolist(), key=lambda i: (p_value[i], tested[i].members)
    )
    for i in order:
        shared = Counter(k for c in tested[i].members for k in of[c])
        if all(2 * count < len(tested[i].members) for count in shared.values()):
            kept.append(i)
            for c in tested[i].members:
                of[c].append(i)
    return kept


def _named(market: _Market, label: I32, stability: F64, sizes: I64) -> list[Community]:
    groups: dict[int, list[int]] = defaultdict(list)
    for node in np.flatnonzero(sizes[label] >= 3).tolist():
        groups[int(label[node])].append(node)
    named = [
        (digest("cobidding", *sorted(market.company_ids[n] for n in g)), g) for g in groups.values()
    ]
    return sorted(
        Community("cobidding", key, "company", market.company_ids[n], round(float(stability[n]), 6))
        for key, nodes in named
        for n in nodes
    )


def _evidence(
    snap: Snapshot, market: _Market, groups: Sequence[_Group]
) -> list[list[Mapping[str, Any]]]:
    """Award and bid rows of the companies on the lots, group by group."""
    if not groups:
        return []
    asked = [(g, lot, c) for g, group in enumerate(groups) for lot in group.lots.tolist()
             for c in group.members]  # fmt: skip
    keys = market.lot_keys.take(pa.array([lot for _, lot, _ in asked], pa.int64()))
    keys = keys.append_column("company_id", [pa.array([market.company_ids[c] for *_, c in asked])])
    keys = keys.append_column("place", [pa.array([g for g, _, _ in asked], pa.int32())])
    found: list[list[Mapping[str, Any]]] = [[] for _ in groups]
    for row in snap.sql(_EVIDENCE, asked=keys).to_pylist():
        found[row.pop("place")].append(row)
    return found


_LOT = "dense_rank() OVER (ORDER BY awarded_on, tender_id, lot) - 1"
_KEPT = "has_bid OR won"
_CATEGORY = """CASE WHEN regexp_matches(category, '^[0-9]{4}') THEN left(category, 4)
    ELSE coalesce(category, '') END"""
_LOTS = f"""SELECT DISTINCT {_LOT} AS lot, tender_id, lot AS lot_id,
    dense_rank() OVER (ORDER BY {_CATEGORY}, coalesce(region, '')) - 1 AS cell,
    date_diff('day', DATE '1970-01-01', awarded_on) AS day,
    dense_rank() OVER (ORDER BY coalesce(division, '')) - 1 AS stratum
    FROM contests WHERE {_KEPT} ORDER BY 1"""
_BIDS = f"""WITH c AS (
        SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies)
    SELECT {_LOT} AS lot, company, won FROM contests JOIN c USING (company_id)
    WHERE {_KEPT} ORDER BY lot, company"""
_EVIDENCE = """WITH rows AS (
        SELECT a.place, k.tender_id, k.lot, k.company_id, k.won, k.bid_row_key
        FROM contests k JOIN asked a ON k.tender_id = a.tender_id AND k.lot = a.lot_id
            AND k.company_id = a.company_id
    )
    SELECT place, 'awards' AS "table", w.row_key, w.award_id AS id, w.buyer_id, w.amount,
        w.currency
    FROM wins w JOIN rows r ON r.won AND w.tender_id = r.tender_id
        AND w.company_id = r.company_id AND (r.lot = '' OR w.lot_id = r.lot)
    UNION ALL
    SELECT place, 'bids', b.row_key, b.bid_id, NULL, NULL, NULL
    FROM bids b JOIN rows r ON b.row_key = r.bid_row_key
    ORDER BY ALL"""
