"""Pairs of companies that bid together, and the same one always wins."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._groups import F64, I64, Rows, evidence, told, won_clause
from graphgov.network.cobidding import COLUMNS, Cobidding, cobidding, met
from graphgov.network.projection import Meetings
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.dispersed import intra_class
from graphgov.stats.exact import Tail, beta_binomial_tail, binomial_tail
from graphgov.stats.fdr import benjamini_hochberg

_SEED = 53
_PRIOR = 3.0  # wins, seen and expected, of an average firm
_ROUNDS = 20
_PLAIN = 1e-6  # intra-class correlation below which a count is binomial


@dataclass(frozen=True)
class RecurrentWinner(Detector):
    """Of two companies that keep meeting, the same one wins every time.

    Method: Per pair with **min_meetings** common lots, count the lots that one of the two won,
        **min_wins** or more. Under the null the first wins each of them with the chance that its
        strength gives it against the other, both strengths taken from lots where the other did
        not bid (Plackett-Luce, shrunken). How far pairs stray from that for honest reasons is
        fitted on all pairs (beta-binomial); p is two-sided. Flagged are pairs of which one won
        nothing, with q at most **max_q**.
    Example: Two printers met on eleven lots; one of them won nine, the other none, although
        elsewhere it wins as often as the first.
    Why: The one that always loses may be there to lend the tender a second bid. A cost leader
        or the incumbent that knows the job wins against the same rival as well.
    Score: Surprise of the p-value, decades / (decades + 2).
    Skips: Lots that several firms won; pairs with fewer decided lots.
    Source: OCP Red flags (2024) R053; the strengths outside the pair: Hunter 2004.
    """

    code: ClassVar = "R053"
    title: ClassVar = {"en": "Same winner whenever two meet", "zh": "同场竞标总由同一家中标"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "lots won by the one"
    needs: ClassVar = ("bids.bid_id", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{loser} met {winner} on {meetings:n} lots of {bodies:names} between {first} and "
            "{last} and never won one that {winner} did not; {winner} won {lots:n} of them for "
            "{amounts:money}, where its record against others lets expect {expected:times}.",
            "{winner} may have lower costs in just this trade, or know the job as the incumbent; "
            "{loser} may bid to stay on a list.",
        ),
        "zh": (
            "{loser}在{first}至{last}之间与{winner}在{bodies:names}的{meetings:n}个标段同场竞标，"
            "从未取胜；{winner}赢得其中{lots:n}个，合计{amounts:money}，而按其对其他企业的战绩预期约"
            "{expected:times}个。",
            "{winner}可能恰在该行业成本较低，或作为原供应商熟悉项目；{loser}可能为保留资格而投标。",
        ),
    }

    max_bidders: int = bounded(20, low=2, high=100)
    min_meetings: int = bounded(4, low=2, high=1000)
    min_wins: int = bounded(4, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs, those with enough decided lots tested."""
        market = cobidding(snap, self.max_bidders)
        seen = met(snap, self.max_bidders)
        duels = _duels(market, seen)
        decided = duels.first + duels.second
        enough = (decided >= self.min_wins) & (seen.pairs.joint >= self.min_meetings)
        rows = np.flatnonzero(enough)
        n, k, chance = decided[rows], duels.first[rows], duels.chance[rows]
        tail = _tails(k, n, chance)
        below = np.clip(1.0 - tail.above, 0.0, 1.0)
        p = np.minimum(1.0, 2.0 * np.minimum(tail.p, below))
        q = benjamini_hochberg(p)
        drawn = tail.randomised(_SEED)
        one_sided = (k == 0) | (k == n)
        hits = np.flatnonzero(one_sided & (q <= self.max_q))
        found, lots = [], []
        for i in hits:
            part = seen.of(int(rows[i]))
            both = (int(seen.pairs.a[rows[i]]), int(seen.pairs.b[rows[i]]))
            shared = market.bids.lot[seen.first[part]].astype(np.int64)
            lots.append(shared[np.isin(market.winner[shared], both)])
            found.append(both if k[i] else both[::-1])  # the winner first
        cells = evidence(snap, market, list(zip(found, lots, strict=True)))
        flags = [
            self._flag(
                snap, market, found[j], lots[j], cells[j], int(seen.pairs.joint[rows[i]]),
                (float(chance[i] if k[i] else 1 - chance[i]), float(p[i]), float(q[i])),
            )
            for j, i in enumerate(hits)
        ]  # fmt: skip
        rest = len(decided) - len(rows)
        why = f"not computable, because {rest} pairs met on too few lots that one of them won"
        return Findings(
            flags=flags,
            subjects=len(decided),
            computable=len(rows),
            reason=why if rest else "",
            p_values=2.0 * np.minimum(drawn, 1.0 - drawn),
        )

    def _flag(
        self,
        snap: Snapshot,
        market: Cobidding,
        ends: tuple[int, int],
        lots: I64,
        rows: Rows,
        meetings: int,
        chances: tuple[float, float, float],
    ) -> Flag:
        chance, p_value, q_value = chances
        who = told(market, ends, lots, rows)
        winner, loser = who.companies
        return self.flag(
            who.companies,
            score=surprise(p_value),
            value=float(len(lots)),
            threshold=float(self.min_wins),
            p_value=p_value,
            q_value=q_value,
            facts={
                **who.facts(snap),
                "winner": snap.name("company", winner),
                "loser": snap.name("company", loser),
                "meetings": meetings,
                "lots": len(lots),
                "expected": round(chance * len(lots), 3),
                "wins": won_clause(who),
            },
            **who.parts(),
        )


