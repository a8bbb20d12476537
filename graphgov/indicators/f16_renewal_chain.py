"""Contracts that follow each other with one company for years without a tender."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.dispersed import rate_elsewhere
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.purchases import COLUMNS, Purchases, distinct_runs, purchases
from graphgov.stats.renewals import chain_tail, spread

I64 = npt.NDArray[np.int64]
_SEED = 2_116
_YEAR = 365.25
_EPOCH = date(1970, 1, 1).toordinal()
_NO_METHOD = "not computable, because no award has a method"
_NONE = (
    "not computable, because the rest has no contract of known duration that came without "
    "open competition"
)
_CONTRACTS = """SELECT contract_id, award_id, row_key,
    date_diff('day', DATE '1970-01-01', coalesce(starts_on, signed_on))::INTEGER AS first,
    date_diff('day', DATE '1970-01-01', coalesce(terminated_on, completed_on, ends_on))::INTEGER
        AS last
FROM contracts
WHERE coalesce(starts_on, signed_on) IS NOT NULL
    AND coalesce(terminated_on, completed_on, ends_on) >= coalesce(starts_on, signed_on)
ORDER BY contract_id"""
_SHOWN = """SELECT place, c.contract_id, c.award_id, c.row_key, w.row_key AS award_key,
    w.buyer_id, w.company_id, w.title, w.category, coalesce(c.amount, a.amount) AS amount,
    coalesce(CASE WHEN c.amount IS NOT NULL THEN c.currency END, a.currency, '') AS currency,
    coalesce(c.starts_on, c.signed_on) AS first_on,
    coalesce(c.terminated_on, c.completed_on, c.ends_on) AS last_on
FROM asked JOIN contracts c USING (contract_id) JOIN wins w ON w.award_id = c.award_id
JOIN awards a ON a.award_id = w.award_id AND a.company_id = w.company_id
QUALIFY row_number() OVER (PARTITION BY place ORDER BY w.company_id) = 1
ORDER BY place"""


@dataclass(frozen=True)
class RenewalChain(Detector):
    """A company's contract for one object is renewed again and again without a tender.

    Method: Take contracts of awards by direct or limited methods that last **min_days** or
        more. A contract of the same body, company and object (four digits of the code) that
        begins within **max_gap** days of the end of the one before it renews it. Chains whose
        contracts cover more than **years** years are flagged if so many renewals are unusual:
        each end is renewed with the chance that other bodies have in the two-digit category,
        which differs between chains as fitted (beta-geometric).
    Example: A cleaning contract of one year is given to the same firm six times, each time
        directly, where others tender after the second.
    Why: A renewal without a tender keeps rivals out for good. Licences, rents, utilities and
        upkeep of what only its maker can keep up go on in the same way.
    Score: Surprise of the p-value.
    Skips: Contracts without dates, or shorter than **min_days**, such as weekly deliveries.
    Source: Catalogue F16; the chance rate is this engine's own.
    """

    code: ClassVar = "F16"
    title: ClassVar = {"en": "Renewal chain without tender", "zh": "未经招标的连续续签"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "renewals"
    needs: ClassVar = ("awards.award_id", "contracts.award_id")
    wants: ClassVar = (
        *COLUMNS,
        "contracts.starts_on",
        "contracts.signed_on",
        "contracts.ends_on",
        "contracts.completed_on",
        "contracts.terminated_on",
        "contracts.amount",
        "contracts.currency",
    )
    sentences: ClassVar = {
        "en": (
            "{body} renewed {company}'s contract for {object} {renewals:n} times without open "
            "competition, from {first} to {last} ({years:times} years, {amounts:money}); at other "
            "bodies {usual:pct} of such contracts are renewed when they end.",
            "Licences, rents, utilities, or upkeep that only one firm can do, are renewed "
            "without a tender everywhere.",
        ),
        "zh": (
            "{body}未经公开竞争将{company}的“{object}”合同续签{renewals:n}次，自{first}至{last}"
            "（{years:times}年，金额{amounts:money}）；其他单位此类合同到期后续签的比例为{usual:pct}。",
            "许可、租赁、公用事业或只有一家能做的维护，各地都会不经招标而续签。",
        ),
    }

    max_gap: int = bounded(60, low=0, high=365)
    min_days: int = bounded(90, low=1, high=3650)
    years: float = bounded(4.0, low=0.5, high=50.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All chains, of one contract or more."""
        buys = purchases(snap)
        if not buys.rank.any():
            return Findings(
                subjects=snap.subjects("body_company"), missing="awards.method", reason=_NO_METHOD
            )
        chains = _chains(snap, buys, self.max_gap, self.min_days)
        size = np.diff(chains.starts)
        if not len(size):
            return Findings(subjects=snap.subjects("body_company"), reason=_NONE)
        renewals = size - 1
        first = chains.award[chains.starts[:-1]]
        last = chains.last[chains.starts[1:] - 1]
        as_of = snap.as_of.toordinal() - _EPOCH
        ended = last + self.max_gap < as_of
        body, division = buys.body[first].astype(np.int64), buys.division.codes[first] + 1
        mean = rate_elsewhere(
            renewals.astype(float), (renewals + ended).astype(float), body, division.astype("i8")
        )
        mean = np.clip(mean, 1e-4, 1.0 - 1e-4)
        tail = chain_tail(renewals, mean, spread(renewals, mean, ended))
        q = benjamini_hochberg(tail.p)
        covered = (last - chains.first[chains.starts[:-1]]) / _YEAR
        hits = np.flatnonzero((q <= self.max_q) & (covered > self.years)).tolist()
        shown = _shown(snap, chains, hits)
        return Findings(
            [
                self._flag(
                    snap,
                    rows,
                    (float(tail.p[h]), float(q[h]), float(mean[h])),
                    buys.object.word(int(first[h])),
                )
                for h, rows in zip(hits, shown, strict=True)
            ],
            subjects=snap.subjects("body_company"),
            computable=len(np.unique(body << 32 | buys.company[first])),
            reason=_NONE,
            # A chain that may go on reached the most that could be seen of it.
            p_values=Tail(
                np.where(ended, tail.above, 0.0), np.where(ended, tail.at, tail.p)
            ).randomised(_SEED),
        )

    def _flag(
        self,
        snap: Snapshot,
        rows: Sequence[Mapping[str, Any]],
        chances: tuple[float, float, float],
        thing: str,
    ) -> Flag:
        p_value, q_value, usual = chances
        body, company = rows[0]["buyer_id"], rows[0]["company_id"]
        first, last = rows[0]["first_on"], max(r["last_on"] for r in rows)
        amounts: dict[str, Decimal] = {}
        for row in rows:
            amounts[row["currency"]] = amounts.get(row["currency"], Decimal(0)) + row["amount"]
        awarded = {r["award_id"]: r["award_key"] for r in rows}
        return self.flag(
            (body, company),
            window=f"{thing} {first.isoformat()}",
            score=surprise(p_value),
            value=float(len(rows) - 1),
            threshold=self.years,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=first,
            last_on=last,
            body_id=body,
            company_id=company,
            facts={
                "body": snap.name("body", body),
                "company": snap.name("company", company),
                "object": rows[0]["title"] or rows[0]["category"] or "?",
                "renewals": len(rows) - 1,
                "first": first.isoformat(),
                "last": last.isoformat(),
                "years": round((last - first).days / _YEAR, 2),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
                "usual": round(usual, 4),
            },
            evidence=[
                *(Evidence("contracts", r["row_key"], r["contract_id"]) for r in rows),
                *(Evidence("awards", key, award) for award, key in awarded.items()),
            ],
            members=[
                Member("body", body, "buyer"),
                Member("company", company, "supplier"),
                *(Member("award", award, "award") for award in awarded),
                *(Member("contract", r["contract_id"], "contract") for r in rows),
            ],
        )


