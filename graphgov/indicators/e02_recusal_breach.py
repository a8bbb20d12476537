"""Decisions that an official had to stand aside from, and is not recorded to have."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.network.telling import award_count, role_words
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.schema.words import clean, money
from graphgov.snapshot import Snapshot

_FAR = date(9999, 12, 31)
_CLOSE = ("spouse", "parent", "child")
_KIN = MappingProxyType(
    {
        "spouse": ("spouse", "配偶"),
        "parent": ("parent", "父母"),
        "child": ("child", "子女"),
        "sibling": ("sibling", "兄弟姐妹"),
        "in_law": ("in-law", "姻亲"),
        "kin": ("relative", "亲属"),
    }
)
_NO_EDGE = (
    "not computable, because there is no officers.started_on, no ownership.started_on: a claim "
    "that a duty was neglected needs dated posts or holdings"
)


@dataclass(frozen=True)
class RecusalBreach(Detector):
    """An official decided on a tender of a company from which the law keeps them away.

    Method: For every decision without a recusal take the companies that bid, winners or not.
        Flag the official if, in the **look_back_days** before the tender was published (before
        the decision where that is unknown) or since, they held a post in the company or a share
        of **control_share**, or if on the day of the decision the spouse, a parent, child,
        sibling, in-law or other kin was its legal representative or actual controller or held
        such a share.
    Example: A member of the committee evaluates five bids, one of them of a firm whose legal
        representative is his wife's brother.
    Why: The law does not ask whether the decision was fair: whoever is so close stands aside.
        Recusals may be missing from the data, and kin may be more distant than stated.
    Score: 0.7 where the company won, 0.35 where it only bid; 0.2 more for the official's own
        post or share, 0.1 for spouse, parents and children; 0.1 less each for declared edges,
        for a share instead of a post, and where the decision says nothing of recusals; 0.05 more
        for several decisions.
    Skips: Edges without a start, which cannot carry a legal claim; inferred ones; decisions
        from which the official is recorded as recused; state-owned companies.
    Source: Catalogue E02; regulations of the PRC Government Procurement Law article 9, Civil
        Servant Law article 76.
    """

    code: ClassVar = "E02"
    title: ClassVar = {"en": "No recusal despite a close relation", "zh": "应回避未回避"}
    class_: ClassVar = "legal"
    subject_kind: ClassVar = "person_company"
    unit: ClassVar = "decisions"
    needs: ClassVar = ("awards.award_id", "decisions.person_id")
    wants: ClassVar = (
        "awards.currency", "awards.status", "awards.tender_id", "awards.lot_id", "bodies.name",
        "companies.name", "companies.state_owned", "people.name", "decisions.*", "ownership.*",
        "officers.*", "ties.*", "bids.bid_id", "bids.company_id", "bids.tender_id", "bids.status",
        "tenders.tender_id", "tenders.buyer_id", "tenders.published_at", "rates.*",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{official} took part in {decided[en]:text} of {body} on tenders for which {company} "
            "bid ({first} to {last}; {outcome[en]:text}) and is not recorded as recused, although "
            "{relation[en]:text}.",
            "The recusal may have happened and not be in the data, the register out of date, or "
            "the relative a namesake or more distant than stated; check minutes and identity.",
        ),
        "zh": (
            "{official}参与了{body}的{decided[zh]:text}，{company}参加了相应投标（{first}至{last}；"
            "{outcome[zh]:text}），数据中无回避记录，而{relation[zh]:text}。",
            "回避可能已发生但未录入数据，登记信息可能已过时，亲属可能同名或关系更远；请核对会议记录和身份。",
        ),
    }

    look_back_days: int = bounded(1096, low=0, high=3650)
    control_share: float = bounded(0.5, low=0.01, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per official, company and body, with all the decisions."""
        subjects = snap.subjects("award")
        if not snap.has("officers.started_on") and not snap.has("ownership.started_on"):
            missing = "officers.started_on;ownership.started_on"
            return Findings(subjects=subjects, missing=missing, reason=_NO_EDGE)
        rows = snap.sql(
            _SQL.format(
                share=self.control_share,
                look_back=self.look_back_days,
                zone=snap.timezone.replace("'", "''"),
            )
        ).to_pylist()
        acts: dict[tuple[str, str, str], list[_Act]] = defaultdict(list)
        for row in rows:
            act = _Act(**row)
            acts[act.official, act.company, act.body].append(act)
        computable = int(snap.sql(_COVERED)["n"][0].as_py())
        return Findings(
            [self._flag(snap, *who, found) for who, found in sorted(acts.items())],
            subjects=subjects,
            computable=computable,
            reason=""
            if computable == subjects
            else "not computable, because it is not known who decided on the rest",
        )

    def _flag(
        self, snap: Snapshot, official: str, company: str, body: str, acts: "Sequence[_Act]"
    ) -> Flag:
        top = max(acts, key=lambda a: (_weight(a), a.won, a.until, a.stake_key))
        decisions = sorted({(a.award or "", a.tender or "") for a in acts})
        won = {a.award: a for a in acts if a.won and a.award}
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for act in won.values():
            amounts[act.currency or ""] += act.amount or Decimal(0)
        days = sorted(a.day for a in acts)
        certainty = max((a.certainty for a in acts), key=CERTAINTIES.index)
        relatives = {a.relative for a in acts} - {official}
        return self.flag(
            (official, company),
            window=body,
            score=max(0.0, _weight(top) + 0.05 * (len(decisions) > 1)),
            value=float(len(decisions)),
            amounts=amounts,
            first_on=days[0],
            last_on=days[-1],
            body_id=body,
            company_id=company,
            person_id=official,
            certainty=certainty,
            facts={
                "official": snap.name("person", official),
                "body": snap.name("body", body),
                "company": snap.name("company", company),
                "count": len(decisions),
                "decided": _decided(len(decisions)),
                "won": len(won),
                "outcome": _outcome(len(won), amounts),
                "relative": snap.name("person", top.relative),
                "kinship": top.relation,
                "role": top.role,
                "relation": _relation(snap, top),
                "recusal_recorded": all(a.said for a in acts),
                "first": days[0].isoformat(),
                "last": days[-1].isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
            },
            evidence={e for a in acts for e in a.evidence()},
            members=(
                Member("person", official, "official"),
                Member("company", company, "winner" if won else "bidder"),
                Member("body", body, "buyer"),
                *(Member("person", p, "relative") for p in sorted(relatives)),
                *(Member("award", a, "award") for a in sorted(won)),
                *(Member("tender", a.tender, "tender") for a in acts if a.tender and not a.won),
            ),
        )


