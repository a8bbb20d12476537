"""Awards to companies that the deciding official, or the official's household, owned or ran."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import prod
from typing import ClassVar, NamedTuple

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot

_MAX_CHAIN = 6  # holdings from a person to the winner
_SCORE_FULL = 0.25  # the usual line of beneficial ownership


@dataclass(frozen=True)
class SelfDealing(Detector):
    """An official had part in an award to a company of the official's own household.

    Method: Take the people who decided an award (approver, evaluator, procurement officer,
        expert) and the head and deputies of the body in office that day. Flag the company if
        that day the person, the spouse, parents and children (with **wider_kin** = 1 also
        siblings, in-laws and other kin) together owned at least **min_share** of it, summed over
        all chains of holdings at their lower bound, or one was its legal representative, actual
        controller or director.
    Example: The head of the water bureau approves a works contract of the firm of which her
        husband holds sixty per cent.
    Why: Whoever decides may not gain by the decision. Listed companies have many small holders,
        a register may be out of date, and a relative's namesake is not the relative.
    Score: 0.7 to 1 as the share grows to a quarter, 1 with a post; a tenth less each where
        the person only headed the body, the kin is wider, or an edge is declared.
    Skips: Edges without a start, which cannot carry a legal claim; inferred ties; awards from
        which the person was recused; state-owned companies; shares below **min_share**.
    Source: PRC Civil Servant Law art. 74-76; Government Procurement Law regulations art. 9.
    """

    code: ClassVar = "E15"
    title: ClassVar = {"en": "Award to the official's own household", "zh": "官员自我交易"}
    class_: ClassVar = "legal"
    subject_kind: ClassVar = "person_company"
    unit: ClassVar = "effective share"
    needs: ClassVar = ("awards.award_id",)
    wants: ClassVar = (
        "awards.currency",
        "awards.status",
        "awards.tender_id",
        "awards.title",
        "bodies.name",
        "companies.name",
        "companies.state_owned",
        "people.name",
        "decisions.*",
        "offices.*",
        "ownership.*",
        "officers.*",
        "ties.*",
        "tenders.tender_id",
        "rates.*",
    )
    sentences: ClassVar = {
        "en": (
            "{person} ({part}) had part in {count:n} awards of {body} to {company} between "
            "{first} and {last}, {amounts:money} in all, while {owner} ({relation}) effectively "
            "held {share:pct} of that company (posts there: {posts:names}).",
            "The register or the post may be out of date, the holding declared and approved, or "
            "the relative a namesake; check identity, dates and a recusal that is not in the data.",
        ),
        "zh": (
            "{person}（{part}）在{first}至{last}期间参与了{body}授予{company}的{count:n}项合同，"
            "合计{amounts:money}，而{owner}（关系：{relation}）当时实际持有该公司{share:pct}的股份"
            "（任职：{posts:names}）。",
            "登记或任职信息可能已过时，持股可能已申报并获批准，亲属也可能只是同名；"
            "请核对身份、日期以及数据中未记录的回避。",
        ),
    }

    min_share: float = bounded(0.01, low=0.0001, high=1.0)
    wider_kin: int = bounded(0, low=0, high=1)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per official, company and body, with all its awards."""
        subjects = snap.subjects("award")
        gaps = [
            names
            for names in (("decisions.person_id", "offices.started_on"),
                          ("ownership.started_on", "officers.started_on"))
            if not any(snap.has(name) for name in names)
        ]  # fmt: skip
        if gaps:
            missing = [name for names in gaps for name in names]
            why = f"not computable, because there is no {', no '.join(missing)}"
            return Findings(subjects=subjects, missing=";".join(missing), reason=why)
        acts: dict[tuple[str, str, str], list[_Act]] = defaultdict(list)
        for row in snap.sql(_acts_sql(wider=self.wider_kin == 1)).to_pylist():
            act = _Act(**row)
            acts[act.official, act.company, act.body].append(act)
        stakes = _Stakes.of(snap)
        flags = [
            self._flag(snap, *who, held)
            for who, seen in sorted(acts.items())
            if (held := self._held(seen, stakes))
        ]
        computable = int(snap.sql(_COVERED)["n"][0].as_py())
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=computable,
            reason="not computable, because the rest has neither a decision maker nor a head of "
            "the body in office"
            if computable < subjects
            else "",
        )

    def _held(self, seen: "Sequence[_Act]", stakes: "_Stakes") -> "list[tuple[_Act, _Stake]]":
        """The acts on days when the household as a whole held enough, or one of it a post."""
        by_award: dict[str, list[tuple[_Act, _Stake]]] = defaultdict(list)
        for act in seen:
            stake = stakes.stake(act)
            if stake is not None:
                by_award[act.award].append((act, stake))
        held = []
        for found in by_award.values():
            total = sum({a.relative: s.share for a, s in found}.values())
            if total >= self.min_share - 1e-12 or any(s.posts for _, s in found):
                held += [(a, s._replace(household=min(1.0, total))) for a, s in found]
        return held

    def _flag(
        self,
        snap: Snapshot,
        official: str,
        company: str,
        body: str,
        held: "Sequence[tuple[_Act, _Stake]]",
    ) -> Flag:
        awards = {a.award: a for a, _ in held}
        days = sorted(a.day for a in awards.values())
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for act in awards.values():
            amounts[act.currency or ""] += act.amount
        top, stake = max(
            held, key=lambda h: (len(h[1].posts), h[1].share, h[0].decided, h[0].relative)
        )
        decided = any(a.decided for a, _ in held)
        certainty = max((s.certainty for _, s in held), key=CERTAINTIES.index)
        score = 1.0 if stake.posts else 0.7 + 0.3 * min(1.0, stake.household / _SCORE_FULL)
        score -= 0.1 * (not decided) + 0.1 * top.wider + 0.1 * (certainty != "documented")
        relatives = sorted({a.relative for a, _ in held} - {official})
        members = [
            Member("person", official, "official"),
            Member("company", company, "winner"),
            Member("body", body, "buyer"),
            *(Member("person", p, "relative") for p in relatives),
            *(Member("award", key, "award") for key in awards),
        ]
        for _, s in held:
            members += [Member("company", c, "through") for c in s.through]
        evidence = {e for a, s in held for e in (*a.evidence(), *s.evidence)}
        return self.flag(
            (official, company),
            window=body,
            score=score,
            value=stake.household,
            threshold=self.min_share,
            amounts=amounts,
            first_on=days[0],
            last_on=days[-1],
            body_id=body,
            company_id=company,
            person_id=official,
            certainty=certainty,
            facts={
                "person": snap.name("person", official),
                "part": "decided" if decided else "head or deputy in office",
                "body": snap.name("body", body),
                "company": snap.name("company", company),
                "owner": snap.name("person", top.relative),
                "relation": top.relation,
                "share": round(stake.share, 6),
                "household_share": round(stake.household, 6),
                "posts": list(stake.posts) or ["-"],
                "chain": [snap.name("company", c) for c in (*stake.through, company)],
                "count": len(awards),
                "first": days[0].isoformat(),
                "last": days[-1].isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
            },
            evidence=evidence,
            members=members,
        )


