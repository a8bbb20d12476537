"""Companies that win at a body while one official is in office, and hardly before or after."""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.favour import ask, awards_of, busiest, decades, term_queries, term_rows, total
from graphgov.network.recusal import without_recused
from graphgov.network.telling import repeats_clause
from graphgov.network.terms import TERMS_CTE, Terms, terms
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.market import Advantage, Market, market
from graphgov.stats.spans import F64, I32, I64

_EPOCH = date(1970, 1, 1).toordinal()
_AS_WELL = 0.85  # of the best fit, from which a second official fits about as well
_MOST_NAMED = 3
_ALWAYS = (
    "not computable, because the rest won too seldom, or the office was held whenever the "
    "body bought"
)
_CANDIDATES = """,
c AS (SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies),
w AS (
    SELECT body, company, count(*) AS n
    FROM wins JOIN b ON b.body_id = wins.buyer_id JOIN c USING (company_id) GROUP BY ALL
),
served AS (
    SELECT DISTINCT person, body FROM term WHERE since > -1000000 OR until < 1000000
)
SELECT person::INTEGER AS person, company::INTEGER AS company
FROM served JOIN w USING (body) GROUP BY ALL HAVING sum(n) >= {least} ORDER BY person, company
"""


@dataclass(frozen=True)
class TermJump(Detector):
    """A company's wins at a body jump with one official's term of office.

    Method: For each official and each company with at least **min_awards** awards at the bodies
        served, whenever, ask how many of them would fall into the terms by chance: the company's
        awards in each of its lines are dealt out among all that a body bought in that line, so
        that the number inside is a sum of hypergeometric counts. Below **min_awards** inside
        nothing is flagged.
        Of officials who served side by side those whose terms fit best are named.
    Example: A firm wins two of 60 road contracts before an official comes, 14 of 55 while the
        official heads the roads office, and one of 40 after.
    Why: Who steers awards to a company does so while in office, and may take it along to the
        next post. A company that started up, grew or won a framework at that time shows the
        same jump.
    Score: Odds of favour in the term against a steady share or a habit of the pair's own, in
        powers of ten and damped for few wins, plus the circumstances of E01. Flagged from
        **least_points**, or a jump with a q-value of at most **max_q**.
    Skips: Terms without any date; officials whose terms cover all awards; awards of days on
        which the official is recorded as recused, which count as won at other times.
    Source: Catalogue E05 (Coviello and Gagliarducci 2017 for the idea); the permutation of
        term boundaries is replaced by its exact conditional form.
    """

    code: ClassVar = "E05"
    title: ClassVar = {"en": "Share jump inside a term of office", "zh": "任期内中标份额跃升"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "person_company"
    unit: ClassVar = "times the expected awards"
    needs: ClassVar = (
        "awards.buyer_id", "awards.company_id", "awards.awarded_on",
        "offices.person_id", "offices.body_id", "offices.started_on",
    )  # fmt: skip
    wants: ClassVar = (
        "awards.amount", "awards.currency", "awards.category", "awards.region", "awards.status",
        "awards.tender_id", "awards.lot_id", "bids.company_id", "bids.tender_id", "bids.status",
        "bids.lot_id", "bids.amount", "bids.currency", "tenders.category", "tenders.region",
        "tenders.buyer_id", "tenders.estimated_value", "tenders.currency", "bodies.region",
        "bodies.name", "companies.name", "people.name", "rates.rate", "offices.ended_on",
        "offices.role", "decisions.person_id", "decisions.award_id", "decisions.tender_id",
        "decisions.recused",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{company} won {wins:n} awards of {bodies:names} while {official} was in office there"
            "{repeats[en]:text} ({first} to {last}, {amounts:money}), where {expected:times} were "
            "to be expected, and {outside:n} at other times, where {outside_expected:times} were "
            "to be expected.",
            "{company} may have started up, grown or won a framework contract in those years; "
            "compare its awards at other bodies in the same years.",
        ),
        "zh": (
            "{official}在{bodies:names}任职期间，{company}中标{wins:n}项{repeats[zh]:text}"
            "（{first}至{last}，{amounts:money}），预期约{expected:times}项；其他时间{outside:n}项，"
            "预期约{outside_expected:times}项。",
            "{company}可能恰在这些年成立、扩张或获得框架合同；请比较其同期在其他单位的中标。",
        ),
    }

    min_awards: int = bounded(4, low=2, high=100)
    min_ratio: float = bounded(1.5, low=1.0, high=100.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)
    least_points: float = bounded(1.1, low=0.0, high=20.0)

    def find(self, snap: Snapshot) -> Findings:
        """All officials with all companies that won enough in their terms."""
        yard, held = market(snap), terms(snap)
        found = snap.sql(TERMS_CTE + _CANDIDATES.format(least=self.min_awards))
        person = found["person"].to_numpy().astype(np.int32)
        company = found["company"].to_numpy().astype(np.int32)
        queries = without_recused(snap, term_queries(held, person, company))
        seen = ask(yard, queries)
        p, size = seen.jump.p, decades(seen)
        # How many awards there are in all says nothing about when they fell; how many fell
        # into the term would.
        tested = (seen.wins + seen.outside_wins >= self.min_awards) & (seen.outside_expected > 0)
        q = np.full(p.size, np.nan)
        q[tested] = benjamini_hochberg(p[tested])
        ratio = seen.wins / np.maximum(seen.expected, 1e-9)
        stands_out = (q <= self.max_q) | (size >= self.least_points)
        hits = np.flatnonzero(
            tested & stands_out & (ratio >= self.min_ratio) & (seen.wins >= self.min_awards)
        )
        hits = _best_fit(hits, queries.body, queries.group, company, size)
        flags = []
        for i in hits:
            by_body = awards_of(yard, queries, int(i))
            flags.append(
                self._flag(snap, yard, held, seen, int(i), person, company, by_body, p, q, size)
            )
        return Findings(
            flags,
            subjects=int(person.size),
            computable=int(tested.sum()),
            reason="" if tested.all() else _ALWAYS,
            p_values=seen.jump.randomised(0)[tested],
        )

    def _flag(
        self,
        snap: Snapshot,
        yard: Market,
        held: Terms,
        seen: Advantage,
        i: int,
        person: I32,
        company: I32,
        by_body: dict[int, list[Any]],
        p: F64,
        q: F64,
        size: F64,
    ) -> Flag:
        person_id = snap.ids("person")[person[i]]
        company_id = yard.company_ids[company[i]]
        rows = sorted((a for rows in by_body.values() for a in rows), key=lambda a: a.awarded_on)
        bodies = [yard.body_ids[b] for b in busiest(by_body)]
        amounts = total(rows)
        facts = {
            "official": snap.name("person", person_id),
            "company": snap.name("company", company_id),
            "bodies": [snap.name("body", b) for b in bodies],
            "wins": int(seen.wins[i]),
            "expected": round(float(seen.expected[i]), 4),
            "outside": int(seen.outside_wins[i]),
            "outside_expected": round(float(seen.outside_expected[i]), 4),
            "contests": int(seen.contests[i]),
            "contest_wins": int(seen.contest_wins[i]),
            "contest_expected": round(float(seen.contest_expected[i]), 4),
            "repeats": repeats_clause(int(seen.wins[i]), len(rows)),
            "first": rows[0].awarded_on.isoformat(),
            "last": rows[-1].awarded_on.isoformat(),
            "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
        }
        return self.flag(
            (person_id, company_id),
            score=surprise(10.0 ** -float(min(size[i], 290))),
            value=round(float(seen.wins[i] / max(seen.expected[i], 1e-9)), 6),
            threshold=self.min_ratio,
            p_value=float(p[i]),
            q_value=float(q[i]),
            facts=facts,
            amounts=dict(amounts),
            first_on=rows[0].awarded_on,
            last_on=rows[-1].awarded_on,
            body_id=bodies[0],
            company_id=company_id,
            person_id=person_id,
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in rows),
                *term_rows(held, int(person[i]), set(by_body)),
            ),
            members=(
                Member("person", person_id, "official"),
                Member("company", company_id, "winner"),
                *(Member("body", b, "buyer") for b in bodies),
                *(Member("award", a.award_id, "award") for a in rows),
            ),
        )


def _best_fit(hits: I64, body: I32, group: I64, company: I32, size: F64) -> I64:
    """Of hits on one company at one body, the officials whose terms fit best.

    Who served side by side cannot be told apart by dates: all that fit about as well are named.
    """
    at: dict[tuple[int, int], list[int]] = {}
    wanted = set(hits.tolist())
    for g, b in zip(group.tolist(), body.tolist(), strict=True):
        if g in wanted and g not in (found := at.setdefault((b, int(company[g])), [])):
            found.append(g)
    chosen: set[int] = set()
    for found in at.values():
        ranked = sorted(found, key=lambda i: (-size[i], i))
        best = size[ranked[0]]
        chosen.update(
            ranked[:1], (i for i in ranked[:_MOST_NAMED] if size[i] >= _AS_WELL * best > 0)
        )
    return np.array(sorted(chosen), dtype=np.int64)
