"""Awards whose numbers lie far out in the tails of comparable awards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.models.award_features import ENDS, FEATURES, Awards, awards_of
from graphgov.models.h07_explanation import nearest, plain, say, strongest
from graphgov.models.scaling import ORDINARY, strangest
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.conformal import held_out_ranks
from graphgov.stats.ecod import UNKNOWN, terms
from graphgov.stats.fdr import benjamini_hochberg

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_SEED = 2


@dataclass(frozen=True)
class Ecod(Detector):
    """An award whose price, rivals, timing or winner lies in the tails of comparable awards.

    Method: Nine features per award: price against estimate, amount, bidders, days of notice and
        of decision, age of the winner, its practice in the category, its hold on the body and
        its dependence on it, the award itself left out. Each is turned into -ln of its tail
        among awards of the same category and method (at the strange end; both for amount and
        decision), and these are added up. Pairs of body and company are split in two halves:
        tails come from the other half, so that no award and no other of its pair defines its
        peers, and the p-value is the rank of the sum in the own half and stratum.
    Example: A four-month-old firm gets a road at 108 % of the estimate after two days' notice.
    Why: Steered awards are odd in several small ways at once. So is a rare but lawful purchase,
        or one with wrong dates in the data.
    Score: Surprise of the p-value.
    Skips: All but the strangest **top_share** of awards; what is unknown counts as ordinary.
    Source: Li and others 2022 (ECOD), tails of ties halved; conformal p-values after Bates and
        others 2023.
    """

    code: ClassVar = "H02"
    title: ClassVar = {"en": "Unusual award", "zh": "异常的授标"}
    class_: ClassVar = "anomaly"
    subject_kind: ClassVar = "award"
    unit: ClassVar = "sum of tails"
    needs: ClassVar = ("awards.award_id",)
    wants: ClassVar = (
        "awards.currency",
        "awards.method",
        "awards.category",
        "awards.status",
        "awards.title",
        "awards.tender_id",
        "tenders.method",
        "tenders.category",
        "tenders.title",
        "tenders.bidders",
        "tenders.estimated_value",
        "tenders.published_at",
        "tenders.bids_due_at",
        "bodies.name",
        "companies.name",
        "companies.founded_on",
        "rates.*",
    )
    sentences: ClassVar = {
        "en": (
            "The award of {title} by {body} to {companies:names} on {on} ({amounts:money}) lies "
            "further out than all but {share:pct} of comparable awards, above all in: "
            "{why_en:names}; the most similar ordinary award is {peer}.",
            "A rare but lawful purchase, an emergency or wrong dates in the data also make an "
            "award unlike others; it is a reason to look, and no more.",
        ),
        "zh": (
            "{body}于{on}将“{title}”授予{companies:names}（{amounts:money}），其偏离程度仅次于"
            "{share:pct}的可比合同，主要在于：{why_zh:names}；最相近的普通合同是{peer}。",
            "罕见但合法的采购、紧急情况或日期有误，也会使一项合同与众不同；这只是值得查看的理由。",
        ),
    }

    top_share: float = bounded(0.001, low=0.0, high=0.5)

    def find(self, snap: Snapshot) -> Findings:
        """The strangest awards, with what makes them so."""
        subjects = snap.subjects("award")
        awards = awards_of(snap)
        if len(awards.raw) < 4 or len(np.unique(awards.half)) < 2:
            why = "not computable, because there are too few awards to compare"
            return Findings(subjects=subjects, reason=why)
        parts = _terms(awards)
        score = np.round(parts.sum(axis=1), 9)
        group = awards.stratum * 2 + awards.half
        tail = held_out_ranks(score, group)
        p_value = tail.p
        q_value = benjamini_hochberg(p_value)
        top = strangest(score, p_value, self.top_share)
        top = top[p_value[top] < ORDINARY]
        known = _details(snap, awards.ids.take(pa.array(top)))
        ordinary = _Ordinary(awards, parts, group, p_value)
        flags = []
        for row in np.sort(top).tolist():
            key = awards.ids[row].as_py()
            chance = (float(score[row]), float(p_value[row]), float(q_value[row]))
            flags.append(self._flag(snap, awards, row, chance, parts[row], known[key], ordinary))
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=len(score),
            reason=""
            if len(score) == subjects
            else "not computable, because the rest is not in force",
            p_values=tail.randomised(_SEED),
        )

    def _flag(
        self,
        snap: Snapshot,
        awards: Awards,
        row: int,
        chance: tuple[float, float, float],
        parts: F64,
        rows: Sequence[Mapping[str, Any]],
        ordinary: "_Ordinary",
    ) -> Flag:
        score, p_value, q_value = chance
        first = rows[0]
        usual, peer = ordinary.usual(row), ordinary.nearest(row)
        credit = np.where(np.isnan(awards.raw[row]), 0.0, parts - UNKNOWN)
        top = strongest(credit)
        amounts = {first["currency"] or "": first["amount"]}
        why = {
            language: [say(FEATURES[i], awards.raw[row, i], usual[i], language) for i in top]
            for language in ("en", "zh")
        }
        return self.flag(
            first["award_id"],
            score=surprise(p_value),
            value=score,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=first["awarded_on"],
            last_on=first["awarded_on"],
            body_id=first["buyer_id"],
            company_id=first["company_id"] if len(rows) == 1 else "",
            facts={
                "title": first["title"] or first["award_id"],
                "body": snap.name("body", first["buyer_id"]),
                "companies": [snap.name("company", r["company_id"]) for r in rows],
                "on": first["awarded_on"].isoformat(),
                "amounts": [[c, str(a)] for c, a in amounts.items()],
                "share": round(p_value, 6),
                "why_en": why["en"] or ["the combination"],
                "why_zh": why["zh"] or ["整体组合"],
                "features": {
                    f.column: {
                        "value": plain(awards.raw[row, i]),
                        "median": plain(usual[i]),
                        "term": plain(parts[i]),
                        "nearest_peer": plain(awards.raw[peer, i]) if peer >= 0 else None,
                    }
                    for i, f in enumerate(FEATURES)
                },
                "peer": awards.ids[peer].as_py() if peer >= 0 else "?",
            },
            evidence=[Evidence("awards", r["row_key"], r["award_id"]) for r in rows],
            members=[
                Member("award", first["award_id"], "award"),
                Member("body", first["buyer_id"], "buyer"),
                *(Member("company", r["company_id"], "winner") for r in rows),
            ],
        )


class _Ordinary:
    """What is usual among the peers of an award, looked up once per stratum."""

    def __init__(self, awards: Awards, parts: F64, group: I64, p_value: F64) -> None:
        self._awards, self._parts, self._group = awards, parts, group
        rows = np.flatnonzero(p_value >= ORDINARY)
        self._rows = rows[np.argsort(group[rows], kind="stable")]
        self._keys = group[self._rows]
        self._usual: dict[int, F64] = {}

    def _of(self, row: int) -> I64:
        key = self._group[row]
        low, high = np.searchsorted(self._keys, [key, key + 1])
        return np.asarray(self._rows[low:high])

    def usual(self, row: int) -> F64:
        """Medians of the features among ordinary peers."""
        key = int(self._group[row])
        if key not in self._usual:
            raw = self._awards.raw[self._of(row)]
            known = ~np.isnan(raw).all(axis=0)
            found = np.full(raw.shape[1], np.nan)
            if known.any():
                found[known] = np.nanmedian(raw[:, known], axis=0)
            self._usual[key] = found
        return self._usual[key]

    def nearest(self, row: int) -> int:
        """The ordinary peer most alike in how far out its features lie."""
        return nearest(self._parts, row, self._of(row))


def _terms(awards: Awards) -> F64:
    """A feature's tail among awards of the other half, per award."""
    parts = np.full(awards.raw.shape, UNKNOWN)
    for half in (0, 1):
        own, other = awards.half == half, awards.half != half
        for i, feature in enumerate(FEATURES):
            parts[own, i] = terms(
                awards.raw[own, i],
                awards.stratum[own],
                awards.raw[other, i],
                awards.stratum[other],
                ENDS[feature.column],
            )
    return np.round(parts, 9)


def _details(snap: Snapshot, ids: pa.ChunkedArray) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of some awards."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    asked = pa.table({"award_id": ids.cast(pa.string())})
    statement = """SELECT award_id, company_id, buyer_id, title, awarded_on, amount, currency,
        row_key FROM wins SEMI JOIN asked USING (award_id) ORDER BY award_id, company_id"""
    for row in snap.sql(statement, asked=asked).to_pylist():
        found.setdefault(row["award_id"], []).append(row)
    return found
