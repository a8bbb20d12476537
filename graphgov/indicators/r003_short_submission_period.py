"""Calls that left bidders less time than usual rules ask for."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import COLUMNS, F64, I64, Contest, contests, flag_on, on_contests
from graphgov.indicators._rates import Rates, rates
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.deadlines import PeriodOptions, short
from graphgov.stats.bids.from_snapshot import UNKNOWN, Records, records

_MANY = 100  # calls from which the practice of a trade is known


@dataclass(frozen=True)
class ShortSubmissionPeriod(Detector):
    """A call that left bidders fewer days than the threshold.

    Method: Take the whole days from the start of submission, or from publication where no start
        is given, to the deadline. Fewer than **threshold** days are a flag; where 100 or more calls
        of a category division and method are known, only those among the shortest
        **shortest_share** of them, so that a rule that everybody leaves aside does not flag
        everybody. How often other bodies do so in the division is set against this body's
        share.
    Example: A county gives four days to bid for a bridge; only the firm that knew beforehand
        has drawings ready.
    Why: Who is told before others needs no time. The law allows short periods for urgent needs,
        after a prior notice, or when a failed call is repeated.
    Score: Share of the threshold that is missing x (0.1 + 0.8 x surprise of the body's number
        of short periods, a beta-binomial tail against other bodies' rates).
    Skips: Limited and direct procedures; calls without both times; deadlines before the start,
        which are errors in the data; cancelled, withdrawn and planned calls.
    Source: OCP Red flags (2024) R003; Cardinal R003.
    """

    code: ClassVar = "R003"
    title: ClassVar = {"en": "Submission period is too short", "zh": "投标期限过短"}
    class_: ClassVar = "legal"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "days"
    needs: ClassVar = ("tenders.bids_due_at",)
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{body} gave bidders {days:n} days for {title} ({starts} to {due}, {method} "
            "procedure), fewer than {limit:n}; {companies:names} won on {on} for {amounts:money}. "
            "{unit_hits:n} of its {unit_all:n} calls were as short, where other bodies' practice "
            "lets expect {unit_expected:times}.",
            "The law allows shorter periods for urgent needs, after a prior notice or for a "
            "repeated call, and dates without a time of day may hide part of the period.",
        ),
        "zh": (
            "{body}的“{title}”（采购方式：{method}）仅给予{days:n}天投标时间（{starts}至{due}），"
            "少于{limit:n}天；{on}由{companies:names}中标，金额{amounts:money}。"
            "该采购人{unit_all:n}次招标中有{unit_hits:n}次如此，按其他采购人的做法预期约"
            "{unit_expected:times}次。",
            "法律允许在紧急需要、已发布预告或重新招标时缩短期限；仅有日期而无时刻的数据也会使"
            "期限显得更短。",
        ),
    }

    threshold: int = bounded(15, low=1, high=365)
    shortest_share: float = bounded(0.1, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All short periods."""
        seen = records(snap)
        methods = frozenset({"open", "selective", UNKNOWN})
        found = short(seen.frames, PeriodOptions(threshold=self.threshold, methods=methods))
        rows, days = found.processes.codes, found.processes.values
        once = seen.first_lot[rows]  # lots share the dates of their tender
        rows, days, hit = rows[once], days[once], found.processes.flagged[once]
        trade = seen.division[rows] * 1000 + seen.frames.processes.method[rows]
        hit &= days <= _shortest(days, trade, self.shortest_share)
        bodies = rates(seen.frames.processes.buyer[rows], seen.division[rows], hit)
        flags = [
            self._flag(snap, seen, contest, float(number), bodies)
            for contest, number in zip(
                contests(snap, seen, rows[hit], with_bids=False), days[hit], strict=True
            )
        ]
        return on_contests(found, flags)

    def _flag(
        self, snap: Snapshot, seen: Records, contest: Contest, days: float, bodies: Rates
    ) -> Flag:
        buyer = int(seen.frames.processes.buyer[contest.place])
        short_by = (self.threshold - days) / self.threshold
        assert contest.starts is not None
        assert contest.due is not None
        return flag_on(
            self,
            snap,
            contest,
            whole=True,
            score=short_by * (0.1 + 0.8 * surprise(bodies.p_of(buyer))),
            value=days,
            threshold=float(self.threshold),
            facts={
                "days": int(days),
                "limit": self.threshold,
                "starts": contest.starts.date().isoformat(),
                "due": contest.due.date().isoformat(),
                **bodies.facts(buyer),
            },
        )


def _shortest(days: F64, trade: I64, share: float) -> F64:
    """Per call the period that this share of the calls of its trade do not exceed."""
    order = np.lexsort((days, trade))
    names, starts, count = np.unique(trade[order], return_index=True, return_counts=True)
    at = starts + np.minimum((share * count).astype(np.int64), count - 1)
    limits = np.where(count >= _MANY, days[order][at] if len(at) else days, np.inf)
    return np.asarray(limits[np.searchsorted(names, trade)], np.float64)
