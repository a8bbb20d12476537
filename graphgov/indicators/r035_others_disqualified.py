"""Lots for which everybody but the winner was disqualified."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import COLUMNS, Contest, contests, flag_on, on_contests
from graphgov.indicators._rates import Rates, rates
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.disqualified import OthersOptions, all_others
from graphgov.stats.bids.from_snapshot import Records, records

_SEVERAL = 6  # bids from which lots are alike


@dataclass(frozen=True)
class OthersDisqualified(Detector):
    """Every bidder but the winner was disqualified.

    Method: Per lot whose awards are final, one bidder alone has valid bids and all active
        awards, and **threshold** or more other bidders were disqualified. Null of p: the body
        has such lots as often as other bodies with as many bids in the same category division
        (beta-binomial over all its lots with final awards).
    Example: Four firms bid for a school kitchen; three are put out for missing stamps, and the
        dearest remains.
    Why: Putting the others out makes competition look as if it had taken place. Weak or careless
        bidders, and a body that is equally strict with all, give the same picture.
    Score: (0.1 + 0.8 x surprise of the body's number of such lots) x n / (n + 1), n being the
        disqualified.
    Skips: Lots with an award still open or without bids.
    Source: OCP Red flags (2024) R035; Cardinal R035; Prozorro sas-3-2.
    """

    code: ClassVar = "R035"
    title: ClassVar = {
        "en": "All except the winning bid disqualified",
        "zh": "除中标人外均被否决",
    }
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "disqualified bidders"
    needs: ClassVar = ("bids.status", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{body} disqualified {count:n} of the bidders for {title} ({out:names}); "
            "{companies:names} alone remained and won on {on} for {amounts:money}. This happened "
            "in {unit_hits:n} of the body's {unit_all:n} lots, where {unit_expected:times} were "
            "to be expected.",
            "The others may have bid carelessly, and a body may be equally strict with everybody; "
            "read the stated grounds.",
        ),
        "zh": (
            "{body}在“{title}”中否决了{count:n}家投标人（{out:names}），仅剩{companies:names}，"
            "于{on}中标，金额{amounts:money}。该采购人{unit_all:n}个标段中有{unit_hits:n}个如此，"
            "预期约{unit_expected:times}个。",
            "其他投标人可能准备不周，采购人也可能对所有人同样严格；请核对否决理由。",
        ),
    }

    threshold: int = bounded(1, low=1, high=100)

    def find(self, snap: Snapshot) -> Findings:
        """All lots with one bidder left."""
        seen = records(snap)
        found = all_others(seen.frames, OthersOptions(self.threshold))
        marks = found.processes
        bids = seen.frames.bids
        entered = seen.frames.per_process(np.ones(len(bids.process), np.bool_))[marks.codes]
        bodies = rates(
            seen.frames.processes.buyer[marks.codes],
            seen.division[marks.codes],
            marks.flagged,
            np.minimum(entered, _SEVERAL),
        )
        rows, counts = marks.leads()
        flags = [
            self._flag(snap, seen, contest, int(count), bodies)
            for contest, count in zip(contests(snap, seen, rows), counts, strict=True)
        ]
        return on_contests(found, flags, p_values=bodies.randomised)

    def _flag(
        self, snap: Snapshot, seen: Records, contest: Contest, count: int, bodies: Rates
    ) -> Flag:
        buyer = int(seen.frames.processes.buyer[contest.place])
        rows = [r for r in contest.bids if r["status"] == "disqualified"]
        out = sorted({r["company_id"] for r in rows} - set(contest.winners))
        p_value = bodies.p_of(buyer)
        return flag_on(
            self,
            snap,
            contest,
            score=(0.1 + 0.8 * surprise(p_value)) * count / (count + 1),
            value=float(count),
            threshold=float(self.threshold),
            p_value=p_value,
            q_value=float(bodies.q[bodies.of(buyer)]),
            bids=[r for r in contest.bids if r["status"] in ("valid", "disqualified", None)],
            roles=dict.fromkeys(out, "disqualified"),
            facts={
                "count": count,
                "out": [snap.name("company", c) for c in out],
                **bodies.facts(buyer),
            },
        )
