"""Companies whose place among buyers and rivals is unlike that of their peers."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.models.company_features import FEATURES, Companies, companies_of
from graphgov.models.h07_explanation import drops, nearest, plain, say, strongest
from graphgov.models.scaling import ORDINARY, by_halves, strangest
from graphgov.network import cobidding
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Rows = Sequence[Mapping[str, Any]]
_SEED = 5
_MIN_COMPANIES = 40


@dataclass(frozen=True)
class GraphAnomaly(Detector):
    """A company sits among buyers and rivals unlike companies of its size and trade.

    Method: Companies with **min_awards** or more have six features of their surroundings in
        the graph: by how much their strongest link to a body exceeds what trade and size
        explain, the share of one body, the number of bodies, the share of contests that the
        closest rival entered too, different rivals per contest, and how far steady rivals are
        rivals of each other. Each is set to the median and spread of companies of the same
        number of awards and category, the benign side cut off. A forest of **trees** isolation
        trees grown on companies with other main bodies scores them; bodies are split in two
        halves, and the p-value is the rank in the own half and stratum.
    Example: A firm of eighty contests meets the same four rivals in each, and they each other.
    Why: Schemes leave closed corners in a graph: one buyer, few rivals, always the same. So do
        a remote town and a trade of five firms.
    Score: Surprise of the p-value.
    Skips: Companies with fewer awards; all but the strangest **top_share**.
    Source: Liu, Ting, Zhou 2008 over egonet features after Akoglu and others 2010; the benchmark
        of Liu and others 2022 finds nothing clearly better. Conformal p-values after Bates and
        others 2023.
    """

    code: ClassVar = "H05"
    title: ClassVar = {"en": "Unusual place in the graph", "zh": "网络位置异常"}
    class_: ClassVar = "anomaly"
    subject_kind: ClassVar = "company"
    unit: ClassVar = "anomaly score"
    needs: ClassVar = ("awards.award_id",)
    wants: ClassVar = tuple(
        dict.fromkeys((*cobidding.COLUMNS, "awards.category", "awards.method", "awards.region"))
    )
    sentences: ClassVar = {
        "en": (
            "{company} ({count:n} awards; its strongest link is to {body}, {link:n} from {first} "
            "to {last} for {amounts:money}) stands in the graph unlike {peers:n} comparable "
            "companies, above all in: {why_en:names}; the most similar ordinary one is {peer}.",
            "A remote place, a trade of few firms or bids missing from the data also make a "
            "company's surroundings unusual; it is a reason to look, and no more.",
        ),
        "zh": (
            "{company}（共{count:n}项合同；与{body}联系最强，{first}至{last}共{link:n}项，"
            "{amounts:money}）在网络中的位置不同于{peers:n}家可比企业，主要在于：{why_zh:names}；"
            "最相近的普通企业是{peer}。",
            "偏远地区、企业稀少的行业或数据中缺失的投标，也会使企业所处网络与众不同；"
            "这只是值得查看的理由。",
        ),
    }

    min_awards: int = bounded(5, low=2, high=10_000)
    trees: int = bounded(200, low=10, high=2000)
    sample: int = bounded(256, low=16, high=10_000)
    top_share: float = bounded(0.01, low=0.0, high=0.5)
    seed: int = bounded(1, low=0, high=1_000_000)

    def find(self, snap: Snapshot) -> Findings:
        """The companies with the strangest surroundings, and what makes them so."""
        subjects = snap.subjects("company")
        few = "not computable, because the rest has too few awards"
        seen = companies_of(snap, self.min_awards)
        if seen is None or len(seen.x) < _MIN_COMPANIES or len(np.unique(seen.half)) < 2:
            return Findings(subjects=subjects, reason=few)
        score, tail, models = by_halves(seen.x, seen.half, seen.stratum, self._fit)
        p_value = tail.p
        q_value = benjamini_hochberg(p_value)
        top = strangest(score, p_value, self.top_share)
        top = np.sort(top[p_value[top] < ORDINARY])
        awards = _awards(snap, seen.table.take(pa.array(top)))
        ordinary = np.flatnonzero(p_value >= ORDINARY)
        flags = []
        for half, model in enumerate(models):
            rows = top[seen.half[top] == half]
            for row, credit in zip(rows.tolist(), drops(model, seen.x[rows]), strict=True):
                chance = (float(score[row]), float(p_value[row]), float(q_value[row]))
                company = seen.table["company_id"][row].as_py()
                flags.append(self._flag(snap, seen, row, chance, credit, ordinary, awards[company]))
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=len(score),
            reason=few if len(score) < subjects else "",
            p_values=tail.randomised(_SEED),
        )

    def _fit(self, x: F64) -> Callable[[F64], F64]:
        from sklearn.ensemble import IsolationForest  # slow to import

        forest = IsolationForest(
            n_estimators=self.trees,
            max_samples=min(self.sample, len(x)),
            random_state=self.seed,
            n_jobs=1,
        ).fit(x)
        return lambda rows: -forest.score_samples(rows)

    def _flag(
        self,
        snap: Snapshot,
        seen: Companies,
        row: int,
        chance: tuple[float, float, float],
        credit: F64,
        ordinary: I64,
        awards: Rows,
    ) -> Flag:
        score, p_value, q_value = chance
        one = seen.table.slice(row, 1).to_pylist()[0]
        amounts: dict[str, Decimal] = {}
        for a in awards:
            key = a["currency"] or ""
            amounts[key] = amounts.get(key, Decimal(0)) + a["amount"]
        days = [a["awarded_on"] for a in awards]
        top = strongest(credit)
        peer = nearest(seen.x, row, ordinary[seen.stratum[ordinary] == seen.stratum[row]])
        other = seen.table["company_id"][peer].as_py() if peer >= 0 else ""
        why = {
            language: [
                say(FEATURES[i], seen.raw[row, i], seen.median[row, i], language) for i in top
            ]
            for language in ("en", "zh")
        }
        return self.flag(
            one["company_id"],
            score=surprise(p_value),
            value=score,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=min(days),
            last_on=max(days),
            company_id=one["company_id"],
            body_id=one["body_id"],
            facts={
                "company": snap.name("company", one["company_id"]),
                "body": snap.name("body", one["body_id"]),
                "count": int(one["n"]),
                "link": len(awards),
                "first": min(days).isoformat(),
                "last": max(days).isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
                "peers": int(np.sum(seen.stratum == seen.stratum[row])) - 1,
                "why_en": why["en"] or ["the combination"],
                "why_zh": why["zh"] or ["整体组合"],
                "features": {
                    f.column: {
                        "value": plain(seen.raw[row, i]),
                        "median": plain(seen.median[row, i]),
                        "spreads": plain(seen.x[row, i]),
                        "share_of_score": plain(credit[i]),
                        "nearest_peer": plain(seen.raw[peer, i]) if peer >= 0 else None,
                    }
                    for i, f in enumerate(FEATURES)
                },
                "peer": snap.name("company", other) if other else "?",
            },
            evidence=[Evidence("awards", a["row_key"], a["award_id"]) for a in awards],
            members=[
                Member("company", one["company_id"], "supplier"),
                Member("body", one["body_id"], "buyer"),
                *(Member("award", a["award_id"], "award") for a in awards),
            ],
        )


def _awards(snap: Snapshot, links: pa.Table) -> Mapping[str, Rows]:
    """The awards of some companies from the body of their strongest link, by date."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    statement = """SELECT w.company_id, w.award_id, w.row_key, w.awarded_on, w.amount, w.currency
        FROM wins w JOIN asked a ON a.company_id = w.company_id AND a.body_id = w.buyer_id
        ORDER BY w.company_id, w.awarded_on, w.award_id"""
    for row in snap.sql(statement, asked=links).to_pylist():
        found[row["company_id"]].append(row)
    return found
