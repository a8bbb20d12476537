"""What a body and a company have to do with each other, in eight numbers."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.models.h07_explanation import Feature
from graphgov.models.scaling import shrunk, standardised
from graphgov.snapshot import Snapshot
from graphgov.stats.strata import make_strata

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]


# None of them names a tie, a person, a region or an identity.
FEATURES = (
    Feature("excess", "awards per award expected from its share elsewhere", "中标数与预期之比"),
    Feature("dependence", "share of the company's awards from this body", "来自该采购人的比例",
             "share"),
    Feature("single", "share of competitive awards with one bid", "单一投标比例", "share"),
    Feature("direct", "share of direct or limited awards", "直接或限制性采购比例", "share"),
    Feature("advantage", "share of bids won here less that elsewhere", "在此与别处的中标率之差",
             "share"),
    Feature("price", "price against the estimate", "价格与估算价之比"),
    Feature("haste", "days from notice to deadline", "公告至截止天数", "days"),
    Feature("growth", "awards in the later half of the data per award in the earlier",
             "后期与前期中标数之比"),
)  # fmt: skip
_LOGS = ("excess", "price", "growth")  # standardised as logarithms
_TRIALS = {"single": "single_of", "direct": "direct_of"}  # shares, and of how many


def pairs_of(snap: Snapshot, min_awards: int) -> pa.Table:
    """Pairs with so many awards or more, with their features, by id."""
    return snap.sql(_PAIRS.replace("{least}", str(min_awards)))


def features(table: pa.Table) -> tuple[pa.Table, F64, F64, F64, I32]:
    """Pairs in the order of their features, so that ids and rows say nothing.

    Returns:
        The table, raw features, medians of peers, features in spreads from the median of
        their stratum (main category and number of awards), and the stratum.
    """
    raw = np.column_stack([_numbers(table, f.column) for f in FEATURES])
    keys = [np.nan_to_num(c, nan=-1e9) for c in raw.T]
    order = np.lexsort((*keys, table["n"].to_numpy()))
    table, raw = table.take(pa.array(order)), raw[order]
    band = np.floor(2 * np.log2(table["n"].to_numpy())).astype(np.int64)
    strata = make_strata({"band": np.minimum(band, 10), "division": table["division"]},
                         min_count=50, keep=0)  # fmt: skip
    scaled = raw.copy()
    for i, feature in enumerate(FEATURES):
        if feature.column in _TRIALS:
            scaled[:, i] = shrunk(raw[:, i], _numbers(table, _TRIALS[feature.column]))
        if feature.column in _LOGS:
            scaled[:, i] = np.log(np.maximum(raw[:, i], 1e-6))
        if feature.column == "haste":
            scaled[:, i] = -np.log1p(np.maximum(raw[:, i], 0))
    median, x = standardised(scaled, raw, strata.ids)
    return table, raw, median, x, strata.ids


def _numbers(table: pa.Table, column: str) -> F64:
    return np.asarray(table[column].cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


# Sums of fractions go through DECIMAL, which adds up the same in any order.
_PAIRS = """WITH half AS (
        SELECT min(awarded_on) + ((max(awarded_on) - min(awarded_on)) // 2)::INTEGER AS middle
        FROM wins
    ), w AS (
        SELECT w.*, coalesce(w.division, '') AS line,
            CASE WHEN w.estimated_value > 0 AND w.amount > 0
                THEN ln(w.amount::DOUBLE / w.estimated_value::DOUBLE) END AS over_estimate,
            date_diff('day', t.published_at, t.bids_due_at) AS notice
        FROM wins w LEFT JOIN tenders t USING (tender_id)
    ), pair AS (
        SELECT buyer_id, company_id, count(*) AS n, mode(line ORDER BY line) AS division,
            count(*) FILTER (method IN ('open', 'selective') AND bidders = 1)
                / nullif(count(*) FILTER (method IN ('open', 'selective')
                    AND bidders IS NOT NULL), 0) AS single,
            count(*) FILTER (method IN ('open', 'selective') AND bidders IS NOT NULL) AS single_of,
            count(*) FILTER (method IN ('direct', 'limited')) / nullif(count(method), 0) AS direct,
            count(method) AS direct_of,
            exp(sum(greatest(-2, least(2, over_estimate))::DECIMAL(18, 9))::DOUBLE
                / nullif(count(over_estimate), 0)) AS price,
            sum(greatest(0, notice)) / nullif(count(notice), 0) AS haste,
            (count(*) FILTER (awarded_on > middle) + 1.0)
                / (count(*) FILTER (awarded_on <= middle) + 1.0) AS growth
        FROM w, half GROUP BY buyer_id, company_id HAVING count(*) >= {least}
    ), bought AS (SELECT buyer_id, line, count(*) AS n FROM w GROUP BY ALL
    ), sold AS (SELECT company_id, line, count(*) AS n FROM w GROUP BY ALL
    ), dealt AS (SELECT buyer_id, company_id, line, count(*) AS n FROM w GROUP BY ALL
    ), whole AS (SELECT line, count(*) AS n FROM w GROUP BY ALL
    ), expected AS (
        SELECT p.buyer_id, p.company_id, any_value(p.n) AS n, sum((b.n * (s.n - coalesce(d.n, 0))
            / greatest(a.n - b.n, 1))::DECIMAL(18, 9))::DOUBLE AS e
        FROM pair p JOIN sold s USING (company_id)
        JOIN bought b ON b.buyer_id = p.buyer_id AND b.line = s.line
        JOIN whole a ON a.line = s.line
        LEFT JOIN dealt d ON d.buyer_id = p.buyer_id AND d.company_id = p.company_id
            AND d.line = s.line
        GROUP BY p.buyer_id, p.company_id
    ), total AS (SELECT company_id, count(*) AS n FROM w GROUP BY company_id
    ), rivalry AS (
        SELECT buyer_id, company_id, count(*) AS bids, count(*) FILTER (won) AS won
        FROM contests WHERE competitors > 1 GROUP BY ALL
    ), everywhere AS (
        SELECT company_id, sum(bids) AS bids, sum(won) AS won FROM rivalry GROUP BY company_id
    )
    SELECT p.buyer_id, p.company_id, p.n, p.division, (p.n + 1) / (e.e + 1) AS excess,
        p.n / t.n AS dependence, p.single, p.single_of,
        p.direct, p.direct_of, p.price, p.haste, p.growth,
        (r.won + 1) / (r.bids + 3) - (v.won - r.won + 1) / (v.bids - r.bids + 3) AS advantage
    FROM pair p JOIN expected e USING (buyer_id, company_id) JOIN total t USING (company_id)
    LEFT JOIN rivalry r USING (buyer_id, company_id)
    LEFT JOIN everywhere v USING (company_id)
    ORDER BY p.buyer_id, p.company_id"""