class _Act(NamedTuple):
    """A decision, a company that bid for it, and what binds the two."""

    official: str
    company: str
    body: str
    award: str | None
    tender: str | None
    day: date
    won: bool
    amount: Decimal | None
    currency: str | None
    met_table: str
    met_key: str
    met_id: str
    decision_key: str
    said: bool
    relative: str
    relation: str
    role: str
    since: date
    until: date
    stake_table: str
    stake_key: str
    tie_key: str | None
    certainty: str

    def evidence(self) -> list[Evidence]:
        tie = [Evidence("ties", self.tie_key)] if self.tie_key else []
        return [
            Evidence("decisions", self.decision_key),
            Evidence(self.met_table, self.met_key, self.met_id),
            Evidence(self.stake_table, self.stake_key),
            *tie,
        ]


def _weight(act: _Act) -> float:
    """What one decision is worth, before repetition."""
    score = 0.7 if act.won else 0.35
    score += 0.2 * (act.relation == "self") + 0.1 * (act.relation in _CLOSE)
    score -= 0.1 * (act.certainty != "documented") + 0.1 * (act.role == "owner")
    return score - 0.1 * (not act.said)


def _decided(decisions: int) -> dict[str, str]:
    one = "1 decision" if decisions == 1 else f"{decisions:,} decisions"
    return {"en": one, "zh": f"{decisions:,}项决定"}


