"""Officials whose close companies together win more than chance explains."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.closeness import NEEDS, WANTS, Close, close, strongest
from graphgov.network.favour import (
    Queries,
    ask,
    awards_of,
    busiest,
    combined,
    decades,
    term_rows,
    total,
)
from graphgov.network.telling import repeats_clause
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.spans import F64, I64


@dataclass(frozen=True)
class TiedWins(Detector):
    """The companies close to one official together win more than chance explains.

    Method: Take every company that won or bid at the official's body and to which the official
        has a chain of at least **weakest** strength, and add up contests, wins and
        expectations over all of them, in the days on which each chain held and the official
        served. The three views of E01 are then taken of the sums; wins given who bid are
        Poisson-binomial.
    Example: Three firms of a director's two cousins take turns: each wins five awards where
        two were to be expected, together 15 against six.
    Why: Whoever parcels out work to several close firms keeps each of them small. The firms
        close to an official are also local and may be large.
    Score: Decades of the measured advantage times (**tie_floor** + (1 - **tie_floor**) x
        tie), the tie being the mean over the awards.
    Skips: Officials with fewer than **min_firms** close companies that won, and those with a
        p-value above **max_p**.
    Source: Catalogue E03 and E14.
    """

    code: ClassVar = "E03"
    title: ClassVar = {"en": "Excess of tied wins per official", "zh": "关联企业中标过多"}
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "person"
    unit: ClassVar = "times the expected awards"
    needs: ClassVar = NEEDS
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "{firms:n} companies close to {official} ({companies:names}) together won {wins:n} "
            "awards of {bodies:names}{repeats[en]:text} ({first} to {last}, {amounts:money}) while "
            "the ties and the office held, where {expected:times} were to be expected of the "
            "{took_part:n} close ones that took part.",
            "Companies close to a local official are often the capable local ones; compare "
            "their prices and their success where {official} has no say.",
        ),
        "zh": (
            "与{official}关系密切的{firms:n}家企业（{companies:names}）在其任职期间共从"
            "{bodies:names}中标{wins:n}项{repeats[zh]:text}（{first}至{last}，{amounts:money}），"
            "参与的{took_part:n}家关联企业预期约{expected:times}项。",
            "与本地官员相熟的企业往往也是有实力的本地企业；请比较其报价及在{official}职权之外的中标。",
        ),
    }

    weakest: float = bounded(0.15, low=0.05, high=1.0)
    min_firms: int = bounded(2, low=2, high=50)
    tie_floor: float = bounded(0.2, low=0.0, high=1.0)
    max_p: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """Every official with at least two close companies that won."""
        near = close(snap)
        size = decades(near.seen)
        rows = np.array(
            [i for i in strongest(near, size * near.strength) if near.strength[i] >= self.weakest],
            dtype=np.int64,
        )
        officials, group = np.unique(near.person[rows], return_inverse=True)
        queries = _by_official(near, rows, group)
        seen = ask(near.yard, queries)
        # Firms that bid in vain count as well: to look at winners alone would find excess.
        firms = np.bincount(group, minlength=officials.size)
        winners = np.bincount(group, near.wins[rows] > 0, minlength=officials.size)
        p = combined(seen)
        tested = firms >= self.min_firms
        q = np.full(p.size, np.nan)
        q[tested] = benjamini_hochberg(p[tested])
        worth = decades(seen)
        flags = [
            self._flag(snap, near, queries, rows[group == g], int(g), seen, worth, p, q)
            for g in np.flatnonzero(tested & (winners >= self.min_firms) & (p <= self.max_p))
        ]
        everybody = int(np.unique(near.held.person).size)
        return Findings(
            flags,
            subjects=everybody,
            computable=everybody,
            p_values=seen.bids.randomised(0)[seen.contests > 0],
        )

    def _flag(
        self,
        snap: Snapshot,
        near: Close,
        queries: Queries,
        rows: I64,
        g: int,
        seen: Any,
        worth: F64,
        p: F64,
        q: F64,
    ) -> Flag:
        by_body = awards_of(near.yard, queries, g)
        awards = sorted(
            (a for found in by_body.values() for a in found), key=lambda a: a.awarded_on
        )
        person = int(near.person[rows[0]])
        person_id = near.graph.people[person]
        bodies = [near.yard.body_ids[b] for b in busiest(by_body)]
        bid = rows.size
        rows = rows[near.wins[rows] > 0]
        rows = rows[np.argsort(-near.wins[rows], kind="stable")]
        companies = [near.yard.company_ids[near.company[i]] for i in rows]
        weights = near.seen.wins[rows].astype(np.float64)
        tie = float((weights * near.strength[rows]).sum() / max(weights.sum(), 1.0))
        points = float(worth[g]) * (self.tie_floor + (1 - self.tie_floor) * tie)
        steps = [s for i in rows for s in near.found.chain(int(near.row[i])).steps]
        amounts = total(awards)
        weakest = max(int(near.found.certainty[near.row[i]]) for i in rows)
        facts = {
            "official": snap.name("person", person_id),
            "companies": [snap.name("company", c) for c in companies],
            "bodies": [snap.name("body", b) for b in bodies],
            "firms": len(companies),
            "took_part": bid,
            "repeats": repeats_clause(int(seen.wins[g]), len({a.award_id for a in awards})),
            "wins": int(seen.wins[g]),
            "expected": round(float(seen.expected[g]), 4),
            "contests": int(seen.contests[g]),
            "contest_wins": int(seen.contest_wins[g]),
            "contest_expected": round(float(seen.contest_expected[g]), 4),
            "first": awards[0].awarded_on.isoformat(),
            "last": awards[-1].awarded_on.isoformat(),
            "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
        }
        return self.flag(
            person_id,
            score=surprise(10.0 ** -min(points, 290.0)),
            value=round(float(seen.wins[g] / max(seen.expected[g], 1e-9)), 6),
            p_value=float(p[g]),
            q_value=float(q[g]),
            facts=facts,
            amounts=dict(amounts),
            first_on=awards[0].awarded_on,
            last_on=awards[-1].awarded_on,
            body_id=bodies[0],
            company_id=companies[0],
            person_id=person_id,
            certainty=CERTAINTIES[weakest],
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in awards),
                *term_rows(near.held, person, set(by_body)),
                *(Evidence(s.table, s.row_key) for s in steps),
            ),
            members=(
                Member("person", person_id, "official"),
                *(Member("company", c, "winner") for c in companies),
                *(Member("body", b, "buyer") for b in bodies),
                *(Member("award", a.award_id, "award") for a in awards),
            ),
        )


def _by_official(near: Close, rows: I64, group: I64) -> Queries:
    """The spans of the chosen rows, grouped by official."""
    low = np.searchsorted(near.queries.group, rows)
    high = np.searchsorted(near.queries.group, rows, side="right")
    take = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)] or [low])
    person = np.unique(near.person[rows])
    none = np.full(person.size, -1, np.int32)
    spans = near.queries
    return Queries(
        np.repeat(group, high - low).astype(np.int64),
        person,
        none,
        spans.body[take],
        spans.company[take],
        spans.start[take],
        spans.end[take],
    )
