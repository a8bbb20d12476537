"""Companies that deliver late or not at all, where others deliver to the same bodies in time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import FLOAT, Detector, Findings, surprise
from graphgov.indicators import _execution as ex
from graphgov.indicators._execution import I64
from graphgov.schema import Evidence, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.dispersed import dispersed_tails, intra_class, randomised, rate_elsewhere
from graphgov.stats.fdr import benjamini_hochberg

_SEED = 67
_PRIOR = 10.0  # weight, in contracts, of the category against the same body's other firms


@dataclass(frozen=True)
class DeliveryFailure(Detector):
    """A company fails milestones far more often than others who work for the same bodies.

    Method: A contract failed when a milestone (payments apart) was met more than **max_days**
        after it was due, or is that long overdue. Count a company's contracts with a milestone
        due, and those that failed; compare with the share at the same bodies under other
        companies, shrunk towards the category. Flag companies with at least **min_late** failed
        contracts and a q-value of at most **max_q**.
    Example: Acme hands over five of six schools months late; the county's other builders are
        late with one in ten.
    Why: A firm chosen for other reasons than its work often cannot do the work. Late ground,
        late permits or late pay of the buyer's make honest builders late, all of them alike.
    Score: Surprise of the p-value, a beta-binomial tail with the spread of companies fitted.
    Skips: Milestones not yet due; open ones of bodies that seldom record when one was met, and
        of contracts that have ended, for those are records not kept.
    Source: OCP Red flags (2024) R067.
    """

    code: ClassVar = "R067"
    title: ClassVar = {"en": "Late or missing delivery", "zh": "逾期或未交付"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company"
    unit: ClassVar = "failed contracts"
    needs: ClassVar = ("contracts.award_id", "milestones.due_on", "milestones.met_on")
    wants: ClassVar = (
        *ex.COLUMNS,
        "contracts.ends_on",
        "contracts.completed_on",
        "contracts.terminated_on",
    )
    sentences: ClassVar = {
        "en": (
            "{company} failed a milestone by more than {limit:n} days in {late:n} of {count:n} "
            "contracts with {bodies:names} (due from {first} to {last}, the longest delay "
            "{longest:n} days); {expected:.1f} would be usual at these bodies.",
            "Late ground, permits or payments of the buyer, and milestones nobody ticked off, "
            "make an honest company look late.",
        ),
        "zh": (
            "{company}与{bodies:names}的{count:n}份合同中有{late:n}份的节点逾期超过{limit:n}天"
            "（到期日{first}至{last}，最长逾期{longest:n}天）；在这些采购人处通常约为{expected:.1f}份。",
            "采购人交地、审批或付款迟延，以及节点未及时登记，也会使诚信企业显得逾期。",
        ),
    }

    max_days: int = bounded(30, low=0, high=3650)
    min_late: int = bounded(2, low=1, high=1000)
    max_q: float = bounded(0.10, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """Companies whose contracts fail more often than their buyers' others."""
        limit = snap.as_of - timedelta(days=self.max_days)
        rows = snap.sql(ex.CONTRACTS + _milestones_sql(limit, self.max_days) + _BY_CONTRACT)
        subjects = snap.subjects("company")
        why = "not computable, because the rest has no milestone that is due and kept up"
        if rows.num_rows == 0:
            return Findings(subjects=subjects, reason=why)
        company, body = ex.codes(rows["company_id"]), ex.codes(rows["buyer_id"])
        failed = rows["late"].to_numpy(zero_copy_only=False).astype(np.float64)
        usual = _usual(failed, company, body, ex.codes(rows["division"]))
        n = np.bincount(company).astype(np.int64)
        k = np.bincount(company, weights=failed).astype(np.int64)
        mean = np.bincount(company, weights=usual) / n
        tails = dispersed_tails(k, n, mean, intra_class(k, n, mean))
        p_value = tails[0]
        q_value = benjamini_hochberg(p_value)
        hits = np.flatnonzero((k >= self.min_late) & (q_value <= self.max_q))
        _, first = np.unique(company, return_index=True)
        names = rows["company_id"].take(pa.array(first[hits])).to_pylist()
        late = _late(snap, names, limit, self.max_days)
        flags = []
        for unit, name in zip(hits.tolist(), names, strict=True):
            seen = late[name]
            days: list[date] = [s["due_on"] for s in seen]
            bodies = sorted({s["buyer_id"] for s in seen})
            flags.append(
                self.flag(
                    name,
                    score=surprise(float(p_value[unit])),
                    value=float(k[unit]),
                    threshold=float(self.min_late),
                    p_value=float(p_value[unit]),
                    q_value=float(q_value[unit]),
                    first_on=min(days),
                    last_on=max(days),
                    company_id=name,
                    body_id=bodies[0] if len(bodies) == 1 else "",
                    facts={
                        "company": snap.name("company", name),
                        "bodies": [snap.name("body", b) for b in bodies],
                        "late": int(k[unit]),
                        "count": int(n[unit]),
                        "expected": round(float(mean[unit] * n[unit]), 4),
                        "limit": self.max_days,
                        "first": min(days).isoformat(),
                        "last": max(days).isoformat(),
                        "longest": max(int(s["delay"]) for s in seen),
                    },
                    evidence=_evidence(seen),
                    members=_members(name, seen),
                )
            )
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=len(n),
            reason=why if len(n) < subjects else "",
            p_values=randomised(*tails, _SEED),
        )


