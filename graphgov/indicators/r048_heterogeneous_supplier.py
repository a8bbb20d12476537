"""Suppliers of everything."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from scipy import special

from graphgov.config import bounded
from graphgov.detector import FLOAT, Detector, Findings, surprise
from graphgov.indicators._contests import COLUMNS, I64, span, sums_of
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.from_snapshot import Records, records
from graphgov.stats.bids.spread import SpreadOptions, heterogeneous
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.sums import poisson_binomial_tails

_SEED = 48


@dataclass(frozen=True)
class HeterogeneousSupplier(Detector):
    """A company that supplies far more kinds of goods than others.

    Method: Per company, the kinds of what it was awarded alone: the first **digits** characters
        of its items' classification. Companies in **min_processes** lots or more, whose number
        of kinds is at or above the upper fence of such companies, are flagged. Null of p: the
        kinds of its lots are drawn from those bought from all companies of its region; the
        chance of each kind is that of drawing without replacement, and kinds are joined as if
        independent, which is on the safe side.
    Example: A firm of four people supplies tyres, catering, software and surgery lamps.
    Why: Who wins everything may be chosen for other reasons than skill. Wholesalers and general
        contractors deal in everything by trade.
    Score: 0.25 at the fence, rising with the excess over it, up to 0.6; with surprise where p is
        small.
    Skips: Joint awards; items without classification; fewer than 20 such companies, or all of
        one spread, for which a fence means nothing.
    Source: OCP Red flags (2024) R048; Cardinal R048; Prozorro sas-3-3.
    """

    code: ClassVar = "R048"
    title: ClassVar = {"en": "Heterogeneous supplier", "zh": "供货种类异常繁杂"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company"
    unit: ClassVar = "kinds of goods"
    needs: ClassVar = ("items.classification", "awards.tender_id")
    wants: ClassVar = (*COLUMNS, "companies.region", "items.lot_id")
    sentences: ClassVar = {
        "en": (
            "{company} supplied {kinds:n} kinds of goods ({classes:names}) in {lots:n} lots "
            "between {first} and {last} for {amounts:money}, where comparable companies supply "
            "fewer than {limit:times}; {bodies:names} bought.",
            "Wholesalers, department stores and general contractors deal in everything by trade.",
        ),
        "zh": (
            "{company}在{first}至{last}间的{lots:n}个标段中供应{kinds:n}类货物（{classes:names}），"
            "合计{amounts:money}，而可比企业少于{limit:times}类；采购人：{bodies:names}。",
            "批发商、百货公司和总承包商本来就经营各类业务。",
        ),
    }

    digits: int = bounded(2, low=1, high=20)
    min_processes: int = bounded(20, low=1, high=10_000)

    def find(self, snap: Snapshot) -> Findings:
        """All companies with enough lots."""
        seen = records(snap)
        options = SpreadOptions(
            digits=self.digits, minimum_contracting_processes=self.min_processes, guarded=True
        )
        found = heterogeneous(seen.frames, options)
        marks = found.tenderers
        subjects = snap.subjects("company")
        rest = subjects - len(marks.codes)
        tail = self._chances(snap, seen, marks.codes, marks.values)
        q = benjamini_hochberg(tail.p)
        hits = np.flatnonzero(marks.flagged)
        rows = _rows(snap, seen, marks.codes[hits])
        flags = [
            self._flag(
                snap, seen.companies[code], rows[code], int(found.facts["processes"][i]),
                (float(marks.values[i]), found.meta["upper_fence"], float(tail.p[i]), float(q[i])),
            )
            for i, code in zip(hits, marks.codes[hits].tolist(), strict=True)
        ]  # fmt: skip
        some = f"companies have fewer than {self.min_processes} lots with classified items"
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=len(marks.codes),
            missing="" if len(seen.frames.items) else "items.owner_id",
            reason=f"not computable, because {rest} {some}" if rest else "",
            p_values=tail.randomised(_SEED),
        )

    def _chances(self, snap: Snapshot, seen: Records, codes: I64, kinds: FLOAT) -> Tail:
        """How likely each company's number of kinds is among those bought in its region."""
        items = seen.frames.items
        words: dict[str, int] = {}
        kind_of = np.array(
            [words.setdefault(w[: self.digits], len(words)) for w in seen.frames.words.classes],
            np.int64,
        )
        names = snap.sql("SELECT coalesce(region, '') AS region FROM companies ORDER BY company_id")
        _, region_of = np.unique(names["region"].to_pylist(), return_inverse=True)
        wide, many = max(seen.frames.tenderers, 1), max(len(words), 1)
        keys = (items.process.astype(np.int64) * wide + items.supplier) * many
        keys = np.unique(keys + kind_of[items.category]) if len(keys) else keys
        supplier, kind = keys // many % wide, keys % many
        region = region_of[supplier] if len(keys) else supplier
        regions = int(region_of.max(initial=0)) + 1
        cells = np.bincount(region * many + kind, minlength=regions * many).reshape(regions, many)
        drawn = np.bincount(supplier, minlength=wide)[codes].astype(np.float64)
        marked = cells[region_of[codes]].astype(np.float64) if len(codes) else np.empty((0, many))
        total = marked.sum(axis=1)
        absent = np.exp(
            _log_choose((total[:, None] - marked), drawn[:, None])
            - _log_choose(total, drawn)[:, None]
        )
        chance = np.where(marked > 0, 1.0 - np.clip(absent, 0.0, 1.0), 0.0)
        bounds = np.arange(len(codes) + 1) * many
        return poisson_binomial_tails(chance.ravel(), bounds, kinds.astype(np.int64))

    def _flag(
        self,
        snap: Snapshot,
        company: str,
        rows: Sequence[Mapping[str, Any]],
        lots: int,
        told: tuple[float, float, float, float],
    ) -> Flag:
        kinds, limit, p_value, q_value = told
        first, last = span(rows)
        awards = {row["id"]: row for row in rows}
        amounts = sums_of(awards.values())
        bodies = sorted({row["buyer_id"] for row in rows})
        classes = sorted({row["classification"][: self.digits] for row in rows})
        excess = 0.25 + 0.35 * min(max(kinds / max(limit, 1.0) - 1.0, 0.0), 1.0)
        return self.flag(
            company,
            score=max(excess, surprise(p_value)),
            value=kinds,
            threshold=limit,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=first,
            last_on=last,
            body_id=bodies[0] if len(bodies) == 1 else "",
            company_id=company,
            facts={
                "company": snap.name("company", company),
                "bodies": [snap.name("body", b) for b in bodies],
                "kinds": int(kinds),
                "classes": classes,
                "lots": lots,
                "limit": round(limit, 6),
                "first": first.isoformat() if first else "?",
                "last": last.isoformat() if last else "?",
                "amounts": [[c, str(a)] for c, a in amounts.items()],
            },
            evidence=[
                *(Evidence("awards", row["row_key"], key) for key, row in awards.items()),
                *(Evidence("items", row["item_key"], row["item_id"]) for row in rows),
            ],
            members=[
                Member("company", company, "supplier"),
                *(Member("award", key, "award") for key in awards),
            ],
        )


