"""What an award is like, in nine numbers that its own body and company do not set for it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.models.h07_explanation import Feature
from graphgov.snapshot import Snapshot
from graphgov.stats.strata import make_strata

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_FEW = 3  # other awards below which a share says nothing
_MIN_STRATUM = 200

# None of them names a tie, a person, a region or an identity; the award itself is left out of
# every share.
FEATURES = (
    Feature("price", "price against the estimate", "价格与估算价之比"),
    Feature("size", "amount against the median of such awards", "金额与同类中位数之比"),
    Feature("rivals", "bidders", "投标人数", "count"),
    Feature("notice", "days from notice to deadline", "公告至截止天数", "days"),
    Feature("decision", "days from deadline to award", "截止至授标天数", "days"),
    Feature("age", "age of the company in days", "企业成立天数", "days"),
    Feature("practice", "share of the company's other awards that are of this kind",
            "该企业其他合同中同类的比例", "share"),
    Feature("hold", "share of the body's other awards of this kind that went to the company",
            "该采购人其他同类合同授予该企业的比例", "share"),
    Feature("dependence", "share of the company's other awards that came from this body",
            "该企业其他合同来自该采购人的比例", "share"),
)  # fmt: skip
# Which end is strange: 1 high, -1 low, 0 both.
ENDS = {"price": 1, "size": 0, "rivals": -1, "notice": -1, "decision": 0, "age": -1,
        "practice": -1, "hold": 1, "dependence": 1}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Awards:
    """Awards in the order of their ids; of a consortium the first member stands for it.

    Args:
        ids: Award ids.
        raw: Features, NaN where nothing is known.
        pair: Code of body and company.
        half: 0 or 1; all awards of a pair lie in one half.
        stratum: Peers: category and method.
    """

    ids: pa.ChunkedArray
    raw: F64
    pair: I64
    half: I64
    stratum: I64


def awards_of(snap: Snapshot) -> Awards:
    """All active awards with their features."""
    rows = snap.sql(_AWARDS)
    if rows.num_rows == 0:
        empty = np.empty(0, dtype=np.int64)
        return Awards(rows["award_id"], np.empty((0, len(FEATURES))), empty, empty, empty)
    body, company, line = (
        rows[name].to_numpy().astype(np.int64) for name in ("body", "company", "line")
    )
    companies, lines = int(company.max()) + 1, int(line.max()) + 1
    pair = body * companies + company
    columns = {name: _numbers(rows, name) for name in _MEASURED}
    n_company = _others(company)
    columns["practice"] = _share(_others(company * lines + line), n_company)
    columns["hold"] = _share(_others(pair * lines + line), _others(body * lines + line))
    columns["dependence"] = _share(_others(pair), n_company)
    raw = np.column_stack([columns[f.column] for f in FEATURES])
    strata = make_strata({"line": line, "method": rows["method"]}, min_count=_MIN_STRATUM, keep=0)
    _, pair = np.unique(pair, return_inverse=True)
    return Awards(rows["award_id"], raw, pair, pair % 2, strata.ids.astype(np.int64))


def _numbers(rows: pa.Table, name: str) -> F64:
    found = rows[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.float64)


def _others(key: I64) -> I64:
    """How many other rows have the same key."""
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(count[place] - 1, dtype=np.int64)


def _share(part: I64, whole: I64) -> F64:
    out = np.full(len(part), np.nan)
    np.divide(part, whole, out=out, where=whole >= _FEW)
    return out


_MEASURED = ("price", "size", "rivals", "notice", "decision", "age")
_AWARDS = """WITH one AS (
        SELECT award_id, min(company_id) AS company_id, min(buyer_id) AS buyer_id,
            min(tender_id) AS tender_id, min(coalesce(division, '')) AS division,
            min(coalesce(method, '')) AS method, min(amount) AS amount,
            min(currency) AS currency, min(estimated_value) AS estimated_value,
            min(bidders) AS bidders, min(awarded_on) AS awarded_on
        FROM wins GROUP BY award_id
    )
    SELECT w.award_id, w.method, dense_rank() OVER (ORDER BY w.division) - 1 AS line,
        dense_rank() OVER (ORDER BY w.buyer_id) - 1 AS body,
        dense_rank() OVER (ORDER BY w.company_id) - 1 AS company,
        CASE WHEN w.estimated_value > 0 AND w.amount > 0
            THEN w.amount::DOUBLE / w.estimated_value::DOUBLE END AS price,
        CASE WHEN w.amount > 0 THEN w.amount::DOUBLE / median(CASE WHEN w.amount > 0
            THEN w.amount::DOUBLE END) OVER (PARTITION BY w.division, w.method, w.currency)
            END AS size,
        CASE WHEN w.method IN ('open', 'selective') THEN w.bidders END AS rivals,
        CASE WHEN t.bids_due_at >= t.published_at
            THEN date_diff('day', t.published_at, t.bids_due_at) END AS notice,
        CASE WHEN w.awarded_on >= t.bids_due_at::DATE
            THEN date_diff('day', t.bids_due_at::DATE, w.awarded_on) END AS decision,
        CASE WHEN c.founded_on <= w.awarded_on THEN w.awarded_on - c.founded_on END AS age
    FROM one w LEFT JOIN tenders t USING (tender_id)
    LEFT JOIN companies c ON c.company_id = w.company_id
    ORDER BY w.award_id"""
