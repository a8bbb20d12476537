"""Chains of ties between an official and a winner of awards of the official's body."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.closeness import NEEDS, WANTS, Close, close, overshadowed, strongest
from graphgov.network.favour import awards_of, combined, decades, spans_of, term_rows, total
from graphgov.network.paths import Chain
from graphgov.network.telling import award_count, beside_clause, bids_clause, repeats_clause, tell
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.spans import F64

_ALONE = 0.25  # points of the strongest documented or declared tie by itself
_BYSTANDER = 1.25  # points less where another official explains the same awards better
_BESIDE, _MOST_BESIDE = 0.1, 5.0  # share of another company's points, and points that count
_ASIDE = """
SELECT d.person_id, w.award_id FROM decisions d JOIN wins w USING (award_id) WHERE d.recused
UNION
SELECT d.person_id, w.award_id FROM decisions d JOIN wins w USING (tender_id)
WHERE d.recused AND d.award_id IS NULL
"""


@dataclass(frozen=True)
class TieStrength(Detector):
    """A chain of ties joins an official to a company that won from the official's body.

    Method: Look for chains of at most **max_length** ties from each holder of an office to
        each company that won at the body while the official served and every tie of the chain
        was in force. A chain's strength is the product of its ties' weights, times **damping**
        for each further tie; common ties weigh less (specificity). tie = 1 - product of
        (1 - strength) over up to five chains that share no link. The advantage in those days
        is measured three ways: wins given who bid, share against other bodies, and share
        against the same body at other times; the p-value joins them by a Cauchy combination.
        Odds say how much better favour explains when the company won and took part at the
        body than a steady share or a habit of its own would; rarity, how few officials and
        companies that met are linked as closely; circumstances, whether the purchases were
        large and of many kinds and won by a hair, and whether the company was a stranger there
        before and after. A pair counts for less where another official explains the same
        awards better, and for a little more where the official stands out with a second company.
    Example: The head of a roads office is married to the owner of a firm; it wins eight of the
        nine tenders it enters there while both hold, where two were to be expected.
    Why: Officials steer awards to those close to them. In a small town everybody is linked to
        somebody; a tie is not a favour, and a capable firm wins too.
    Score: Odds and rarity in powers of ten, added up and damped for few wins, plus the points
        of the circumstances and a quarter of a documented or declared tie itself.
    Skips: Chains that were not in force together with a term of office on any award date;
        pairs with neither **least_points** of such odds and **min_wins** awards nor a
        documented or declared tie of at least **strong_tie**; awards from all of
        which the official is recorded as recused.
    Source: Catalogue E01; tie weights E.0 (Shih and others 2012, Opper and others 2015);
        recusal duties of Regulation 658 article 9 for the legal relevance.
    """

    code: ClassVar = "E01"
    title: ClassVar = {"en": "Tie between official and winner", "zh": "官员与中标方存在关联"}
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "person_company"
    unit: ClassVar = "tie strength"
    needs: ClassVar = NEEDS
    wants: ClassVar = (
        *WANTS, "decisions.person_id", "decisions.award_id", "decisions.tender_id",
        "decisions.recused",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{chain[en]:text}. {official} was in office at {bodies:names} when {company} won "
            "{counted} there{repeats[en]:text} ({first} to {last}, {amounts:money}), where "
            "{expected:times} were to be expected{bids[en]:text}{beside[en]:text}{aside[en]:text}.",
            "In a small town many people know each other: {company} may simply be a capable "
            "local firm, {official} may have stood aside, or a name may belong to two people.",
        ),
        "zh": (
            "{chain[zh]:text}。{official}在{bodies:names}任职期间，{company}中标{wins:n}项"
            "{repeats[zh]:text}（{first}至{last}，{amounts:money}），预期约{expected:times}项"
            "{bids[zh]:text}{beside[zh]:text}{aside[zh]:text}。",
            "小地方人们多相识：{company}可能只是有实力的本地企业，{official}可能已回避，也可能是重名。",
        ),
    }

    max_length: int = bounded(4, low=1, high=6)
    damping: float = bounded(0.5, low=0.05, high=1.0)
    weakest: float = bounded(0.03, low=0.01, high=1.0)
    strong_tie: float = bounded(0.45, low=0.0, high=1.0)
    least_points: float = bounded(1.25, low=0.0, high=20.0)
    min_wins: int = bounded(3, low=1, high=100)

    def find(self, snap: Snapshot) -> Findings:
        """Every official with every close company that won in office."""
        near = close(snap, max_len=self.max_length, damping=self.damping, floor=self.weakest)
        p = combined(near.seen)
        worth = decades(near.seen, near.rarity)
        best = strongest(near, worth)
        said = [i for i in best if worth[i] >= self.least_points]
        worth = _in_company(near, said, worth)
        q = benjamini_hochberg(p, tests=near.looked_at)
        aside = snap.memo("recused", lambda: _recused(snap))
        flags: list[Flag] = []
        for i in best:
            certain = near.found.certainty[near.row[i]] < 2
            very_close = certain and near.strength[i] >= self.strong_tie and near.wins[i] > 0
            likely = worth[i] >= self.least_points and near.wins[i] >= self.min_wins
            if very_close or likely:
                flags.extend(self._flag(snap, near, int(i), worth, p, q, aside))
        officials = int(np.unique(near.held.person).size)
        floor = near.found.floor
        weaker = f"chains weaker than {floor:.2f} were left out, because there are too many"
        return Findings(
            flags,
            subjects=officials,
            computable=officials,
            reason=weaker if floor > self.weakest else "",
        )

    def _flag(
        self,
        snap: Snapshot,
        near: Close,
        i: int,
        worth: F64,
        p: F64,
        q: F64,
        recused: Set[tuple[str, str]],
    ) -> Iterator[Flag]:
        row, seen = int(near.row[i]), near.seen
        source, target = int(near.found.source[row]), int(near.found.target[row])
        tie = near.found.tie(source, target, on=int(near.day[i]))
        chain = near.found.chain(row)
        by_body = awards_of(near.yard, near.queries, i)
        rows = sorted((a for found in by_body.values() for a in found), key=lambda a: a.awarded_on)
        bodies = [
            near.yard.body_ids[b] for b in sorted(by_body, key=lambda b: (-len(by_body[b]), b))
        ]
        aside = sum((near.graph.people[source], a.award_id) in recused for a in rows)
        if aside == len(rows):
            return
        person_id, company_id = near.graph.people[source], near.yard.company_ids[near.company[i]]
        certain = chain.certainty != "inferred"
        points = float(worth[i]) + (_ALONE * tie if certain else 0.0)
        amounts = total(rows)
        facts: dict[str, Any] = {
            "official": snap.name("person", person_id),
            "company": snap.name("company", company_id),
            "bodies": [snap.name("body", b) for b in bodies],
            "chain": tell(snap, chain),
            "steps": [[s.from_id, s.kind, s.to_id, s.certainty] for s in chain.steps],
            "strength": round(tie, 4),
            "wins": int(seen.wins[i]),
            "counted": award_count(int(seen.wins[i])),
            "expected": round(float(seen.expected[i]), 4),
            "outside": int(seen.outside_wins[i]),
            "outside_expected": round(float(seen.outside_expected[i]), 4),
            "contests": int(seen.contests[i]),
            "contest_wins": int(seen.contest_wins[i]),
            "contest_expected": round(float(seen.contest_expected[i]), 4),
            "bids": bids_clause(
                int(seen.contests[i]), int(seen.contest_wins[i]), float(seen.contest_expected[i])
            ),
            "circumstances": round(float(seen.circumstances[i]), 4),
            "beside": beside_clause(
                near.yard.circumstances.told(
                    [span for span in spans_of(near.queries, i) if span[0] in by_body]
                )
            ),
            "repeats": repeats_clause(int(seen.wins[i]), len(rows)),
            "aside": _aside_clause(aside),
            "first": rows[0].awarded_on.isoformat(),
            "last": rows[-1].awarded_on.isoformat(),
            "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
        }
        yield self.flag(
            (person_id, company_id),
            score=surprise(10.0 ** -min(points, 290.0)),
            value=round(tie, 6),
            threshold=self.weakest,
            p_value=float(p[i]),
            q_value=float(q[i]),
            facts=facts,
            amounts=dict(amounts),
            first_on=rows[0].awarded_on,
            last_on=rows[-1].awarded_on,
            body_id=bodies[0],
            company_id=company_id,
            person_id=person_id,
            certainty=chain.certainty,
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in rows),
                *term_rows(near.held, source, set(by_body)),
                *(Evidence(s.table, s.row_key) for s in chain.steps),
            ),
            members=(
                Member("person", person_id, "official"),
                Member("company", company_id, "winner"),
                *(Member("body", b, "buyer") for b in bodies),
                *(Member("award", a.award_id, "award") for a in rows),
                *_between(chain),
            ),
        )


def _in_company(near: Close, said: Sequence[int], worth: F64) -> F64:
    """Points of each row in view of the others: of the same company, and of the same official.

    Where another official explains the awards better this one is likelier a bystander; who also
    seems to favour a second company is likelier one who does favours.
    """
    out = worth.copy()
    best: dict[int, list[tuple[float, int]]] = {}
    for i in said:
        best.setdefault(int(near.person[i]), []).append((float(worth[i]), int(near.company[i])))
    for i in said:
        other = (v for v, firm in best[int(near.person[i])] if firm != near.company[i])
        out[i] += _BESIDE * min(max(other, default=0.0), _MOST_BESIDE)
    out[sorted(overshadowed(near, said, out))] -= _BYSTANDER
    return out


def _between(chain: Chain) -> Iterator[Member]:
    for step in chain.steps[:-1]:
        yield Member(step.to_kind, step.to_id, "link" if step.to_kind == "person" else "holder")


def _recused(snap: Snapshot) -> Set[tuple[str, str]]:
    found = snap.sql(_ASIDE)
    pairs = zip(found["person_id"].to_pylist(), found["award_id"].to_pylist(), strict=True)
    return frozenset(pairs)


def _aside_clause(awards: int) -> dict[str, str]:
    if not awards:
        return {"en": "", "zh": ""}
    return {
        "en": f"; the official is recorded as recused from {awards} of these",
        "zh": f"；记录显示该官员在其中{awards}项中已回避",
    }