class _Chains(NamedTuple):
    """Contracts, chain after chain, in order of their first days."""

    contract: pa.Array
    award: I64  # row of the purchase
    first: I64
    last: I64
    starts: I64


def _chains(snap: Snapshot, buys: Purchases, max_gap: int, min_days: int) -> _Chains:
    rows = snap.sql(_CONTRACTS)
    place = pc.fill_null(pc.index_in(rows["award_id"], buys.award_ids), -1).to_numpy()
    first, last = (rows[c].to_numpy().astype(np.int64) for c in ("first", "last"))
    simple = np.isin(buys.rank[place], (1, 2)) if len(buys) else np.zeros(len(place), bool)
    kept = np.flatnonzero(
        (place >= 0) & simple & (last - first + 1 >= min_days) & (buys.object.codes[place] >= 0)
    )
    kept = kept[np.lexsort((kept, last[kept], first[kept]))]
    at = place[kept]
    order, starts = distinct_runs(buys.body[at], buys.company[at], buys.object.codes[at])
    kept = kept[order]
    fresh = np.zeros(len(kept), dtype=bool)
    fresh[starts[:-1]] = True
    # Contracts that run side by side are other needs, not renewals.
    fresh[1:] |= np.abs(first[kept][1:] - last[kept][:-1]) > max_gap
    return _Chains(
        rows["contract_id"].combine_chunks().take(pa.array(kept)),
        place[kept],
        first[kept],
        last[kept],
        np.append(np.flatnonzero(fresh), len(kept)),
    )


def _shown(snap: Snapshot, chains: _Chains, hits: Sequence[int]) -> list[list[dict[str, Any]]]:
    parts = [np.arange(chains.starts[h], chains.starts[h + 1]) for h in hits]
    if not parts:
        return []
    rows = np.concatenate(parts)
    asked = pa.table(
        {"place": np.arange(len(rows)), "contract_id": chains.contract.take(pa.array(rows))}
    )
    found = snap.sql(_SHOWN, asked=asked).to_pylist()
    ends = np.cumsum([len(p) for p in parts]).tolist()
    return [found[end - len(p) : end] for p, end in zip(parts, ends, strict=True)]
