"""Bids that came after the deadline and won."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._contests import COLUMNS, Contest, contests, flag_on, on_contests
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.deadlines import late
from graphgov.stats.bids.from_snapshot import records

_MANY = 100  # lots from which a share says something about the clocks


@dataclass(frozen=True)
class LateBidWon(Detector):
    """A bid submitted after the deadline was accepted and won.

    Method: Compare the instants of submission and of the last published deadline. A valid bid
        after the deadline, one of whose bidders holds an active award of the same lot, is a
        flag. A deadline at midnight lasts until the end of its day, as a bare date is meant.
    Example: Bids are due at ten; the winner's is stamped half past four the same day, when the
        others' prices had been read out.
    Why: Who bids last can know what the others asked. Deadlines that were extended without
        notice, outages of a platform and clocks in the wrong zone look the same.
    Score: 0.6 within a day, rising to 0.9 for a fortnight.
    Skips: Bids and tenders without times; lots without an active award. Where of 100 lots or
        more a larger share than **max_share** looks late, the clocks disagree and none is.
    Source: OCP Red flags (2024) R030; Cardinal R030, with zoned instants in place of text.
    """

    code: ClassVar = "R030"
    title: ClassVar = {"en": "Late bid won", "zh": "逾期投标中标"}
    class_: ClassVar = "legal"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "hours"
    needs: ClassVar = ("bids.submitted_at", "tenders.bids_due_at", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "Bids for {title} of {body} were due at {due}; {late:names} bid at {at}, {hours:times} "
            "hours later, and won on {on} for {amounts:money}.",
            "The deadline may have been extended without the data saying so, the platform may have "
            "been down, or the two clocks run in different time zones.",
        ),
        "zh": (
            "{body}的“{title}”投标截止于{due}，{late:names}于{at}投标，迟{hours:times}小时，"
            "仍于{on}中标，金额{amounts:money}。",
            "截止时间可能已延长而数据未更新，平台可能曾发生故障，或两处时间的时区不同。",
        ),
    }

    max_share: float = bounded(0.2, low=0.01, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All late winners, unless the clocks cannot be compared."""
        seen = records(snap)
        found = late(seen.frames)
        hit = found.processes.flagged
        if len(hit) >= _MANY and hit.mean() > self.max_share:
            return Findings(
                subjects=len(found.why),
                missing="bids.submitted_at",
                reason=f"not computable, because {hit.mean():.0%} of all winners look late: times "
                "of bids and deadlines do not run by one clock",
            )
        bids = {seen.bid_ids[int(i)].as_py() for i in found.bids}
        rows = found.processes.codes[hit]
        flags = [self._flag(snap, contest, bids) for contest in contests(snap, seen, rows)]
        return on_contests(found, flags)

    def _flag(self, snap: Snapshot, contest: Contest, bids: set[str]) -> Flag:
        rows = [row for row in contest.bids if row["id"] in bids]
        assert contest.due is not None
        last = max(row["at"] for row in rows)
        hours = float((last - contest.due).total_seconds() / 3600)
        return flag_on(
            self,
            snap,
            contest,
            score=0.6 + 0.3 * float(np.clip((hours - 24) / (24 * 13), 0.0, 1.0)),
            value=hours,
            threshold=0.0,
            bids=rows,
            facts={
                "late": [snap.name("company", c) for c in sorted({r["company_id"] for r in rows})],
                "due": contest.due.isoformat(sep=" ", timespec="minutes") + "Z",
                "at": last.isoformat(sep=" ", timespec="minutes") + "Z",
                "hours": round(hours, 3),
            },
        )
