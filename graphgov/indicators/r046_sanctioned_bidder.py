"""Awards and bids of companies that were on a sanctions list, or of their successors."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._pairs import local_day
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot

_BARRED = "debar|suspen|ineligib|exclu|black|barred|banned|禁止|黑名单|严重违法|失信行为"
_CREDIT = "dishonest|tax|credit|失信|税"
_HOW = {
    "self": ("was itself on it", "其本身在列"),
    "head": ("is headed by {0}, who was on it", "其负责人{0}在列"),
    "phoenix": (
        "was founded after {1} was put on it and answers to the same person, {0}",
        "成立于{1}被列入之后，且同受{0}控制",
    ),
}
_SCORE = {"self": 1.0, "head": 0.7, "phoenix": 0.55}
_LOST = 0.6  # of the score where it bid and did not win


@dataclass(frozen=True)
class SanctionedBidder(Detector):
    """A company won or bid while it, or who heads it, was on a sanctions list.

    Method: A listing in force on the day of the award, or on the day bids were due or made. It
        counts for the listed company; for companies of which a listed person was then legal
        representative or actual controller; and for a company founded since the listing whose
        head or owner of a quarter headed or so owned the listed one when it was listed.
    Example: A builder is debarred for two years in March; in May its director founds a new
        company, which wins a road in June.
    Why: Who is barred may not bid. Listings get lifted without the data saying so, and a firm may
        share no more than a name with the listed one.
    Score: 0.9 for a bar, 0.7 for lists of debtors and taxes, 0.5 for other lists; times 0.7 for
        a listed head and 0.55 for a successor, times 0.6 where it only bid.
    Skips: Listings without a start; posts and shares without a start; inferred ones; people with
        more than **max_companies** companies; bodies.
    Source: OCP Red flags (2024) R046; PRC Government Procurement Law art. 22.
    """

    code: ClassVar = "R046"
    title: ClassVar = {
        "en": "Bidder is debarred or on a sanctions list",
        "zh": "投标人处于禁入或失信名单",
    }
    class_: ClassVar = "legal"
    subject_kind: ClassVar = "company"
    unit: ClassVar = "awards"
    needs: ClassVar = ("sanctions.started_on",)
    wants: ClassVar = (
        "sanctions.subject_id", "sanctions.subject_kind", "sanctions.list", "sanctions.ended_on",
        "awards.award_id", "awards.tender_id", "awards.currency", "awards.status", "bids.bid_id",
        "bids.company_id", "bids.tender_id", "bids.status", "bids.submitted_at",
        "tenders.bids_due_at", "tenders.status", "tenders.buyer_id", "bodies.name",
        "companies.name", "companies.founded_on", "people.name", "officers.person_id",
        "officers.company_id", "officers.role", "officers.started_on", "officers.ended_on",
        "officers.certainty", "ownership.owner_id", "ownership.owner_kind",
        "ownership.company_id", "ownership.share", "ownership.share_min", "ownership.started_on",
        "ownership.ended_on", "ownership.certainty", "rates.*",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{company} won {won:n} and bid for {bid:n} contracts of {bodies:names} between {first} "
            "and {last} ({amounts:money}) while the list {list} was in force ({span[en]}): "
            "it {how[en]:text}.",
            "The listing may have been lifted, may not bar from this kind of contract, or may "
            "concern a namesake; check the list itself.",
        ),
        "zh": (
            "{company}在{first}至{last}期间中标{bodies:names}的{won:n}项、参与投标{bid:n}项"
            "（金额{amounts:money}），而名单“{list}”有效（{span[zh]}）：{how[zh]:text}。",
            "该列入可能已撤销、可能不限制此类采购，或涉及同名主体；请核对名单原文。",
        ),
    }

    max_companies: int = bounded(10, low=1, high=100)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per company and way of being concerned."""
        found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for row in snap.sql(_asked(snap, self.max_companies)).to_pylist():
            found[row["company_id"], row["how"]].append(row)
        flags = [self._flag(snap, *key, rows) for key, rows in sorted(found.items())]
        subjects = snap.subjects("company")
        undated = snap.filled("sanctions.list") - snap.filled("sanctions.started_on")
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=subjects,
            reason=f"not computable for {undated} listings without a start" if undated else "",
        )

    def _flag(
        self, snap: Snapshot, company: str, how: str, rows: Sequence[Mapping[str, Any]]
    ) -> Flag:
        awards = {r["id"]: r for r in rows if r["tab"] == "awards"}
        bids = {r["id"]: r for r in rows if r["tab"] == "bids"}
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for row in awards.values():
            amounts[row["currency"] or ""] += row["amount"]
        top = max(rows, key=lambda r: (r["tab"] == "awards", r["weight"], r["since"], r["list"]))
        days = sorted(row["day"] for row in rows)
        bodies = sorted({row["buyer_id"] for row in rows if row["buyer_id"]})
        certainty = max(row["certainty"] for row in rows)
        score = top["weight"] * _SCORE[how] * (1.0 if awards else _LOST) - 0.05 * (certainty > 0)
        person = top["person_id"] or ""
        named = [snap.name("person", person), snap.name("company", top["listed"] or "")]
        edges = {(r[f"tab_{k}"], r[f"key_{k}"]) for r in rows for k in "xy" if r[f"key_{k}"]}
        members = [Member("company", company, "winner" if awards else "bidder")]
        members += [Member("body", key, "buyer") for key in bodies]
        members += [Member("award", key, "award") for key in awards]
        if person:
            members.append(Member("person", person, "holder"))
        if how == "phoenix":
            members.append(Member("company", top["listed"], "listed"))
        return self.flag(
            company,
            window=how,
            score=score,
            value=float(len(awards)),
            amounts=dict(amounts),
            first_on=days[0],
            last_on=days[-1],
            body_id=bodies[0] if len(bodies) == 1 else "",
            company_id=company,
            person_id=person,
            certainty=CERTAINTIES[certainty],
            facts={
                "company": snap.name("company", company),
                "won": len(awards),
                "bid": len(bids),
                "bodies": [snap.name("body", key) for key in bodies] or ["?"],
                "first": days[0].isoformat(),
                "last": days[-1].isoformat(),
                "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
                "list": top["list"],
                "span": _span(top["since"], top["until"]),
                "how": {
                    language: said.format(*named)
                    for language, said in zip(("en", "zh"), _HOW[how], strict=True)
                },
            },
            evidence=[
                *(Evidence(row["tab"], row["row_key"], row["id"]) for row in rows),
                *(Evidence("sanctions", row["key"]) for row in rows),
                *(Evidence(table, key) for table, key in edges),
                *(Evidence("companies", r["own_key"], company) for r in rows if r["own_key"]),
            ],
            members=members,
        )