def _usual(failed: FLOAT, company: I64, body: I64, division: I64) -> FLOAT:
    """The chance that a contract fails, by other companies: at its body, else in its category."""
    wide = rate_elsewhere(failed, np.ones(len(failed)), company, division)
    _, own = np.unique(body * (int(company.max()) + 1) + company, return_inverse=True)
    n = np.bincount(body)[body] - np.bincount(own)[own]
    k = np.bincount(body, weights=failed)[body] - np.bincount(own, weights=failed)[own]
    return np.asarray((k + _PRIOR * wide) / (n + _PRIOR), dtype=np.float64)


def _evidence(seen: Sequence[dict[str, Any]]) -> list[Evidence]:
    found = [Evidence("milestones", s["row_key"], s["milestone_id"]) for s in seen]
    found += [Evidence("contracts", s["contract_key"], s["contract_id"]) for s in seen]
    return found + [Evidence("awards", k, s["award_id"]) for s in seen for k in s["award_keys"]]


def _members(company: str, seen: Sequence[dict[str, Any]]) -> list[Member]:
    found = [Member("company", company, "supplier")]
    for s in seen:
        found += [
            Member("body", s["buyer_id"], "buyer"),
            Member("contract", s["contract_id"], "contract"),
            Member("award", s["award_id"], "award"),
        ]
    return found


def _late(
    snap: Snapshot, names: list[str], limit: date, max_days: int
) -> dict[str, list[dict[str, Any]]]:
    """The worst milestone of each failed contract of some companies, by day due."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    asked = pa.table({"company_id": pa.array(names, pa.string())})
    statement = ex.CONTRACTS + _milestones_sql(limit, max_days) + _worst(str(snap.as_of))
    for row in snap.sql(statement, asked=asked).to_pylist():
        found[row["company_id"]].append(row)
    return found


def _milestones_sql(limit: date, max_days: int) -> str:
    """Milestones that can be told to be in time or late; open ones only where records are kept."""
    return f""", due AS (
        SELECT s.milestone_id, s.row_key, s.contract_id, s.due_on, s.met_on, m.buyer_id,
            m.company_id, m.division, m.award_id, c.row_key AS contract_key,
            coalesce(c.completed_on, c.terminated_on) IS NOT NULL
                OR lower(coalesce(c.status, '')) IN ('terminated', 'closed', 'complete') AS ended,
            avg((s.met_on IS NOT NULL)::INTEGER) OVER (PARTITION BY m.buyer_id) AS kept
        FROM milestones s JOIN contract m USING (contract_id) JOIN contracts c USING (contract_id)
        WHERE s.due_on < DATE '{limit}' AND s.kind <> 'payment'
    ), told AS (
        SELECT *, coalesce(met_on > due_on + {max_days}, true) AS late FROM due
        WHERE met_on IS NOT NULL OR (kept >= 0.5 AND NOT ended)
    )"""


_BY_CONTRACT = """ SELECT contract_id, min(company_id) AS company_id, min(buyer_id) AS buyer_id,
        min(division) AS division, bool_or(late) AS late
    FROM told GROUP BY contract_id ORDER BY contract_id"""


def _worst(as_of: str) -> str:
    return f""" SELECT t.*, coalesce(t.met_on, DATE '{as_of}') - t.due_on AS delay, w.award_keys
    FROM told t SEMI JOIN asked USING (company_id)
    JOIN (SELECT award_id, list(row_key ORDER BY company_id) AS award_keys FROM wins
        GROUP BY award_id) w USING (award_id)
    WHERE t.late
    QUALIFY row_number() OVER (PARTITION BY t.contract_id
        ORDER BY delay DESC, t.milestone_id) = 1
    ORDER BY t.company_id, t.due_on, t.milestone_id"""
