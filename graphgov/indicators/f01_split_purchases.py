"""Purchases from one supplier that stay under a line one by one and cross it together."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.common_control import COLUMNS as CONTROL_COLUMNS
from graphgov.network.common_control import CommonControl, common_control
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.alike import alike
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.purchases import COLUMNS, Purchases, distinct_runs, purchases
from graphgov.stats.splitting import Chance, Parts, chance

INT = npt.NDArray[np.int64]

_NOTHING_BELOW = (
    "not computable, because no purchase below a threshold was made by a simpler method"
)
_NO_METHOD = "not computable, because no award has a method"
_TOGETHER = {
    True: {"en": " (companies under common control)", "zh": "（受同一方控制的企业）"},
    False: {"en": "", "zh": ""},
}


@dataclass(frozen=True)
class SplitPurchases(Detector):
    """Purchases of one object from one supplier that together cross a threshold.

    Method: Take awards made without the method that a threshold in force that day would
        oblige to, each below it (same jurisdiction, body kind, category and currency; the most
        specific threshold holds). Link awards of one body to one supplier for one object (four
        digits of the code, or two digits and like titles) that are at most **max_days** apart;
        cut at the fiscal year, which begins in month **fiscal_month**. Two or more that reach
        the threshold together are a cluster; a year that does so without such closeness is one
        if it is unusual (p at most **year_p**). Companies that one hand controlled at the first
        and the last of the awards are one supplier.
    Example: Three surveys at 96,000 within ten days, where 100,000 must be tendered.
    Why: Splitting keeps a purchase away from open competition. Weekly perishables, urgent
        repairs, several sites and budgets released in parts look the same from afar.
    Score: Surprise of the p-value, in powers of ten times how close to the line the parts are,
        as a share of it: small things need no line to be small. The p-value joins two
        independent tails over all purchases of the body, supplier and object: how many lie
        within **band** of the threshold, against the share in this category at other bodies;
        and how many follow each other faster than evenly spread dates would, against the same
        category. Both are beta-binomial, with the spread between honest units fitted, and are
        combined by Fisher's method.
    Skips: Awards without a method, category or date rule; awards that no threshold concerns.
    Source: PRC Government Procurement Law art. 28 and its regulations art. 28; OCP R011;
        Prozorro sas24-3-14. The chance rate is this engine's own.
    """

    code: ClassVar = "F01"
    title: ClassVar = {"en": "Split purchases", "zh": "化整为零采购"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "times the threshold"
    needs: ClassVar = ("awards.award_id", "thresholds.amount")
    wants: ClassVar = (*COLUMNS, *CONTROL_COLUMNS)
    sentences: ClassVar = {
        "en": (
            "{body} bought {object} from {companies:names}{together[en]:text} {count:n} times "
            "between {first} and {last}, each time below {line:money}, from where the {due} "
            "method is due, but for {amounts:money} together ({times:times} times that line); "
            "{close:n} of all {purchases:n} such purchases end just under it, against {usual:pct} "
            "elsewhere in this category.",
            "Perishables bought as needed, urgent repairs, several sites or a budget released "
            "in parts also make many small purchases from one company.",
        ),
        "zh": (
            "{body}在{first}至{last}之间向{companies:names}{together[zh]:text}采购“{object}”"
            "{count:n}次，每次均低于应当采用{due}方式的限额{line:money}，合计{amounts:money}"
            "（为限额的{times:times}倍）；全部{purchases:n}次此类采购中有{close:n}次紧贴限额之下，"
            "而同类采购中通常只占{usual:pct}。",
            "按需采购的生鲜、紧急维修、多个地点或分批下达的预算，也会形成向同一供应商的多笔小额采购。",
        ),
    }

    max_days: int = bounded(30, low=1, high=365)
    fiscal_month: int = bounded(1, low=1, high=12)
    band: float = bounded(0.8, low=0.5, high=0.99)
    year_p: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """Clusters of purchases, with how unusual their body, supplier and object are."""
        buys, control = purchases(snap), common_control(snap)
        parts, pairs = _parts(snap, buys, control, self.fiscal_month)
        if not pairs:
            unknown = not buys.rank.any()
            return Findings(
                subjects=snap.subjects("body_company"),
                missing="awards.method" if unknown else "",
                reason=_NO_METHOD if unknown else _NOTHING_BELOW,
            )
        odds = chance(parts, band=self.band, max_days=self.max_days)
        q_values = benjamini_hochberg(odds.p_value)
        found = [
            (unit, cluster)
            for unit in parts.crossing().tolist()
            for cluster in self._clusters(parts, unit, float(odds.p_value[unit]))
            for cluster in _controlled(buys, control, parts, cluster)
        ]
        rows = np.concatenate([parts.row[c] for _, c in found]) if found else np.zeros(0, np.int64)
        shown = iter(buys.details(snap, rows))
        flags = [
            self._flag(
                snap,
                control,
                (buys, parts, cluster),
                [next(shown) for _ in cluster],
                odds,
                (unit, float(q_values[unit])),
            )
            for unit, cluster in found
        ]
        return Findings(
            flags=flags,
            subjects=snap.subjects("body_company"),
            computable=pairs,
            reason=_NOTHING_BELOW,
            p_values=odds.randomised[odds.testable],
        )

    def _clusters(self, parts: Parts, unit: int, p_value: float) -> Iterator[INT]:
        """Places of one cluster per fiscal year, the whole year last."""
        places = parts.of_unit(unit)
        for year in np.unique(parts.year[places]):
            inside = places[parts.year[places] == year]
            if not parts.crosses(inside):
                continue
            gaps = np.diff(parts.day[inside]) > self.max_days
            runs = np.split(inside, np.flatnonzero(gaps) + 1)
            over = [run for run in runs if parts.crosses(run)]
            if over:
                yield np.concatenate(over)
            elif p_value <= self.year_p:
                yield inside

    def _flag(
        self,
        snap: Snapshot,
        control: CommonControl,
        where: tuple[Purchases, Parts, INT],
        shown: Sequence[Mapping[str, Any]],
        odds: Chance,
        chances: tuple[int, float],
    ) -> Flag:
        buys, parts, places = where
        unit, q_value = chances
        first, last = shown[0]["awarded_on"], shown[-1]["awarded_on"]
        amounts = {shown[0]["currency"] or "": sum((r["amount"] for r in shown), Decimal(0))}
        rules = sorted(set(buys.below[1][parts.row[places]].tolist()))
        line = max(buys.lines.rules.amount[r] for r in rules)
        due = buys.lines.rules.method[buys.below[1][parts.row[places[0]]]]
        body = shown[0]["buyer_id"]
        companies = sorted({r["company_id"] for r in shown})
        awards = sorted({r["award_id"] for r in shown})
        titles = Counter(r["title"] for r in shown if r["title"])
        thing = min(titles, key=lambda t: (-titles[t], t)) if titles else shown[0]["category"]
        many = len(companies) > 1
        thing_code = buys.object.word(int(parts.row[parts.starts[unit]]))
        p_value = float(odds.p_value[unit])
        closeness = float(np.mean(parts.share[places]))
        return self.flag(
            (body, companies[0]),
            window=f"{thing_code} {parts.year[places[0]]}",
            score=surprise(p_value**closeness),
            value=float(sum(amounts.values()) / line),
            threshold=1.0,
            p_value=p_value,
            q_value=q_value,
            amounts=amounts,
            first_on=first,
            last_on=last,
            body_id=body,
            company_id="" if many else companies[0],
            certainty=control.certainty(snap, companies, last.isoformat())
            if many
            else "documented",
            facts={
                "body": snap.name("body", body),
                "companies": [snap.name("company", c) for c in companies],
                "together": _TOGETHER[many],
                "object": thing or "?",
                "category": shown[0]["category"] or "",
                "count": len(awards),
                "first": first.isoformat(),
                "last": last.isoformat(),
                "days": (last - first).days,
                "amounts": [[c, str(a)] for c, a in amounts.items()],
                "line": [[shown[0]["currency"] or "", str(line)]],
                "due": due,
                "times": float(sum(amounts.values()) / line),
                "closeness": round(closeness, 4),
                "purchases": int(odds.purchases[unit]),
                "close": int(odds.close[unit]),
                "usual": round(float(odds.usual[unit]), 4),
                "p_values": round(float(odds.p_band[unit]), 6),
                "p_dates": round(float(odds.p_dates[unit]), 6),
            },
            evidence=[Evidence("awards", r["row_key"], r["award_id"]) for r in shown]
            + [Evidence("thresholds", buys.lines.rules.row_key[r]) for r in rules]
            + (control.evidence(snap, companies, last.isoformat()) if many else []),
            members=[
                Member("body", body, "buyer"),
                *(Member("company", c, "supplier") for c in companies),
                *(Member("award", a, "part") for a in awards),
            ],
        )


def _controlled(
    buys: Purchases, control: CommonControl, parts: Parts, places: INT
) -> Iterator[INT]:
    """The cluster where its companies stood under one control then, else each company's own."""
    company = buys.company[parts.row[places]]
    names = sorted(set(company.tolist()))
    days = [int(parts.day[places].min()), int(parts.day[places].max())]
    if control.together(names, days):
        yield places
        return
    for name in names:
        own = places[company == name]
        if parts.crosses(own):
            yield own


