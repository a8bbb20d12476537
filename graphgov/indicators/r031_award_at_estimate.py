"""Suppliers and buyers whose awards lie at the estimate, or above it, again and again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._rates import Rates, rates
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot

_WHO = {
    "company": {"en": "won by {0}", "zh": "{0}中标的"},
    "body": {"en": "given by {0}", "zh": "{0}授予的"},
}


@dataclass(frozen=True)
class AwardAtEstimate(Detector):
    """A supplier's or a buyer's awards lie at the estimated value or above it too often.

    Method: Per award whose tender, or lot, has no other and has an estimated value in the same
        currency, the amount over the estimate. At or above 1 - **margin** it counts as a hit;
        above 2 or below 0.1 it is taken for a slip. Per supplier and per buyer the number of
        hits is held against the rates of the same division and method elsewhere
        (beta-binomial); flagged are **min_hits** or more with q at most **max_q**.
    Example: Eleven of a firm's fourteen awards lie within half a percent of an estimate that
        was not published, where three were to be expected.
    Why: Who knows a confidential estimate, or has no rival to fear, asks for all of it. Where
        the ceiling is public and prices are administered, everybody does.
    Score: Surprise of the p-value, decades / (decades + 2).
    Skips: Awards without an estimate of their own; tenders with several awards.
    Source: OCP Red flags (2024) R031; one side alone is used where the estimate is public.
    """

    code: ClassVar = "R031"
    title: ClassVar = {"en": "Awards at or above the estimate", "zh": "中标价贴近或超过预算"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company"
    unit: ClassVar = "share of awards at or above the estimate"
    needs: ClassVar = ("awards.amount", "awards.tender_id", "tenders.tender_id")
    wants: ClassVar = (
        "tenders.estimated_value", "tenders.currency", "tenders.method", "tenders.category",
        "awards.currency", "awards.lot_id", "awards.status", "awards.method", "awards.category",
        "lots.*", "lots.estimated_value", "lots.currency", "companies.name", "bodies.name",
        "rates.*",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{hits:n} of {all:n} awards {who[en]:text} between {first} and {last} "
            "({amounts:money}) lie within {margin:.1%} of the estimated value or above it, "
            "{over:n} of them above; "
            "{expected:times} were to be expected from like tenders elsewhere.",
            "A published ceiling, administered prices or indexation put awards at the estimate; "
            "see whether the estimate was known.",
        ),
        "zh": (
            "{who[zh]:text}{all:n}个项目中，{first}至{last}有{hits:n}个（{amounts:money}）的成交价与预算"
            "相差不到{margin:.1%}或超过预算，其中{over:n}个超过预算；按其他同类项目预期约{expected:times}个。",
            "公开的最高限价、政府定价或价格指数化都会使成交价贴近预算；请核实预算是否公开。",
        ),
    }

    margin: float = bounded(0.005, low=0.0, high=0.1)
    min_hits: int = bounded(5, low=2, high=1000)
    max_q: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All awards with an estimate, added up by supplier and by buyer."""
        rows = snap.sql(_AWARDS)
        subjects = snap.subjects("company")
        if not rows.num_rows:
            why = "not computable, because no award has an estimated value of its own to compare"
            return Findings(subjects=subjects, missing="tenders.estimated_value", reason=why)
        ratio = rows["ratio"].to_numpy()
        hit = ratio >= 1.0 - self.margin
        group = rows["peers"].to_numpy().astype(np.int64)
        flags, drawn = [], []
        found: dict[str, Rates] = {}
        for kind in ("company", "body"):
            unit = rows[kind].to_numpy().astype(np.int64)
            known = unit >= 0
            found[kind] = one = rates(unit[known], group[known], hit[known])
            drawn.append(one.randomised)
            strong = (one.hits >= self.min_hits) & (one.q <= self.max_q)
            codes = one.code[strong & (one.hits > one.expected)]
            picked = np.flatnonzero(np.isin(unit, codes) & hit)
            mine: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
            for row in rows.take(pa.array(picked)).to_pylist():
                mine[row[kind]].append(row)
            flags += [self._flag(snap, kind, one, int(c), mine[int(c)]) for c in codes]
        seen = len(found["company"].code)
        rest = f"not computable, because {subjects - seen} companies have no award with an estimate"
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=seen,
            missing="" if seen == subjects else "tenders.estimated_value",
            reason="" if seen == subjects else rest,
            p_values=np.concatenate(drawn),
        )

    def _flag(
        self, snap: Snapshot, kind: str, found: Rates, code: int, rows: Sequence[Mapping[str, Any]]
    ) -> Flag:
        at = found.of(code)
        key = snap.ids(kind)[code]
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            amounts[row["currency"] or ""] += row["amount"]
        days: list[date] = [row["awarded_on"] for row in rows]
        bodies = sorted({row["buyer_id"] for row in rows})
        companies = sorted({row["company_id"] for row in rows})
        name = snap.name(kind, key)
        return self.flag(
            key,
            subject_kind=kind,
            score=surprise(float(found.p[at])),
            value=round(float(found.hits[at] / found.trials[at]), 6),
            p_value=float(found.p[at]),
            q_value=float(found.q[at]),
            amounts=amounts,
            first_on=min(days),
            last_on=max(days),
            body_id=key if kind == "body" else bodies[0] if len(bodies) == 1 else "",
            company_id=key if kind == "company" else companies[0] if len(companies) == 1 else "",
            facts={
                "name": name,
                "who": {language: text.format(name) for language, text in _WHO[kind].items()},
                "all": int(found.trials[at]),
                "hits": int(found.hits[at]),
                "over": sum(row["ratio"] > 1 for row in rows),
                "expected": round(float(found.expected[at]), 3),
                "margin": self.margin,
                "first": min(days).isoformat(),
                "last": max(days).isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
            },
            evidence=[Evidence("awards", row["row_key"], row["award_id"]) for row in rows],
            members=[
                Member(kind, key, "winner" if kind == "company" else "buyer"),
                *(Member("award", row["award_id"], "award") for row in rows),
            ],
        )


