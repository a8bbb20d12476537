"""Groups of bodies and companies among which suspicious awards are unusually dense (FRAUDAR)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._blocks import COLUMNS as MARK_COLUMNS
from graphgov.indicators._blocks import Search, Searched, amounts_of, block_parts, marks, search
from graphgov.network.dense import Density, average
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.purchases import COLUMNS, Purchases, purchases

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_SEED = 2_108
_FEW = "not computable, because no market has ten awards with one bid or close to a threshold"


@dataclass(frozen=True)
class DenseBlock(Detector):
    """Some bodies and companies share far more suspicious awards than their market would.

    Method: Take awards with a single bid in a competitive method, or just below a threshold by
        a method allowed only there. In every market (two-digit category and region) find the
        set of bodies and companies with the most such awards per member, each award weighing
        1 / ln(d + 5), d the number of them the body has; so what a company does elsewhere as a
        cover changes nothing. Chance is that of the market with companies dealt
        out anew among awards of the same category and method, less what markets usually differ.
    Example: Three offices and four road firms share 60 of the region's 80 single-bid awards.
    Why: Favour and agreements leave dense patches. A town with few firms, or a purchasing
        centre, is dense as well.
    Score: Surprise of the p-value.
    Skips: Markets with fewer than ten such awards; blocks of fewer than three members, of more
        than **max_members**, or of fewer than **min_awards** awards are tested, not flagged.
    Source: Hooi and others 2016 (FRAUDAR), peeled in batches; catalogue F08.
    """

    code: ClassVar = "F08"
    title: ClassVar = {"en": "Dense block of suspicious awards", "zh": "可疑采购密集团块"}
    class_: ClassVar = "anomaly"
    subject_kind: ClassVar = "group"
    unit: ClassVar = "weighted awards per member"
    needs: ClassVar = ("awards.buyer_id", "awards.company_id", "tenders.method")
    wants: ClassVar = (*COLUMNS, *MARK_COLUMNS)
    sentences: ClassVar = {
        "en": (
            "{bodies:names} and {companies:names} share {awards:n} awards with a single bid or "
            "just below a threshold in category {category} in {region}, of {market:n} in that "
            "market ({first} to {last}, {amounts:money}); dealt out by chance, so dense a patch "
            "comes once in {odds:n} times.",
            "In a place with few firms the same buyers and suppliers meet again and again.",
        ),
        "zh": (
            "在{region}的{category}类采购中，{bodies:names}与{companies:names}之间有{awards:n}项单一"
            "投标或紧贴限额的采购，占该市场{market:n}项中的大部分（{first}至{last}，金额"
            "{amounts:money}）；随机分配时约每{odds:n}次才出现一次如此密集的情况。",
            "在企业较少的地区，相同的采购人与供应商会反复相遇。",
        ),
    }

    min_awards: int = bounded(8, low=3, high=10_000)
    max_members: int = bounded(30, low=3, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """The densest block of every market."""
        buys = purchases(snap)
        seen = marks(snap, buys)
        rows = np.flatnonzero(seen.single | seen.close)
        found = search(buys, rows, Search(False, _per_member, _camouflaged, _SEED))
        if not len(found.p):
            return Findings(reason=_FEW)
        q = benjamini_hochberg(found.p)
        flags = []
        for market in np.flatnonzero(q <= self.max_q).tolist():
            flag = self._flag(snap, buys, found, market, float(q[market]))
            if flag is not None:
                flags.append(flag)
        return Findings(flags, subjects=len(found.p), computable=len(found.p), p_values=found.drawn)

    def _flag(
        self, snap: Snapshot, buys: Purchases, found: Searched, market: int, q_value: float
    ) -> Flag | None:
        part = slice(found.starts[market], found.starts[market + 1])
        rows = found.rows[part][found.inside[part]]
        members = len(np.unique(buys.body[rows])) + len(np.unique(buys.company[rows]))
        if len(rows) < self.min_awards or not 3 <= members <= self.max_members:
            return None
        facts, evidence, who, shown = block_parts(snap, buys, rows)
        p_value = float(found.p[market])
        return self.flag(
            sorted({m.id for m in who if m.kind != "award"}),
            window=f"{facts['category']} {facts['region']}",
            score=surprise(p_value),
            value=round(float(found.density[market]), 6),
            p_value=p_value,
            q_value=q_value,
            amounts=amounts_of(shown),
            first_on=shown[0]["awarded_on"],
            last_on=shown[-1]["awarded_on"],
            facts=facts | {"market": int(part.stop - part.start), "odds": round(1.0 / p_value)},
            evidence=evidence,
            members=who,
        )


def _per_member(total: F64, room: F64) -> Density:
    return average


def _camouflaged(body: I64, company: I64) -> F64:
    """Weight of each award: less where its body has many; the same in every shuffled copy."""
    return np.asarray(1.0 / np.log(np.bincount(body)[body] + 5.0))
