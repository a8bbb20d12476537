"""Corners of the market where dealings without competition lie together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.communities import communities
from graphgov.network.ids import Index
from graphgov.network.risk import Clustering, cluster_of_lines
from graphgov.schema import Community, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_GRAPH = "risk"
_WORK = 15_000_000  # lines times deals
_PRIOR = 2.0  # weight, in awards, of what is usual in the category
_RUNS = 3
_MOST_NAMED = 20  # of each kind, those in most of what lies together first


@dataclass(frozen=True)
class RiskClustering(Detector):
    """In one corner of the market, dealings without competition lie together.

    Method: Draw a line between each body and company with an award; its risk is the share of
        awards made directly or on a single bid, less the share usual in its category, weighed
        by awards. Leiden communities of this graph with **min_lines** lines or more are tested
        whether lines that share a body or a company are strange together: by the sum over lines
        of how strange the other lines of its body are, times those of its company. The p-value
        comes from 99 to **deals** random deals, their tail fitted beyond them, that keep how
        bodies and companies differ: a body's part goes to another body of about as many lines,
        a company's likewise, the rest to another line of its category and number of awards. A
        community is a flag when its q-value is at most **max_q**.
    Example: Of 400 bodies and firms, nine deal with each other directly, again and again.
    Why: A closed circle shows where its members meet. So does a small trade of its own, or an
        office whose rules let it buy directly.
    Score: Surprise of the p-value.
    Skips: Awards without a method; an unknown number of bidders counts as several; small
        communities.
    Source: The cross term of Moran's I (1950) on a line graph; that risk clusters is a finding
        of Wachs, Fazekas, Kertész 2021.
    """

    code: ClassVar = "D07"
    title: ClassVar = {"en": "Risk that clusters", "zh": "风险聚集"}
    class_: ClassVar = "anomaly"
    subject_kind: ClassVar = "community"
    unit: ClassVar = "mean square of all lines"
    needs: ClassVar = ("awards.award_id",)
    wants: ClassVar = (
        "awards.currency",
        "awards.method",
        "awards.category",
        "awards.status",
        "awards.tender_id",
        "tenders.method",
        "tenders.category",
        "tenders.bidders",
        "bodies.name",
        "companies.name",
        "rates.*",
    )
    sentences: ClassVar = {
        "en": (
            "Among {nodes:n} bodies and companies that deal mostly with each other, dealings "
            "without competition lie together, above all around {bodies:names} and "
            "{companies:names}: {risky:n} of {count:n} awards there from {first} to {last} "
            "({amounts:money}) had one bid or were made directly; {usual:pct} would be usual in "
            "their categories.",
            "A trade of its own with few firms, or an office whose rules let it buy directly, "
            "leaves the same corner in the market.",
        ),
        "zh": (
            "在主要彼此往来的{nodes:n}家采购人与企业中，缺乏竞争的交易聚集在一起，主要围绕"
            "{bodies:names}和{companies:names}：{first}至{last}的{count:n}项合同（{amounts:money}）中有"
            "{risky:n}项为单一投标或直接采购，其类别中通常为{usual:pct}。",
            "企业稀少的独立行业，或依规可直接采购的部门，也会在市场中形成这样的角落。",
        ),
    }

    min_lines: int = bounded(30, low=3, high=100_000)
    deals: int = bounded(399, low=99, high=9999)
    max_q: float = bounded(0.05, low=0.0, high=1.0)
    seed: int = bounded(1, low=0, high=1_000_000)

    def find(self, snap: Snapshot) -> Findings:
        """Communities in which strange lines are neighbours more often than by chance."""
        if not (snap.has("awards.method") or snap.has("tenders.method")):
            why = "not computable, because no award and no tender has a method"
            return Findings(missing="awards.method;tenders.method", reason=why)
        market = _Market.of(snap)
        if market is None:
            return Findings(reason="not computable, because no award says how it was made")
        found = communities(
            market.body,
            market.company,
            market.n.astype(np.float64),
            market.nodes,
            seed=self.seed,
            runs=_RUNS,
        )
        label = found.label.astype(np.int64)
        same = label[market.body] == label[market.company]
        of_line = np.where(same, label[market.body], -1)
        size = np.bincount(of_line[same], minlength=len(found.sizes))
        large = np.flatnonzero(size >= self.min_lines)
        why = "" if len(large) else "not computable, because no community has enough lines"
        if len(large) == 0:
            return Findings(reason=why)
        new = np.full(len(found.sizes) + 1, -1, dtype=np.int64)
        new[large] = np.arange(len(large))
        seen = cluster_of_lines(
            market.body,
            market.company,
            market.z,
            market.stratum,
            new[of_line],
            communities=len(large),
            deals=int(np.clip(_WORK // len(market.z), 99, self.deals)),
            seed=self.seed,
        )
        q_value = benjamini_hochberg(seen.p_value)
        hits = np.flatnonzero((q_value <= self.max_q) & (seen.joint > 0))
        flags, rows = [], []
        for one in hits.tolist():
            nodes = np.flatnonzero(label == large[one])
            stability = float(np.mean(found.stability[nodes]))
            flag = self._flag(snap, market, new[of_line] == one, seen, one, float(q_value[one]),
                              len(nodes))  # fmt: skip
            flags.append(flag)
            rows += [
                Community(_GRAPH, flag.flag_id, *market.node(n), stability) for n in nodes.tolist()
            ]
        return Findings(
            flags=flags,
            subjects=len(large),
            computable=len(large),
            p_values=seen.p_value,
            communities=rows,
        )

    def _flag(
        self,
        snap: Snapshot,
        market: "_Market",
        inside: npt.NDArray[np.bool_],
        seen: Clustering,
        one: int,
        q_value: float,
        nodes: int,
    ) -> Flag:
        bodies, companies = _core(market, np.flatnonzero(inside))
        awards = _awards(snap, bodies, companies)
        days = [a["awarded_on"] for a in awards]
        amounts: dict[str, Decimal] = {}
        for a in awards:
            key = a["currency"] or ""
            amounts[key] = amounts.get(key, Decimal(0)) + a["amount"]
        p_value = float(seen.p_value[one])
        usual = market.usual[inside]
        return self.flag(
            companies,
            score=surprise(p_value),
            value=float(seen.moran[one]),
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=min(days),
            last_on=max(days),
            facts={
                "nodes": nodes,
                "lines": int(seen.lines[one]),
                "bodies": [snap.name("body", b) for b in bodies],
                "companies": [snap.name("company", c) for c in companies],
                "count": len(awards),
                "risky": sum(bool(a["risky"]) for a in awards),
                "usual": round(float(np.average(usual, weights=market.n[inside])), 6),
                "first": min(days).isoformat(),
                "last": max(days).isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
                "moran": round(float(seen.moran[one]), 6),
            },
            evidence=[Evidence("awards", a["row_key"], a["award_id"]) for a in awards],
            members=[
                *(Member("body", b, "buyer") for b in bodies),
                *(Member("company", c, "member") for c in companies),
                *(Member("award", a["award_id"], "award") for a in awards),
            ],
        )


@dataclass(frozen=True, eq=False)
class _Market:
    """Lines between bodies and companies, by body and company; bodies are the first nodes."""

    bodies: Index
    companies: Index
    body: I64
    company: I64
    n: I64
    usual: F64
    z: F64
    stratum: I64

    @property
    def nodes(self) -> int:
        return len(self.bodies) + len(self.companies)

    def node(self, place: int) -> tuple[str, str]:
        """Kind and id of a node."""
        if place < len(self.bodies):
            return "body", self.bodies[int(place)]
        return "company", self.companies[int(place) - len(self.bodies)]

    @staticmethod
    def of(snap: Snapshot) -> "_Market | None":
        rows = snap.sql(_LINES)
        if rows.num_rows == 0:
            return None
        bodies, companies = Index.of(rows["buyer_id"]), Index.of(rows["company_id"])
        n = rows["n"].to_numpy().astype(np.int64)
        usual = rows["usual"].cast(pa.float64()).to_numpy()
        risky = rows["risky"].to_numpy().astype(np.float64)
        # An award more or less moves a line of few awards less than its share says.
        z = (risky - n * usual) / (n + _PRIOR)
        band = np.minimum(np.floor(np.log2(n)), 6).astype(np.int64)
        line = Index.of(rows["division"]).codes(rows["division"]).astype(np.int64)
        stratum = line * 7 + band
        count = np.bincount(stratum)
        order = np.lexsort((z, stratum))  # means in the order of values do not depend on rows
        mean = np.bincount(stratum[order], weights=z[order]) / np.maximum(count, 1)
        return _Market(
            bodies,
            companies,
            bodies.codes(rows["buyer_id"]).astype(np.int64),
            companies.codes(rows["company_id"]).astype(np.int64) + len(bodies),
            n,
            usual,
            np.round(z - mean[stratum], 9),
            stratum,
        )


def _core(market: _Market, lines: I64) -> tuple[list[str], list[str]]:
    """The bodies and companies in which most of what lies together meets.

    Companies are chosen by what they have to do with the bodies, so that they share awards.
    """
    bodies = _meeting(market, lines, market.body)
    near = lines[np.isin(market.body[lines], bodies)]
    companies = _meeting(market, near, market.company)
    return ([market.node(b)[1] for b in bodies], [market.node(c)[1] for c in companies])


def _meeting(market: _Market, lines: I64, end: I64) -> list[int]:
    """The nodes at one end of some lines whose lines are strangest together; at least one."""
    z = market.z[lines]
    nodes, place = np.unique(end[lines], return_inverse=True)
    total = np.bincount(place, weights=z)
    joint = np.round(total**2 - np.bincount(place, weights=z * z), 9)
    order = np.lexsort((nodes, -np.round(total, 9), -np.where(total > 0, joint, -np.inf)))
    kept = [i for i in order.tolist() if total[i] > 0 and joint[i] > 0][:_MOST_NAMED]
    return [int(nodes[i]) for i in kept or order[:1].tolist()]


def _awards(
    snap: Snapshot, bodies: Sequence[str], companies: Sequence[str]
) -> list[Mapping[str, Any]]:
    """The awards between some bodies and companies, by date."""
    asked = pa.table({"body": pa.array(bodies, pa.string())})
    firms = pa.table({"company": pa.array(companies, pa.string())})
    statement = f"""SELECT award_id, row_key, awarded_on, amount, currency, {_RISKY} AS risky
        FROM wins WHERE buyer_id IN (SELECT body FROM asked)
            AND company_id IN (SELECT company FROM firms)
        ORDER BY awarded_on, award_id, company_id"""
    return list(snap.sql(statement, asked=asked, firms=firms).to_pylist())


_RISKY = """coalesce(method IN ('direct', 'limited') OR bidders = 1, false)"""
_LINES = f"""WITH w AS (
        SELECT buyer_id, company_id, coalesce(division, '') AS division, {_RISKY}::INTEGER AS risky
        FROM wins WHERE method IS NOT NULL
    ), whole AS (
        SELECT division, count(*) AS n, sum(risky) AS risky FROM w GROUP BY division
    )
    SELECT w.buyer_id, w.company_id, min(w.division) AS division, count(*) AS n,
        sum(w.risky)::BIGINT AS risky,
        (sum((a.risky / a.n)::DECIMAL(18, 9)) / count(*))::DOUBLE AS usual
    FROM w JOIN whole a USING (division)
    GROUP BY w.buyer_id, w.company_id ORDER BY w.buyer_id, w.company_id"""
