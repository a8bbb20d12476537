"""Communities of bidders, of buyers and suppliers, and of tied people that stand out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.stats import poisson

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, digest, surprise
from graphgov.indicators._groups import BOOL, F64, I64, told, weighed, won_clause
from graphgov.network.circles import Circles, Inside, circles, inside
from graphgov.network.cobidding import COLUMNS, Cobidding, cobidding, rows_of
from graphgov.network.pricing import LotPrices, lot_prices
from graphgov.schema import Community, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.rotation import clumping_p_values, joined, rotation_p_values

_MOST = 30  # companies of a community whose turns are looked at
_GRAPHS = {
    "cobidding": {"en": "that bid together", "zh": "共同投标"},
    "buyers": {"en": "that share buyers", "zh": "共享买方"},
    "ties": {"en": "joined by people and shares", "zh": "由人员和股权相连"},
}
_WHY = {
    "prices": {
        "en": "the dearest bid on their lots asked for {asked:.0%} of the estimate on average, "
        "where on lots of the category with as many bidders it asks for {usual:.0%}",
        "zh": "其标段的最高报价平均为预算的{asked:.0%}，而同类、同投标人数的标段为{usual:.0%}",
    },
    "closeness": {
        "en": "the bids on their lots lie closer together than on lots of the category elsewhere",
        "zh": "其标段的报价比各地同类标段更为接近",
    },
    "turns": {
        "en": "wins go round among those that bid, more than their strength lets expect",
        "zh": "中标在各投标人之间轮转，超出其实力所能解释",
    },
    "meetings": {
        "en": "they met {met} times against each other, where their trades and regions explain "
        "{expected:.1f}",
        "zh": "其成员同场竞标{met}次，而所在行业和地区仅能解释{expected:.1f}次",
    },
}
_SEED = 13


@dataclass(frozen=True)
class UnusualCommunity(Detector):
    """A community of companies does what its trade and region do not explain.

    Method: Leiden communities, at the resolution most stable over seeds, of three graphs:
        companies that met more often than their trade explains (`cobidding`); buyers and
        companies linked by more awards than shares explain (`buyers`); people and companies
        joined by posts, shares and kin (`ties`). All are reported, few are flagged. Tested is
        what members did together: whether the dearest bid on their lots was more of the estimate
        (without estimates: bids were closer) than on lots of the same category and number of
        bidders in all regions (a
        community that fills its own market has nobody else to be compared with); whether wins
        go round among members, given who bid; and for tied companies whether they bid against
        each other more often than their niches explain. What the other communities of the graph
        do tells what is usual; p-values are joined by Fisher's method. Flagged are communities of
        **min_companies** or more with **min_lots** lots and q at most **max_q**.
    Example: Eight of the nine road builders of a county took 91 percent of its road money; their
        dearest bids ask for 99 percent of the estimate, where on like lots it is 93.
    Why: Closed circles share out a market and keep its prices up. So do high local costs, a
        remote valley, or estimates that are tight for everybody there.
    Score: Surprise of the joint p-value.
    Skips: Communities with fewer lots in common; turns of more than thirty companies.
    Source: Lyra and others 2021 and 2022 (communities of the validated co-bidding graph); the
        tests are this engine's own.
    """

    code: ClassVar = "D13"
    title: ClassVar = {"en": "Unusual community", "zh": "异常企业群落"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "community"
    unit: ClassVar = "share of the money of its niche"
    needs: ClassVar = ("awards.buyer_id", "awards.company_id", "awards.awarded_on")
    wants: ClassVar = (
        *COLUMNS, "awards.amount", "awards.category", "awards.region", "tenders.buyer_id",
        "ties.*", "ties.person_a", "ties.person_b", "ties.kind", "ties.certainty",
        "ties.started_on", "ties.ended_on", "officers.*", "officers.person_id",
        "officers.company_id", "officers.role", "officers.certainty", "officers.started_on",
        "officers.ended_on", "ownership.*", "ownership.owner_id", "ownership.owner_kind",
        "ownership.company_id", "ownership.share", "ownership.share_min", "ownership.share_max",
        "ownership.certainty", "ownership.started_on", "ownership.ended_on", "people.name",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{name:text}: {size:n} companies {graph[en]:text} took {share:pct} of the money of "
            "their main niche, where as many of the largest take {elsewhere:pct} in other regions. "
            "On {lots:n} lots between {first} and {last}, of which they {wins[en]:text}, "
            "{why[en]:text}.",
            "High local costs, a remote valley or tight estimates raise prices for everybody; "
            "firms of one trade and town are a community without any agreement.",
        ),
        "zh": (
            "{name:text}：{size:n}家{graph[zh]:text}的企业占其主要行业和地区金额的{share:pct}，而其他地区"
            "同样数目的最大企业占{elsewhere:pct}。在{first}至{last}之间的{lots:n}个标段上（{wins[zh]:text}），"
            "{why[zh]:text}。",
            "当地成本高、地处偏远或预算普遍偏紧都会抬高价格；同一行业同一城镇的企业无需串通也会自成群落。",
        ),
    }

    min_companies: int = bounded(3, low=2, high=1000)
    min_lots: int = bounded(6, low=2, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All communities of all graphs."""
        found = circles(snap)
        contested = snap.has("bids.bid_id") and snap.has("awards.tender_id")
        rows = [row for one in found for row in _rows(snap, one)]
        subjects = sum(one.count for one in found)
        if not contested:
            why = "not computable, because without bids nothing tells what communities did together"
            missing = "bids.bid_id" if snap.has("awards.tender_id") else "awards.tender_id"
            return Findings(subjects=subjects, missing=missing, reason=why, communities=rows)
        market = cobidding(snap)
        prices = lot_prices(market)
        hits: list[_Hit] = []
        p_values: list[F64] = []
        for one in found:
            seen = inside(snap, one, prices.dear)
            tests, drawn = self._tests(market, one, seen, prices)
            enough = np.array([len(lots) >= self.min_lots for lots in seen.lots], dtype=bool)
            both = joined(*tests.values())
            enough &= np.isfinite(both)
            p = both[enough]
            q = benjamini_hochberg(p)
            p_values.append(joined(*drawn.values())[enough])
            for place, i in enumerate(np.flatnonzero(enough).tolist()):
                members = np.flatnonzero(one.company == i).tolist()
                if q[place] <= self.max_q and len(members) >= self.min_companies:
                    told = {name: float(test[i]) for name, test in tests.items()}
                    least = min(told, key=lambda name: (np.nan_to_num(told[name], nan=2.0), name))
                    hits.append(
                        _Hit(one, seen, i, members, least, float(p[place]), float(q[place]))
                    )
        computable = sum(len(p) for p in p_values)
        few = "not computable, because the rest have too few contested lots in common"
        return Findings(
            flags=self._flags(snap, market, prices, hits),
            subjects=subjects,
            computable=computable,
            reason=few if computable < subjects else "",
            p_values=np.concatenate(p_values) if p_values else np.zeros(0),
            communities=sorted(rows),
        )

    def _tests(
        self, market: Cobidding, one: Circles, seen: Inside, prices: LotPrices
    ) -> tuple[dict[str, F64], dict[str, F64]]:
        """P-values of every community by test, and randomised; NaN where a test says nothing."""
        known = np.isfinite(seen.score)
        dear = np.full(one.count, np.nan)
        if known.any():
            dear[known] = clumping_p_values(seen.score[known])
        priced = bool(np.isfinite(prices.level).any())
        tests = {"prices" if priced else "closeness": dear}
        if one.graph != "buyers":
            tests["turns"] = _turns(market, one, self.min_lots)
        if one.graph == "ties":
            # Meetings of tied firms that all communities share are habits of the trade.
            usual = max(1.0, float(seen.met.sum()) / max(float(seen.expected.sum()), 1e-9))
            mean = np.maximum(seen.expected * usual, 1e-9)
            parts = (poisson.sf(seen.met, mean), poisson.pmf(seen.met, mean))
            tail = Tail(*(np.asarray(part, np.float64) for part in parts))
            return tests | {"meetings": tail.p}, tests | {"meetings": tail.randomised(_SEED)}
        return tests, tests

    def _flags(
        self, snap: Snapshot, market: Cobidding, prices: LotPrices, hits: Sequence["_Hit"]
    ) -> list[Flag]:
        asked = [
            (place, lot, int(company))
            for place, hit in enumerate(hits)
            for lot in hit.lots.tolist()
            for company in hit.members
        ]
        cells = rows_of(snap, market, asked, len(hits))
        niches = _niches(snap, market, hits)
        flags = []
        for hit, rows, place in zip(hits, cells, niches, strict=True):
            who = told(market, hit.members, hit.lots, rows)
            wins: dict[str, int] = defaultdict(int)
            for row in rows:
                wins[row["company_id"]] += row["table"] == "awards"
            first = max(who.companies, key=lambda key: (wins[key], key))
            where = " / ".join(part for part in (place["category"], place["region"]) if part)
            name = f"{snap.name('company', first)} +{len(hit.members) - 1} ({where or '?'})"
            parts = who.parts()
            bodies = np.flatnonzero(hit.circles.body == hit.number)
            people = np.flatnonzero(hit.circles.person == hit.number)
            for kind, codes, role in (("body", bodies, "buyer"), ("person", people, "link")):
                ids = snap.ids(kind) if len(codes) else []
                parts["members"] += [Member(kind, ids[code], role) for code in codes]
            asked_price, usual = prices.asked(hit.lots)
            told_why = {
                "asked": asked_price or 0.0,
                "usual": usual or 0.0,
                "met": int(hit.inside.met[hit.number]),
                "expected": float(hit.inside.expected[hit.number]),
            }
            flags.append(
                self.flag(
                    who.companies,
                    score=surprise(hit.p),
                    value=place["share"],
                    p_value=hit.p,
                    q_value=hit.q,
                    facts={
                        **who.facts(snap),
                        "name": name,
                        "size": len(hit.members),
                        "graph": _GRAPHS[hit.circles.graph],
                        "stability": round(float(hit.circles.stability[hit.number]), 4),
                        "share": place["share"],
                        "elsewhere": place["elsewhere"],
                        "lots": len(hit.lots),
                        "wins": won_clause(who),
                        "test": hit.test,
                        "why": {k: v.format(**told_why) for k, v in _WHY[hit.test].items()},
                    },
                    **parts,
                )
            )
        return flags


