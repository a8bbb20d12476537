"""Officials who join a company that wins from their old body."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.closeness import NEEDS, WANTS
from graphgov.network.favour import Queries, ask, combined, decades, total
from graphgov.network.rarity import pairs_met
from graphgov.network.telling import award_count, repeats_clause, role_words
from graphgov.network.terms import TERMS_CTE, terms
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.market import Market, market
from graphgov.stats.spans import F64, FAR, I32

_EPOCH = date(1970, 1, 1)
_WHEN = {
    True: {"en": "from then on", "zh": "自此"},
    False: {"en": "in the last years of that office", "zh": "在其任期最后几年"},
}
# Each way into a company counts once, by its first day; a row says which body was left when.
_SQL = """,
c AS (SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies),
roles AS (
    SELECT person_id, company_id, coalesce(role, 'officer') AS role, 'officers' AS "table",
        row_key, certainty, started_on, ended_on FROM officers
    UNION ALL
    SELECT owner_id, company_id, 'owner', 'ownership', row_key, certainty, started_on, ended_on
    FROM ownership WHERE owner_kind = 'person'
),
j AS (
    SELECT p.person, c.company, r.role, r."table", r.row_key, r.certainty,
        date_diff('day', DATE '1970-01-01', r.started_on) AS joined,
        coalesce(date_diff('day', DATE '1970-01-01', r.ended_on), {far}) AS parted
    FROM roles r JOIN p USING (person_id) JOIN c USING (company_id)
    WHERE r.started_on IS NOT NULL
)
SELECT term.person, term.body, company::INTEGER AS company, term.since, term.until,
    joined::INTEGER AS joined, parted::INTEGER AS parted, role, "table", row_key, certainty,
    term.rows
FROM term JOIN j ON j.person = term.person AND joined > term.until
    AND joined <= term.until + {cooling}
WHERE NOT EXISTS (
    SELECT 1 FROM term again WHERE again.person = term.person AND again.body = term.body
        AND joined BETWEEN again.since AND again.until
)
QUALIFY row_number() OVER (
    PARTITION BY term.person, term.body, company ORDER BY joined, row_key) = 1