def _span(since: date, until: date | None) -> dict[str, str]:
    """The days of a listing in words, by language."""
    if until is None:
        return {"en": f"since {since}", "zh": f"自{since}起"}
    return {"en": f"{since} to {until}", "zh": f"{since}至{until}"}


def _asked(snap: Snapshot, most: int) -> str:
    """The statement, with days of the dataset's zone."""
    day = local_day(snap)
    return (
        _ACTS.replace("{most}", str(most))
        .replace("{due}", day.format("t.bids_due_at"))
        .replace("{day}", day.format("coalesce(b.submitted_at, t.bids_due_at)"))
    )


_POSTS = """post AS (
        SELECT person_id, company_id, true AS head, started_on, ended_on, certainty,
            row_key, 'officers' AS tab
        FROM officers WHERE role IN ('legal_representative', 'actual_controller')
        UNION ALL
        SELECT owner_id, company_id, false, started_on, ended_on, certainty, row_key, 'ownership'
        FROM ownership WHERE owner_kind = 'person' AND coalesce(share_min, share) >= 0.25
    ), few AS (
        SELECT person_id FROM post GROUP BY person_id
        HAVING count(DISTINCT company_id) <= {most}
    ), held AS (
        SELECT post.* FROM post SEMI JOIN few USING (person_id)
        WHERE started_on IS NOT NULL AND certainty <> 'inferred'
    )"""
