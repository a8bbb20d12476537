"""Groups of companies whose wins go round, given who bid."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._groups import (
    I64,
    Rows,
    Tested,
    candidates,
    evidence,
    gathered,
    strongest,
    told,
    weighed,
)
from graphgov.network.cobidding import COLUMNS, MAX_Q, Cobidding, cobidding
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.rotation import rotation_p_values, shuffled_turns

_SEED = 10
_HERE = 2  # members that bid on a lot that counts


@dataclass(frozen=True)
class BidRotation(Detector):
    """The wins of a group of bidders go round more regularly than who bid lets expect.

    Method: Candidates are the communities and grown groups of the graph `cobidding` (D04), of 3
        to **max_members** companies, with **min_lots** lots of one category and region on which
        two of them bid and one of them won. Who bid is taken as given, so neither a shared niche
        nor a market of their own explains anything. Turns: at each lot the winner is drawn
        among the members that bid by their strength; how long winners had waited is held against
        that (martingale). Evenness: wins closer to equal chances than those of other groups
        (chi-square, lower tail). Both are joined by Fisher's method. Flagged are groups with q at
        most **max_q** whose waits are also longer than in all but **max_shuffled_p** of 999
        shuffles that keep each lot's bidders and each member's number of wins.
    Example: Three road builders share eleven lots, and no one wins twice before the others did.
    Why: Firms that agree whose turn it is do not need to meet anybody else. A firm with a full
        order book bids high until it has room again, which looks the same.
    Score: Surprise of the joint p-value of turns and evenness.
    Skips: Lots on which one member bid or an outsider won; groups with fewer lots.
    Source: OCP Red flags (2024) R057; Kawai and others 2023 (caution about capacity).
    """

    code: ClassVar = "C10"
    title: ClassVar = {"en": "Bid rotation", "zh": "轮流中标"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "group"
    unit: ClassVar = "standard deviations of waiting rank"
    needs: ClassVar = ("bids.bid_id", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{companies:names} shared {won:n} lots of {bodies:names} between {first} and {last} "
            "for {amounts:money} ({wins:names} wins); {longest:.0f} times the one that had waited "
            "longest won, where {longest_expected:.0f} times were to be expected among those that "
            "bid.",
            "A firm with a full order book bids high until it has room again; see whether turns "
            "follow the size of the jobs under way.",
        ),
        "zh": (
            "{companies:names}在{first}至{last}之间分享{bodies:names}的{won:n}个标段，合计"
            "{amounts:money}（各家中标次数：{wins:names}）；其中{longest:.0f}次由等待最久者中标，而按实际"
            "投标人预期约{longest_expected:.0f}次。",
            "产能饱和的企业会报高价直至有余力；请核实轮次是否与在手工程量相符。",
        ),
    }

    max_bidders: int = bounded(20, low=2, high=100)
    max_members: int = bounded(12, low=3, high=30)
    min_lots: int = bounded(8, low=4, high=1000)
    max_shuffled_p: float = bounded(0.05, low=0.0, high=1.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All candidates with enough lots."""
        market = cobidding(snap, self.max_bidders)
        groups = candidates(snap, self.max_bidders, self.max_members, MAX_Q)
        parts = gathered(snap, self.max_bidders, self.max_members, MAX_Q)
        found = list(weighed(market, groups, parts, self.min_lots, least=_HERE))
        _, _, p_value = rotation_p_values([t.turns for t in found])
        q_value = benjamini_hochberg(p_value)
        hits, shuffled = [], []
        for i in strongest([t.members for t in found], p_value, q_value <= self.max_q):
            waits, _ = shuffled_turns(*_lots(market, found[i]), _SEED)
            if waits <= self.max_shuffled_p:
                hits.append(i)
                shuffled.append(waits)
        cells = evidence(snap, market, [(found[i].members, found[i].won) for i in hits])
        flags = [
            self._flag(snap, market, found[i], own, (float(p_value[i]), float(q_value[i]), waits))
            for i, own, waits in zip(hits, cells, shuffled, strict=True)
        ]
        few = len(found) < len(groups)
        return Findings(
            flags=flags,
            subjects=len(groups),
            computable=len(found),
            reason="not computable, because the rest won too few lots on which two of them bid"
            if few
            else "",
            p_values=p_value,
        )

    def _flag(
        self,
        snap: Snapshot,
        market: Cobidding,
        group: Tested,
        rows: Rows,
        chances: tuple[float, float, float],
    ) -> Flag:
        p_value, q_value, waits = chances
        who = told(market, group.members, group.won, rows)
        return self.flag(
            who.companies,
            score=surprise(p_value),
            value=round(group.turns.z, 6),
            p_value=p_value,
            q_value=q_value,
            facts={
                **who.facts(snap),
                "won": len(group.won),
                "wins": [str(int(w)) for w in group.turns.wins],
                "longest": round(group.turns.longest, 2),
                "longest_expected": round(group.turns.longest_expected, 2),
                "p_shuffled": round(waits, 4),
            },
            **who.parts(),
        )


def _lots(market: Cobidding, group: Tested) -> tuple[np.ndarray, I64]:
    """Who of a group bid on the lots it won, and the place of who won."""
    members = np.array(group.members, dtype=np.int64)
    lot = group.won
    bids = market.bids
    low = np.searchsorted(bids.lot, lot)
    took_part = np.zeros((len(lot), len(members)), dtype=bool)
    for i, (begin, size) in enumerate(zip(low.tolist(), bids.size[lot].tolist(), strict=True)):
        took_part[i] = np.isin(members, bids.company[begin : begin + size])
    return took_part, np.searchsorted(members, market.winner[lot])
