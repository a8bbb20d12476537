"""Contracts made dearer after signature, by firms to whom that happens often."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators import _execution as ex
from graphgov.indicators._execution import BOOL, I64
from graphgov.schema import Evidence
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import FLOAT, Tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.strata import make_strata, rate_without, value_band
from graphgov.stats.sums import hypergeometric_sum_tails

_SEED = 69


@dataclass(frozen=True)
class PriceRaised(Detector):
    """A contract was raised after signature, by far or as this company's contracts often are.

    Method: Add up the changes of a contract's amount and divide by the amount signed. A raise
        of more than **min_raise** is a flag where the company's contracts are raised so more
        often than its peers' (p at most **max_p**), where the raise exceeds **large_raise**, or
        where it takes the price beyond the next bid of the tender. The company's p-value is
        exact: its raised contracts against draws inside category and amount.
    Example: Acme wins a school at 9.0 million against 9.8, and is raised to 10.4 in a year.
    Why: A bid can be low because its maker knows that it will be made good later. Indexed
        prices and unforeseen ground raise an honest contract too, whoever holds it.
    Score: (1 - share of peers raised so) x (0.1 + 0.8 x surprise of the company's p-value); a
        raise beyond the next bid or **large_raise** counts at least as p = 0.01.
    Skips: Contracts without an amount; raises that a slip of the decimal point explains, or that
        come back to the third decimal over many firms, as index clauses make them.
    Source: OCP Red flags (2024) R069; the tenth part is the PRC's cap on supplements.
    """

    code: ClassVar = "R069"
    title: ClassVar = {"en": "Price raised after signature", "zh": "签约后涨价"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "contract"
    unit: ClassVar = "of the contract's amount"
    needs: ClassVar = ("contracts.award_id", "contracts.amount", "amendments.amount_change")
    wants: ClassVar = (
        *ex.COLUMNS,
        "amendments.amended_on",
        "bids.bid_id",
        "bids.amount",
        "bids.currency",
        "bids.lot_id",
        "bids.status",
    )
    sentences: ClassVar = {
        "en": (
            "The contract of {body} with {companies:names} on {title} was raised from "
            "{amount:money} to {now:money} ({raise:pct} more) by {last}{beyond[en]:text}; "
            "{company_raised:n} of {company_contracts:n} contracts of the company were raised "
            "so, where {expected:.1f} would be usual.",
            "Index clauses, unforeseen ground and works added by a lawful decision raise an "
            "honest contract too.",
        ),
        "zh": (
            "{body}与{companies:names}关于“{title}”的合同截至{last}由{amount:money}增至{now:money}"
            "（增加{raise:pct}）{beyond[zh]:text}；该企业{company_contracts:n}份合同中有"
            "{company_raised:n}份如此增价，通常约为{expected:.1f}份。",
            "调价条款、不可预见的地质条件和依法增加的工程，也会使诚信履约的合同增价。",
        ),
    }

    min_raise: float = bounded(0.10, low=0.0, high=10.0)
    large_raise: float = bounded(0.5, low=0.0, high=100.0)
    max_p: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """Raised contracts that stand out by their company, their size or the next bid."""
        rows = snap.sql(ex.CONTRACTS + _RAISED)
        subjects = snap.subjects("contract")
        why = "not computable, because the rest has no amount"
        start = ex.floats(rows["amount"])
        ratio = (start + ex.floats(rows["change"])) / np.maximum(start, 1e-9)
        clean = ~ex.is_slip(np.maximum(ratio, 0.5))  # a cut is no slip
        rows, raised = rows.filter(pa.array(clean)), np.round(ratio[clean] - 1.0, 9)
        if len(raised) == 0:
            return Findings(subjects=subjects, reason=why)
        company = ex.codes(rows["company_id"])
        usual = ex.is_convention(raised + 1.0, ex.codes(rows["buyer_id"]), company)
        hit = (raised > self.min_raise) & ~usual
        firm, share = _firms(rows, hit, company)
        q_values = benjamini_hochberg(firm.tail.p)
        p_value = firm.tail.p[company]
        maybe = np.flatnonzero(hit)
        next_bid = _next_bids(snap, rows["contract_id"].take(pa.array(maybe)))
        beyond = np.zeros(len(hit), dtype=bool)
        for row in maybe.tolist():
            bid = next_bid.get(rows["contract_id"][row].as_py())
            beyond[row] = bid is not None and _now(rows, row) > bid > rows["amount"][row].as_py()
        stands_out = beyond | (raised > self.large_raise)
        hits = np.flatnonzero(hit & (stands_out | (p_value <= self.max_p)))
        names = rows["contract_id"].take(pa.array(hits)).to_pylist()
        known, changes = ex.details(snap, names), _changes(snap, names)
        flags = []
        for row, name in zip(hits.tolist(), names, strict=True):
            one, seen, unit = known[name], changes[name], int(company[row])
            p = float(p_value[row])
            days = [c["amended_on"] for c in seen if c["amended_on"]]
            told = next_bid.get(name) if beyond[row] else None
            counted = min(p, 0.01) if stands_out[row] else p
            flags.append(
                self.flag(
                    name,
                    score=(1.0 - float(share[row])) * (0.1 + 0.8 * surprise(counted)),
                    value=float(raised[row]),
                    threshold=self.min_raise,
                    p_value=p,
                    q_value=float(q_values[unit]),
                    amounts={one.currency: rows["change"][row].as_py()},
                    first_on=min(days, default=one.day),
                    last_on=max(days, default=one.day),
                    body_id=one.body,
                    company_id=one.company_id,
                    facts=one.facts(snap)
                    | {
                        "now": [[one.currency, str(_now(rows, row))]],
                        "raise": round(float(raised[row]), 6),
                        "changes": len(seen),
                        "last": max(days, default=one.day).isoformat(),
                        "beyond": _beyond(one.currency, told),
                        "company_raised": int(firm.raised[unit]),
                        "company_contracts": int(firm.contracts[unit]),
                        "expected": round(float(firm.expected[unit]), 4),
                        "peer_share": round(float(share[row]), 6),
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
            computable=len(raised),
            reason=why if len(raised) < subjects else "",
            p_values=firm.tail.randomised(_SEED),
        )


class _Firms(NamedTuple):
    """Per company, how many of its contracts were raised, and how many would be by chance."""

    contracts: I64
    raised: I64
    expected: FLOAT
    tail: Tail


def _firms(rows: pa.Table, hit: BOOL, company: I64) -> tuple[_Firms, FLOAT]:
    """Companies against draws inside strata; and each contract's share of peers raised."""
    strata = make_strata(
        {"division": rows["division"], "value": value_band(ex.floats(rows["amount"]))}, keep=0
    )
    ids = strata.ids.astype(np.int64)
    own, cell = np.unique(company * strata.count + ids, return_inverse=True)
    drawn = np.bincount(cell)
    unit, stratum = own // strata.count, own % strata.count
    marked = np.bincount(ids, weights=hit, minlength=strata.count)
    offsets = np.searchsorted(unit, np.arange(int(company.max()) + 2))
    contracts = np.bincount(company)
    raised = np.bincount(company, weights=hit).astype(np.int64)
    expected = np.bincount(
        unit, weights=drawn * marked[stratum] / strata.sizes[stratum], minlength=len(contracts)
    ).astype(np.float64)
    tail = hypergeometric_sum_tails(raised, strata.sizes[stratum], marked[stratum], drawn, offsets)
    share = np.nan_to_num(rate_without(hit.astype(np.float64), ids, company), nan=0.0)
    return _Firms(contracts, raised, expected, tail), share


def _now(rows: pa.Table, row: int) -> Decimal:
    found: Decimal = rows["amount"][row].as_py() + rows["change"][row].as_py()
    return found


def _beyond(currency: str, bid: Decimal | None) -> dict[str, str]:
    if bid is None:
        return {"en": "", "zh": ""}
    told = f"{currency} {bid:,.0f}".strip()
    return {
        "en": f", beyond the next bid of its tender ({told})",
        "zh": f"，超过该项目的次低报价（{told}）",
    }


def _next_bids(snap: Snapshot, contracts: pa.ChunkedArray) -> Mapping[str, Decimal]:
    """The lowest rival bid in the currency of each contract, where bids are known."""
    asked = pa.table({"contract_id": contracts.cast(pa.string())})
    rows = snap.sql(_NEXT_BID, asked=asked)
    return dict(zip(rows["contract_id"].to_pylist(), rows["bid"].to_pylist(), strict=True))


def _changes(snap: Snapshot, names: list[str]) -> dict[str, list[Any]]:
    asked = pa.table({"contract_id": pa.array(names, pa.string())})
    found: dict[str, list[Any]] = {name: [] for name in names}
    for row in snap.sql(_AMENDMENTS, asked=asked).to_pylist():
        found[row["contract_id"]].append(row)
    return found


# An amendment recorded twice (same day, same change) counts once.
_RAISED = """, changed AS (
        SELECT contract_id, sum(amount_change) AS change
        FROM (SELECT DISTINCT contract_id, amended_on, amount_change,
            CASE WHEN amended_on IS NULL THEN amendment_id END AS apart
            FROM amendments WHERE amount_change IS NOT NULL)
        GROUP BY contract_id
    )
    SELECT m.contract_id, m.company_id, m.buyer_id, m.division, m.amount,
        coalesce(c.change, 0)::DECIMAL(38, 4) AS change
    FROM contract m LEFT JOIN changed c USING (contract_id)
    WHERE m.amount > 0 ORDER BY m.contract_id"""
_AMENDMENTS = """SELECT contract_id, amendment_id, row_key, amended_on FROM amendments
    SEMI JOIN asked USING (contract_id) WHERE amount_change IS NOT NULL
    ORDER BY contract_id, amended_on, amendment_id"""
_NEXT_BID = """WITH mine AS (
        SELECT c.contract_id, c.award_id, coalesce(c.currency, a.currency, '') AS currency,
            a.tender_id, a.company_id
        FROM contracts c JOIN awards a USING (award_id) SEMI JOIN asked USING (contract_id)
    )
    SELECT m.contract_id, min(r.amount) AS bid
    FROM mine m JOIN contests w ON w.tender_id = m.tender_id AND w.company_id = m.company_id
        AND w.won
    JOIN contests r ON r.tender_id = w.tender_id AND r.lot = w.lot AND NOT r.won
        AND r.company_id <> m.company_id
    WHERE r.amount > 0 AND coalesce(r.currency, m.currency) = m.currency
    GROUP BY m.contract_id ORDER BY m.contract_id"""
