"""Pairs of companies that meet more often than their niche explains."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import ClassVar

import numpy as np
from scipy.special import ndtr, ndtri

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._groups import F64, I64, Rows, evidence, told, won_clause
from graphgov.network import shared_officials as officials
from graphgov.network.cobidding import (
    COLUMNS,
    Cobidding,
    Niche,
    cobidding,
    niche_of,
    niche_tails,
)
from graphgov.network.nullmodels import settled
from graphgov.network.projection import Pairs
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg

_SEED = 2
_MET = 2  # pairs that met once say nothing and would be nearly all there are
_BIDS = ("bids.bid_id", "awards.tender_id")
_DECISIONS = ("decisions.person_id",)


@dataclass(frozen=True)
class _Ground:
    """What one projection says of a pair.

    Attributes:
        kind: The projection.
        chances: p and q.
        lift: Times the expected ones.
        limit: Least lift.
        facts: What its sentence is made from.
        bodies: Their names.
        rows: Award, bid and decision rows.
        first: Day of the first thing seen.
        last: Day of the last.
    """

    kind: str
    chances: tuple[float, float]
    lift: float
    limit: float
    facts: Mapping[str, object]
    bodies: list[str]
    rows: Rows
    first: date
    last: date


@dataclass
class _Seen:
    """What one projection came to; `grounds` by pair of ids."""

    grounds: dict[tuple[str, ...], _Ground] = field(default_factory=dict)
    subjects: int = 0
    computable: int = 0
    missing: tuple[str, ...] = ()
    reason: str = ""
    p_values: F64 = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class ValidatedPair(Detector):
    """Two companies meet on lots, or before the same officials, more than their niche explains.

    Method: Two projections, each with p-values and q-values of its own; a pair is told once, with
        the score of the stronger. Co-bidding: lots with 2 to **max_bidders** bidders, joint bids
        counted as one, niche by niche (category and region). Given how often each of the two bids
        there while both are active, their meetings are hypergeometric over bidders' places. As
        only pairs that met are seen, p is the chance of so many meetings given two. Flagged are
        pairs with **min_lots** meetings, **min_lift** times the expected ones and q at most
        **max_q**. Shared officials: purchases one company won alone, with their peers of the same
        body, category and two years, with one decider or several (where there are a dozen also of
        the same finer category, year, method and value). Given which are the one's, the other's
        that the one's officials decided are hypergeometric; both ways must be rare, p is the
        greater. Flagged are **min_decided** each, **min_excess** times the expected ones and q at
        most **max_q**. What all pairs of the data share (towns and buyers' habits that are finer
        than the strata) is taken off. Winning from the same buyers, the third projection of the
        catalogue, is D03, which holds it against a closer null, and is not told again here.
    Example: Two of sixty road builders of a province each bid on forty of its 900 lots, and on
        25 of them together, where two were to be expected. Or: one of three clerks of an office
        signs all ten orders of one caterer and all eight of another.
    Why: A firm that gives cover has to be where the other one bids, and one hand may serve several
        firms from one desk. So do firms that sit next door to each other, were invited by the same
        buyer, offer the same rare product, or have a file that one clerk always handles.
    Score: Surprise of the smaller p-value, decades / (decades + 2).
    Skips: Pairs that met once; lots with one bidder or more than **max_bidders**; joint awards,
        tenders that several won, repeats within a fortnight, officials who decided over three
        quarters of a stratum, and strata where everybody meets everybody.
    Source: Tumminello and others 2011 (statistically validated projection); strata by niche,
        places instead of lots and purchases instead of officials are this engine's own.
    Assumes: Among peers, who decides has nothing to do with who wins; an official in charge of a
        product finer than the category of the data breaks it.
    """

    code: ClassVar = "D02"
    title: ClassVar = {"en": "Pair that meets too often", "zh": "两家企业同场投标异常频繁"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "times the expected"
    needs: ClassVar = ("awards.company_id",)
    wants: ClassVar = tuple(dict.fromkeys((*_BIDS, *COLUMNS, *officials.COLUMNS)))
    sentences: ClassVar = {
        "en": ("{companies:names} {told[en]:text}.", "{innocent[en]:text}"),
        "zh": ("{companies:names}{told[zh]:text}。", "{innocent[zh]:text}"),
    }

    max_bidders: int = bounded(20, low=2, high=100)
    min_lots: int = bounded(5, low=3, high=1000)
    min_lift: float = bounded(2.0, low=1.0, high=100.0)
    min_decided: int = bounded(4, low=3, high=1000)
    min_excess: float = bounded(1.5, low=1.0, high=100.0)
    max_q: float = bounded(0.01, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs that met twice, and all that sold alike at a body."""
        looks = ((_BIDS, _LOST_BIDS, self._meetings), (_DECISIONS, _LOST_OFFICIALS, self._desks))
        seen = [_look(snap, *look) for look in looks]
        by_pair: dict[tuple[str, ...], list[_Ground]] = {}
        for one in seen:
            for ids, ground in one.grounds.items():
                by_pair.setdefault(ids, []).append(ground)
        return Findings(
            flags=[self._flag(snap, ids, grounds) for ids, grounds in sorted(by_pair.items())],
            subjects=sum(one.subjects for one in seen),
            computable=sum(one.computable for one in seen),
            missing=";".join(chain.from_iterable(one.missing for one in seen)),
            reason="; ".join(one.reason for one in seen if one.reason),
            p_values=np.concatenate([one.p_values for one in seen]),
        )

    def _meetings(self, snap: Snapshot) -> _Seen:
        """Co-bidding: pairs that met too often in a niche; of several niches the strongest."""
        market = cobidding(snap, self.max_bidders)
        niches = niche_of(snap, self.max_bidders)
        pairs = niches.pairs.take(niches.pairs.joint >= _MET)
        tail, expected = _given_met(market, niches, pairs)
        p, q, chance = _chances(tail, tail.p)
        lift = pairs.joint / np.maximum(expected, 1e-9)
        strong = (pairs.joint >= self.min_lots) & (lift >= self.min_lift) & (q <= self.max_q)
        hits = np.flatnonzero(strong)
        found = [_lots(market, niches, int(pairs.a[i]), int(pairs.b[i])) for i in hits]
        grounds: dict[tuple[str, ...], _Ground] = {}
        cells = evidence(snap, market, found)
        for i, (both, lots), rows in zip(hits, found, cells, strict=True):
            who = told(market, both, lots, rows)
            ids = tuple(who.companies)
            facts = {
                **who.facts(snap),
                "lots": len(lots),
                "expected": round(float(expected[i]), 4),
                "wins": won_clause(who),
            }
            ground = _Ground(
                "co-bidding", (float(p[i]), float(q[i])), len(lots) / max(float(expected[i]), 1e-9),
                self.min_lift, facts, [snap.name("body", b) for b in who.buyers], rows,
                who.first, who.last,
            )  # fmt: skip
            old = grounds.get(ids)
            if old is None or _rank(ground) > _rank(old):
                grounds[ids] = ground
        alone = len(niches.pairs.a) - len(pairs.a)
        why = f"not computable, because {alone} pairs met only once in a niche"
        return _Seen(
            grounds, len(niches.pairs.a), len(pairs.a), reason=why if alone else "", p_values=chance
        )

    def _desks(self, snap: Snapshot) -> _Seen:
        """Shared officials: pairs that the same people of their bodies decided for."""
        held = officials.desks(snap)
        pairs = officials.shared_officials(held)
        p, q, chance = _chances(pairs.tails[0], pairs.p)
        enough = np.minimum(*pairs.hits) >= self.min_decided
        hits = np.flatnonzero(enough & (pairs.lift >= self.min_excess) & (q <= self.max_q))
        asked = [officials.common(held, int(pairs.first[i]), int(pairs.second[i])) for i in hits]
        keys = snap.ids("company")
        grounds: dict[tuple[str, ...], _Ground] = {}
        for i, rows in zip(hits, officials.rows_of(snap, held, asked), strict=True):
            # The second's purchases come first in each of the pairs' columns.
            codes = (int(pairs.second[i]), int(pairs.first[i]))
            order = (0, 1) if codes[0] < codes[1] else (1, 0)
            ids = tuple(keys[codes[k]] for k in order)
            days = [row["awarded_on"] for row in rows if row["awarded_on"]]
            people = sorted({row["person_id"] for row in rows if row["person_id"]})
            bodies = sorted({row["buyer_id"] for row in rows if row["buyer_id"]})
            names = [snap.name("body", key) for key in bodies]
            facts = {
                "names": [snap.name("company", key) for key in ids],
                "bodies": names,
                "officials": [snap.name("person", key) for key in people],
                "decided": [int(pairs.hits[k][i]) for k in order],
                "awards": [int(pairs.drawn[k][i]) for k in order],
                "by_chance": [round(float(pairs.expected[k][i]), 4) for k in order],
                "first": min(days).isoformat(),
                "last": max(days).isoformat(),
            }
            grounds[ids] = _Ground(
                "shared officials", (float(p[i]), float(q[i])), float(pairs.lift[i]),
                self.min_excess, facts, names, rows, min(days), max(days),
            )  # fmt: skip
        return _Seen(grounds, len(p), len(p), p_values=chance)

    def _flag(self, snap: Snapshot, ids: tuple[str, ...], grounds: list[_Ground]) -> Flag:
        """One flag for a pair: the score of the strongest ground, the evidence of all."""
        best = max(grounds, key=_rank)
        rows = [row for ground in grounds for row in ground.rows]
        awards = {row["id"]: row for row in rows if row["table"] == "awards"}
        amounts: dict[str, Decimal] = {}
        for row in awards.values():
            code = row["currency"] or ""
            amounts[code] = amounts.get(code, Decimal(0)) + row["amount"]
        bodies = {row["buyer_id"] for row in awards.values()}
        people = {row["person_id"] for row in rows if row.get("person_id")}
        first, last = min(g.first for g in grounds), max(g.last for g in grounds)
        names = sorted({name for ground in grounds for name in ground.bodies})
        facts = {key: value for ground in grounds for key, value in ground.facts.items()}
        return self.flag(
            ids,
            score=surprise(best.chances[0]),
            value=round(best.lift, 6),
            threshold=best.limit,
            p_value=best.chances[0],
            q_value=best.chances[1],
            amounts=dict(sorted(amounts.items())),
            first_on=first,
            last_on=last,
            body_id=min(bodies) if len(bodies) == 1 else "",
            certainty=_weakest(row.get("certainty") for row in rows),
            facts=facts
            | {
                "projections": [ground.kind for ground in grounds],
                "companies": [snap.name("company", key) for key in ids],
                "bodies": names,
                "first": first.isoformat(),
                "last": last.isoformat(),
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
                "told": _joined(grounds, _TOLD, {"en": "; also, ", "zh": "；此外，"}),
                "innocent": _joined(grounds, _INNOCENT, {"en": " ", "zh": ""}),
            },
            evidence=[Evidence(row["table"], row["row_key"], row["id"]) for row in rows],
            members=[
                *(Member("company", key, "member") for key in ids),
                *(Member("award", key, "award") for key in awards),
                *(Member("person", key, "official") for key in people),
            ],
        )