def _outcome(won: int, amounts: dict[str, Decimal]) -> dict[str, str]:
    if not won:
        return {"en": "it won none of them", "zh": "均未中标"}
    paid = money(sorted(amounts.items()))
    return {"en": f"it won {award_count(won)}, {paid}", "zh": f"中标{won:,}项，合计{paid}"}


def _relation(snap: Snapshot, act: _Act) -> dict[str, str]:
    """Who held which post when, by language."""
    official, relative = (clean(snap.name("person", p)) for p in (act.official, act.relative))
    company, role = clean(snap.name("company", act.company)), role_words(act.role)
    if act.relation == "self":
        who = {"en": official, "zh": official}
    else:
        kin = _KIN[act.relation]
        who = {
            "en": f"{relative} ({kin[0]} of {official})",
            "zh": f"{relative}（{official}的{kin[1]}）",
        }
    still = act.until == _FAR
    when = {
        "en": f"since {act.since}" if still else f"{act.since} to {act.until}",
        "zh": f"自{act.since}起" if still else f"{act.since}至{act.until}",
    }
    verb = "is" if still else "was"
    return {
        "en": f"{who['en']} {verb} {role['en']} of {company} ({when['en']})",
        "zh": f"{who['zh']}是{company}的{role['zh']}（{when['zh']}）",
    }


_COVERED = """SELECT count(DISTINCT w.award_id) AS n FROM wins w
    LEFT JOIN (SELECT DISTINCT award_id FROM decisions) a ON a.award_id = w.award_id
    LEFT JOIN (SELECT DISTINCT tender_id FROM decisions WHERE award_id IS NULL) t
        ON t.tender_id = w.tender_id
    WHERE a.award_id IS NOT NULL OR t.tender_id IS NOT NULL"""

_SURE = "started_on IS NOT NULL AND certainty <> 'inferred'"
_OPEN = "coalesce(ended_on, DATE '9999-12-31') AS until"
_RANK = "CASE {0} WHEN 'documented' THEN 0 WHEN 'declared' THEN 1 ELSE 2 END"
_KINDS = ", ".join(f"'{kind}'" for kind in _KIN)

