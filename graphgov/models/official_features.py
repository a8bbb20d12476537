"""What was bought on an official's watch, in six numbers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.models.h07_explanation import Feature
from graphgov.models.scaling import shrunk, standardised
from graphgov.snapshot import Snapshot
from graphgov.stats.strata import make_strata

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

# None of them names a tie, a place or anything about the person.
FEATURES = (
    Feature("top", "share of the awards that went to one company", "授予同一企业的比例", "share"),
    Feature("captive", "share of the winners' business that came from this watch",
            "中标企业业务来自其任内的比例", "share"),
    Feature("single", "share of competitive awards with one bid", "单一投标比例", "share"),
    Feature("direct", "share of direct or limited awards", "直接或限制性采购比例", "share"),
    Feature("price", "price against the estimate", "价格与估算价之比"),
    Feature("haste", "days from notice to deadline", "公告至截止天数", "days"),
)  # fmt: skip
_TRIALS = {"top": "n", "single": "single_of", "direct": "direct_of"}
_MIN_STRATUM = 50


@dataclass(frozen=True, eq=False)
class Officials:
    """Officials with enough awards, in the order of their ids.

    Args:
        table: `person_id`, `body_id` (where most of the awards were made), `n` and features.
        raw: Features, NaN where nothing is known.
        median: Of the stratum.
        x: Features in spreads from it.
        half: 0 or 1; all officials of a body lie in one half, for they share awards.
        stratum: Peers: those with about as many awards.
    """

    table: pa.Table
    raw: F64
    median: F64
    x: F64
    half: I64
    stratum: I32


def officials_of(snap: Snapshot, min_awards: int) -> Officials | None:
    """Officials with so many awards or more; None without any."""
    table = snap.sql(_FEATURES.format(one=_ONE, watch=_watch(snap), least=min_awards))
    if table.num_rows == 0:
        return None
    raw = np.column_stack([_numbers(table, f.column) for f in FEATURES])
    band = np.floor(2 * np.log2(np.maximum(_numbers(table, "n"), 1.0))).astype(np.int64)
    strata = make_strata({"band": np.minimum(band, 16)}, min_count=_MIN_STRATUM, keep=0)
    scaled = raw.copy()
    for i, feature in enumerate(FEATURES):
        if feature.column in _TRIALS:
            scaled[:, i] = shrunk(raw[:, i], _numbers(table, _TRIALS[feature.column]))
        elif feature.column == "price":
            scaled[:, i] = np.log(np.maximum(raw[:, i], 1e-6))
        elif feature.column == "haste":
            scaled[:, i] = -np.log1p(np.maximum(raw[:, i], 0))
    median, x = standardised(scaled, raw, strata.ids)
    _, body = np.unique(table["body_id"].to_pylist(), return_inverse=True)
    return Officials(table, raw, median, x, (body % 2).astype(np.int64), strata.ids)


def awards_sql(snap: Snapshot) -> str:
    """The statement that gives the awards of the officials in a table `asked`, by date."""
    return f"""WITH {_ONE}, watch AS ({_watch(snap, _ASKED)})
        SELECT h.person_id, w.award_id, o.row_key, w.company_id, w.buyer_id, w.awarded_on,
            o.amount, o.currency
        FROM watch h JOIN one w USING (award_id)
        JOIN wins o ON o.award_id = w.award_id AND o.company_id = w.company_id
        ORDER BY h.person_id, w.awarded_on, w.award_id"""


def _watch(snap: Snapshot, whom: str = "true") -> str:
    """On whose watch an award was made: who decided it, who was in a post that decides."""
    parts = (("decisions.person_id", _SIGNED), ("offices.started_on", _IN_POST))
    return " UNION ".join(part.format(whom=whom) for column, part in parts if snap.has(column))


def _numbers(table: pa.Table, column: str) -> F64:
    found = table[column].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.float64)


_ASKED = "person_id IN (SELECT person_id FROM asked)"
_SIGNED = """SELECT d.person_id, w.award_id FROM decisions d JOIN one w ON w.award_id = d.award_id
        WHERE NOT coalesce(d.recused, false) AND {whom}
    UNION SELECT d.person_id, w.award_id FROM decisions d JOIN one w ON w.tender_id = d.tender_id
        WHERE NOT coalesce(d.recused, false) AND {whom}"""
_IN_POST = """SELECT o.person_id, w.award_id FROM offices o JOIN one w ON w.buyer_id = o.body_id
        WHERE coalesce(o.role, 'head') IN ('head', 'deputy', 'procurement')
            AND w.awarded_on >= o.started_on
            AND w.awarded_on <= coalesce(o.ended_on, w.awarded_on) AND {whom}"""

# Sums of fractions go through DECIMAL, which adds up the same in any order.
_ONE = """one AS (
        SELECT award_id, min(company_id) AS company_id, min(buyer_id) AS buyer_id,
            min(tender_id) AS tender_id, min(method) AS method, min(bidders) AS bidders,
            min(amount) AS amount, min(estimated_value) AS estimated_value,
            min(awarded_on) AS awarded_on
        FROM wins GROUP BY award_id
    )"""
_FEATURES = """WITH {one}, watch AS ({watch}
    ), total AS (SELECT company_id, count(*) AS n FROM one GROUP BY company_id
    ), facts AS (
        SELECT w.award_id, w.company_id, w.buyer_id, w.method, w.bidders,
            CASE WHEN w.estimated_value > 0 AND w.amount > 0
                THEN ln(w.amount::DOUBLE / w.estimated_value::DOUBLE) END AS over_estimate,
            date_diff('day', t.published_at, t.bids_due_at) AS notice
        FROM one w LEFT JOIN tenders t USING (tender_id)
    ), own AS (
        SELECT h.person_id, f.company_id, f.buyer_id, count(*) AS n,
            count(*) FILTER (method IN ('open', 'selective') AND bidders = 1) AS single,
            count(*) FILTER (method IN ('open', 'selective') AND bidders IS NOT NULL)
                AS single_of,
            count(*) FILTER (method IN ('direct', 'limited')) AS direct,
            count(method) AS direct_of,
            sum(greatest(-2, least(2, over_estimate))::DECIMAL(18, 9)) AS over_estimate,
            count(over_estimate) AS priced,
            sum(greatest(0, notice)) AS notice, count(notice) AS noticed
        FROM watch h JOIN facts f USING (award_id) GROUP BY ALL
    ), firm AS (
        SELECT person_id, company_id, sum(n) AS n FROM own GROUP BY ALL
    ), grip AS (
        SELECT f.person_id, max(f.n) AS most, sum(f.n) AS n,
            sum((f.n * f.n / t.n)::DECIMAL(18, 9)) AS captive
        FROM firm f JOIN total t USING (company_id) GROUP BY f.person_id
        HAVING sum(f.n) >= {least}
    ), place AS (
        SELECT person_id, first(buyer_id ORDER BY n DESC, buyer_id) AS body_id FROM (
            SELECT person_id, buyer_id, sum(n) AS n FROM own GROUP BY ALL
        ) GROUP BY person_id
    ), summed AS (
        SELECT person_id, sum(single) AS single, sum(single_of) AS single_of,
            sum(direct) AS direct, sum(direct_of) AS direct_of,
            sum(over_estimate)::DOUBLE AS over_estimate, sum(priced) AS priced,
            sum(notice) AS notice, sum(noticed) AS noticed
        FROM own GROUP BY person_id
    )
    SELECT g.person_id, p.body_id, g.n::BIGINT AS n, (g.most / g.n)::DOUBLE AS top,
        (g.captive / g.n)::DOUBLE AS captive,
        (s.single / nullif(s.single_of, 0))::DOUBLE AS single, s.single_of::BIGINT AS single_of,
        (s.direct / nullif(s.direct_of, 0))::DOUBLE AS direct, s.direct_of::BIGINT AS direct_of,
        exp(s.over_estimate / nullif(s.priced, 0)) AS price,
        (s.notice / nullif(s.noticed, 0))::DOUBLE AS haste
    FROM grip g JOIN place p USING (person_id) JOIN summed s USING (person_id)
    ORDER BY g.person_id"""