def _look(
    snap: Snapshot, columns: Iterable[str], lost: str, see: Callable[[Snapshot], _Seen]
) -> _Seen:
    """One projection; without its columns it says so, and the others go on."""
    missing = tuple(column for column in columns if not snap.has(column))
    if not missing:
        return see(snap)
    why = f"{lost} not computable, because there is no {', no '.join(missing)}"
    return _Seen(missing=missing, reason=why)


def _chances(tail: Tail, p: F64) -> tuple[F64, F64, F64]:
    """Both p and q of a projection, and p randomised, after what all pairs share is taken off.

    Args:
        tail: The chances that say what is usual.
        p: Those to be reported.
    """
    scores = -ndtri(np.clip(tail.randomised(_SEED), 1e-300, 1 - 1e-12))
    held = ndtr(-settled(-ndtri(np.clip(p, 1e-300, 1 - 1e-12)), scores))
    return held, benjamini_hochberg(held), np.asarray(ndtr(-settled(scores)))


def _rank(ground: _Ground) -> tuple[float, int]:
    return surprise(ground.chances[0]), len(ground.rows)


def _joined(
    grounds: Iterable[_Ground], words: Mapping[str, Mapping[str, str]], glue: Mapping[str, str]
) -> dict[str, str]:
    """The sentences of all grounds, by language."""
    return {
        language: between.join(fill(words[g.kind][language], g.facts) for g in grounds)
        for language, between in glue.items()
    }


