"""What the indicators of execution share: contracts as arrays, and the rows behind a hit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.schema import Evidence, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import FLOAT

I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]
_SLIP = 0.15  # how near a power of ten a ratio must be for a slip of the point, tax and all
_PLACEHOLDER = 20.0  # times the other amount; beyond, one of the two is no price

# Columns that contracts and what they hang on are made of.
COLUMNS = (
    "contracts.award_id", "contracts.amount", "contracts.currency", "contracts.status",
    "contracts.signed_on", "awards.currency", "awards.method", "awards.category",
    "awards.region", "awards.status", "awards.title", "awards.tender_id", "awards.lot_id",
    "tenders.method", "tenders.category", "tenders.region", "tenders.title", "bodies.name",
    "bodies.region", "companies.name", "rates.*",
)  # fmt: skip

# One row per contract of an active award; of a consortium the first member stands for it.
# A contract without a currency is in that of its award, and the other way round.
CONTRACTS = """WITH won AS (
        SELECT award_id, min(company_id) AS company_id, min(buyer_id) AS buyer_id,
            min(coalesce(division, '')) AS division, min(coalesce(method, '')) AS method,
            min(awarded_on) AS awarded_on
        FROM wins GROUP BY award_id
    ), priced AS (
        SELECT award_id, min(amount) AS award_amount, min(currency) AS award_currency
        FROM awards GROUP BY award_id
    ), contract AS (
        SELECT c.contract_id, c.award_id, w.company_id, w.buyer_id, w.division, w.method,
            c.amount, coalesce(c.currency, p.award_currency, '') AS currency, p.award_amount,
            coalesce(p.award_currency, c.currency, '') AS award_currency,
            coalesce(c.signed_on, w.awarded_on) AS day
        FROM contracts c JOIN won w USING (award_id) JOIN priced p USING (award_id)
        WHERE lower(coalesce(c.status, '')) NOT IN ('cancelled', 'canceled', 'planned')
    )"""


def codes(column: pa.ChunkedArray) -> I64:
    """Ids or words as numbers, whatever the order of rows: their rank among all of them."""
    flat = column.combine_chunks()
    encoded = (flat if isinstance(flat, pa.Array) else flat.chunk(0)).dictionary_encode()
    words = encoded.dictionary.to_pylist()
    rank = np.empty(len(words), dtype=np.int64)
    rank[np.array(sorted(range(len(words)), key=lambda i: words[i] or ""), dtype=np.int64)] = (
        np.arange(len(words))
    )
    at = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return np.asarray(rank[at] if len(words) else at, dtype=np.int64)


def floats(column: pa.ChunkedArray) -> FLOAT:
    """A column of numbers; NaN where nothing is known."""
    found = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.float64)


def is_slip(ratio: FLOAT) -> BOOL:
    """Ratios of two amounts that a slip of the decimal point or a placeholder explains."""
    with np.errstate(divide="ignore", invalid="ignore"):
        tens = np.log10(ratio)
    whole = np.round(tens)
    near = (whole != 0) & (np.abs(10.0 ** (tens - whole) - 1.0) <= _SLIP)
    far = (ratio >= _PLACEHOLDER) | (ratio <= 1.0 / _PLACEHOLDER)
    return np.asarray(near | far | ~np.isfinite(ratio))


def is_convention(ratio: FLOAT, body: I64, company: I64) -> BOOL:
    """Ratios of two amounts that come back to the third decimal: a tax, a fee, a reserve.

    One is a convention of its body where three or more companies have it and a fifth of the
    body's amounts that differ, and of the whole market where one in twenty of all that differ
    has it, five bodies and five companies.

    Args:
        ratio: One amount by the other.
        body: Code per row.
        company: Code per row.
    """
    out = np.zeros(len(ratio), dtype=bool)
    rows = np.flatnonzero(np.isfinite(ratio) & (np.abs(ratio - 1.0) > 0.01))
    if len(rows) == 0:
        return out
    key = np.round(ratio[rows] * 1000).astype(np.int64)
    _, key = np.unique(key, return_inverse=True)
    keys = int(key.max()) + 1
    local = body[rows] * keys + key
    _, cell, seen = np.unique(local, return_inverse=True, return_counts=True)
    firms = _distinct(cell, company[rows], len(seen))
    differing = np.bincount(body[rows])[body[rows]]
    here = (firms[cell] >= 3) & (seen[cell] >= 0.2 * differing)
    total = np.bincount(key)
    bodies, all_firms = (_distinct(key, who[rows], keys) for who in (body, company))
    everywhere = (bodies[key] >= 5) & (all_firms[key] >= 5) & (total[key] >= 0.05 * len(rows))
    out[rows] = here | everywhere
    return out


def _distinct(group: I64, member: I64, groups: int) -> I64:
    """How many different members each group has."""
    pairs = np.unique(group * (int(member.max()) + 1) + member)
    return np.bincount(pairs // (int(member.max()) + 1), minlength=groups)


@dataclass(frozen=True)
class Contract:
    """A contract with the rows it hangs on, for a flag."""

    contract_id: str
    key: str
    award_id: str
    body: str
    companies: tuple[str, ...]
    title: str
    day: date
    amount: Decimal | None
    currency: str
    award_amount: Decimal
    awards: tuple[tuple[str, str], ...]  # row key, id

    @property
    def company_id(self) -> str:
        """The company, where it is one alone."""
        return self.companies[0] if len(self.companies) == 1 else ""

    @property
    def evidence(self) -> list[Evidence]:
        """The row of the contract and those of its award."""
        return [
            Evidence("contracts", self.key, self.contract_id),
            *(Evidence("awards", key, award) for key, award in self.awards),
        ]

    @property
    def members(self) -> list[Member]:
        """Everybody and everything named."""
        return [
            Member("contract", self.contract_id, "contract"),
            Member("award", self.award_id, "award"),
            Member("body", self.body, "buyer"),
            *(Member("company", c, "supplier") for c in self.companies),
        ]

    def facts(self, snap: Snapshot) -> dict[str, object]:
        """Who and what, for the sentences."""
        return {
            "contract": self.contract_id,
            "title": self.title,
            "body": snap.name("body", self.body),
            "companies": [snap.name("company", c) for c in self.companies],
            "on": self.day.isoformat(),
            "amount": [[self.currency, str(self.amount)]] if self.amount is not None else [],
        }


def details(snap: Snapshot, contract_ids: Sequence[str]) -> Mapping[str, Contract]:
    """The contracts behind some hits."""
    asked = pa.table({"contract_id": pa.array(list(contract_ids), pa.string())})
    rows = snap.sql(_DETAILS, asked=asked).to_pylist()
    return {
        row["contract_id"]: Contract(
            row["contract_id"],
            row["row_key"],
            row["award_id"],
            row["buyer_id"],
            tuple(sorted({a["company"] for a in row["awards"]})),
            row["title"] or row["contract_id"],
            row["day"],
            row["amount"],
            row["currency"],
            row["award_amount"],
            tuple((a["key"], row["award_id"]) for a in row["awards"]),
        )
        for row in rows
    }


_DETAILS = """WITH mine AS (
        SELECT c.* FROM contracts c SEMI JOIN asked USING (contract_id)
    ), won AS (
        SELECT award_id, min(buyer_id) AS buyer_id, min(awarded_on) AS awarded_on,
            min(title) AS title,
            list({'key': row_key, 'company': company_id} ORDER BY company_id) AS awards
        FROM wins SEMI JOIN mine USING (award_id) GROUP BY award_id
    ), priced AS (
        SELECT award_id, min(amount) AS award_amount, min(currency) AS award_currency
        FROM awards SEMI JOIN mine USING (award_id) GROUP BY award_id
    )
    SELECT m.contract_id, m.row_key, m.award_id, m.amount, w.buyer_id, w.title, w.awards,
        coalesce(m.currency, p.award_currency, '') AS currency, p.award_amount,
        coalesce(m.signed_on, w.awarded_on) AS day
    FROM mine m JOIN won w USING (award_id) JOIN priced p USING (award_id)
    ORDER BY m.contract_id"""