class _Hit(NamedTuple):
    """A community that stands out, and by which test most."""

    circles: Circles
    inside: Inside
    number: int
    members: list[int]
    test: str
    p: float
    q: float

    @property
    def lots(self) -> I64:
        return self.inside.lots[self.number]


def _turns(market: Cobidding, one: Circles, min_lots: int) -> F64:
    """P-values of wins that go round; NaN where too few lots can tell."""
    sizes = np.bincount(one.company[one.company >= 0], minlength=one.count)
    fit: BOOL = (sizes >= 3) & (sizes <= _MOST)
    groups = np.full((one.count, _MOST), -1, dtype=np.int64)
    order = np.argsort(one.company, kind="stable")
    order = order[one.company[order] >= 0]
    label = one.company[order]
    place = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[label]
    kept = fit[label]
    groups[label[kept], place[kept]] = order[kept]
    parts = market.lots.gather(groups[fit], min_lots, 2)
    found = list(weighed(market, groups[fit], parts, min_lots, least=2))
    _, _, p = rotation_p_values([group.turns for group in found])
    out = np.full(one.count, np.nan)
    for group, value in zip(found, p.tolist(), strict=True):
        out[one.company[group.members[0]]] = value
    return out


def _rows(snap: Snapshot, one: Circles) -> list[Community]:
    """The nodes of all communities of a graph; a community is named by what is in it."""
    nodes: dict[int, list[tuple[str, str, float]]] = defaultdict(list)
    labels = (("company", one.company), ("body", one.body), ("person", one.person))
    for (kind, label), stable in zip(labels, one.nodes, strict=True):
        ids = snap.ids(kind) if len(label) else []
        for node in np.flatnonzero(label >= 0).tolist():
            nodes[int(label[node])].append((kind, ids[node], round(float(stable[node]), 6)))
    out = []
    for found in nodes.values():
        key = digest(one.graph, *(f"{kind}:{name}" for kind, name, _ in sorted(found)))
        out += [Community(one.graph, key, kind, name, stable) for kind, name, stable in found]
    return out


