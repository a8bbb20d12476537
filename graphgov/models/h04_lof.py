"""Officials on whose watch awards went unlike those of any other official."""

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
from graphgov.models.h07_explanation import drops, nearest, plain, say, strongest
from graphgov.models.official_features import FEATURES, Officials, awards_sql, officials_of
from graphgov.models.scaling import ORDINARY, by_halves, strangest
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Rows = Sequence[Mapping[str, Any]]
_SEED = 4
_NEIGHBOURS = (20, 50)
_MOST_FITTED = 2000  # evenly spaced officials are as good a neighbourhood as all of them
_MIN_OFFICIALS = 100
_SHOWN = 200  # awards given as evidence, those to the company that got most first


@dataclass(frozen=True)
class Lof(Detector):
    """What was bought on an official's watch lies apart from that of all other officials.

    Method: An official's awards are those they decided, and those of their body while they held
        a post of head, deputy or procurement. Officials with **min_awards** or more have six
        features: the share of one company, the share of the winners' business that came from
        this watch, of single bids, of direct awards, price against estimate, haste. Each is
        set to the median and spread of officials with about as many awards, the benign side
        cut off. The local outlier factor (20 and 50 neighbours, the larger counts) is taken
        among officials of other bodies: bodies are split in two halves, and the p-value is the
        rank in the own half.
    Example: Under one head of roads a third of all awards goes to one firm that has no other
        customer; nobody like that is found among 800 officials.
    Why: An official who steers leaves a pattern of awards that few others have. So does the
        only office that buys ships.
    Score: Surprise of the p-value.
    Skips: Officials with fewer awards; all but the strangest **top_share**.
    Source: Breunig and others 2000; conformal p-values after Bates and others 2023.
    """

    code: ClassVar = "H04"
    title: ClassVar = {"en": "Unusual record of an official", "zh": "异常的任内采购情况"}
    class_: ClassVar = "anomaly"
    subject_kind: ClassVar = "person"
    unit: ClassVar = "local outlier factor"
    needs: ClassVar = ("awards.award_id",)
    wants: ClassVar = (
        "awards.currency",
        "awards.method",
        "awards.status",
        "awards.tender_id",
        "tenders.method",
        "tenders.bidders",
        "tenders.estimated_value",
        "tenders.published_at",
        "tenders.bids_due_at",
        "decisions.person_id",
        "decisions.award_id",
        "decisions.tender_id",
        "decisions.decided_on",
        "decisions.recused",
        "offices.started_on",
        "offices.ended_on",
        "offices.role",
        "people.name",
        "bodies.name",
        "companies.name",
        "rates.*",
    )
    sentences: ClassVar = {
        "en": (
            "The {count:n} awards made on the watch of {person} at {bodies:names} ({first} to "
            "{last}, most to {company}: {most:n} for {amounts:money}) are unlike those of "
            "{peers:n} comparable officials, above all in: {why_en:names}.",
            "An office that buys what nobody else buys, a short watch or gaps in the data also "
            "make a record unlike others; it is a reason to look, and no more.",
        ),
        "zh": (
            "{person}任内{bodies:names}的{count:n}项合同（{first}至{last}，最多授予{company}："
            "{most:n}项，{amounts:money}）不同于{peers:n}名可比官员，主要在于：{why_zh:names}。",
            "采购内容独特的部门、任期较短或数据缺失，也会使其记录与众不同；这只是值得查看的理由。",
        ),
    }

    min_awards: int = bounded(10, low=2, high=10_000)
    top_share: float = bounded(0.01, low=0.0, high=0.5)

    def find(self, snap: Snapshot) -> Findings:
        """The officials farthest from all others, with what sets them apart."""
        subjects = snap.subjects("person")
        if not (snap.has("decisions.person_id") or snap.has("offices.started_on")):
            why = "not computable, because there are no decisions and no dated offices"
            missing = "decisions.person_id;offices.started_on"
            return Findings(subjects=subjects, missing=missing, reason=why)
        few = "not computable, because the rest is no official with enough awards"
        seen = officials_of(snap, self.min_awards)
        if seen is None or len(seen.x) < _MIN_OFFICIALS or len(np.unique(seen.half)) < 2:
            return Findings(subjects=subjects, reason=few)
        score, tail, models = by_halves(seen.x, seen.half, seen.stratum, _fit)
        p_value = tail.p
        q_value = benjamini_hochberg(p_value)
        top = strangest(score, p_value, self.top_share)
        top = np.sort(top[p_value[top] < ORDINARY])
        awards = _awards(snap, seen.table["person_id"].take(pa.array(top)))
        ordinary = np.flatnonzero(p_value >= ORDINARY)
        flags = []
        for half, model in enumerate(models):
            rows = top[seen.half[top] == half]
            for row, credit in zip(rows.tolist(), drops(model, seen.x[rows]), strict=True):
                chance = (float(score[row]), float(p_value[row]), float(q_value[row]))
                person = seen.table["person_id"][row].as_py()
                flags.append(self._flag(snap, seen, row, chance, credit, ordinary, awards[person]))
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=len(score),
            reason=few if len(score) < subjects else "",
            p_values=tail.randomised(_SEED),
        )

    def _flag(
        self,
        snap: Snapshot,
        seen: Officials,
        row: int,
        chance: tuple[float, float, float],
        credit: F64,
        ordinary: I64,
        awards: Rows,
    ) -> Flag:
        score, p_value, q_value = chance
        official = seen.table.slice(row, 1).to_pylist()[0]
        best = _busiest(awards)
        mine = [a for a in awards if a["company_id"] == best]
        shown = [*mine, *(a for a in awards if a["company_id"] != best)][:_SHOWN]
        amounts: dict[str, Decimal] = {}
        for a in mine:
            key = a["currency"] or ""
            amounts[key] = amounts.get(key, Decimal(0)) + a["amount"]
        days = [a["awarded_on"] for a in awards]
        bodies = sorted({a["buyer_id"] for a in awards})
        top = strongest(credit)
        same = ordinary[seen.stratum[ordinary] == seen.stratum[row]]
        peer = nearest(seen.x, row, same)
        why = {
            language: [
                say(FEATURES[i], seen.raw[row, i], seen.median[row, i], language) for i in top
            ]
            for language in ("en", "zh")
        }
        return self.flag(
            official["person_id"],
            score=surprise(p_value),
            value=score,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=min(days),
            last_on=max(days),
            person_id=official["person_id"],
            body_id=official["body_id"],
            company_id=best,
            facts={
                "person": snap.name("person", official["person_id"]),
                "bodies": [snap.name("body", b) for b in bodies],
                "company": snap.name("company", best),
                "count": len(awards),
                "most": len(mine),
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
            },
            evidence=[Evidence("awards", a["row_key"], a["award_id"]) for a in shown],
            members=[
                Member("person", official["person_id"], "official"),
                Member("company", best, "supplier"),
                *(Member("body", b, "buyer") for b in bodies),
                *(Member("award", a["award_id"], "award") for a in shown),
            ],
        )


def _fit(x: F64) -> Callable[[F64], F64]:
    """The larger of two local outlier factors among these."""
    from sklearn.neighbors import LocalOutlierFactor  # slow to import

    known = x[:: len(x) // _MOST_FITTED + 1]
    models = [
        LocalOutlierFactor(n_neighbors=min(k, len(known) - 1), novelty=True).fit(known)
        for k in _NEIGHBOURS
    ]
    return lambda rows: np.asarray(np.max([-m.score_samples(rows) for m in models], axis=0))


def _busiest(awards: Rows) -> str:
    """The company with most awards, ties by id."""
    count: dict[str, int] = defaultdict(int)
    for a in awards:
        count[a["company_id"]] += 1
    return min(count, key=lambda c: (-count[c], c))


def _awards(snap: Snapshot, people: pa.ChunkedArray) -> Mapping[str, Rows]:
    """The awards on the watch of some officials, by date."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    asked = pa.table({"person_id": people.cast(pa.string())})
    for row in snap.sql(awards_sql(snap), asked=asked).to_pylist():
        found[row["person_id"]].append(row)
    return found