class _Act(NamedTuple):
    """An official's part in an award, and a relative linked to the winner at some time."""

    official: str
    company: str
    body: str
    award: str
    day: date
    amount: Decimal
    currency: str | None
    award_key: str
    decided: bool
    part_table: str
    part_key: str
    part_certainty: str
    relative: str
    relation: str
    wider: bool
    tie_key: str | None
    tie_certainty: str

    def evidence(self) -> list[Evidence]:
        tie = [Evidence("ties", self.tie_key)] if self.tie_key else []
        award = Evidence("awards", self.award_key, self.award)
        return [award, Evidence(self.part_table, self.part_key), *tie]


class _Stake(NamedTuple):
    """What a person had in a company on a day."""

    share: float
    household: float  # of everybody in the household together
    posts: tuple[str, ...]
    through: tuple[str, ...]
    certainty: str
    evidence: tuple[Evidence, ...]


class _Edge(NamedTuple):
    """A dated holding or post."""

    company: str
    word: str
    share: float
    start: date
    end: date
    certainty: str
    key: str


@dataclass(frozen=True, eq=False)
class _Stakes:
    """Dated holdings and posts, by owner."""

    holdings: Mapping[tuple[str, str], Sequence[_Edge]]
    posts: Mapping[str, Sequence[_Edge]]

    @staticmethod
    def of(snap: Snapshot) -> "_Stakes":
        holdings: dict[tuple[str, str], list[_Edge]] = defaultdict(list)
        for row in snap.sql(_HOLDINGS).to_pylist():
            owner = (row.pop("owner_kind"), row.pop("owner_id"))
            holdings[owner].append(_Edge(word="holding", **row))
        posts: dict[str, list[_Edge]] = defaultdict(list)
        for row in snap.sql(_POSTS).to_pylist():
            posts[row.pop("person_id")].append(_Edge(share=0.0, **row))
        return _Stakes(holdings, posts)

    def stake(self, act: _Act) -> _Stake | None:
        """What the relative had in the winner on the day of the award, if anything.

        The sum over chains that visit no company twice: the integrated share, less what loops
        of cross-holdings would add.
        """
        chains = [
            chain
            for chain in self._chains(("person", act.relative), act.day, ())
            if chain[-1].company == act.company
        ]
        share = sum(prod(e.share for e in chain) for chain in chains)
        posts = [
            e
            for e in self.posts.get(act.relative, ())
            if e.company == act.company and e.start <= act.day <= e.end
        ]
        if not chains and not posts:
            return None
        used = [e for chain in chains for e in chain]
        words = [act.part_certainty, act.tie_certainty]
        words += [e.certainty for e in (used or posts)]
        evidence = [Evidence("ownership", e.key) for e in used]
        evidence += [Evidence("officers", e.key) for e in posts]
        best = max(chains, key=lambda c: (prod(e.share for e in c), -len(c))) if chains else ()
        return _Stake(
            share=min(1.0, share),
            household=0.0,
            posts=tuple(sorted({e.word for e in posts})),
            through=tuple(e.company for e in best[:-1]),
            certainty=max(words, key=CERTAINTIES.index),
            evidence=tuple(sorted(set(evidence))),
        )

    def _chains(
        self, owner: tuple[str, str], day: date, path: tuple[_Edge, ...]
    ) -> list[tuple[_Edge, ...]]:
        found = []
        for edge in self.holdings.get(owner, ()):
            if not edge.start <= day <= edge.end or edge.share <= 0:
                continue
            if any(edge.company == e.company for e in path):
                continue
            chain = (*path, edge)
            found.append(chain)
            if len(chain) < _MAX_CHAIN:
                found += self._chains(("company", edge.company), day, chain)
        return found