@dataclass(frozen=True, eq=False)
class _Duels:
    """Per pair: lots the first and the second won, and the first's chance of each."""

    first: I64
    second: I64
    chance: F64


def _duels(market: Cobidding, seen: Meetings) -> _Duels:
    bids, pairs = market.bids, seen.pairs
    won = market.won.astype(np.float64)
    wins = np.bincount(bids.company, won, minlength=bids.companies)
    strength = np.ones(bids.companies)
    single = (market.winner >= 0)[bids.lot]
    share = np.zeros(len(bids.lot))
    for _ in range(_ROUNDS):
        field = np.bincount(bids.lot, strength[bids.company], minlength=bids.lots)
        share = np.where(single, strength[bids.company] / np.maximum(field[bids.lot], 1e-12), 0.0)
        hoped = np.bincount(bids.company, share, minlength=bids.companies)
        strength = (wins + _PRIOR) / (hoped + _PRIOR)
    hoped = np.bincount(bids.company, share, minlength=bids.companies)
    count = len(pairs.a)
    ends: list[tuple[F64, F64]] = []
    for firm, bid in ((pairs.a, seen.first), (pairs.b, seen.second)):
        here = np.bincount(seen.pair, won[bid], minlength=count).astype(np.float64)
        hoped_here = np.bincount(seen.pair, share[bid], minlength=count)
        rest = np.maximum(hoped[firm] - hoped_here, 0.0)
        ends.append((here, (wins[firm] - here + _PRIOR) / (rest + _PRIOR)))
    (first, strong), (second, other) = ends
    chance = strong / (strong + other)
    return _Duels(first.astype(np.int64), second.astype(np.int64), chance)


def _tails(k: I64, n: I64, mean: F64) -> Tail:
    """Tails of wins that vary between pairs more than chance, as much as all pairs do."""
    rho = intra_class(k, n, mean) if len(k) > 1 else np.zeros(len(k))
    size = (1.0 - rho) / np.maximum(rho, _PLAIN)
    plain = binomial_tail(k, n, mean)
    wide = rho >= _PLAIN
    above, at = plain.above.copy(), plain.at.copy()
    if wide.any():
        some = beta_binomial_tail(k[wide], n[wide], (mean * size)[wide], ((1 - mean) * size)[wide])
        above[wide], at[wide] = some.above, some.at
    return Tail(above, at)
