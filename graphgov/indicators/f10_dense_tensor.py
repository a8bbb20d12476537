"""Bodies, companies and months among which uncompeted awards are unusually dense (D-Cube)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._blocks import COLUMNS as MARK_COLUMNS
from graphgov.indicators._blocks import Search, Searched, amounts_of, block_parts, marks, search
from graphgov.network.dense import unevenness
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.purchases import COLUMNS, Purchases, purchases

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_SEED = 2_110
_FEW = "not computable, because no market has ten awards without open competition"


@dataclass(frozen=True)
class DenseTensor(Detector):
    """In some months some bodies and companies share far more uncompeted awards than usual.

    Method: Take awards by direct or limited methods and those with a single bid. In every
        market (two-digit category and region) count them by body, company and month, and find
        the block of bodies, companies and months that would be least likely, were they spread
        evenly (suspiciousness). Chance is that of the market with companies dealt out anew
        among awards of the same category and method, less what markets usually differ.
    Example: Two schools give 18 direct awards to three related firms in May and June, half of
        all that the region gave in those categories in these months.
    Why: Favour that lasts a season, or one budget divided among friends, is dense in time, too.
        A programme that many bodies carry out at once is the innocent case.
    Score: Surprise of the p-value.
    Skips: Markets with fewer than ten such awards; blocks of fewer than three members, of more
        than **max_members**, or of fewer than **min_awards** awards are tested, not flagged.
    Source: Shin, Hooi and Faloutsos 2017 (D-Cube); catalogue F10.
    """

    code: ClassVar = "F10"
    title: ClassVar = {"en": "Dense block in time", "zh": "时间上的密集团块"}
    class_: ClassVar = "anomaly"
    subject_kind: ClassVar = "group"
    unit: ClassVar = "suspiciousness"
    needs: ClassVar = ("awards.buyer_id", "awards.company_id", "awards.awarded_on")
    wants: ClassVar = (*COLUMNS, *MARK_COLUMNS)
    sentences: ClassVar = {
        "en": (
            "{bodies:names} and {companies:names} share {awards:n} awards without open "
            "competition in category {category} in {region} within {months:n} months ({first} to "
            "{last}, {amounts:money}), of {market:n} in that market; dealt out by chance, so "
            "dense a patch comes once in {odds:n} times.",
            "A programme, a season or an emergency makes many bodies buy the same things from "
            "the same firms at once.",
        ),
        "zh": (
            "在{region}的{category}类采购中，{bodies:names}与{companies:names}在{months:n}个月内有"
            "{awards:n}项未经公开竞争的采购（{first}至{last}，金额{amounts:money}），该市场共"
            "{market:n}项；随机分配时约每{odds:n}次才出现一次如此密集的情况。",
            "专项计划、季节性需求或应急采购会使多个单位同时向相同企业采购。",
        ),
    }

    min_awards: int = bounded(8, low=3, high=10_000)
    max_members: int = bounded(30, low=3, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """The densest block of every market."""
        buys = purchases(snap)
        seen = marks(snap, buys)
        rows = np.flatnonzero(seen.single | seen.simple)
        found = search(buys, rows, Search(True, unevenness, _counted, _SEED))
        if not len(found.p):
            return Findings(missing="" if buys.rank.any() else "awards.method", reason=_FEW)
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
        months = {r["awarded_on"].isoformat()[:7] for r in shown}
        return self.flag(
            sorted({m.id for m in who if m.kind != "award"}),
            window=f"{facts['category']} {facts['region']} {min(months)}",
            score=surprise(p_value),
            value=round(float(found.density[market]), 6),
            p_value=p_value,
            q_value=q_value,
            amounts=amounts_of(shown),
            first_on=shown[0]["awarded_on"],
            last_on=shown[-1]["awarded_on"],
            facts=facts
            | {
                "months": len(months),
                "market": int(part.stop - part.start),
                "odds": round(1.0 / p_value),
            },
            evidence=evidence,
            members=who,
        )


def _counted(body: I64, company: I64) -> F64:
    return np.ones(len(body))
