"""Pairs of companies that win from the same buyers more often than their degrees explain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from scipy.special import ndtr, ndtri

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.bicm import common_tails
from graphgov.network.buyers import F64, I64, Selling, selling
from graphgov.network.nullmodels import settled
from graphgov.network.projection import Pairs, meetings
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg

Rows = Sequence[Mapping[str, Any]]
_SEED = 3
_MET = 2  # pairs that share one buyer say nothing and would be nearly all there are
_LEAST = 3  # buyers of a company in a stratum: fewer cannot stand out
_ASKED = ("place", "company_id", "buyer_id", "division")


@dataclass(frozen=True)
class SharedBuyers(Detector):
    """Two companies win from the same buyers more often than their numbers of buyers explain.

    Method: Inside each trade, region and kind of body (coarser where awards are few), who sold to
        whom is held against the bipartite configuration model: of all networks in which every
        company has as many buyers and every buyer as many suppliers on average, the one of
        greatest entropy. It says how many buyers two companies share on average; with the
        degrees of both held fast the number is hypergeometric around that. As only pairs that
        share some are seen, p is the chance of so many given two. What all pairs of the data
        share is taken off. Flagged are **min_buyers** shared buyers, **min_lift** times the
        expected ones, and q at most **max_q**.
    Example: Two caterers of a province each sell to nine of 80 schools, and eight are the same.
    Why: Firms that share out buyers, or serve one hand in several offices, turn up together. So
        do firms of one town, and firms whose products go together.
    Score: Surprise of the p-value, decades / (decades + 2).
    Skips: Companies with fewer than three buyers in a stratum; buyers with so many suppliers
        there that they say nothing about two of them.
    Source: Saracco and others 2015 and 2017 (BiCM); strata after the catalogue's D03.
    """

    code: ClassVar = "D03"
    title: ClassVar = {"en": "Companies with the same buyers", "zh": "买方高度重合的企业"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "times the expected shared buyers"
    needs: ClassVar = ("awards.buyer_id", "awards.company_id", "awards.awarded_on")
    wants: ClassVar = (
        "awards.amount", "awards.currency", "awards.category", "awards.region", "awards.status",
        "awards.tender_id", "tenders.category", "tenders.region", "bodies.kind", "bodies.region",
        "bodies.name", "companies.name", "rates.*",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{companies:names} both won from the same {shared:n} buyers ({bodies:names}) between "
            "{first} and {last}, where {expected:times} shared buyers were to be expected from the "
            "{buyers:names} buyers they have in this trade and region; {awards:n} awards for "
            "{amounts:money}.",
            "Firms of one town, or whose products go together, share buyers; see whether they bid "
            "against each other or for each other.",
        ),
        "zh": (
            "{companies:names}在{first}至{last}之间均从同样的{shared:n}个买方（{bodies:names}）中标，"
            "而按两家在该行业和地区的买方数（{buyers:names}）预期约有{expected:times}个相同；共{awards:n}项，"
            "合计{amounts:money}。",
            "同一城镇的企业或产品配套的企业买方自然重合；请核实两家是竞争还是互相陪衬。",
        ),
    }

    min_buyers: int = bounded(4, low=3, high=1000)
    min_lift: float = bounded(2.0, low=1.0, high=100.0)
    max_q: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs of companies that share two buyers of a trade."""
        sold = selling(snap)
        pairs = _pairs(sold)
        rows = pairs.joint >= _MET
        met = pairs.take(rows)
        tail, expected = _tails(sold, met)
        scores = -ndtri(np.clip(tail.randomised(_SEED), 1e-300, 1 - 1e-12))
        p = ndtr(-settled(-ndtri(np.clip(tail.p, 1e-300, 1 - 1e-12)), scores))
        q = benjamini_hochberg(p)
        lift = met.joint / np.maximum(expected, 1e-9)
        strong = (met.joint >= self.min_buyers) & (lift >= self.min_lift) & (q <= self.max_q)
        hits = np.flatnonzero(strong)
        ends = [(int(met.a[i]), int(met.b[i])) for i in hits]
        shared = [sold.shared(*both) for both in ends]
        found = _awards(snap, sold, ends, shared)
        flags = [
            self._flag(snap, sold, both, own, rows, (float(expected[i]), float(p[i]), float(q[i])))
            for i, both, own, rows in zip(hits, ends, shared, found, strict=True)
        ]
        rest = len(pairs.a) - len(met.a)
        return Findings(
            flags=flags,
            subjects=len(pairs.a),
            computable=len(met.a),
            reason=f"not computable, because {rest} pairs share one buyer alone" if rest else "",
            p_values=ndtr(-settled(scores)),
        )

    def _flag(
        self,
        snap: Snapshot,
        sold: Selling,
        nodes: tuple[int, int],
        shared: I64,
        rows: Rows,
        chances: tuple[float, float, float],
    ) -> Flag:
        expected, p_value, q_value = chances
        ids = [sold.companies[int(sold.company[node])] for node in nodes]
        bodies = [sold.bodies[int(sold.body[column])] for column in shared]
        days: list[date] = [row["awarded_on"] for row in rows]
        amounts = _amounts(rows)
        return self.flag(
            ids,
            score=surprise(p_value),
            value=round(len(shared) / max(expected, 1e-9), 6),
            threshold=self.min_lift,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=min(days),
            last_on=max(days),
            facts={
                "companies": [snap.name("company", key) for key in ids],
                "bodies": [snap.name("body", key) for key in bodies],
                "shared": len(shared),
                "expected": round(expected, 4),
                "buyers": [str(int(sold.degree[node])) for node in nodes],
                "awards": len({row["award_id"] for row in rows}),
                "first": min(days).isoformat(),
                "last": max(days).isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
            },
            evidence=[Evidence("awards", row["row_key"], row["award_id"]) for row in rows],
            members=[
                *(Member("company", key, "member") for key in ids),
                *(Member("body", key, "buyer") for key in bodies),
                *(Member("award", row["award_id"], "award") for row in rows),
            ],
        )