def _parts(
    snap: Snapshot, buys: Purchases, control: CommonControl, fiscal_month: int
) -> tuple[Parts, int]:
    """Purchases below a line by body, supplier and object, and how many pairs there are."""
    line = buys.below[0]
    rows = np.flatnonzero(np.isfinite(line) & (buys.category.codes >= 0) & (buys.amount > 0))
    supplier = control.label[buys.company[rows]]
    keys = (buys.body[rows], supplier, buys.division.codes[rows], buys.currency.codes[rows])
    order, starts = distinct_runs(*keys)
    rows = rows[order]
    pair = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    code = _one_object(snap, buys, rows, starts, line[rows])
    order, starts = distinct_runs(pair, code)
    by_day = np.lexsort((rows[order], buys.day[rows[order]], code[order], pair[order]))
    rows = rows[order[by_day]]
    return Parts(
        row=rows,
        unit=np.repeat(np.arange(len(starts) - 1), np.diff(starts)),
        starts=starts,
        body=buys.body[rows].astype(np.int64),
        division=buys.division.codes[rows].astype(np.int64),
        day=buys.day[rows].astype(np.int64),
        year=buys.fiscal_year(fiscal_month)[rows].astype(np.int64),
        amount=buys.amount[rows],
        line=line[rows],
    ), len(np.unique(pair))


def _one_object(
    snap: Snapshot, buys: Purchases, rows: INT, starts: INT, line: npt.NDArray[np.float64]
) -> npt.NDArray[np.int32]:
    """Codes of objects, those of one pair whose titles read alike made one."""
    code = buys.object.codes[rows].copy()
    if not len(rows):
        return code
    low, high = np.minimum.reduceat(code, starts[:-1]), np.maximum.reduceat(code, starts[:-1])
    reach = np.add.reduceat(buys.amount[rows] / line, starts[:-1])
    many = np.flatnonzero((low != high) & (reach > 0.99))  # others cannot cross it together
    if not len(many):
        return code
    places = [np.arange(starts[i], starts[i + 1]) for i in many.tolist()]
    titles = iter(buys.titles(snap, rows[np.concatenate(places)]))
    for part in places:
        read: dict[int, list[str]] = {}
        for c in code[part].tolist():
            read.setdefault(int(c), []).append(next(titles))
        same = alike(read)
        code[part] = [same[int(c)] for c in code[part].tolist()]
    return code
