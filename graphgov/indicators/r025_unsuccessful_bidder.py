"""Companies that bid often and hardly ever win."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import COLUMNS, rows_of, span, sums_of
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.frames import VALID
from graphgov.stats.bids.from_snapshot import records
from graphgov.stats.bids.rivals import RivalOptions, unsuccessful
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.sums import poisson_binomial_tails

_SEED = 25


@dataclass(frozen=True)
class UnsuccessfulBidder(Detector):
    """A company that bids more often than most and wins far less often.

    Method: Per company, the lots with one winner for which it made a valid bid of its own, and
        how many of them it won. Companies in as many lots as the **percentile** of all or more,
        whose share won is at or below the lower fence of all companies, are flagged where also
        p is at most **max_p**. Null of p: in each lot every bidder is as likely to win
        (Poisson-binomial over lots of n bidders, 1 / n each).
    Example: A firm bids for ninety lots in three years and wins one, mostly where the same
        neighbour wins.
    Why: Cover bids are made to lose. New, weak or far-away firms lose too, and some bid to hear
        the price.
    Score: Surprise of winning so seldom.
    Skips: Joint bids; lots with several winners or an award still open; fewer than 20 companies,
        or all of one record, for which a fence means nothing.
    Source: OCP Red flags (2024) R025; Cardinal R025.
    """

    code: ClassVar = "R025"
    title: ClassVar = {"en": "Excessive unsuccessful bids", "zh": "屡投不中"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company"
    unit: ClassVar = "share of lots won"
    needs: ClassVar = ("bids.bid_id", "awards.tender_id")
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{company} bid for {entered:n} lots of {bodies:names} between {first} and {last} "
            "(asking {amounts:money}) and won {won:n}, where {expected:times} were to be expected "
            "had every bidder been as likely to win.",
            "A new, weak or far-away firm loses often, and some bid for feedback or to stay on a "
            "list; see who wins when it loses.",
        ),
        "zh": (
            "{company}在{first}至{last}间参与{bodies:names}的{entered:n}个标段投标"
            "（报价合计{amounts:money}），仅中标{won:n}个；若各投标人机会均等，预期约"
            "{expected:times}个。",
            "新成立、实力弱或地处偏远的企业常常落标，也有企业为获得反馈或保留资格而投标；"
            "请看其落标时由谁中标。",
        ),
    }

    percentile: int = bounded(75, low=0, high=100)
    max_p: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All companies, those that bid often judged."""
        seen = records(snap)
        frames = seen.frames
        found = unsuccessful(frames, RivalOptions(percentile=self.percentile, guarded=True))
        codes, won, entered = found.tenderers.codes, found.facts["won"], found.facts["entered"]
        subjects = snap.subjects("company")
        if len(codes) == 0:
            why = "not computable, because no company has a valid bid of its own for a lot with "
            return Findings(subjects=subjects, missing="bids.bid_id", reason=why + "one winner")
        fit = frames.settled & (frames.winner >= 0)
        mask = (frames.bids.status == VALID) & (frames.sole >= 0) & fit[frames.bids.process]
        wide = max(frames.tenderers, 1)
        keys = np.unique(frames.bids.process[mask].astype(np.int64) * wide + frames.sole[mask])
        rivals = np.bincount(keys // wide, minlength=len(fit))[keys // wide]
        order = np.argsort(keys % wide, kind="stable")
        chance = 1.0 / rivals[order]
        bounds = np.append(0, np.cumsum(entered))
        # Few wins are many losses: the upper tail keeps its digits.
        tail = poisson_binomial_tails(1.0 - chance, bounds, entered - won)
        expected = np.diff(np.append(0.0, np.cumsum(chance))[bounds])
        p, q = tail.p, benjamini_hochberg(tail.p)
        hits = np.flatnonzero(found.tenderers.flagged & (p <= self.max_p))
        pairs = found.pairs[:, np.isin(found.pairs[1], codes[hits])]
        rows = rows_of(snap, seen, pairs, pairs[1])
        flags = [
            self._flag(
                snap, seen.companies[code], rows[code],
                (int(entered[i]), int(won[i]), float(expected[i]), float(p[i]), float(q[i])),
                found.meta["lower_fence"],
            )
            for i, code in zip(hits, codes[hits].tolist(), strict=True)
        ]  # fmt: skip
        some = "not computable, because {} companies have no valid bid of their own for a lot with "
        rest = subjects - len(codes)
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=len(codes),
            reason=some.format(rest) + "one winner" if rest else "",
            p_values=tail.randomised(_SEED),
        )

    def _flag(
        self,
        snap: Snapshot,
        company: str,
        rows: Sequence[Mapping[str, Any]],
        told: tuple[int, int, float, float, float],
        fence: float,
    ) -> Flag:
        entered, won, expected, p_value, q_value = told
        bids = [row for row in rows if row["table"] == "bids"]
        awards = [row for row in rows if row["table"] == "awards"]
        amounts, (first, last) = sums_of(bids), span(rows)
        bodies = sorted({row["buyer_id"] for row in rows})
        return self.flag(
            company,
            score=surprise(p_value),
            value=won / entered,
            threshold=fence,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=first,
            last_on=last,
            body_id=bodies[0] if len(bodies) == 1 else "",
            company_id=company,
            facts={
                "company": snap.name("company", company),
                "bodies": [snap.name("body", b) for b in bodies],
                "entered": entered,
                "won": won,
                "expected": round(expected, 3),
                "first": first.isoformat() if first else "?",
                "last": last.isoformat() if last else "?",
                "amounts": [[c, str(a)] for c, a in amounts.items()],
            },
            evidence=[Evidence(row["table"], row["row_key"], row["id"]) for row in rows],
            members=[
                Member("company", company, "bidder"),
                *(Member("award", row["id"], "award") for row in awards),
            ],
        )
