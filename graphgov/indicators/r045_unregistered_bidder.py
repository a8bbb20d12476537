"""Winners that the business register does not know, or not on the day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._pairs import local_day
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot

_SOURCES = ("companies.registered", "companies.founded_on", "companies.dissolved_on")
_SCORE = {"unregistered": 0.5, "unfounded": 0.6, "dissolved": 0.7}
_HOW = {
    "unregistered": ("is not in the business register", "未见于工商登记"),
    "unfounded": ("was founded only on {0}", "于{0}方才成立"),
    "dissolved": ("had been dissolved on {0}", "已于{0}注销"),
}
_COLUMN = {
    "unregistered": "companies.registered",
    "unfounded": "companies.founded_on",
    "dissolved": "companies.dissolved_on",
}
_FEW = 20  # companies below which a share says nothing about the register


@dataclass(frozen=True)
class UnregisteredBidder(Detector):
    """A company won that was not in the business register when bids were due.

    Method: Active awards to a company that the register does not list, that was founded more
        than **min_days** after bids were due, or dissolved more than **min_days** before. Without
        a deadline the day of the award counts for founding and dissolving.
    Example: A trader wins in May; the register has it founded in August.
    Why: A company that does not exist cannot deliver; somebody else gets the money. Registers
        lag, foreign firms are in another one, and a merged firm is known by its old name.
    Score: 0.5 not listed, 0.6 founded later, 0.7 dissolved before.
    Skips: Companies of another jurisdiction than most; where more than **max_share** of the
        winners are concerned, the register is incomplete and none is flagged.
    Source: OCP Red flags (2024) R045.
    """

    code: ClassVar = "R045"
    title: ClassVar = {
        "en": "Bidder is not listed in business registries",
        "zh": "投标人未在工商登记",
    }
    class_: ClassVar = "legal"
    subject_kind: ClassVar = "company"
    unit: ClassVar = "awards"
    needs: ClassVar = ("awards.company_id",)
    wants: ClassVar = (
        *_SOURCES, "companies.jurisdiction", "companies.name", "awards.tender_id",
        "awards.currency", "awards.status", "tenders.bids_due_at", "bodies.name", "rates.*",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{company} won {count:n} contracts of {bodies:names} between {first} and {last} for "
            "{amounts:money}, but {how[en]:text}.",
            "The register may lag or be incomplete, the firm may be foreign, have merged or "
            "changed its name, or its identifier may have been mistyped.",
        ),
        "zh": (
            "{company}在{first}至{last}期间中标{bodies:names}的{count:n}项合同，"
            "合计{amounts:money}，但其{how[zh]:text}。",
            "登记信息可能滞后或不全，企业可能为外国企业、已合并或更名，识别码也可能录入有误。",
        ),
    }

    min_days: int = bounded(30, low=0, high=1000)
    max_share: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per company and reason."""
        subjects = snap.subjects("company")
        if not any(snap.has(column) for column in _SOURCES):
            why = f"not computable, because there is no {', no '.join(_SOURCES)}"
            return Findings(subjects=subjects, missing=";".join(_SOURCES), reason=why)
        found: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for row in snap.sql(_asked(snap, self.min_days)).to_pylist():
            found[row["how"]][row["company_id"]].append(row)
        known = snap.sql(_KNOWN).to_pylist()[0]
        flags, left, missing = [], [], set()
        for how, by_company in sorted(found.items()):
            if len(by_company) > max(_FEW * self.max_share, self.max_share * known[how]):
                left.append(f"{len(by_company)} winners look {how}")
                missing.add(_COLUMN[how])
                continue
            flags += [self._flag(snap, how, c, rows) for c, rows in sorted(by_company.items())]
        computable = int(known["winners"])
        reasons = [f"{subjects - computable} companies won nothing or have no such data"]
        reasons = (reasons if computable < subjects else []) + [
            f"{text}, so many that the register is incomplete" for text in left
        ]
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=computable,
            missing=";".join(sorted(missing)),
            reason=f"not computable, because {'; '.join(reasons)}" if reasons else "",
        )

    def _flag(
        self, snap: Snapshot, how: str, company: str, rows: Sequence[Mapping[str, Any]]
    ) -> Flag:
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        awards = {row["award_id"]: row for row in rows}
        for row in awards.values():
            amounts[row["currency"] or ""] += row["amount"]
        days = sorted(row["awarded_on"] for row in rows)
        bodies = sorted({row["buyer_id"] for row in rows})
        on = rows[0]["turned"]
        said = [text.format(on.isoformat() if on else "?") for text in _HOW[how]]
        return self.flag(
            company,
            window=how,
            score=_SCORE[how],
            value=float(len(awards)),
            amounts=dict(amounts),
            first_on=days[0],
            last_on=days[-1],
            body_id=bodies[0] if len(bodies) == 1 else "",
            company_id=company,
            facts={
                "company": snap.name("company", company),
                "count": len(awards),
                "bodies": [snap.name("body", key) for key in bodies],
                "first": days[0].isoformat(),
                "last": days[-1].isoformat(),
                "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
                "how": dict(zip(("en", "zh"), said, strict=True)),
            },
            evidence=[
                *(Evidence("awards", row["row_key"], row["award_id"]) for row in rows),
                Evidence("companies", rows[0]["key"], company),
            ],
            members=[
                Member("company", company, "winner"),
                *(Member("body", key, "buyer") for key in bodies),
                *(Member("award", key, "award") for key in awards),
            ],
        )


def _asked(snap: Snapshot, days: int) -> str:
    """The statement, with days of the dataset's zone."""
    due = local_day(snap).format("t.bids_due_at")
    return _ROWS.replace("{days}", str(days)).replace("{due}", due)


_HOME = """home AS (
        SELECT jurisdiction FROM companies WHERE registered AND jurisdiction IS NOT NULL
        GROUP BY jurisdiction ORDER BY count(*) DESC, jurisdiction LIMIT 1
    )"""
_ROWS = f"""WITH {_HOME}, act AS (
        SELECT w.*, coalesce({{due}}, w.awarded_on) AS due
        FROM wins w LEFT JOIN tenders t USING (tender_id)
    ), c AS (
        SELECT company_id, registered, founded_on, dissolved_on, row_key AS key,
            coalesce(jurisdiction <> (SELECT jurisdiction FROM home), false) AS abroad
        FROM companies
    ), found AS (
        SELECT 'unregistered' AS how, company_id, key, NULL::DATE AS turned FROM c
        WHERE registered = false AND NOT abroad
        UNION ALL SELECT 'unfounded', company_id, key, founded_on FROM c
        WHERE founded_on IS NOT NULL
        UNION ALL SELECT 'dissolved', company_id, key, dissolved_on FROM c
        WHERE dissolved_on IS NOT NULL
    )
    SELECT f.*, a.award_id, a.buyer_id, a.awarded_on, a.amount, a.currency, a.row_key
    FROM found f JOIN act a USING (company_id)
    WHERE CASE f.how WHEN 'unregistered' THEN true
        WHEN 'unfounded' THEN f.turned > a.due + {{days}} ELSE f.turned < a.due - {{days}} END
    ORDER BY f.how, company_id, a.awarded_on, a.award_id"""
_KNOWN = """WITH w AS (SELECT DISTINCT company_id FROM wins)
    SELECT count(registered) AS unregistered, count(founded_on) AS unfounded,
        count(*) AS dissolved,
        count(*) FILTER (registered IS NOT NULL OR founded_on IS NOT NULL
            OR dissolved_on IS NOT NULL) AS winners
    FROM companies SEMI JOIN w USING (company_id)"""
