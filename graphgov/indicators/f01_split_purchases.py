"""Purchases from one company that stay under a line one by one and cross it together."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import FLOAT, Detector, Findings, surprise
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.alike import alike
from graphgov.stats.dispersed import (
    dispersed_tails,
    fisher,
    intra_class,
    randomised,
    rate_elsewhere,
)
from graphgov.stats.fdr import benjamini_hochberg

INT = npt.NDArray[np.int64]

_SHORT = 0.35  # of a unit's mean gap: shorter ones make a burst
_SEED = 20_240_301
_NOTHING_BELOW = (
    "not computable, because no purchase below a threshold was made by a simpler method"
)
_NO_METHOD = "not computable, because no award has a method"


@dataclass(frozen=True)
class SplitPurchases(Detector):
    """Purchases of one object from one company that together cross a threshold.

    Method: Take awards made without the method that a threshold in force that day would
        oblige to, each below it (same jurisdiction, body kind, category and currency; the most
        specific threshold holds). Link awards of one body to one company for one object (four
        digits of the code, or two digits and like titles) that are at most **max_days** apart;
        cut at the fiscal year, which begins in month **fiscal_month**. Two or more that reach
        the threshold together are a cluster; a year that does so without such closeness is one
        if it is unusual (p at most **year_p**).
    Example: Three surveys at 96,000 within ten days, where 100,000 must be tendered.
    Why: Splitting keeps a purchase away from open competition. Weekly perishables, urgent
        repairs, several sites and budgets released in parts look the same from afar.
    Score: Surprise of the p-value. It joins two independent tails over all purchases of the
        body, company and object: how many lie within **band** of the threshold, against the
        share in this category at other bodies; and how many follow each other faster than
        evenly spread dates would, against the same category. Both are beta-binomial, with
        the spread between honest units fitted, and are combined by Fisher's method.
    Skips: Awards without a method, category or date rule; awards that no threshold concerns.
        Companies under common control are not added up.
    Source: PRC Government Procurement Law art. 28 and its regulations art. 28; OCP R011;
        Prozorro sas24-3-14. The chance rate is this engine's own.
    """

    code: ClassVar = "F01"
    title: ClassVar = {"en": "Split purchases", "zh": "化整为零采购"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "times the threshold"
    needs: ClassVar = ("awards.award_id", "thresholds.amount")
    wants: ClassVar = (
        "awards.method",
        "awards.category",
        "awards.currency",
        "awards.title",
        "awards.status",
        "awards.tender_id",
        "awards.region",
        "tenders.method",
        "tenders.category",
        "tenders.title",
        "bodies.kind",
        "bodies.jurisdiction",
        "bodies.name",
        "companies.name",
        "thresholds.*",
        "companies.state_owned",
        "ownership.*",
        "officers.*",
    )
    sentences: ClassVar = {
        "en": (
            "{body} bought {object} from {companies:names} {count:n} times between {first} and "
            "{last}, each time below {line:money}, from where the {due} method is due, but for "
            "{amounts:money} together ({times:times} times that line); {close:n} of all "
            "{purchases:n} such purchases end just under it, against {usual:pct} elsewhere in "
            "this category.",
            "Perishables bought as needed, urgent repairs, several sites or a budget released "
            "in parts also make many small purchases from one company.",
        ),
        "zh": (
            "{body}在{first}至{last}之间向{companies:names}采购“{object}”{count:n}次，每次均低于"
            "应当采用{due}方式的限额{line:money}，合计{amounts:money}（为限额的{times:times}倍）；"
            "全部{purchases:n}次此类采购中有{close:n}次紧贴限额之下，而同类采购中通常只占{usual:pct}。",
            "按需采购的生鲜、紧急维修、多个地点或分批下达的预算，也会形成向同一供应商的多笔小额采购。",
        ),
    }

    max_days: int = bounded(30, low=1, high=365)
    fiscal_month: int = bounded(1, low=1, high=12)
    band: float = bounded(0.8, low=0.5, high=0.99)
    year_p: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """Clusters of purchases, with how unusual their body, company and object are."""
        counts = snap.sql(_COVERAGE).to_pylist()[0]
        rows = snap.sql(_candidates_sql(self.fiscal_month))
        if not rows.num_rows:
            return Findings(
                subjects=snap.subjects("body_company"),
                missing="" if counts["method"] else "awards.method",
                reason=_NOTHING_BELOW if counts["method"] else _NO_METHOD,
            )
        buys = _Purchases.of(snap, rows)
        chance = _chance(buys, band=self.band, max_days=self.max_days)
        q_values = benjamini_hochberg(chance.p_value)
        flags = [
            self._flag(snap, buys, cluster, chance, unit, float(q_values[unit]))
            for unit in map(int, np.flatnonzero(chance.testable))
            for cluster in self._clusters(buys, unit, float(chance.p_value[unit]))
        ]
        pairs = len(np.unique(buys.pair))
        return Findings(
            flags=flags,
            subjects=snap.subjects("body_company"),
            computable=pairs,
            reason=_NOTHING_BELOW,
            p_values=chance.randomised[chance.testable],
        )

    def _clusters(self, buys: "_Purchases", unit: int, p_value: float) -> Iterator[INT]:
        """Row numbers of one cluster per fiscal year, the whole year last."""
        rows = buys.rows_of(unit)
        for year in np.unique(buys.year[rows]):
            inside = rows[buys.year[rows] == year]
            runs = np.split(inside, np.flatnonzero(np.diff(buys.day[inside]) > self.max_days) + 1)
            over = [run for run in runs if buys.crosses(run)]
            if over:
                yield np.concatenate(over)
            elif p_value <= self.year_p and buys.crosses(inside):
                yield inside

    def _flag(
        self,
        snap: Snapshot,
        buys: "_Purchases",
        rows: INT,
        chance: "_Chance",
        unit: int,
        q_value: float,
    ) -> Flag:
        shown = buys.table.take(pa.array(rows)).to_pylist()
        first, last = shown[0]["awarded_on"], shown[-1]["awarded_on"]
        amounts = {shown[0]["currency"] or "": sum((r["amount"] for r in shown), Decimal(0))}
        line = max(r["line"] for r in shown)
        body = shown[0]["buyer_id"]
        companies = sorted({r["company_id"] for r in shown})
        awards = sorted({r["award_id"] for r in shown})
        titles = Counter(r["title"] for r in shown if r["title"])
        thing = min(titles, key=lambda t: (-titles[t], t)) if titles else shown[0]["category"]
        p_value = float(chance.p_value[unit])
        return self.flag(
            (body, companies[0]),
            window=f"{buys.object_of(unit)} {buys.year[rows[0]]}",
            score=surprise(p_value),
            value=float(sum(amounts.values()) / line),
            threshold=1.0,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=first,
            last_on=last,
            body_id=body,
            company_id=companies[0] if len(companies) == 1 else "",
            facts={
                "body": snap.name("body", body),
                "companies": [snap.name("company", c) for c in companies],
                "object": thing or "?",
                "category": shown[0]["category"] or "",
                "count": len(awards),
                "first": first.isoformat(),
                "last": last.isoformat(),
                "days": (last - first).days,
                "amounts": [[c, str(a)] for c, a in amounts.items()],
                "line": [[shown[0]["currency"] or "", str(line)]],
                "due": shown[0]["due"],
                "times": float(sum(amounts.values()) / line),
                "closeness": round(float(np.mean(buys.share[rows])), 4),
                "purchases": int(chance.purchases[unit]),
                "close": int(chance.close[unit]),
                "usual": round(float(chance.usual[unit]), 4),
                "p_values": round(float(chance.p_band[unit]), 6),
                "p_dates": round(float(chance.p_dates[unit]), 6),
            },
            evidence=[Evidence("awards", r["row_key"], r["award_id"]) for r in shown]
            + [Evidence("thresholds", key) for key in sorted({r["rule_key"] for r in shown})],
            members=[
                Member("body", body, "buyer"),
                *(Member("company", c, "supplier") for c in companies),
                *(Member("award", a, "part") for a in awards),
            ],
        )


class _Chance(NamedTuple):
    """Per unit (body, company, object), how its purchases compare with the category."""

    purchases: INT
    close: INT  # just below the threshold
    usual: FLOAT  # share that would be, by the category at other bodies
    p_band: FLOAT
    p_dates: FLOAT
    p_value: FLOAT  # NaN where not testable
    randomised: FLOAT
    testable: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Purchases:
    """Purchases below their threshold, by unit and day."""

    table: pa.Table
    pair: INT
    unit: INT
    starts: INT  # first row of each unit, and the number of rows
    body: INT
    division: INT
    day: INT
    year: INT
    amount: FLOAT
    share: FLOAT  # of the threshold

    @staticmethod
    def of(snap: Snapshot, table: pa.Table) -> "_Purchases":
        table = _by_object(table)
        number = {
            name: table[name].to_numpy().astype(np.int64)
            for name in ("pair", "unit", "body", "division", "day", "fiscal_year")
        }
        amount = table["amount"].cast(pa.float64()).to_numpy()
        starts = np.flatnonzero(np.diff(number["unit"], prepend=-1))
        return _Purchases(
            table,
            number["pair"],
            number["unit"],
            np.append(starts, table.num_rows),
            number["body"],
            number["division"],
            number["day"],
            number["fiscal_year"],
            amount,
            amount / table["line"].cast(pa.float64()).to_numpy(),
        )

    def rows_of(self, unit: int) -> INT:
        return np.arange(self.starts[unit], self.starts[unit + 1])

    def object_of(self, unit: int) -> str:
        return str(self.table["object"][int(self.starts[unit])].as_py() or "")

    def crosses(self, rows: INT) -> bool:
        """Whether they reach the threshold together, each being below it."""
        if len(rows) < 2:
            return False
        part = self.table.slice(int(rows[0]), int(rows[-1] - rows[0] + 1))
        if not float(self.share[rows].sum()) > 0.99:  # cheap first, then to the cent
            return False
        return bool(sum(part["amount"].to_pylist()) >= max(part["line"].to_pylist()))


def _chance(buys: _Purchases, *, band: float, max_days: int) -> _Chance:
    """Two independent tails per unit: values near the threshold, and bursts in time.

    Redrawing values from the category's other purchases leaves the dates alone, so under the
    null the tails are independent and Fisher's method joins them.
    """
    first = buys.starts[:-1]
    n = np.diff(buys.starts)
    body, division = buys.body[first], buys.division[first]
    close = np.add.reduceat((buys.share >= band).astype(np.int64), first)
    usual = rate_elsewhere(close.astype(float), n.astype(float), body, division)

    years = np.add.reduceat(
        (np.diff(buys.year, prepend=-1) != 0) | (np.diff(buys.unit, prepend=-1) != 0), first
    )
    span = 365.0 * years
    reach = np.minimum(max_days, _SHORT * span / n)
    gaps = np.diff(buys.day, prepend=0)
    inner = np.diff(buys.unit, prepend=-1) == 0
    burst = inner & (gaps <= np.repeat(reach, n))
    short = np.add.reduceat(burst.astype(np.int64), first)
    trials = n - 1
    even = trials * (1.0 - (1.0 - reach / span) ** n)
    usual_gap = rate_elsewhere(short.astype(float), np.maximum(even, 1e-9), body, division)
    mean_gap = np.clip(usual_gap * even / np.maximum(trials, 1), 1e-4, 0.98)

    testable = n >= 2
    tails = []
    for hits, tries, mean in ((close, n, usual), (short, trials, mean_gap)):
        rho = intra_class(np.where(testable, hits, 0), np.where(testable, tries, 0), mean)
        tails.append(dispersed_tails(hits, tries, mean, rho))
    drawn = [randomised(a, b, _SEED + i) for i, (a, b) in enumerate(tails)]
    p_value = np.where(testable, fisher(tails[0][0], tails[1][0]), np.nan)
    return _Chance(n, close, usual, tails[0][0], tails[1][0], p_value, fisher(*drawn), testable)


def _by_object(table: pa.Table) -> pa.Table:
    """The rows with codes of like titles made one object, and units numbered in order."""
    pair = table["pair"].to_numpy()
    code = table["code"].to_numpy()
    bounds = np.append(np.flatnonzero(np.diff(pair, prepend=-1)), len(pair))
    merged = code.copy()
    many = np.flatnonzero(code[bounds[1:] - 1] != code[bounds[:-1]])
    for i in many:
        start, stop = int(bounds[i]), int(bounds[i + 1])
        if table["share"].slice(start, stop - start).to_numpy().sum() < 1.0:
            continue  # cannot cross the threshold together
        titles: dict[int, list[str]] = {}
        for c, title in zip(
            code[start:stop], table["title"].slice(start, stop - start).to_pylist(), strict=True
        ):
            titles.setdefault(int(c), []).append(title or "")
        same = alike(titles)
        merged[start:stop] = [same[int(c)] for c in code[start:stop]]
    order = np.lexsort((table["day"].to_numpy(), merged, pair))
    table = table.take(pa.array(order)).combine_chunks()
    pair, merged = pair[order], merged[order]
    fresh = (np.diff(pair, prepend=-1) != 0) | (np.diff(merged, prepend=-1) != 0)
    return table.append_column("unit", pa.array(np.cumsum(fresh) - 1))


_RANK = "CASE {0} WHEN 'open' THEN 4 WHEN 'selective' THEN 3 WHEN 'limited' THEN 2 ELSE 1 END"
_COVERAGE = "SELECT count(method) AS method FROM wins"


def _candidates_sql(fiscal_month: int) -> str:
    """Awards below a threshold in force, bought by a simpler method than it obliges to.

    Of the rules for one method the most specific holds: longest category, then jurisdiction,
    then body kind, then the latest. Of what remains, the nearest above the amount.
    """
    return f"""WITH one AS (
        SELECT w.award_id, min(w.company_id) AS company_id FROM wins w GROUP BY w.award_id
    ), buy AS (
        SELECT w.award_id, w.company_id, w.buyer_id, w.awarded_on, a.amount, a.currency,
            w.category, w.division, w.title, w.row_key, w.body_kind, w.jurisdiction, w.method,
            {_RANK.format("w.method")} AS rank
        FROM wins w JOIN one USING (award_id, company_id)
        JOIN awards a USING (award_id, company_id)
        WHERE w.method IS NOT NULL AND w.method <> 'open' AND w.category IS NOT NULL
            AND a.amount > 0
    ), combo AS (
        SELECT DISTINCT jurisdiction, body_kind, category, currency FROM buy
    ), rule AS (
        SELECT *, {_RANK.format("method")} AS rank FROM thresholds
        WHERE amount > 0 AND method IN ('open', 'selective', 'limited')
    ), fit AS (
        SELECT c.*, r.amount AS line, r.method AS due, r.rank AS due_rank, r.starts_on,
            r.ends_on, r.row_key AS rule_key,
            row_number() OVER (ORDER BY length(coalesce(r.category_prefix, '')),
                r.jurisdiction IS NOT NULL, r.body_kind IS NOT NULL,
                coalesce(r.starts_on, DATE '0001-01-01'), r.amount DESC, r.row_key) AS precedence
        FROM combo c JOIN rule r
            ON (r.jurisdiction IS NULL OR r.jurisdiction = c.jurisdiction)
            AND (r.body_kind IS NULL OR r.body_kind = c.body_kind)
            AND (r.category_prefix IS NULL OR starts_with(c.category, r.category_prefix))
            AND (r.currency IS NULL OR c.currency IS NULL OR r.currency = c.currency)
    ), held AS (
        SELECT b.*, f.line, f.due, f.rule_key FROM buy b JOIN fit f
            ON b.jurisdiction IS NOT DISTINCT FROM f.jurisdiction
            AND b.body_kind IS NOT DISTINCT FROM f.body_kind
            AND b.category = f.category AND b.currency IS NOT DISTINCT FROM f.currency
        WHERE f.due_rank > b.rank
            AND b.awarded_on >= coalesce(f.starts_on, b.awarded_on)
            AND b.awarded_on <= coalesce(f.ends_on, b.awarded_on)
        QUALIFY row_number() OVER (
            PARTITION BY b.award_id, f.due ORDER BY f.precedence DESC) = 1
    ), below AS (
        SELECT * FROM held WHERE amount < line
        QUALIFY row_number() OVER (PARTITION BY award_id ORDER BY line, rule_key) = 1
    )
    SELECT award_id, company_id, buyer_id, awarded_on, amount, currency, category, title, row_key,
        line, due, rule_key, amount::DOUBLE / line::DOUBLE AS share,
        date_diff('day', DATE '1970-01-01', awarded_on) AS day,
        year(awarded_on - INTERVAL ({fiscal_month - 1}) MONTH) AS fiscal_year,
        CASE WHEN regexp_matches(category, '^[0-9]{{4}}') THEN left(category, 4)
            ELSE category END AS object,
        dense_rank() OVER (ORDER BY buyer_id, company_id, division, currency) - 1 AS pair,
        dense_rank() OVER (ORDER BY CASE WHEN regexp_matches(category, '^[0-9]{{4}}')
            THEN left(category, 4) ELSE category END) - 1 AS code,
        dense_rank() OVER (ORDER BY buyer_id) - 1 AS body,
        dense_rank() OVER (ORDER BY division) - 1 AS division
    FROM below ORDER BY pair, code, day, award_id"""