def _pairs(sold: Selling) -> Pairs:
    """Pairs of nodes with three buyers or more that share one."""
    able = sold.degree >= _LEAST
    return meetings(sold.bidding(able)).pairs


def _tails(sold: Selling, met: Pairs) -> tuple[Tail, F64]:
    """The tail of shared buyers given two of them, and their mean."""
    one, other = met.a.astype(np.int64), met.b.astype(np.int64)
    tail, mean = common_tails(sold.model, one, other, met.joint)
    twice, _ = common_tails(sold.model, one, other, np.full_like(met.joint, _MET))
    least = np.maximum(twice.p, 1e-12)
    above = np.minimum(tail.above / least, 1.0)
    return Tail(above, np.minimum(tail.at / least, 1.0 - above)), mean


def _awards(
    snap: Snapshot, sold: Selling, ends: Sequence[tuple[int, int]], shared: Sequence[I64]
) -> list[Rows]:
    """The awards of both companies from the buyers they share, pair by pair."""
    found: list[list[Mapping[str, Any]]] = [[] for _ in ends]
    keys = [
        (
            place,
            sold.companies[int(sold.company[node])],
            sold.bodies[int(sold.body[column])],
            sold.divisions[int(sold.division[node])],
        )
        for place, nodes in enumerate(ends)
        for node in nodes
        for column in shared[place]
    ]
    if keys:
        columns = zip(_ASKED, zip(*keys, strict=True), strict=True)
        asked = pa.table({name: list(values) for name, values in columns})
        for row in snap.sql(_AWARDS, asked=asked).to_pylist():
            found[row.pop("place")].append(row)
    return list(found)


def _amounts(rows: Rows) -> dict[str, Decimal]:
    """Money by currency; a joint award counts once."""
    total: dict[str, Decimal] = {}
    for row in {row["award_id"]: row for row in rows}.values():
        key = row["currency"] or ""
        total[key] = total.get(key, Decimal(0)) + row["amount"]
    return dict(sorted(total.items()))


_AWARDS = """SELECT a.place, w.award_id, w.row_key, w.awarded_on, w.amount, w.currency
    FROM wins w JOIN asked a ON w.company_id = a.company_id AND w.buyer_id = a.buyer_id
        AND coalesce(w.division, '') = a.division
    ORDER BY a.place, w.award_id, w.row_key"""