# An award over several lots, or one of several of its tender, has no estimate of its own. Of a
# consortium nobody's own share is known: it counts for the buyer alone.
_AWARDS = """WITH b AS (
        SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies),
    c AS (SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies),
    a AS (
        SELECT award_id, min(company_id) AS company_id, count(*) AS members,
            min(row_key) AS row_key, min(tender_id) AS tender_id,
            min(coalesce(lot_id, '')) AS lot_id,
            min(amount) AS amount, min(currency) AS currency
        FROM awards WHERE coalesce(status, 'active') = 'active' AND tender_id IS NOT NULL
        GROUP BY award_id
    ), one AS (
        SELECT *, count(*) OVER (PARTITION BY tender_id) AS of_tender,
            count(*) OVER (PARTITION BY tender_id, lot_id) AS of_lot FROM a
    ), told AS (
        SELECT o.*, CASE WHEN o.lot_id = '' THEN t.estimated_value ELSE l.estimated_value END
                AS estimate,
            CASE WHEN o.lot_id = '' THEN t.currency ELSE coalesce(l.currency, t.currency) END
                AS in_currency
        FROM one o JOIN tenders t USING (tender_id)
        LEFT JOIN lots l ON l.tender_id = o.tender_id AND l.lot_id = o.lot_id
        WHERE CASE WHEN o.lot_id = '' THEN o.of_tender = 1 ELSE o.of_lot = 1 END
    )
    SELECT o.award_id, o.company_id, w.buyer_id, o.row_key, w.awarded_on, w.amount, w.currency,
        o.amount::DOUBLE / o.estimate::DOUBLE AS ratio,
        CASE WHEN o.members = 1 THEN c.company ELSE -1 END AS company, b.body,
        dense_rank() OVER (ORDER BY coalesce(w.division, ''), coalesce(w.method, '')) - 1 AS peers
    FROM told o JOIN wins w ON w.award_id = o.award_id AND w.company_id = o.company_id
    JOIN c ON c.company_id = o.company_id JOIN b ON b.body_id = w.buyer_id
    WHERE o.estimate > 0 AND o.amount > 0 AND o.currency IS NOT DISTINCT FROM o.in_currency
        AND o.amount BETWEEN o.estimate * 0.1 AND o.estimate * 2
    ORDER BY o.award_id"""