ORDER BY term.person, company, term.body, term.since
"""


@dataclass(frozen=True)
class RevolvingDoor(Detector):
    """An official joined a company that wins from the official's old body.

    Method: Take everybody who became an officer or owner of a company at most
        **cooling_days** after leaving a body. Measure the company's wins at that body against
        expectation, once in the last **look_back_days** of the term and once from the day of
        joining; the stronger of the two is reported, its p-value doubled.
    Example: A deputy director leaves in May and is a manager of a paving firm in October; the
        firm wins seven of the next nine contracts of the old office, where two were expected.
    Why: A post may be the reward for awards given, or bought for the doors it opens. Second
        careers are ordinary: firms hire people who know the trade.
    Score: Odds of favour against a steady share or habit, times the rarity of such a move, in
        powers of ten and damped for few wins, plus the circumstances of E01 and a quarter
        inside the cooling-off period.
        Flagged from **least_points** or a p-value of **max_p**.
    Skips: Posts and roles without dates; people still in office at the body.
    Source: Catalogue E06; civil servants law article 107 (cooling-off of two to three years).
    """

    code: ClassVar = "E06"
    title: ClassVar = {"en": "Revolving door", "zh": "旋转门"}
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "person_company"
    unit: ClassVar = "days between office and company"
    needs: ClassVar = (*NEEDS, "offices.ended_on")
    wants: ClassVar = WANTS
    sentences: ClassVar = {
        "en": (
            "{official} left {body} on {left} and joined {company} as {role[en]} on {joined}; "
            "{company} won {counted} of {body} {when[en]}{repeats[en]:text} ("
            "{first} to {last}, {amounts:money}), where "
            "{expected:times} were to be expected.",
            "Second careers are ordinary: {company} may have hired {official} for knowledge of "
            "the trade, with approval, and may win on its merits.",
        ),
        "zh": (
            "{official}于{left}离开{body}，于{joined}加入{company}（{role[zh]}）；{company}{when[zh]}从"
            "{body}中标{wins:n}项{repeats[zh]:text}（{first}至{last}，{amounts:money}），预期约{expected:times}项。",
            "离职再就业很常见：{company}可能因专业知识并经批准聘用{official}，也可能凭实力中标。",
        ),
    }

    cooling_days: int = bounded(1096, low=30, high=3650)
    look_back_days: int = bounded(1096, low=30, high=3650)
    least_points: float = bounded(1.5, low=0.0, high=20.0)
    max_p: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """Every way from a body into a company, before and after."""
        yard = market(snap)
        found = snap.sql(TERMS_CTE + _SQL.format(far=FAR, cooling=self.cooling_days))
        people = len(snap.ids("person"))
        if not found.num_rows:
            return Findings(subjects=people, computable=people)
        column = {
            name: found[name].to_numpy().astype(np.int32)
            for name in ("person", "body", "company", "since", "until", "joined", "parted")
        }
        before = _queries(
            column,
            np.maximum(column["since"], column["until"] - self.look_back_days),
            column["until"],
        )
        after = _queries(column, column["joined"], column["parted"])
        ways = np.unique(column["person"].astype(np.int64) * yard.shares.companies
                         + column["company"]).size  # fmt: skip
        rare = np.log10(max(pairs_met(terms(snap), yard), ways) / ways)
        chosen = []
        for queries in (before, after):
            seen = ask(yard, queries)
            chosen.append((queries, seen, combined(seen), decades(seen, rare)))
        later = chosen[1][3] > chosen[0][3]
        p = np.minimum(1.0, 2.0 * np.where(later, chosen[1][2], chosen[0][2]))
        q = benjamini_hochberg(p)
        flags = []
        size = np.maximum(chosen[0][3], chosen[1][3])
        for i in np.flatnonzero((p <= self.max_p) | (size >= self.least_points)):
            queries, seen, _, size = chosen[int(later[i])]
            if seen.wins[i] > 0:
                counts = (int(seen.wins[i]), float(seen.expected[i]), float(size[i]))
                flags.append(
                    self._flag(snap, yard, found, queries, int(i), bool(later[i]), counts, p, q)
                )
        return Findings(flags, subjects=people, computable=people)

    def _flag(
        self,
        snap: Snapshot,
        yard: Market,
        found: pa.Table,
        queries: Queries,
        i: int,
        later: bool,
        counts: tuple[int, float, float],
        p: F64,
        q: F64,
    ) -> Flag:
        row: dict[str, Any] = {name: found[name][i].as_py() for name in found.column_names}
        awards = yard.awards(
            int(queries.body[i]),
            int(queries.company[i]),
            int(queries.start[i]),
            int(queries.end[i]),
        )
        person_id = snap.ids("person")[row["person"]]
        body_id, company_id = yard.body_ids[row["body"]], yard.company_ids[row["company"]]
        wins, expected, size = counts
        points = size + 0.25
        amounts = total(awards)
        facts = {
            "official": snap.name("person", person_id),
            "company": snap.name("company", company_id),
            "body": snap.name("body", body_id),
            "role": role_words(row["role"]),
            "left": _day(row["until"]),
            "joined": _day(row["joined"]),
            "when": _WHEN[later],
            "wins": wins,
            "counted": award_count(wins),
            "expected": round(expected, 4),
            "repeats": repeats_clause(wins, len(awards)),
            "first": awards[0].awarded_on.isoformat(),
            "last": awards[-1].awarded_on.isoformat(),
            "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
        }
        return self.flag(
            (person_id, company_id),
            window=body_id,
            score=surprise(10.0 ** -min(points, 290.0)),
            value=float(row["joined"] - row["until"]),
            threshold=float(self.cooling_days),
            p_value=float(p[i]),
            q_value=float(q[i]),
            facts=facts,
            amounts=dict(amounts),
            first_on=awards[0].awarded_on,
            last_on=awards[-1].awarded_on,
            body_id=body_id,
            company_id=company_id,
            person_id=person_id,
            certainty=row["certainty"],
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in awards),
                *(Evidence("offices", key) for key in row["rows"]),
                Evidence(row["table"], row["row_key"]),
            ),
            members=(
                Member("person", person_id, "official"),
                Member("company", company_id, "winner"),
                Member("body", body_id, "buyer"),
                *(Member("award", a.award_id, "award") for a in awards),
            ),
        )


def _queries(column: dict[str, I32], start: I32, end: I32) -> Queries:
    size = column["person"].size
    return Queries(
        np.arange(size, dtype=np.int64),
        column["person"],
        column["company"],
        column["body"],
        column["company"],
        start.astype(np.int32),
        end.astype(np.int32),
    )


def _day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()