# Tables of officials' own posts and their kin's are small; decisions and bids are joined to
# them, never the other way round.
_SQL = f"""
WITH official AS (SELECT DISTINCT person_id FROM decisions),
stake AS (
    SELECT person_id AS holder, company_id, coalesce(role, 'officer') AS role,
        coalesce(role IN ('legal_representative', 'actual_controller'), false) AS heads,
        started_on, {_OPEN}, 'officers' AS stake_table, row_key AS stake_key, certainty
    FROM officers WHERE {_SURE}
    UNION ALL
    SELECT owner_id, company_id, 'owner', true, started_on, {_OPEN}, 'ownership', row_key,
        certainty
    FROM ownership
    WHERE owner_kind = 'person' AND coalesce(share_min, share, 0.0) >= {{share}} AND {_SURE}
),
kin AS (
    SELECT person_a AS official, person_b AS relative, CASE kind WHEN 'parent' THEN 'child'
        WHEN 'child' THEN 'parent' ELSE kind END AS relation,
        started_on, {_OPEN}, row_key, certainty
    FROM ties SEMI JOIN official ON person_id = person_a WHERE kind IN ({_KINDS}) AND {_SURE}
    UNION ALL
    SELECT person_b, person_a, kind, started_on, {_OPEN}, row_key, certainty
    FROM ties SEMI JOIN official ON person_id = person_b WHERE kind IN ({_KINDS}) AND {_SURE}
),
rel AS (
    SELECT holder AS official, holder AS relative, 'self' AS relation, company_id, role,
        started_on AS since, until, stake_table, stake_key, NULL AS tie_key,
        certainty AS stake_certainty, 'documented' AS tie_certainty
    FROM stake SEMI JOIN official ON person_id = holder
    UNION ALL
    SELECT k.official, k.relative, k.relation, s.company_id, s.role,
        greatest(k.started_on, s.started_on), least(k.until, s.until), s.stake_table,
        s.stake_key, k.row_key, s.certainty, k.certainty
    FROM kin k JOIN stake s ON s.holder = k.relative AND s.heads
),
link AS (
    SELECT rel.* FROM rel JOIN companies c USING (company_id)
    WHERE coalesce(c.state_owned, false) = false AND since <= until
),
one AS (SELECT DISTINCT award_id, tender_id FROM wins),
act AS (
    SELECT d.person_id, d.award_id, coalesce(one.tender_id, d.tender_id) AS tender_id,
        d.decided_on, d.row_key AS decision_key, d.recused IS NOT NULL AS said,
        d.certainty AS decision_certainty
    FROM decisions d SEMI JOIN link ON link.official = d.person_id
    LEFT JOIN one ON one.award_id = d.award_id
    WHERE coalesce(d.recused, false) = false AND d.certainty <> 'inferred'
),
pair AS (SELECT DISTINCT a.*, l.company_id FROM act a JOIN link l ON l.official = a.person_id),
decided AS (
    SELECT tender_id, min(awarded_on) AS awarded_on FROM wins WHERE tender_id IS NOT NULL
    GROUP BY tender_id
),
met AS (
    SELECT p.*, w.award_id AS award, w.buyer_id AS body, w.awarded_on, true AS won, w.amount,
        w.currency, 'awards' AS met_table, w.row_key AS met_key, w.award_id AS met_id
    FROM pair p JOIN wins w ON w.award_id = p.award_id AND w.company_id = p.company_id
    UNION ALL
    SELECT p.*, w.award_id, w.buyer_id, w.awarded_on, true, w.amount, w.currency, 'awards',
        w.row_key, w.award_id
    FROM pair p JOIN wins w ON w.tender_id = p.tender_id AND w.company_id = p.company_id
    WHERE p.award_id IS NULL
    UNION ALL
    SELECT p.*, p.award_id, t.buyer_id, decided.awarded_on, false, NULL, NULL, 'bids', b.row_key,
        b.bid_id
    FROM pair p JOIN bids b ON b.tender_id = p.tender_id AND b.company_id = p.company_id
    JOIN tenders t ON t.tender_id = b.tender_id
    LEFT JOIN decided ON decided.tender_id = b.tender_id
    WHERE coalesce(b.status, 'valid') NOT IN ('invited', 'withdrawn') AND NOT EXISTS (
        SELECT 1 FROM wins w WHERE w.tender_id = b.tender_id AND w.company_id = b.company_id)
),
dated AS (
    SELECT met.*, coalesce(decided_on, awarded_on) AS day, coalesce(
        ((t.published_at AT TIME ZONE 'UTC') AT TIME ZONE '{{zone}}')::DATE,
        coalesce(decided_on, awarded_on)) AS called
    FROM met LEFT JOIN tenders t ON t.tender_id = met.tender_id
),
excused AS (
    SELECT person_id, coalesce(award_id, '') AS award_id, coalesce(tender_id, '') AS tender_id
    FROM decisions WHERE recused
)
SELECT l.official, l.company_id AS company, m.body, m.award, m.tender_id AS tender, m.day, m.won,
    m.amount, m.currency, m.met_table, m.met_key, m.met_id, m.decision_key, m.said, l.relative,
    l.relation, l.role, l.since, l.until, l.stake_table, l.stake_key, l.tie_key,
    (['documented', 'declared', 'inferred'])[1 + greatest({_RANK.format("l.stake_certainty")},
        {_RANK.format("l.tie_certainty")}, {_RANK.format("m.decision_certainty")})] AS certainty
FROM link l JOIN dated m ON m.person_id = l.official AND m.company_id = l.company_id
WHERE l.since <= m.day
    AND (l.until >= m.day
        OR (l.relation = 'self' AND l.until >= m.called - {{look_back}}))
    AND NOT EXISTS (SELECT 1 FROM excused e WHERE e.person_id = l.official
        AND (e.award_id = coalesce(m.award_id, m.award, '?')
            OR (e.award_id = '' AND e.tender_id = m.tender_id)))
ORDER BY ALL
"""
