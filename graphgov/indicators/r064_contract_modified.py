"""Contracts that were changed again and again after signature."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators import _execution as ex
from graphgov.schema import Evidence
from graphgov.snapshot import Snapshot
from graphgov.stats.dispersed import rate_elsewhere
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.peers import count_tail
from graphgov.stats.strata import make_strata, value_band

_SEED = 64
_MISSING = "amendments.amount_change;amendments.new_ends_on"
_SILENT = "not computable, because no amendment says what it changed"
_NOTHING = "not computable, because no contract of an active award was found"


@dataclass(frozen=True)
class ContractModified(Detector):
    """A contract was changed in substance more often than contracts like it.

    Method: Count the days on which an amendment changed the amount by more than **min_change**
        of it, or the end date. Flag a contract with **min_changes** such days or more, or
        whose amount changed twice within **max_days**, if its p-value is at most **max_p**:
        the tail of a negative binomial around the number usual for contracts of its category,
        running time and amount at other bodies, with the spread between contracts fitted.
    Example: A bridge is signed for, and its price changed in May, June, August and October.
    Why: A low bid can be made good, and a competition undone, by small later changes. Works in
        unknown ground, long services and indexed prices are changed often and honestly.
    Score: Surprise of the p-value.
    Skips: Amendments that change neither amount nor end, or say not what they change.
    Source: OCP Red flags (2024) R064; Prozorro ari-1-1 for the number and the ninety days.
    """

    code: ClassVar = "R064"
    title: ClassVar = {"en": "Contract changed often", "zh": "合同频繁变更"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "contract"
    unit: ClassVar = "changes"
    needs: ClassVar = ("contracts.award_id", "amendments.contract_id", "amendments.amended_on")
    wants: ClassVar = (
        *ex.COLUMNS,
        "contracts.starts_on",
        "contracts.ends_on",
        "contracts.completed_on",
        "contracts.terminated_on",
        "amendments.amount_change",
        "amendments.new_ends_on",
    )
    sentences: ClassVar = {
        "en": (
            "The contract of {body} with {companies:names} on {title} was changed {count:n} times "
            "between {first} and {last} ({change:money} in all); contracts of its kind, length "
            "and amount elsewhere are changed {usual:times} times.",
            "Unforeseen ground, an index clause, a long service or a way of recording that "
            "splits one change into several also leave many amendments.",
        ),
        "zh": (
            "{body}与{companies:names}关于“{title}”的合同在{first}至{last}之间变更{count:n}次"
            "（合计{change:money}）；其他采购人同类、同期限、同金额的合同通常变更{usual:times}次。",
            "地质条件不可预见、调价条款、长期服务或把一次变更拆分登记，也会留下多次变更记录。",
        ),
    }

    min_changes: int = bounded(3, low=2, high=100)
    max_days: int = bounded(90, low=0, high=3650)
    min_change: float = bounded(0.01, low=0.0, high=1.0)
    max_p: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """Contracts changed more often than their peers."""
        subjects = snap.subjects("contract")
        if not (snap.has("amendments.amount_change") or snap.has("amendments.new_ends_on")):
            return Findings(subjects=subjects, missing=_MISSING, reason=_SILENT)
        rows = snap.sql(ex.CONTRACTS + _counted_sql(self.min_change, snap.as_of))
        if rows.num_rows == 0:
            return Findings(subjects=subjects, reason=_NOTHING)
        k = rows["changes"].to_numpy().astype(np.int64)
        body = ex.codes(rows["buyer_id"])
        length = np.floor(np.log2(np.maximum(rows["days"].to_numpy(), 16))).astype(np.int64)
        strata = make_strata(
            {
                "division": rows["division"],
                "length": length,
                "value": value_band(ex.floats(rows["amount"])),
            },
            keep=0,
        )
        trials = np.ones(len(k))
        usual = rate_elsewhere(k.astype(float), trials, body, strata.ids.astype(np.int64))
        tail = count_tail(k, usual)
        q_values = benjamini_hochberg(tail.p)
        fast = rows["shortest"].fill_null(10**6).to_numpy() <= self.max_days
        many = (k >= self.min_changes) | (fast & (k >= 2))
        hits = np.flatnonzero(many & (tail.p <= self.max_p))
        names = rows["contract_id"].take(pa.array(hits)).to_pylist()
        known = ex.details(snap, names)
        changes = _changes(snap, names, self.min_change)
        flags = []
        for row, name in zip(hits.tolist(), names, strict=True):
            one, seen = known[name], changes[name]
            days: list[date] = [c["amended_on"] for c in seen]
            change = sum((c["amount_change"] or Decimal(0) for c in seen), Decimal(0))
            flags.append(
                self.flag(
                    name,
                    score=surprise(float(tail.p[row])),
                    value=float(k[row]),
                    threshold=float(self.min_changes),
                    p_value=float(tail.p[row]),
                    q_value=float(q_values[row]),
                    amounts={one.currency: change},
                    first_on=min(days),
                    last_on=max(days),
                    body_id=one.body,
                    company_id=one.company_id,
                    facts=one.facts(snap)
                    | {
                        "count": int(k[row]),
                        "first": min(days).isoformat(),
                        "last": max(days).isoformat(),
                        "change": [[one.currency, str(change)]],
                        "usual": round(float(usual[row]), 4),
                    },
                    evidence=[
                        *one.evidence,
                        *(Evidence("amendments", c["row_key"], c["amendment_id"]) for c in seen),
                    ],
                    members=one.members,
                )
            )
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=rows.num_rows,
            reason="not computable, because the rest belongs to no active award"
            if rows.num_rows < subjects
            else "",
            p_values=tail.randomised(_SEED),
        )


def _changes(snap: Snapshot, names: list[str], min_change: float) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    asked = pa.table({"contract_id": pa.array(names, pa.string())})
    statement = f"""{_substance(min_change)} SELECT s.* FROM substance s
        SEMI JOIN asked USING (contract_id) ORDER BY contract_id, amended_on, amendment_id"""
    for row in snap.sql(statement, asked=asked).to_pylist():
        found.setdefault(row["contract_id"], []).append(row)
    return found


def _substance(min_change: float, head: str = "WITH") -> str:
    return f"""{head} substance AS (
        SELECT a.contract_id, a.amendment_id, a.row_key, a.amended_on, a.amount_change,
            coalesce(abs(a.amount_change) > {min_change} * coalesce(c.amount, 0)
                AND a.amount_change <> 0, false) AS priced
        FROM amendments a JOIN contracts c USING (contract_id)
        WHERE a.amended_on IS NOT NULL AND (priced
            OR coalesce(a.new_ends_on <> c.ends_on, a.new_ends_on IS NOT NULL))
    )"""


def _counted_sql(min_change: float, as_of: date) -> str:
    """Contracts with the days on which they changed, and how long they have run."""
    return f"""{_substance(min_change, ",")}, gap AS (
        SELECT contract_id, amended_on - lag(amended_on) OVER (
            PARTITION BY contract_id ORDER BY amended_on) AS days
        FROM (SELECT DISTINCT contract_id, amended_on FROM substance WHERE priced)
    ), shortest AS (SELECT contract_id, min(days) AS days FROM gap GROUP BY contract_id
    ), counted AS (
        SELECT contract_id, count(DISTINCT amended_on) AS changes FROM substance
        GROUP BY contract_id
    )
    SELECT m.contract_id, m.buyer_id, m.division, m.amount, coalesce(n.changes, 0) AS changes,
        s.days AS shortest,
        greatest(0, date_diff('day', coalesce(c.starts_on, m.day), least(DATE '{as_of}',
            coalesce(c.completed_on, c.terminated_on, c.ends_on, DATE '{as_of}')))) AS days
    FROM contract m JOIN contracts c USING (contract_id)
    LEFT JOIN counted n USING (contract_id) LEFT JOIN shortest s USING (contract_id)
    ORDER BY m.contract_id"""
