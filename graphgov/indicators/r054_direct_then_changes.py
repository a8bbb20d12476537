"""Direct awards below the line whose contracts later grow over it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.purchases import COLUMNS, Purchases, purchases

_CONTRACTS = """WITH change AS (
    SELECT contract_id, amended_on, row_key, sum(amount_change) OVER (
        PARTITION BY contract_id ORDER BY amended_on NULLS LAST, amendment_id
    ) AS so_far
    FROM amendments WHERE amount_change IS NOT NULL
)
SELECT c.contract_id, c.award_id, c.row_key, c.amount, c.currency, c.signed_on,
    max(g.so_far) AS added, max(g.amended_on) AS last_on,
    list(g.row_key ORDER BY g.row_key) AS changes
FROM contracts c JOIN change g USING (contract_id)
GROUP BY ALL ORDER BY c.contract_id"""
_KNOWN = """SELECT count(*) FROM contracts c JOIN wins w USING (award_id)
WHERE w.method IS NOT NULL"""
_NONE = "not computable, because the award of the rest has no known method"


@dataclass(frozen=True)
class DirectThenChanges(Detector):
    """A contract awarded directly below the competitive threshold grows over it by changes.

    Method: Take contracts of direct awards whose amount (the award's, where the contract has
        none) is below the threshold in force on the day of the award from which competition
        is due: open before selective before limited. Add the changes of their amendments in
        order of dates. Flag the contract if the sum ever reaches the threshold and exceeds it
        by **min_excess** of it.
    Example: A direct award of 80,000 is amended by 30,000 two months later, where 100,000 must
        be tendered.
    Why: What could not have been given directly is given in two steps. Indexation, measured
        works and what a site turns out to need raise prices as well.
    Score: 0.5 at the threshold, towards 1 with the multiple of it: 1 - threshold / (2 x sum).
    Skips: Amendments without an amount; contracts whose award has no method or no threshold.
    Source: OCP R054; PRC Government Procurement Law art. 49 (supplements up to 10 %).
    """

    code: ClassVar = "R054"
    title: ClassVar = {
        "en": "Direct award followed by changes over the threshold",
        "zh": "直接采购后变更超过限额",
    }
    class_: ClassVar = "legal"
    subject_kind: ClassVar = "contract"
    unit: ClassVar = "times the threshold"
    needs: ClassVar = (
        "awards.award_id",
        "thresholds.amount",
        "contracts.award_id",
        "amendments.amount_change",
    )
    wants: ClassVar = (
        *COLUMNS,
        "contracts.amount",
        "contracts.currency",
        "contracts.signed_on",
        "amendments.amended_on",
        "amendments.amendment_id",
    )
    sentences: ClassVar = {
        "en": (
            "{body} awarded {object} to {company} directly for {before:money} on {first}, below "
            "the line of {line:money} from where the {due} method is due; {changes:n} changes "
            "raised the contract to {after:money} ({times:times} times the line).",
            "Indexation, measured works, or a need that showed itself only on the site raise "
            "contracts in the same way; see the reasons given for the changes.",
        ),
        "zh": (
            "{body}于{first}以{before:money}将“{object}”直接授予{company}，低于应采用{due}方式的"
            "限额{line:money}；此后{changes:n}次变更使合同金额增至{after:money}"
            "（为限额的{times:times}倍）。",
            "物价调整、按实计量或现场才发现的需要也会以同样方式增加合同金额；请查看变更理由。",
        ),
    }

    min_excess: float = bounded(0.0, low=0.0, high=10.0)

    def find(self, snap: Snapshot) -> Findings:
        """All contracts with an amendment that changes the amount."""
        buys = purchases(snap)
        line, rule = buys.lines.competitive()
        rows = snap.sql(_CONTRACTS)
        place = _places(rows["award_id"], buys.award_ids)
        rows = rows.filter(pa.array(place >= 0))
        place = place[place >= 0]
        flags = []
        near = (buys.rank[place] == 1) & ~np.isnan(line[place])
        found = rows.filter(pa.array(near)).to_pylist()
        details = buys.details(snap, place[near])
        for row, at, shown in zip(found, place[near].tolist(), details, strict=True):
            flag = self._flag(snap, buys, row, shown, int(rule[at]))
            if flag is not None:
                flags.append(flag)
        subjects = snap.subjects("contract")
        known = int(snap.sql(_KNOWN)[0][0].as_py())
        return Findings(
            flags,
            subjects=subjects,
            computable=min(known, subjects),
            missing="" if buys.rank.any() else "awards.method",
            reason="" if known >= subjects else _NONE,
        )

    def _flag(
        self,
        snap: Snapshot,
        buys: Purchases,
        row: Mapping[str, Any],
        shown: Mapping[str, Any],
        rule: int,
    ) -> Flag | None:
        known = buys.lines.rules
        currency = row["currency"] or shown["currency"] or ""
        alike = currency == (shown["currency"] or currency)
        before: Decimal = shown["amount"] if row["amount"] is None else row["amount"]
        after = before + row["added"]
        line = known.amount[rule]
        least = line * (1 + Decimal(str(self.min_excess)))
        if not alike or not 0 < before < line or after < least:
            return None
        changes: Sequence[str] = row["changes"]
        return self.flag(
            row["contract_id"],
            score=1.0 - float(line) / (2.0 * float(after)),
            value=round(float(after / line), 6),
            threshold=1.0,
            amounts={currency: after},
            first_on=shown["awarded_on"],
            last_on=max(d for d in (shown["awarded_on"], row["last_on"]) if d),
            body_id=shown["buyer_id"],
            company_id=shown["company_id"],
            # A rule without a date is not known to have been in force that day.
            certainty="documented" if known.starts_on[rule] else "inferred",
            facts={
                "body": snap.name("body", shown["buyer_id"]),
                "company": snap.name("company", shown["company_id"]),
                "object": shown["title"] or shown["category"] or "?",
                "first": shown["awarded_on"].isoformat(),
                "before": [[currency, str(before)]],
                "after": [[currency, str(after)]],
                "line": [[currency, str(line)]],
                "due": known.method[rule],
                "changes": len(changes),
                "added_share": round(float(row["added"] / before), 4),
                "times": round(float(after / line), 4),
            },
            evidence=[
                Evidence("contracts", row["row_key"], row["contract_id"]),
                Evidence("awards", shown["row_key"], shown["award_id"]),
                Evidence("thresholds", known.row_key[rule]),
                *(Evidence("amendments", key) for key in changes),
            ],
            members=[
                Member("body", shown["buyer_id"], "buyer"),
                Member("company", shown["company_id"], "supplier"),
                Member("award", shown["award_id"], "award"),
                Member("contract", row["contract_id"], "contract"),
            ],
        )


def _places(column: pa.ChunkedArray, ids: pa.Array) -> npt.NDArray[np.int64]:
    found = pc.fill_null(pc.index_in(column, ids), -1)
    return np.asarray(found.to_numpy(), dtype=np.int64)
