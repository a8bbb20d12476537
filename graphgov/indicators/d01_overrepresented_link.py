"""Buyers and suppliers that meet more often than chance explains."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.telling import repeats_clause
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.market import Advantage, Market, market
from graphgov.stats.spans import FAR, distinct
from graphgov.stats.strata import make_strata
from graphgov.stats.sums import hypergeometric_sum_tails

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


_FEW = "not computable, because the rest met in too few contests and in no award"
_WHAT = {
    True: {"en": "tenders with known rivals", "zh": "有已知对手的招标"},
    False: {"en": "awards", "zh": "采购"},
}
_YARDSTICK = {
    True: {"en": "who else bid in its {0} contests there", "zh": "其参加的{0}次竞标的对手"},
    False: {"en": "its share of such awards in the region", "zh": "其在该地区同类采购中的份额"},
}


@dataclass(frozen=True)
class _Pairs:
    """Tested pairs: indexes, joint awards, expectation and tail."""

    body: npt.NDArray[np.int32]
    company: npt.NDArray[np.int32]
    joint: I64
    expected: F64
    tail: Tail


@dataclass(frozen=True)
class OverrepresentedLink(Detector):
    """A company wins from a body more often than its bids, or its market share, explain.

    Method: Where at least **min_contests** of the pair's contests had a rival and known bids,
        count the company's wins among them; each is won with a chance that depends on who else
        bid and on how the company and its rivals fare at other bodies, so the count is
        Poisson-binomial. Otherwise count joint awards; inside strata of category, region and
        year they are hypergeometric given the body's and the company's awards, and the strata
        are added up exactly; as only pairs that met are seen, the chance is that of so many
        given one. Pairs below **min_awards** joint awards are not flagged.
    Example: A firm wins 14 of the 16 tenders of a school board it bid for, where its rivals and
        its record at other boards would have given it five.
    Why: Steered awards pile up between two parties. So do the awards of a firm that is simply
        close by, cheapest for this buyer's needs, or already installed there.
    Score: Surprise of the p-value, decades / (decades + 2).
    Skips: Consortium partners' own shares are unknown: a joint award counts for each of them.
    Source: Tumminello and others 2011 (hypergeometric validation); conditional form after the
        catalogue's D01; strengths: Hunter 2004.
    """

    code: ClassVar = "D01"
    title: ClassVar = {"en": "Over-represented link", "zh": "买方与供应商联系异常频繁"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "times the expected wins"
    needs: ClassVar = ("awards.buyer_id", "awards.company_id", "awards.awarded_on")
    wants: ClassVar = (
        "awards.amount", "awards.currency", "awards.category", "awards.region", "awards.status",
        "awards.tender_id", "awards.lot_id", "bids.company_id", "bids.tender_id", "bids.status",
        "bids.lot_id", "tenders.category", "tenders.region", "tenders.buyer_id",
        "bodies.region", "bodies.name", "companies.name", "rates.rate",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{company} won {wins:n} {what[en]} of {body}{repeats[en]:text} where {expected:times} "
            "were to be expected from {yardstick[en]}; {awards:n} awards in all, {first} to "
            "{last}, {amounts:money}.",
            "{company} may be the nearest or the only suitable supplier for {body}, or maintain "
            "what it once installed there; see who else could have supplied it.",
        ),
        "zh": (
            "{company}从{body}赢得{wins:n}项{what[zh]}{repeats[zh]:text}，按{yardstick[zh]}预期约"
            "{expected:times}项；{first}至{last}共中标{awards:n}项，金额{amounts:money}。",
            "{company}可能是{body}最近或唯一合适的供应商，或在维护其已安装的设备；请核实还有谁能供应。",
        ),
    }

    min_awards: int = bounded(3, low=2, high=100)
    min_contests: int = bounded(3, low=1, high=100)
    min_ratio: float = bounded(1.5, low=1.0, high=100.0)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs with a joint award or a contest, tested at once."""
        yard = market(snap)
        pairs = _pairs(yard)
        body = (pairs // max(yard.shares.companies, 1)).astype(np.int32)
        company = (pairs % max(yard.shares.companies, 1)).astype(np.int32)
        far = np.full(body.size, FAR, np.int32)
        seen = yard.advantage(body, company, -far, far)
        plain = _unconditional(yard, pairs)
        by_bids = seen.contests >= self.min_contests
        tail = Tail(
            np.where(by_bids, seen.bids.above, plain.tail.above),
            np.where(by_bids, seen.bids.at, plain.tail.at),
        )
        # Who entered contests often enough says nothing about who won them; pairs that never
        # met are not listed, so the other form is tested given that they met.
        tested = np.where(by_bids, seen.contests >= self.min_awards, plain.joint >= 1)
        q = np.full(body.size, np.nan)
        q[tested] = benjamini_hochberg(tail.p[tested])
        expected = np.where(by_bids, seen.contest_expected, plain.expected)
        wins = np.where(by_bids, seen.contest_wins, plain.joint)
        ratio = wins / np.maximum(expected, 1e-9)
        flaggable = tested & (wins >= self.min_awards)
        hits = np.flatnonzero(flaggable & (q <= self.max_q) & (ratio >= self.min_ratio))
        flags = list(
            self._flags(snap, yard, hits, body, company, seen, by_bids, expected, wins, tail.p, q)
        )
        return Findings(
            flags,
            subjects=int(body.size),
            computable=int(tested.sum()),
            reason="" if tested.all() else _FEW,
            p_values=tail.randomised(0)[tested],
        )

    def _flags(
        self,
        snap: Snapshot,
        yard: Market,
        hits: I64,
        body: npt.NDArray[np.int32],
        company: npt.NDArray[np.int32],
        seen: Advantage,
        by_bids: npt.NDArray[np.bool_],
        expected: F64,
        wins: I64,
        p: F64,
        q: F64,
    ) -> Iterator[Flag]:
        for i in hits:
            awards = yard.awards(int(body[i]), int(company[i]), -FAR, FAR)
            if not awards:
                continue
            body_id, company_id = yard.body_ids[body[i]], yard.company_ids[company[i]]
            counted = int(wins[i])
            amounts: dict[str, Decimal] = {}
            for award in awards:
                amounts[award.currency] = amounts.get(award.currency, Decimal(0)) + award.amount
            facts: Mapping[str, Any] = {
                "body": snap.name("body", body_id),
                "company": snap.name("company", company_id),
                "wins": counted,
                "expected": round(float(expected[i]), 4),
                "what": _WHAT[bool(by_bids[i])],
                "yardstick": {
                    language: text.format(int(seen.contests[i]))
                    for language, text in _YARDSTICK[bool(by_bids[i])].items()
                },
                "repeats": repeats_clause(counted, counted if by_bids[i] else len(awards)),
                "awards": len(awards),
                "contests": int(seen.contests[i]),
                "first": awards[0].awarded_on.isoformat(),
                "last": awards[-1].awarded_on.isoformat(),
                "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
            }
            yield self.flag(
                (body_id, company_id),
                score=surprise(float(p[i])),
                value=round(float(wins[i] / max(expected[i], 1e-9)), 6),
                threshold=self.min_ratio,
                p_value=float(p[i]),
                q_value=float(q[i]),
                facts=facts,
                amounts=amounts,
                first_on=awards[0].awarded_on,
                last_on=awards[-1].awarded_on,
                body_id=body_id,
                company_id=company_id,
                evidence=(Evidence("awards", a.row_key, a.award_id) for a in awards),
                members=(
                    Member("body", body_id, "buyer"),
                    Member("company", company_id, "winner"),
                    *(Member("award", a.award_id, "award") for a in awards),
                ),
            )


def _pairs(yard: Market) -> I64:
    """Every body and company that met in an award or a contest, as one sorted number."""
    span = max(yard.shares.companies, 1)
    met = yard.shares.body.astype(np.int64) * span + yard.shares.company
    competed = yard.strengths.body.astype(np.int64) * span + yard.strengths.company
    return distinct(np.concatenate([met, competed]))


def _unconditional(yard: Market, pairs: I64) -> _Pairs:
    """Joint awards against independence inside strata (hypergeometric, strata added up)."""
    shares = yard.shares
    span = max(shares.companies, 1)
    of_body, of_firm = shares.body[shares.first], shares.company[shares.first]
    body, company = (pairs // span).astype(np.int32), (pairs % span).astype(np.int32)
    if not of_body.size:
        none = np.zeros(pairs.size)
        return _Pairs(body, company, none.astype(np.int64), none, Tail(np.ones(pairs.size), none))
    strata = make_strata(
        {
            "line": shares.line[shares.first],
            "region": shares.region[shares.first],
            "year": shares.day[shares.first] // 365,
        }
    ).ids.astype(np.int64)
    count = int(strata.max()) + 1
    per_body, body_n = np.unique(of_body * np.int64(count) + strata, return_counts=True)
    per_firm, firm_n = np.unique(of_firm * np.int64(count) + strata, return_counts=True)
    size = np.bincount(strata, minlength=count)
    # Every stratum of the body in which the company has an award too.
    low = np.searchsorted(per_body, body * np.int64(count))
    high = np.searchsorted(per_body, (body + np.int64(1)) * count)
    query = np.repeat(np.arange(pairs.size), high - low)
    start = np.repeat(low - np.concatenate([[0], np.cumsum(high - low)[:-1]]), high - low)
    row = start + np.arange(query.size)
    stratum = per_body[row] % count
    wanted = company[query] * np.int64(count) + stratum
    at = np.minimum(np.searchsorted(per_firm, wanted), per_firm.size - 1)
    both = per_firm[at] == wanted
    query, stratum = query[both], stratum[both]
    n_body, n_firm = body_n[row[both]], firm_n[at[both]]
    expected = np.bincount(query, n_body * n_firm / size[stratum], minlength=pairs.size)
    offsets = np.searchsorted(query, np.arange(pairs.size + 1))
    met, joint_n = np.unique(of_body * np.int64(span) + of_firm, return_counts=True)
    place = np.minimum(np.searchsorted(met, pairs), met.size - 1)
    joint = np.where(met[place] == pairs, joint_n[place], 0)
    found = hypergeometric_sum_tails(joint, size[stratum], n_firm, n_body, offsets)
    met_at_all = _at_least_one(query, size[stratum], n_firm, n_body, pairs.size)
    tail = Tail(*(np.minimum(part / met_at_all, 1.0) for part in (found.above, found.at)))
    return _Pairs(body, company, joint, np.asarray(expected, dtype=np.float64), tail)


def _at_least_one(query: I64, size: I64, firm: I64, body: I64, pairs: int) -> F64:
    """The chance that a pair meets at all: 1 - prod of C(N - K, n) / C(N, n) over its strata."""
    rest = size - firm - body
    none = np.where(
        rest < 0,
        -np.inf,
        special.gammaln(size - firm + 1.0)
        + special.gammaln(size - body + 1.0)
        - special.gammaln(np.maximum(rest, 0) + 1.0)
        - special.gammaln(size + 1.0),
    )
    chance = -np.expm1(np.bincount(query, none, minlength=pairs))
    return np.asarray(np.maximum(chance, 1e-12))