def _log_choose(n: FLOAT, k: FLOAT) -> FLOAT:
    """Log of n over k; minus infinity where k is larger."""
    fits = n >= k
    top = np.where(fits, n, k)
    value = special.gammaln(top + 1) - special.gammaln(k + 1) - special.gammaln(top - k + 1)
    return np.asarray(np.where(fits, value, -np.inf), np.float64)


def _rows(snap: Snapshot, seen: Records, codes: I64) -> dict[int, list[Mapping[str, Any]]]:
    """Classified items of what some companies were awarded alone, by company code."""
    found: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    if len(codes):
        ids = pa.array(seen.companies, pa.string())
        asked = pa.table({"company_id": ids.take(pa.array(codes)), "code": codes})
        lots = seen.lots.select(["tender_id"])
        for row in snap.sql(_ITEMS, asked=asked, lots=lots).to_pylist():
            found[row["code"]].append(row)
    return found


_ITEMS = """SELECT a.code, w.award_id AS id, w.row_key, w.buyer_id, w.awarded_on AS "on",
        w.amount::VARCHAR AS amount, w.currency, i.item_id, i.row_key AS item_key, i.classification
    FROM wins w JOIN asked a USING (company_id)
    JOIN items i ON i.owner_kind = 'award' AND i.owner_id = w.award_id
    WHERE w.members = 1 AND i.classification IS NOT NULL
        AND w.tender_id IN (SELECT tender_id FROM lots)
    ORDER BY ALL"""
