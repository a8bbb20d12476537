"""Contracts on which more was paid than they and their amendments allow."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import FLOAT, Detector, Findings
from graphgov.indicators import _execution as ex
from graphgov.schema import Evidence
from graphgov.snapshot import Snapshot

_HALF = 0.25  # excess, as a share of the contract, that scores one half
_USUAL = 0.5  # share of a body's other contracts beyond which its amendments are not published
_PRIOR, _PRIOR_SHARE = 2.0, 0.05  # what a body is taken for before its contracts are known


@dataclass(frozen=True)
class PaidBeyondContract(Detector):
    """More was paid on a contract than its amount and all amendments come to.

    Method: Add up what was paid and divide by the contract's amount plus all changes of it.
        Flag a ratio above 1 + **tolerance**. A payment recorded twice (same day, same amount)
        counts once; a ratio that comes back to the third decimal over many firms is a tax, a
        power of ten a slip of the decimal point, and neither is a flag.
    Example: A contract for 400,000, raised once by 50,000, was paid 620,000.
    Why: Money left without a decision that covers it. An amendment that was not published, a
        tax, or a payment booked on the wrong contract looks the same.
    Score: e / (e + 0.25) for an excess of e times the contract, less as more of the body's
        other contracts are paid beyond their amount.
    Skips: Contracts without an amount or a dated payment; two currencies; bodies where half of
        the contracts are paid beyond what is published.
    Source: OCP Red flags (2024) R068.
    """

    code: ClassVar = "R068"
    title: ClassVar = {"en": "Paid beyond the contract", "zh": "付款超过合同金额"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "contract"
    unit: ClassVar = "times the contract"
    needs: ClassVar = ("contracts.award_id", "contracts.amount", "payments.paid_on")
    wants: ClassVar = (*ex.COLUMNS, "payments.currency", "amendments.amount_change")
    sentences: ClassVar = {
        "en": (
            "{body} paid {companies:names} {paid:money} between {first} and {last} on {title}, "
            "for which the contract and its {amendments:n} amendments allow {allowed:money}: "
            "{excess:money} more.",
            "An amendment that was not published, a tax added on payment, or a payment booked on "
            "the wrong contract leaves the same excess.",
        ),
        "zh": (
            "{body}在{first}至{last}期间就“{title}”向{companies:names}支付{paid:money}，"
            "而合同及其{amendments:n}次变更合计为{allowed:money}，超出{excess:money}。",
            "未公开的变更、付款时另加的税费或记错合同的付款，也会留下同样的超付。",
        ),
    }

    tolerance: float = bounded(0.02, low=0.0, high=10.0)

    def find(self, snap: Snapshot) -> Findings:
        """Contracts paid beyond what they allow."""
        rows = snap.sql(ex.CONTRACTS + _PAID + _ALL)
        subjects = snap.subjects("contract")
        why = "not computable, because the rest has no dated payments in the contract's currency"
        ratio = ex.floats(rows["paid"]) / np.maximum(ex.floats(rows["allowed"]), 1e-9)
        clean = ~ex.is_slip(ratio) | (ratio < 1.0)  # little paid yet is no slip
        rows, ratio = rows.filter(pa.array(clean)), ratio[clean]
        if len(ratio) == 0:
            return Findings(subjects=subjects, reason=why)
        body, company = ex.codes(rows["buyer_id"]), ex.codes(rows["company_id"])
        over = (ratio > 1.0 + self.tolerance) & ~ex.is_convention(ratio, body, company)
        usual = _usual(over, body)
        hits = np.flatnonzero(over & (usual < _USUAL))
        names = rows["contract_id"].take(pa.array(hits)).to_pylist()
        known = ex.details(snap, names)
        behind = _rows_behind(snap, names)
        flags = []
        for row, name in zip(hits.tolist(), names, strict=True):
            one = known[name]
            payments, amendments = behind[name]
            days = [p["paid_on"] for p in payments]
            paid, allowed = rows["paid"][row].as_py(), rows["allowed"][row].as_py()
            excess = float(ratio[row]) - 1.0
            flags.append(
                self.flag(
                    name,
                    score=excess / (excess + _HALF) * (1.0 - float(usual[row])),
                    value=float(ratio[row]),
                    threshold=1.0 + self.tolerance,
                    amounts={one.currency: paid - allowed},
                    first_on=min(days),
                    last_on=max(days),
                    body_id=one.body,
                    company_id=one.company_id,
                    facts=one.facts(snap)
                    | {
                        "paid": [[one.currency, str(paid)]],
                        "allowed": [[one.currency, str(allowed)]],
                        "excess": [[one.currency, str(paid - allowed)]],
                        "payments": len(payments),
                        "amendments": len(amendments),
                        "first": min(days).isoformat(),
                        "last": max(days).isoformat(),
                        "usual": round(float(usual[row]), 4),
                    },
                    evidence=[
                        *one.evidence,
                        *(Evidence("payments", p["row_key"], p["id"]) for p in payments),
                        *(Evidence("amendments", a["row_key"], a["id"]) for a in amendments),
                    ],
                    members=one.members,
                )
            )
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=len(ratio),
            reason=why if len(ratio) < subjects else "",
        )


def _usual(over: ex.BOOL, body: ex.I64) -> FLOAT:
    """The share of the body's other contracts that are paid beyond what is published."""
    others = np.bincount(body)[body] - 1.0
    hits = np.bincount(body, weights=over.astype(np.float64))[body] - over
    return np.asarray((hits + _PRIOR * _PRIOR_SHARE) / (others + _PRIOR), dtype=np.float64)


_Behind = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def _rows_behind(snap: Snapshot, names: list[str]) -> dict[str, _Behind]:
    """Payments by day and amendments of some contracts."""
    asked = pa.table({"contract_id": pa.array(names, pa.string())})
    found: dict[str, _Behind] = {name: ([], []) for name in names}
    for row in snap.sql(_PAYMENTS, asked=asked).to_pylist():
        found[row["contract_id"]][0].append(row)
    for row in snap.sql(_AMENDMENTS, asked=asked).to_pylist():
        found[row["contract_id"]][1].append(row)
    return found


# A repeated payment or amendment (same day, same amount) counts once.
_PAID = """, paid AS (
        SELECT contract_id, sum(amount) AS paid, count(DISTINCT currency) AS currencies,
            min(currency) AS currency
        FROM (SELECT DISTINCT contract_id, paid_on, amount, currency FROM payments
            WHERE paid_on IS NOT NULL)
        GROUP BY contract_id
    ), changed AS (
        SELECT contract_id, sum(amount_change) AS change FROM amendments GROUP BY contract_id
    )"""
_ALL = """ SELECT m.contract_id, m.buyer_id, m.company_id, p.paid,
        m.amount + coalesce(c.change, 0) AS allowed
    FROM contract m JOIN paid p USING (contract_id) LEFT JOIN changed c USING (contract_id)
    WHERE m.amount > 0 AND m.amount + coalesce(c.change, 0) > 0 AND p.currencies <= 1
        AND coalesce(p.currency, m.currency) = m.currency
    ORDER BY m.contract_id"""
_PAYMENTS = """SELECT contract_id, payment_id AS id, row_key, paid_on FROM payments
    SEMI JOIN asked USING (contract_id) WHERE paid_on IS NOT NULL
    ORDER BY contract_id, paid_on, payment_id"""
_AMENDMENTS = """SELECT contract_id, amendment_id AS id, row_key FROM amendments
    SEMI JOIN asked USING (contract_id) WHERE amount_change IS NOT NULL
    ORDER BY contract_id, amendment_id"""