_NEAR = "'spouse', 'parent', 'child'"
_WIDE = "'sibling', 'in_law', 'kin'"
_HOLDINGS = """SELECT owner_kind, owner_id, company_id AS company,
    coalesce(share_min, share, 0.0) AS share, started_on AS start,
    coalesce(ended_on, DATE '9999-12-31') AS "end", certainty, row_key AS key
    FROM ownership WHERE started_on IS NOT NULL
    ORDER BY owner_kind, owner_id, company_id, started_on, row_key"""
_POST_RULE = (
    "started_on IS NOT NULL AND role IN ('legal_representative', 'actual_controller', 'director')"
)
_POSTS = f"""SELECT person_id, company_id AS company, role AS word, started_on AS start,
    coalesce(ended_on, DATE '9999-12-31') AS "end", certainty, row_key AS key
    FROM officers WHERE {_POST_RULE} ORDER BY person_id, company_id, started_on, row_key"""
_PARTS = """part AS (
        SELECT d.person_id, w.award_id, w.company_id, true AS decided, 'decisions' AS tab,
            d.row_key AS key, d.certainty
        FROM decisions d JOIN wins w ON d.award_id = w.award_id
        UNION ALL
        SELECT d.person_id, w.award_id, w.company_id, true, 'decisions', d.row_key, d.certainty
        FROM decisions d JOIN wins w ON d.tender_id = w.tender_id WHERE d.award_id IS NULL
        UNION ALL
        SELECT o.person_id, w.award_id, w.company_id, false, 'offices', o.row_key, o.certainty
        FROM offices o JOIN wins w ON o.body_id = w.buyer_id
        WHERE o.role IN ('head', 'deputy') AND o.started_on <= w.awarded_on
            AND coalesce(o.ended_on, w.awarded_on) >= w.awarded_on
    )"""
