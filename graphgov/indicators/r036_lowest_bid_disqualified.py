"""Lots whose lowest bid was disqualified."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import (
    COLUMNS,
    F64,
    Contest,
    contests,
    flag_on,
    on_contests,
    price,
)
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.disqualified import LowestOptions, lowest
from graphgov.stats.bids.frames import DISQUALIFIED
from graphgov.stats.bids.from_snapshot import BY_PRICE, Records, records
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.sums import poisson_binomial_tails

_SEED = 36


@dataclass(frozen=True)
class LowestBidDisqualified(Detector):
    """The lowest bid was disqualified while a dearer one stayed valid.

    Method: Among the submitted bids of a lot with an active award, the lowest price is
        disqualified and some valid bid has a price. Null of p: which of a lot's bidders are
        disqualified has nothing to do with their prices, so that the lowest is out with the
        share of disqualified bids; a Poisson-binomial tail over the body's lots with any.
    Example: In eleven of twelve lots in which a hospital put one of four bidders out, it was
        the cheapest.
    Why: The cheapest rival must go before a dearer favourite can win. Incomplete and abnormally
        low offers are often the cheapest too.
    Score: (0.1 + 0.8 x surprise of the body's number of such lots) x share of the price that
        was given up, from a half at none to all at a quarter or more.
    Skips: Lots that quality alone decides; lots without an active award or a valid price; bids
        in several currencies.
    Source: OCP Red flags (2024) R036; Cardinal R036.
    """

    code: ClassVar = "R036"
    title: ClassVar = {"en": "Lowest bid disqualified", "zh": "最低报价被否决"}
    class_: ClassVar = "statistical"
    null: ClassVar = "prices"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "share above the lowest bid"
    needs: ClassVar = ("bids.status", "bids.amount", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{body} disqualified the lowest bid for {title}, {low:money} by {out:names}; "
            "{companies:names} won on {on} for {amounts:money}. Of the body's {unit_all:n} lots "
            "with disqualified bids the lowest was out in {unit_hits:n}, where "
            "{unit_expected:times} were to be expected.",
            "The lowest bid is often the incomplete or the abnormally low one; read the stated "
            "grounds.",
        ),
        "zh": (
            "{body}否决了“{title}”的最低报价（{out:names}，{low:money}），{on}由{companies:names}"
            "中标，金额{amounts:money}。该采购人{unit_all:n}个有废标的标段中，最低报价被否决的有"
            "{unit_hits:n}个，预期约{unit_expected:times}个。",
            "最低报价往往正是不完整或异常低价的投标；请核对否决理由。",
        ),
    }

    def find(self, snap: Snapshot) -> Findings:
        """All such lots."""
        seen = records(snap)
        frames = seen.frames
        found = lowest(frames, LowestOptions(BY_PRICE))
        marks = found.processes
        sent = frames.per_process(frames.submitted & frames.priced)[marks.codes]
        lost = frames.per_process((frames.bids.status == DISQUALIFIED) & frames.priced)
        lost = lost[marks.codes]
        any_ = np.flatnonzero(lost > 0)
        buyer = frames.processes.buyer[marks.codes].astype(np.int64)
        order = any_[np.argsort(buyer[any_], kind="stable")]
        codes, starts = np.unique(buyer[order], return_index=True)
        chance = lost[order] / np.maximum(sent[order], 1)
        bounds = np.append(starts, len(order))
        hits = np.diff(np.append(0, np.cumsum(marks.flagged[order]))[bounds])
        tail = poisson_binomial_tails(chance, bounds, hits)
        expected = np.diff(np.append(0.0, np.cumsum(chance))[bounds])
        told = np.stack([np.diff(bounds), hits, expected, tail.p, benjamini_hochberg(tail.p)])
        rows = marks.codes[marks.flagged]
        bids = found.facts["lowest_bid"][marks.flagged].astype(np.int64)
        flags = [
            self._flag(snap, seen, contest, int(bid), told[:, np.searchsorted(codes, code)])
            for contest, bid, code in zip(
                contests(snap, seen, rows), bids, buyer[marks.flagged], strict=True
            )
        ]
        return on_contests(found, flags, p_values=tail.randomised(_SEED))

    def _flag(self, snap: Snapshot, seen: Records, contest: Contest, bid: int, told: F64) -> Flag:
        lots, hits, expected, p_value, q_value = map(float, told)
        low = contest.bid(seen.bid_ids[bid].as_py())
        out = sorted({row["company_id"] for row in low})
        winners = set(contest.winners)
        dearer = [row for row in contest.bids if row["company_id"] in winners]
        paid = float(min(_prices(contest), default=np.nan))
        above = paid / float(seen.frames.bids.amount[bid]) - 1
        share = 0.5 + 0.5 * min(max(above, 0.0) / 0.25, 1.0)
        return flag_on(
            self,
            snap,
            contest,
            score=(0.1 + 0.8 * surprise(p_value)) * share,
            value=above,
            threshold=0.0,
            p_value=p_value,
            q_value=q_value,
            bids=[*low, *dearer],
            roles={c: "disqualified" for c in out if c not in winners},
            facts={
                "out": [snap.name("company", c) for c in out],
                "low": price(low[0]),
                "above": round(above, 6),
                "unit_all": int(lots),
                "unit_hits": int(hits),
                "unit_expected": round(expected, 3),
                "unit_p_value": float(f"{p_value:.6g}"),
            },
        )


def _prices(contest: Contest) -> list[float]:
    """Prices of the valid bids, those of winners alone where there are any."""
    valid = [r for r in contest.bids if r["status"] in ("valid", None) and r["amount"]]
    won = [r for r in valid if r["company_id"] in set(contest.winners)]
    return [float(r["amount"]) for r in won or valid if float(r["amount"]) > 0]
