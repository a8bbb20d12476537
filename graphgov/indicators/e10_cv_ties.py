"""Ties that nobody recorded, inferred from where officials and owners studied and worked."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.network.careers import Common, Meeting, careers
from graphgov.network.favour import (
    Queries,
    ask,
    awards_of,
    busiest,
    combined,
    term_queries,
    term_rows,
    total,
)
from graphgov.network.recusal import without_recused
from graphgov.network.telling import role_words
from graphgov.network.terms import Terms, terms
from graphgov.schema import Evidence, Flag, Member
from graphgov.schema.words import clean
from graphgov.snapshot import Snapshot
from graphgov.stats.market import market

_SAID = MappingProxyType(
    {
        "class": ("the same class at {0}", "{0}同班"),
        "cohort": ("the same years at {0}", "{0}同期"),
        "unit": ("the same unit of {0}", "{0}同一部门"),
        "organisation": ("the same time at {0}", "同期供职于{0}"),
        "hometown": ("the same home town, {0}", "同乡（{0}）"),
    }
)


@dataclass(frozen=True)
class CvTies(Detector):
    """An official and somebody behind a winner were at the same place at the same time.

    Method: For each company that won **min_wins** awards or more of a body while an official
        served there, and won more than expected (p at most **max_p**), compare the spells and
        home towns of the official with those of its owners and officers of that time: the same
        class (school, subject, year of entry), cohort (school, entry within **cohort_years**),
        unit or organisation (**overlap_days** together), home town. Each definition stands
        for itself; its weight is the catalogue's, less where many share the place, less as
        work lies back. Pairs with a recorded tie are left to the other indicators.
    Example: The head of procurement and the owner of a firm that wins there entered the same
        course of civil engineering at the same school in the same year; no tie is recorded.
    Why: Classmates and old colleagues help each other, and registers of ties are never whole.
        Most people who were at the same place never met.
    Score: Half of the strongest weight: an inferred tie by itself is a question, not an answer,
        and never starts a case.
    Skips: Ties weaker than **weakest**.
    Source: Catalogue E10 and E.0 (Shih and others 2012, Meyer and others 2016).
    """

    code: ClassVar = "E10"
    title: ClassVar = {"en": "Tie inferred from careers", "zh": "由履历推断的关系"}
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "person_pair"
    unit: ClassVar = "tie weight"
    needs: ClassVar = (
        "awards.buyer_id", "awards.company_id", "awards.awarded_on", "offices.person_id",
        "offices.body_id", "spells.organisation",
    )  # fmt: skip
    wants: ClassVar = (
        "spells.*", "ties.person_a", "ties.person_b", "ties.kind", "officers.*", "ownership.*",
        "awards.amount", "awards.currency", "awards.category", "awards.region", "awards.status",
        "awards.tender_id", "awards.lot_id", "bids.company_id", "bids.tender_id", "bids.status",
        "bids.lot_id", "tenders.category", "tenders.region", "tenders.buyer_id",
        "bodies.region", "bodies.name", "companies.name", "people.name", "people.hometown",
        "rates.rate", "offices.started_on", "offices.ended_on", "offices.role",
        "decisions.person_id", "decisions.award_id", "decisions.tender_id", "decisions.recused",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{official} and {holder}, {role[en]} of {company}, may know each other: "
            "{places[en]:text}. {company} won {wins:n} awards of {bodies:names} while {official} "
            "was in office there ({first} to {last}, {amounts:money}), where {expected:times} "
            "were to be expected.",
            "Most people who studied or worked at the same place never met; this is a question "
            "to ask, not a tie that is known, and the names may belong to others.",
        ),
        "zh": (
            "{official}与{company}的{role[zh]}{holder}可能相识：{places[zh]:text}。"
            "{official}任职期间，{company}从{bodies:names}中标{wins:n}项"
            "（{first}至{last}，{amounts:money}），预期约{expected:times}项。",
            "在同一处学习或工作的人大多互不相识；这只是待核实的线索，也可能是重名。",
        ),
    }

    cohort_years: int = bounded(2, low=0, high=10)
    overlap_days: int = bounded(365, low=1, high=3650)
    min_wins: int = bounded(3, low=1, high=100)
    weakest: float = bounded(0.25, low=0.05, high=1.0)
    max_p: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All officials with all people behind companies that won at their bodies."""
        yard, held = market(snap), terms(snap)
        officials = int(np.unique(held.person).size)
        found = {
            meeting: places
            for meeting, places in careers(
                snap,
                wins=self.min_wins,
                cohort_years=self.cohort_years,
                overlap_days=self.overlap_days,
            ).items()
            if places[0].weight >= self.weakest
        }
        meetings = list(found)
        queries = without_recused(snap, _queries(held, meetings))
        seen = ask(yard, queries)
        p = combined(seen)
        flags: dict[str, Flag] = {}
        for i in np.flatnonzero((p <= self.max_p) & (seen.wins >= self.min_wins)).tolist():
            by_body = awards_of(yard, queries, i)
            counts = (int(seen.wins[i]), float(seen.expected[i]), float(p[i]))
            flag = self._flag(snap, meetings[i], found[meetings[i]], by_body, counts)
            old = flags.get(flag.subject_id)
            if old is None or (flag.score, -counts[2]) > (old.score, -_advantage(old)):
                flags[flag.subject_id] = flag
        return Findings(
            [flags[key] for key in sorted(flags)], subjects=officials, computable=officials
        )

    def _flag(
        self,
        snap: Snapshot,
        who: Meeting,
        places: Sequence[Common],
        by_body: dict[int, list[Any]],
        counts: tuple[int, float, float],
    ) -> Flag:
        official, holder = (snap.ids("person")[i] for i in (who.person, who.holder))
        company = snap.ids("company")[who.company]
        bodies = [snap.ids("body")[b] for b in busiest(by_body)]
        awards = sorted(
            (a for rows in by_body.values() for a in rows),
            key=lambda a: (a.awarded_on, a.award_id),
        )
        amounts = total(awards)
        wins, expected, p = counts
        return self.flag(
            (official, holder),
            score=places[0].weight / 2,
            value=round(places[0].weight, 6),
            threshold=self.weakest,
            facts={
                "official": snap.name("person", official),
                "holder": snap.name("person", holder),
                "company": snap.name("company", company),
                "role": role_words(who.role),
                "places": _said(places),
                "links": [[c.kind, round(c.weight, 4)] for c in places],
                "bodies": [snap.name("body", b) for b in bodies],
                "wins": wins,
                "expected": round(expected, 4),
                "p_advantage": p,
                "first": awards[0].awarded_on.isoformat(),
                "last": awards[-1].awarded_on.isoformat(),
                "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
            },
            amounts=dict(amounts),
            first_on=awards[0].awarded_on,
            last_on=awards[-1].awarded_on,
            body_id=bodies[0],
            company_id=company,
            person_id=official,
            certainty="inferred",
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in awards),
                *term_rows(terms(snap), who.person, set(by_body)),
                Evidence(who.stake, who.stake_key),
                *(Evidence(c.table, key) for c in places for key in c.rows),
            ),
            members=(
                Member("person", official, "official"),
                Member("person", holder, "link"),
                Member("company", company, "winner"),
                *(Member("body", b, "buyer") for b in bodies),
                *(Member("award", a.award_id, "award") for a in awards),
            ),
        )


def _queries(held: Terms, meetings: Sequence[Meeting]) -> Queries:
    """The official's terms, cut to the days of the holder's stake."""
    columns = [
        np.array([m[i] for m in meetings], dtype=np.int32)
        for i in (Meeting._fields.index(name) for name in ("person", "company", "since", "until"))
    ]
    return term_queries(held, *columns)


def _said(places: Sequence[Common]) -> dict[str, str]:
    """What the two have in common, by language."""
    return {
        language: joint.join(_SAID[c.kind][i].format(clean(c.place)) for c in places)
        for i, (language, joint) in enumerate((("en", "; "), ("zh", "；")))
    }


def _advantage(flag: Flag) -> float:
    p = flag.facts["p_advantage"]
    return p if isinstance(p, float) else 1.0