_COVERED = f"WITH {_PARTS} SELECT count(DISTINCT award_id) AS n FROM part"


def _acts_sql(*, wider: bool) -> str:
    """Officials' parts in awards to companies that somebody of the household ever had.

    Dates of holdings are checked afterwards, link by link; here they must only exist.
    """
    kinds = f"{_NEAR}, {_WIDE}" if wider else _NEAR
    return f"""WITH RECURSIVE official AS (
        SELECT person_id FROM decisions
        UNION SELECT person_id FROM offices WHERE role IN ('head', 'deputy')
    ), tie AS (
        SELECT *, coalesce(ended_on, DATE '9999-12-31') AS until FROM ties
        WHERE kind IN ({kinds}) AND started_on IS NOT NULL AND certainty <> 'inferred'
    ), household AS (
        SELECT person_id AS official, person_id AS relative, 'self' AS relation, false AS wider,
            DATE '0001-01-01' AS since, DATE '9999-12-31' AS until, NULL AS tie_key,
            'documented' AS tie_certainty
        FROM official
        UNION ALL
        SELECT person_a, person_b, CASE kind WHEN 'parent' THEN 'child' WHEN 'child' THEN 'parent'
            ELSE kind END, kind IN ({_WIDE}), started_on, until, row_key, certainty
        FROM tie SEMI JOIN official ON person_id = person_a
        UNION ALL
        SELECT person_b, person_a, kind, kind IN ({_WIDE}), started_on, until, row_key, certainty
        FROM tie SEMI JOIN official ON person_id = person_b
    ), reach AS (
        SELECT owner_id AS relative, company_id FROM ownership
        WHERE owner_kind = 'person' AND started_on IS NOT NULL
            AND owner_id IN (SELECT relative FROM household)
        UNION
        SELECT person_id, company_id FROM officers
        WHERE {_POST_RULE} AND person_id IN (SELECT relative FROM household)
        UNION
        SELECT r.relative, o.company_id FROM reach r JOIN ownership o
            ON o.owner_kind = 'company' AND o.owner_id = r.company_id
            AND o.started_on IS NOT NULL
    ), link AS (
        SELECT h.*, r.company_id FROM household h JOIN reach r USING (relative)
        JOIN companies c USING (company_id) WHERE coalesce(c.state_owned, false) = false
    ), {_PARTS}, excused AS (
        SELECT person_id, coalesce(award_id, '') AS award_id, coalesce(tender_id, '') AS tender_id
        FROM decisions WHERE recused
    )
    SELECT l.official, l.company_id AS company, w.buyer_id AS body, w.award_id AS award,
        w.awarded_on AS day, w.amount, w.currency, w.row_key AS award_key, p.decided,
        p.tab AS part_table, p.key AS part_key, p.certainty AS part_certainty, l.relative,
        l.relation, l.wider, l.tie_key, l.tie_certainty
    FROM link l
    JOIN part p ON p.person_id = l.official AND p.company_id = l.company_id
    JOIN wins w ON w.award_id = p.award_id AND w.company_id = p.company_id
    WHERE w.awarded_on BETWEEN l.since AND l.until
        AND NOT EXISTS (SELECT 1 FROM excused e WHERE e.person_id = l.official
            AND (e.award_id = w.award_id OR (e.award_id = '' AND e.tender_id = w.tender_id)))
    ORDER BY ALL"""