def _niches(snap: Snapshot, market: Cobidding, hits: Sequence[_Hit]) -> list[Mapping[str, Any]]:
    """Each community's main category and region, its share of the money, and that elsewhere.

    Elsewhere is the median, over other regions, of the share of as many of the largest firms.
    """
    lots = [(place, lot) for place, hit in enumerate(hits) for lot in hit.lots.tolist()]
    if not lots:
        return []
    keys = market.lot_keys.take(pa.array([lot for _, lot in lots], pa.int64()))
    keys = keys.select(["tender_id"]).append_column("place", [pa.array([p for p, _ in lots])])
    firms = pa.table(
        {
            "place": [place for place, hit in enumerate(hits) for _ in hit.members],
            "company_id": [market.companies[c] for hit in hits for c in hit.members],
        }
    )
    rows = {row["place"]: row for row in snap.sql(_SHARES, keys=keys, firms=firms).to_pylist()}
    none = {"category": "", "region": "", "share": 0.0, "elsewhere": 0.0}
    return [rows.get(place, none) for place in range(len(hits))]


_SHARES = """WITH size AS (SELECT place, count(*) AS n FROM firms GROUP BY place),
    home AS (
        SELECT place, category, region FROM (
            SELECT k.place, coalesce(w.division, '') AS category, coalesce(w.region, '') AS region,
                count(*) AS n
            FROM keys k JOIN wins w USING (tender_id) GROUP BY 1, 2, 3
        ) QUALIFY row_number() OVER (PARTITION BY place ORDER BY n DESC, category, region) = 1
    ), money AS (
        SELECT coalesce(division, '') AS category, coalesce(region, '') AS region, company_id,
            currency, sum((amount / members)::DECIMAL(38, 4)) AS amount
        FROM wins WHERE coalesce(division, '') IN (SELECT category FROM home)
        GROUP BY 1, 2, 3, 4
    ), usual AS (
        SELECT category, currency FROM (
            SELECT category, currency, count(*) AS n FROM money GROUP BY 1, 2
        ) QUALIFY row_number() OVER (PARTITION BY category ORDER BY n DESC, currency) = 1
    ), main AS (
        SELECT m.category, m.region, m.company_id, m.amount FROM money m
        JOIN usual u ON u.category = m.category AND u.currency = m.currency
    ), ranked AS (
        SELECT *, row_number() OVER (
                PARTITION BY category, region ORDER BY amount DESC, company_id) AS place_in,
            sum(amount) OVER (PARTITION BY category, region) AS total
        FROM main
    ), top AS (
        SELECT h.place, r.region, sum(r.amount) FILTER (r.place_in <= s.n) / max(r.total) AS share
        FROM home h JOIN size s USING (place)
        JOIN ranked r ON r.category = h.category AND r.region <> h.region
        GROUP BY h.place, r.region
    ), own AS (
        SELECT h.place, sum(r.amount) FILTER (f.company_id IS NOT NULL) / max(r.total) AS share
        FROM home h JOIN ranked r ON r.category = h.category AND r.region = h.region
        LEFT JOIN firms f ON f.place = h.place AND f.company_id = r.company_id
        GROUP BY h.place
    )
    SELECT h.place, h.category, h.region, round(coalesce(o.share, 0)::DOUBLE, 6) AS share,
        round(coalesce((SELECT median(t.share) FROM top t WHERE t.place = h.place), 0)::DOUBLE, 6)
            AS elsewhere
    FROM home h LEFT JOIN own o USING (place) ORDER BY h.place"""
