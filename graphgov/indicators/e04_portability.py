"""Suppliers that follow an official from one body to the next."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.favour import awards_of, term_rows, total
from graphgov.network.moves import Moves, Suppliers, follow_queries, moves, simes, suppliers
from graphgov.network.recusal import without_recused
from graphgov.network.telling import repeats_clause
from graphgov.network.terms import terms
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.market import AwardRow, Market, market
from graphgov.stats.spans import F64, I64

_EPOCH = date(1970, 1, 1)
_REST = (
    "not computable, because the rest never moved from one body to another, or there are too "
    "few purchases from before the move"
)


@dataclass(frozen=True)
class Portability(Detector):
    """Suppliers of an official's old body win at the new one as soon as the official is there.

    Method: Take every official who took a post at most **gap_days** after another one held for
        **settled_days** or more, and the companies that won at the old body in that time. What
        each would win at the new one in the first **follow_days** anyway is taken from its share
        of its lines at all third bodies, from how busy it was in those years, from how much it
        had won there before, and from what such suppliers win on average over all moves: a
        gamma-Poisson count. The official's p-value is the least of n p(k) / k over these n
        companies (Simes).
    Example: The head of a town's works office becomes head of the county's; a paving firm of
        the town that had no contract of the county wins eight in the next two years, where a
        third of one was to be expected.
    Why: Who follows an official owes the work to the person, not to the office. An official
        also takes along a good opinion of a firm, and a firm may simply be expanding.
    Score: Surprise of the p-value, decades / (decades + 2).
    Skips: Moves without a date or with fewer than **history_days** of purchases before them;
        followers with fewer than **min_before** awards at the old body, more than
        **max_earlier** at the new one before the move, a p-value above **max_p** or fewer than
        **min_wins** awards after it; awards of days on which the official is recorded as
        recused.
    Source: Catalogue E04; Simes 1986.
    """

    code: ClassVar = "E04"
    title: ClassVar = {"en": "Suppliers that follow an official", "zh": "供应商随官员转移"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "person"
    unit: ClassVar = "times the expected awards"
    needs: ClassVar = (
        "awards.buyer_id", "awards.company_id", "awards.awarded_on",
        "offices.person_id", "offices.body_id", "offices.started_on",
    )  # fmt: skip
    wants: ClassVar = (
        "awards.amount", "awards.currency", "awards.category", "awards.region", "awards.status",
        "awards.tender_id", "awards.lot_id", "bids.company_id", "bids.tender_id", "bids.status",
        "bids.lot_id", "tenders.category", "tenders.region", "tenders.buyer_id",
        "bodies.region", "bodies.name", "companies.name", "people.name", "rates.rate",
        "offices.ended_on", "offices.role", "decisions.person_id", "decisions.award_id",
        "decisions.tender_id", "decisions.recused",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{companies:names} had won {before:n} awards of {old} while {official} was in office "
            "there, and {earlier:n} of {body} before {official} came there on {came}; in the "
            "{days:n} days that followed, {body} gave {firms[en]:text} {wins:n} awards"
            "{repeats[en]:text} ({first} to {last}, {amounts:money}), where {expected:times} were "
            "to be expected.",
            "An official may know from experience who does good work, and a company may be "
            "expanding; compare its prices and its new customers elsewhere in these years.",
        ),
        "zh": (
            "{companies:names}在{official}任职{old}期间曾从该单位中标{before:n}项，此前在{body}中标{earlier:n}项；"
            "{official}于{came}到{body}任职后{days:n}天内，{firms[zh]:text}从{body}中标{wins:n}项"
            "{repeats[zh]:text}（{first}至{last}，{amounts:money}），预期约{expected:times}项。",
            "官员可能凭经验了解谁的工作质量好，企业也可能正在扩张；请比较其价格及同期在其他单位的新客户。",
        ),
    }

    follow_days: int = bounded(730, low=90, high=3650)
    settled_days: int = bounded(180, low=1, high=3650)
    gap_days: int = bounded(730, low=0, high=3650)
    history_days: int = bounded(365, low=0, high=3650)
    min_before: int = bounded(2, low=1, high=100)
    max_earlier: int = bounded(1, low=0, high=100)
    min_wins: int = bounded(3, low=1, high=100)
    max_p: float = bounded(0.01, low=0.0, high=1.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All moves of all officials."""
        yard = market(snap)
        moved = moves(snap, follow=self.follow_days, settled=self.settled_days, gap=self.gap_days)
        new = suppliers(snap, yard, moved, history=self.history_days)
        number = moved.person.size
        fresh = new.earlier <= self.max_earlier  # both are known before the move
        usable = fresh & (new.before >= self.min_before)
        chance = new.tail.p
        p = simes(chance[usable], new.move[usable], number)
        tested = np.bincount(new.move[usable], minlength=number) > 0
        q = np.full(number, np.nan)
        q[tested] = benjamini_hochberg(p[tested])
        follows = usable & (chance <= self.max_p) & (new.wins >= self.min_wins)
        flags = [
            self._flag(
                snap, yard, moved, new, np.flatnonzero(follows & (new.move == m)), p[m], q[m]
            )
            for m in np.unique(new.move[follows & (q[new.move] <= self.max_q)]).tolist()
        ]
        officials = len(np.unique(terms(snap).person))
        computable = len(np.unique(moved.person[tested]))
        return Findings(
            flags,
            subjects=officials,
            computable=computable,
            reason="" if computable == officials else _REST,
            p_values=simes(new.tail.randomised(0)[fresh], new.move[fresh], number)[
                np.bincount(new.move[fresh], minlength=number) > 0
            ],
        )

    def _flag(
        self,
        snap: Snapshot,
        yard: Market,
        moved: Moves,
        new: Suppliers,
        rows: I64,
        p: F64,
        q: F64,
    ) -> Flag:
        rows = rows[np.lexsort((rows, -new.wins[rows]))]
        m, company = int(new.move[rows[0]]), new.company[rows]
        queries = without_recused(snap, follow_queries(moved, new.move[rows], company))
        found = [awards_of(yard, queries, i) for i in range(rows.size)]
        awards = sorted(
            (a for by_body in found for part in by_body.values() for a in part),
            key=lambda a: (a.awarded_on, a.award_id, a.row_key),
        )
        earlier = self._earlier(yard, moved, m, company.tolist())
        person_id = snap.ids("person")[moved.person[m]]
        old, body = (yard.body_ids[int(b)] for b in (moved.old[m], moved.body[m]))
        companies = [yard.company_ids[int(c)] for c in company]
        wins, expected = int(new.wins[rows].sum()), float(new.expected[rows].sum())
        amounts = total(awards)
        facts = {
            "official": snap.name("person", person_id),
            "companies": [snap.name("company", c) for c in companies],
            "old": snap.name("body", old),
            "body": snap.name("body", body),
            "came": (_EPOCH + timedelta(days=int(moved.since[m]))).isoformat(),
            "days": int(moved.until[m] - moved.since[m]),
            "before": int(new.before[rows].sum()),
            "firms": _IT if rows.size == 1 else _THEM,
            "followers": int(rows.size),
            "suppliers": int((new.move == m).sum()),
            "earlier": int(new.earlier[rows].sum()),
            "wins": wins,
            "expected": round(expected, 4),
            "repeats": repeats_clause(wins, len(awards)),
            "first": awards[0].awarded_on.isoformat(),
            "last": awards[-1].awarded_on.isoformat(),
            "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
        }
        return self.flag(
            person_id,
            window=f"{old} > {body} {facts['came']}",
            score=surprise(float(p)),
            value=round(wins / max(expected, 1e-9), 6),
            p_value=float(p),
            q_value=float(q),
            facts=facts,
            amounts=dict(amounts),
            first_on=awards[0].awarded_on,
            last_on=awards[-1].awarded_on,
            body_id=body,
            company_id=companies[0],
            person_id=person_id,
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in (*awards, *earlier)),
                *term_rows(
                    terms(snap), int(moved.person[m]), {int(moved.old[m]), int(moved.body[m])}
                ),
            ),
            members=(
                Member("person", person_id, "official"),
                Member("body", body, "buyer"),
                Member("body", old, "buyer"),
                *(Member("company", c, "winner") for c in companies),
                *(Member("award", a.award_id, "award") for a in awards),
            ),
        )

    def _earlier(self, yard: Market, moved: Moves, m: int, companies: list[int]) -> list[AwardRow]:
        """What the followers had won at the old body in the official's time."""
        old, since, until = (int(v[m]) for v in (moved.old, moved.old_since, moved.old_until))
        return [a for c in companies for a in yard.awards(old, c, since, until)]


_IT = {"en": "it", "zh": "该企业"}
_THEM = {"en": "them", "zh": "这些企业"}