def _weakest(seen: Iterable[str | None]) -> str:
    return max((c for c in seen if c), key=CERTAINTIES.index, default=CERTAINTIES[0])


def _given_met(market: Cobidding, niches: Niche, pairs: Pairs) -> tuple[Tail, F64]:
    """The tail of meetings in a niche given two of them, and their mean."""
    tail, mean = niche_tails(market, niches, pairs, pairs.joint)
    twice, _ = niche_tails(market, niches, pairs, np.full_like(pairs.joint, _MET))
    least = np.maximum(twice.p, 1e-12)
    above, at = (np.minimum(part / least, 1.0) for part in (tail.above, tail.at))
    return Tail(above, np.minimum(at, 1.0 - above)), mean


def _lots(market: Cobidding, niches: Niche, a: int, b: int) -> tuple[tuple[int, int], I64]:
    """The companies of two nodes, and the lots of their niche on which both bid."""
    bids = market.bids
    one, two = int(niches.company[a]), int(niches.company[b])
    mine, theirs = (bids.lot[bids.company == firm] for firm in (one, two))
    both = np.intersect1d(mine, theirs).astype(np.int64)
    return (one, two), both[market.cell[both] == niches.cell[a]]


_LOST_BIDS, _LOST_OFFICIALS = "co-bidding is", "shared officials are"
_TOLD: Mapping[str, Mapping[str, str]] = {
    "co-bidding": {
        "en": "bid against each other on {lots:n} lots of {bodies:names} between {first} and "
        "{last}, where {expected:times} meetings were to be expected from how often each bids in "
        "this trade and region; they {wins[en]:text}",
        "zh": "在{first}至{last}之间同场竞争{bodies:names}的{lots:n}个标段，"
        "而按两家在该行业和地区的投标次数预期约{expected:times}次；{wins[zh]:text}",
    },
    "shared officials": {
        "en": "had the same officials decide for them at {bodies:names} between {first} and "
        "{last} ({officials:names}): {decided[0]:n} of {awards[0]:n} awards of {names[0]}, where "
        "{by_chance[0]:times} were to be expected among like purchases of these bodies, and "
        "{decided[1]:n} of {awards[1]:n} of {names[1]}, where {by_chance[1]:times} were",
        "zh": "在{first}至{last}之间于{bodies:names}由相同官员（{officials:names}）审定中标："
        "{names[0]}的{awards[0]:n}项中有{decided[0]:n}项（按这些单位同类采购预期约"
        "{by_chance[0]:times}项），{names[1]}的{awards[1]:n}项中有{decided[1]:n}项"
        "（预期约{by_chance[1]:times}项）",
    },
}
_INNOCENT: Mapping[str, Mapping[str, str]] = {
    "co-bidding": {
        "en": "Two firms of one small town, or the only two that a buyer knows for a product, meet "
        "all the time; see whether others could have bid.",
        "zh": "同一小镇的两家企业，或买方就某产品仅知的两家企业，自然经常相遇；"
        "请核实是否另有企业可投标。",
    },
    "shared officials": {
        "en": "One official may be in charge of what both firms sell, or of a district; see how "
        "files are given out at the office.",
        "zh": "某官员可能正好主管两家企业所供产品或所在片区；请核实该单位如何分派经办人。",
    },
}
