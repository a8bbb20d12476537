"""Contracts signed for far more or less than was awarded."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators import _execution as ex
from graphgov.schema import Evidence, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.peers import peer_tail
from graphgov.stats.strata import make_strata

_SEED = 59
_SMALL = 0.001  # of the amount: a difference that rounding makes


@dataclass(frozen=True)
class AwardContractGap(Detector):
    """A contract was signed for an amount far from that of its award.

    Method: Divide the amount of an active award's contracts by the amount awarded, both in one
        currency. A difference of more than **max_difference** is a flag where at most
        **max_p** of other bodies' contracts of the same category and method differ as much.
        Several contracts of one award are added up and count only where they exceed it, for
        more may be signed later. A ratio that comes back to the third decimal over many firms
        is a tax or a fee, a power of ten a slip of the decimal point; neither is a flag.
    Example: Ana's office awards a road at 2.0 million and signs for 2.5 million a month later.
    Why: What was competed for is not what was bought. A tax, an option taken up or a part left
        out before signature makes the same difference in an honest purchase.
    Score: Surprise of the share of peers that differ at least as much, the contract among them.
    Skips: Contracts without an amount, awards without one, two currencies, probable slips.
    Source: OCP Red flags (2024) R059.
    """

    code: ClassVar = "R059"
    title: ClassVar = {
        "en": "Contract far from its award", "zh": "合同金额与中标金额相差悬殊",
    }  # fmt: skip
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "contract"
    unit: ClassVar = "times the award"
    needs: ClassVar = ("contracts.award_id", "contracts.amount", "awards.amount")
    wants: ClassVar = ex.COLUMNS
    sentences: ClassVar = {
        "en": (
            "{body} awarded {title} to {companies:names} for {awarded:money}, but on {on} "
            "{contracts:n} contract(s) came to {signed:money} ({ratio:.2f} times); of "
            "{peers:n} comparable contracts of other bodies {share:pct} differ as much.",
            "A tax, an option, a change of scope before signature or two ways of counting a "
            "framework make such a difference too.",
        ),
        "zh": (
            "{body}将“{title}”以{awarded:money}授予{companies:names}，而{on}签订的{contracts:n}份"
            "合同合计{signed:money}（为中标金额的{ratio:.2f}倍）；其他采购人的{peers:n}份可比合同中"
            "仅{share:pct}有同等差异。",
            "税费、选择权、签约前的范围调整或框架协议的不同计算口径，也会造成同样的差异。",
        ),
    }

    max_difference: float = bounded(0.10, low=0.0, high=10.0)
    max_p: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """Contracts that differ from their award as few others do."""
        rows = snap.sql(ex.CONTRACTS + _BY_AWARD)
        subjects = snap.subjects("contract")
        why = "not computable, because the rest has no amount to compare in one currency"
        number = rows["contracts"].to_numpy().astype(np.int64)
        ratio = ex.floats(rows["signed"]) / np.maximum(ex.floats(rows["award_amount"]), 1e-9)
        clean = ~ex.is_slip(ratio)
        rows, ratio, number = rows.filter(pa.array(clean)), ratio[clean], number[clean]
        if len(ratio) == 0:
            return Findings(subjects=subjects, reason=why)
        body, company = ex.codes(rows["buyer_id"]), ex.codes(rows["company_id"])
        gap = np.abs(ratio - 1.0)
        gap[((number > 1) & (ratio < 1.0)) | (gap < _SMALL)] = 0.0
        gap[ex.is_convention(ratio, body, company)] = 0.0
        gap = np.round(gap, 9)
        strata = make_strata({"division": rows["division"], "method": rows["method"]}, keep=0)
        tail = peer_tail(gap, strata.ids, body)
        peers = strata.sizes[strata.ids]
        q_values = benjamini_hochberg(tail.p)
        hits = np.flatnonzero((gap > self.max_difference) & (tail.p <= self.max_p))
        names = rows["contract_id"].take(pa.array(hits)).to_pylist()
        known = ex.details(snap, names)
        by_award = _contracts_of(snap, sorted({c.award_id for c in known.values()}))
        flags = []
        for row, name in zip(hits.tolist(), names, strict=True):
            one = known[name]
            signed = rows["signed"][row].as_py()
            others = by_award[one.award_id]
            flags.append(
                self.flag(
                    name,
                    score=surprise(float(tail.p[row])),
                    value=float(ratio[row]),
                    threshold=1.0 + self.max_difference,
                    p_value=float(tail.p[row]),
                    q_value=float(q_values[row]),
                    amounts={one.currency: abs(signed - one.award_amount)},
                    first_on=one.day,
                    last_on=one.day,
                    body_id=one.body,
                    company_id=one.company_id,
                    facts=one.facts(snap)
                    | {
                        "awarded": [[one.currency, str(one.award_amount)]],
                        "signed": [[one.currency, str(signed)]],
                        "contracts": int(number[row]),
                        "ratio": round(float(ratio[row]), 4),
                        "peers": int(peers[row]) - 1,
                        "share": round(float(tail.p[row]), 6),
                    },
                    evidence=[*one.evidence, *(Evidence("contracts", k, c) for c, k in others)],
                    members=[*one.members, *(Member("contract", c, "contract") for c, _ in others)],
                )
            )
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=int(number.sum()),
            reason=why if int(number.sum()) < subjects else "",
            p_values=tail.randomised(_SEED),
        )


def _contracts_of(snap: Snapshot, awards: list[str]) -> dict[str, list[tuple[str, str]]]:
    """All contracts of some awards, as (id, row key)."""
    found: dict[str, list[tuple[str, str]]] = {}
    asked = pa.table({"award_id": pa.array(awards, pa.string())})
    statement = """SELECT award_id, contract_id, row_key FROM contracts SEMI JOIN asked
        USING (award_id)
        WHERE lower(coalesce(status, '')) NOT IN ('cancelled', 'canceled', 'planned')
        ORDER BY award_id, contract_id"""
    for row in snap.sql(statement, asked=asked).to_pylist():
        found.setdefault(row["award_id"], []).append((row["contract_id"], row["row_key"]))
    return found


# One row per award all of whose contracts can be compared with it; the largest stands for all.
_BY_AWARD = """ SELECT first(contract_id ORDER BY amount DESC, contract_id) AS contract_id,
        min(buyer_id) AS buyer_id, min(company_id) AS company_id, min(division) AS division,
        min(method) AS method, min(award_amount) AS award_amount, sum(amount) AS signed,
        count(*) AS contracts
    FROM contract GROUP BY award_id
    HAVING bool_and(coalesce(amount > 0 AND award_amount > 0 AND currency = award_currency, false))
    ORDER BY award_id"""