_GRADE = "CASE {0} WHEN 'documented' THEN 0 ELSE 1 END"
_ACTS = f"""WITH {_POSTS}, listing AS (
        SELECT subject_kind, subject_id, list, started_on AS since, ended_on AS until, row_key,
            CASE WHEN regexp_matches(lower(list), '{_BARRED}') THEN 0.9
                WHEN regexp_matches(lower(list), '{_CREDIT}') THEN 0.7 ELSE 0.5
                END::DOUBLE AS weight
        FROM sanctions WHERE started_on IS NOT NULL AND subject_kind IN ('company', 'person')
    ), concerned AS (
        SELECT subject_id AS company_id, 'self' AS how, list, since, until, row_key AS key, weight,
            NULL AS person_id, subject_id AS listed, DATE '0001-01-01' AS start_x,
            NULL::DATE AS end_x, 0 AS certainty, '' AS tab_x, '' AS key_x, '' AS tab_y,
            '' AS key_y, '' AS own_key
        FROM listing WHERE subject_kind = 'company'
        UNION ALL
        SELECT h.company_id, 'head', l.list, l.since, l.until, l.row_key, l.weight, h.person_id,
            NULL, h.started_on, h.ended_on, {_GRADE.format("h.certainty")}, h.tab, h.row_key, '',
            '', ''
        FROM listing l JOIN held h ON l.subject_kind = 'person' AND h.person_id = l.subject_id
            AND h.head
        UNION ALL
        SELECT new.company_id, 'phoenix', l.list, l.since, l.until, l.row_key, l.weight,
            new.person_id, l.subject_id, new.started_on, new.ended_on,
            greatest({_GRADE.format("old.certainty")}, {_GRADE.format("new.certainty")}),
            old.tab, old.row_key, new.tab, new.row_key, c.row_key
        FROM listing l JOIN held old ON l.subject_kind = 'company'
            AND old.company_id = l.subject_id AND old.started_on <= l.since
            AND coalesce(old.ended_on, l.since) >= l.since - 365
        JOIN held new ON new.person_id = old.person_id AND new.company_id <> old.company_id
        JOIN companies c ON c.company_id = new.company_id AND c.founded_on > l.since
    ), act AS (
        SELECT w.company_id, 'awards' AS tab, w.award_id AS id, w.row_key, w.buyer_id,
            w.amount, w.currency, w.awarded_on AS day, {{due}} AS due
        FROM wins w LEFT JOIN tenders t USING (tender_id)
        UNION ALL
        SELECT b.company_id, 'bids', b.bid_id, b.row_key, t.buyer_id, NULL, NULL,
            {{day}}, {{due}}
        FROM bids b JOIN tenders t USING (tender_id)
        WHERE coalesce(b.status, 'valid') NOT IN ('invited', 'withdrawn')
            AND coalesce(t.status, '') NOT IN ('cancelled', 'withdrawn', 'planned')
    )
    SELECT DISTINCT a.*, c.* EXCLUDE (company_id, start_x, end_x)
    FROM act a JOIN concerned c USING (company_id)
    WHERE (a.day BETWEEN greatest(c.since, c.start_x)
            AND least(coalesce(c.until, DATE '9999-12-31'), coalesce(c.end_x, DATE '9999-12-31'))
        OR a.due BETWEEN greatest(c.since, c.start_x)
            AND least(coalesce(c.until, DATE '9999-12-31'), coalesce(c.end_x, DATE '9999-12-31')))
        AND a.day IS NOT NULL
    ORDER BY ALL"""
