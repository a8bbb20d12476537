"""Pairs of body and company whose dealings are unlike those of comparable pairs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.models.h07_explanation import drops, nearest, plain, say, strongest
from graphgov.models.pair_features import FEATURES, features, pairs_of
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.conformal import held_out_ranks
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


_ORDINARY = 0.5  # p-value from which a pair is an ordinary peer


@dataclass(frozen=True)
class IsolationForest(Detector):
    """A body and a company deal with each other unlike comparable pairs.

    Method: For pairs with at least **min_awards** awards take eight features: awards against
        those expected from the company's share of the same categories at other bodies; the
        share of the company's awards from this body; of single bids; of direct or limited
        awards; bids won here less elsewhere; price against estimate; haste; growth. Each is
        set to the median and spread of its stratum (main category and number of awards), the
        benign side cut off. A forest of **trees** trees on samples of **sample** scores them.
        The pairs are split in two; each half is scored by the forest of the other half and its
        p-value is its rank in its own half and stratum, so no pair defines its own peers.
    Example: A firm lives off one office, wins all it bids for there and little elsewhere.
    Why: Schemes of a kind nobody has described leave strange dealings behind. So do lawful
        rarities: a sole maker, a framework, a new market.
    Score: 2 ** (-E[path length] / c(**sample**)), as Liu, Ting and Zhou define it.
    Skips: Pairs with fewer awards; all but the strangest **top_share** of pairs.
    Source: Liu, Ting, Zhou 2008; conformal p-values after Bates and others 2023. Explained by
        putting each feature back to its peers' median and scoring again.
    """

    code: ClassVar = "H01"
    title: ClassVar = {"en": "Unusual body and company", "zh": "异常的采购人与供应商关系"}
    class_: ClassVar = "anomaly"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "anomaly score"
    needs: ClassVar = ("awards.award_id",)
    wants: ClassVar = (
        "awards.currency",
        "awards.method",
        "awards.category",
        "awards.status",
        "awards.tender_id",
        "awards.lot_id",
        "tenders.method",
        "tenders.category",
        "tenders.bidders",
        "tenders.estimated_value",
        "tenders.published_at",
        "tenders.bids_due_at",
        "bids.bid_id",
        "bids.status",
        "bids.lot_id",
        "bodies.name",
        "companies.name",
        "rates.*",
    )
    sentences: ClassVar = {
        "en": (
            "{body} and {company} ({count:n} awards from {first} to {last}, {amounts:money}) are "
            "unlike {peers:n} comparable pairs, above all in: {why_en:names}; the most similar "
            "ordinary pair is {peer_body} with {peer_company}.",
            "A sole maker, a framework agreement, a new market or gaps in the data also make a "
            "pair unlike others; it is a reason to look, and no more.",
        ),
        "zh": (
            "{body}与{company}（{first}至{last}，{count:n}项合同，{amounts:money}）不同于"
            "{peers:n}个可比组合，主要在于：{why_zh:names}；最相近的普通组合是"
            "{peer_body}与{peer_company}。",
            "独家制造商、框架协议、新市场或数据缺失也会使一个组合与众不同；这只是值得查看的理由。",
        ),
    }

    min_awards: int = bounded(3, low=2, high=1000)
    trees: int = bounded(300, low=10, high=2000)
    sample: int = bounded(256, low=16, high=10_000)
    top_share: float = bounded(0.01, low=0.0, high=0.5)
    seed: int = bounded(1, low=0, high=1_000_000)

    def find(self, snap: Snapshot) -> Findings:
        """The strangest pairs, with what makes them so."""
        subjects = snap.subjects("body_company")
        pairs = pairs_of(snap, self.min_awards)
        few = "not computable, because the rest has too few awards"
        if pairs.num_rows < 4:
            return Findings(subjects=subjects, reason=few)
        view = _View.of(pairs)
        score, above, at = np.zeros(len(view.x)), np.zeros(len(view.x)), np.ones(len(view.x))
        forests = []
        for half in (0, 1):
            rows = np.arange(half, len(view.x), 2)
            forest = self._fit(view.x[1 - half :: 2])
            forests.append(forest)
            score[rows] = np.round(-forest.score_samples(view.x[rows]), 9)
            ranks = held_out_ranks(score[rows], view.stratum[rows])
            above[rows], at[rows] = ranks.above, ranks.at
        tail = Tail(above, at)
        p_value = tail.p
        order = np.lexsort((np.arange(len(score)), -score, p_value))
        most = int(np.ceil(self.top_share * len(score)))
        top = order[:most]
        q_value = benjamini_hochberg(p_value)
        ordinary = np.flatnonzero(p_value >= _ORDINARY)
        awards = _awards(snap, view.table.take(pa.array(top)))
        flags = []
        for rows, forest in zip((top[top % 2 == 0], top[top % 2 == 1]), forests, strict=True):
            for row, credit in zip(rows, _credit(forest, view.x[rows]), strict=True):
                chance = (float(score[row]), float(p_value[row]), float(q_value[row]))
                flags.append(self._flag(snap, view, int(row), chance, credit, ordinary, awards))
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=len(view.x),
            reason=few if len(view.x) < subjects else "",
            p_values=tail.randomised(self.seed),
        )

    def _fit(self, x: F64) -> Any:
        from sklearn.ensemble import IsolationForest as Forest  # slow to import

        forest = Forest(
            n_estimators=self.trees,
            max_samples=min(self.sample, len(x)),
            random_state=self.seed,
            n_jobs=1,
        )
        return forest.fit(x)

    def _flag(
        self,
        snap: Snapshot,
        view: "_View",
        row: int,
        chance: tuple[float, float, float],
        credit: F64,
        ordinary: I64,
        awards_of: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
    ) -> Flag:
        score, p_value, q_value = chance
        pair = view.pair(row)
        body, company = pair["buyer_id"], pair["company_id"]
        top = strongest(credit)
        peer = view.nearest(row, ordinary)
        other = view.pair(peer) if peer >= 0 else {}
        awards = awards_of[body, company]
        amounts: dict[str, Decimal] = {}
        for a in awards:
            key = a["currency"] or ""
            amounts[key] = amounts.get(key, Decimal(0)) + a["amount"]
        days: list[date] = [a["awarded_on"] for a in awards]
        return self.flag(
            (body, company),
            score=score,
            value=round(score, 6),
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=min(days),
            last_on=max(days),
            body_id=body,
            company_id=company,
            facts={
                "body": snap.name("body", body),
                "company": snap.name("company", company),
                "count": len(awards),
                "first": min(days).isoformat(),
                "last": max(days).isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
                "peers": int(np.sum(view.stratum == view.stratum[row])) - 1,
                "why_en": [view.say(row, i, "en") for i in top] or ["the combination"],
                "why_zh": [view.say(row, i, "zh") for i in top] or ["整体组合"],
                "features": {
                    f.column: {
                        "value": plain(view.raw[row, i]),
                        "median": plain(view.median[row, i]),
                        "spreads": plain(view.x[row, i]),
                        "share_of_score": plain(credit[i]),
                        "nearest_peer": plain(view.raw[peer, i]) if peer >= 0 else None,
                    }
                    for i, f in enumerate(FEATURES)
                },
                "peer_body": snap.name("body", other["buyer_id"]) if other else "?",
                "peer_company": snap.name("company", other["company_id"]) if other else "?",
            },
            evidence=[Evidence("awards", a["row_key"], a["award_id"]) for a in awards],
            members=[
                Member("body", body, "buyer"),
                Member("company", company, "supplier"),
                *(Member("award", a["award_id"], "award") for a in awards),
            ],
        )


@dataclass(frozen=True, eq=False)
class _View:
    """Pairs in the order of their features, so that ids and rows say nothing."""

    table: pa.Table
    raw: F64
    median: F64
    x: F64
    stratum: npt.NDArray[np.int32]

    @staticmethod
    def of(table: pa.Table) -> "_View":
        table, raw, median, x, stratum = features(table)
        return _View(table, raw, median, x, stratum)

    def pair(self, row: int) -> Mapping[str, Any]:
        return dict(self.table.slice(row, 1).to_pylist()[0])

    def nearest(self, row: int, ordinary: I64) -> int:
        """The ordinary pair of the same stratum closest in all features, or -1."""
        same = ordinary[self.stratum[ordinary] == self.stratum[row]]
        return nearest(self.x, row, same)

    def say(self, row: int, column: int, language: str) -> str:
        return say(FEATURES[column], self.raw[row, column], self.median[row, column], language)


def _credit(forest: Any, x: F64) -> F64:
    return drops(lambda rows: -forest.score_samples(rows), x)


def _awards(
    snap: Snapshot, pairs: pa.Table
) -> Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]:
    """The awards of each pair by date."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in snap.sql(_AWARDS, asked=pairs.select(["buyer_id", "company_id"])).to_pylist():
        found[row["buyer_id"], row["company_id"]].append(row)
    return found


_AWARDS = """SELECT buyer_id, company_id, award_id, row_key, awarded_on, amount, currency
    FROM wins SEMI JOIN asked USING (buyer_id, company_id)
    ORDER BY buyer_id, company_id, awarded_on, award_id"""
