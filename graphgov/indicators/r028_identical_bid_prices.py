"""Different bidders, one price."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import COLUMNS, Contest, contests, flag_on, on_contests, price
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.equal_prices import EqualOptions, equal
from graphgov.stats.bids.from_snapshot import BY_PRICE, records
from graphgov.stats.bids.granularity import match_chance
from graphgov.stats.exact import draws_for
from graphgov.stats.fdr import benjamini_hochberg

_SEED = 28


@dataclass(frozen=True)
class IdenticalBidPrices(Detector):
    """Different bidders asked exactly the same price for one lot.

    Method: Submitted bids of one lot with the same amount and currency, made by different sets
        of bidders. Null of p: bids scatter around the level of their lot, and are rounded, as
        in lots of the same category division, method, band of price, region and year; p is the
        chance that some two of the lot's bids would be equal.
    Example: Two printers ask 48,316.50 for the same leaflets.
    Why: Who writes two offers may forget to change the price. Tariffs, price ceilings and
        rounding to whole thousands make strangers meet.
    Score: Surprise of the match, up to **max_p**.
    Skips: Lots that quality alone decides; bids without price; fewer than two bids.
    Source: OCP Red flags (2024) R028; Cardinal R028. The chance of a match is in closed form
        where the catalogue simulates.
    """

    code: ClassVar = "R028"
    title: ClassVar = {"en": "Identical bid prices", "zh": "报价完全相同"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "bidders at one price"
    needs: ClassVar = ("bids.amount",)
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{firms:names} each asked {price:money} for {title} of {body}; {companies:names} won "
            "on {on} for {amounts:money}. Two equal prices come about by chance in "
            "{chance:pct} of comparable lots.",
            "A tariff, a price ceiling, a framework's unit prices, one offer filed twice or "
            "rounding to whole thousands make prices meet.",
        ),
        "zh": (
            "在{body}的“{title}”中，{firms:names}报价均为{price:money}；{on}由{companies:names}中标，"
            "金额{amounts:money}。可比标段中偶然出现相同报价的概率约为{chance:pct}。",
            "政府定价、最高限价、框架协议单价、同一报价重复提交或取整，都可能使报价相同。",
        ),
    }

    max_p: float = bounded(1.0, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All lots with equal prices."""
        seen = records(snap)
        frames = seen.frames
        found = equal(frames, EqualOptions(BY_PRICE))
        rows, hit = found.processes.codes, found.processes.flagged
        fit = frames.submitted & frames.priced
        level = np.bincount(
            frames.bids.process[fit], weights=frames.bids.amount[fit], minlength=len(found.why)
        )
        number = np.maximum(frames.per_process(fit), 1)
        p = match_chance(frames, rows, seen.strata(rows, (level / number)[rows]))
        u = draws_for(p, hit.astype(np.float64), seed=_SEED)
        drawn = np.where(hit, u * p, p + u * (1 - p))
        # Every lot is a test; one without a match has a p of one.
        q = benjamini_hochberg(np.where(hit, p, 1.0))
        same: dict[int, set[str]] = defaultdict(set)
        for bid, process in zip(found.bids, frames.bids.process[found.bids], strict=True):
            same[int(process)].add(seen.bid_ids[int(bid)].as_py())
        shown = np.flatnonzero(hit & (p <= self.max_p))
        flags = [
            self._flag(snap, contest, same[contest.place], float(p[i]), float(q[i]))
            for contest, i in zip(contests(snap, seen, rows[shown]), shown, strict=True)
        ]
        return on_contests(found, flags, p_values=drawn)

    def _flag(
        self, snap: Snapshot, contest: Contest, same: set[str], p_value: float, q_value: float
    ) -> Flag:
        rows = [row for row in contest.bids if row["id"] in same]
        groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for row in rows:
            groups[row["currency"] or "", row["amount"]].append(row)
        most = min(groups.values(), key=lambda g: (-len(g), g[0]["id"]))
        firms = sorted({row["company_id"] for row in rows})
        shown = sorted({row["company_id"] for row in most})
        winners = contest.winners
        return flag_on(
            self,
            snap,
            contest,
            score=surprise(p_value),
            value=float(len(shown)),
            threshold=2.0,
            p_value=p_value,
            q_value=q_value,
            bids=rows,
            roles={c: "same price" for c in firms if c not in winners},
            facts={
                "firms": [snap.name("company", c) for c in shown],
                "price": price(most[0]),
                "prices": len(groups),
                "chance": float(f"{p_value:.6g}"),
            },
        )
