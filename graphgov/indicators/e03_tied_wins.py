"""Officials whose close companies together win more than chance explains."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.closeness import NEEDS, WANTS, close, strongest
from graphgov.network.favour import awards_of, busiest, combined, decades, term_rows, total
from graphgov.network.telling import repeats_clause
from graphgov.network.tied_firms import TiedFirms, tied_firms
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.spans import F64


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
    Score: Odds of favour against steadiness and habit, and rarity of the ties, in powers of ten,
        added up and damped for few wins as in E01; the rarity is the mean over the awards.
    Skips: Officials with fewer than **min_firms** close companies that won, fewer than
        **min_wins** awards to them, or with neither a p-value up to **max_p** nor
        **least_points** of such odds; what was decided on days on which the official is
        recorded as recused.
    Source: Catalogue E03 and E14.
    """

    code: ClassVar = "E03"
    title: ClassVar = {"en": "Excess of tied wins per official", "zh": "关联企业中标过多"}
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "person"
    unit: ClassVar = "times the expected awards"
    needs: ClassVar = NEEDS
    wants: ClassVar = (
        *WANTS, "decisions.person_id", "decisions.award_id", "decisions.tender_id",
        "decisions.recused",
    )  # fmt: skip
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
    min_wins: int = bounded(3, low=2, high=500)
    max_p: float = bounded(0.01, low=0.0, high=1.0)
    least_points: float = bounded(2.5, low=0.0, high=20.0)

    def find(self, snap: Snapshot) -> Findings:
        """Every official with at least two close companies that won."""
        near = close(snap)
        best = strongest(near, decades(near.seen, near.rarity))
        held = tied_firms(snap, near, [i for i in best if near.strength[i] >= self.weakest])
        seen, p = held.seen, combined(held.seen)
        # Firms that bid in vain count as well: to look at winners alone would find excess.
        firms, winners = held.count(winners=False), held.count(winners=True)
        tested = firms >= self.min_firms
        q = np.full(p.size, np.nan)
        q[tested] = benjamini_hochberg(p[tested])
        worth = decades(seen, held.mean(near.rarity))
        hits = tested & ((p <= self.max_p) | (worth >= self.least_points))
        hits &= (winners >= self.min_firms) & (seen.wins >= self.min_wins)
        flags = [
            self._flag(snap, held, int(g), int(firms[g]), worth, p, q) for g in np.flatnonzero(hits)
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
        held: TiedFirms,
        g: int,
        took_part: int,
        worth: F64,
        p: F64,
        q: F64,
    ) -> Flag:
        near, seen = held.near, held.seen
        by_body = awards_of(near.yard, held.queries, g)
        awards = sorted(
            (a for found in by_body.values() for a in found), key=lambda a: a.awarded_on
        )
        person = int(held.officials[g])
        person_id = near.graph.people[person]
        bodies = [near.yard.body_ids[b] for b in busiest(by_body)]
        rows, _ = held.members(g)
        companies = [near.yard.company_ids[near.company[i]] for i in rows]
        steps = [s for i in rows for s in near.found.chain(int(near.row[i])).steps]
        amounts = total(awards)
        weakest = max(int(near.found.certainty[near.row[i]]) for i in rows)
        facts = {
            "official": snap.name("person", person_id),
            "companies": [snap.name("company", c) for c in companies],
            "bodies": [snap.name("body", b) for b in bodies],
            "firms": len(companies),
            "took_part": took_part,
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
            score=surprise(10.0 ** -min(float(worth[g]), 290.0)),
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
