"""Buyers and suppliers that meet more often than chance explains."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.links import links
from graphgov.network.telling import repeats_clause
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.market import Advantage, Market, market
from graphgov.stats.spans import FAR

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
class OverrepresentedLink(Detector):
    """A company wins from a body more often than its bids, or its market share, explain.

    Method: Where at least **min_contests** of the pair's contests had a rival and known bids,
        count the company's wins among them; each is won with a chance that depends on who else
        bid and on how the company and its rivals fare at other bodies, so the count is
        Poisson-binomial. If companies win more in their own region than elsewhere, as nearness
        lets them, that much is expected of every one there and here. Otherwise count joint awards;
        inside strata of category, region, year and size they are hypergeometric given the
        body's and the company's awards, and the strata are added up exactly; as only pairs that
        met are seen, the chance is that of so many given one. Pairs below **min_awards** joint
        awards are not flagged.
    Example: A firm wins 14 of the 16 tenders of a school board it bid for, where its rivals and
        its record at other boards would have given it five.
    Why: Steered awards pile up between two parties. So do the awards of a firm that is simply
        close by, cheapest for this buyer's needs, or already installed there.
    Score: Surprise of the p-value, decades / (decades + 2). Joint awards count half the
        decades, of the larger of p and the chance given how far honest pairs lie from
        expectation (negative binomial): they cannot tell a captive from a favoured firm.
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
        "bodies.region", "bodies.name", "companies.name", "companies.region", "rates.rate",
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
        plain = links(snap)
        body, company = plain.body, plain.company
        far = np.full(body.size, FAR, np.int32)
        seen = yard.advantage(body, company, -far, far)
        by_bids = seen.contests >= self.min_contests
        tail = Tail(
            np.where(by_bids, seen.bids.above, plain.tail.above),
            np.where(by_bids, seen.bids.at, plain.tail.at),
        )
        expected, tail = _at_home(snap, yard, body, company, seen, by_bids, plain.expected, tail)
        # Who entered contests often enough says nothing about who won them; pairs that never
        # met are not listed, so the other form is tested given that they met.
        tested = np.where(by_bids, seen.contests >= self.min_awards, plain.joint >= 1)
        q = np.full(body.size, np.nan)
        q[tested] = benjamini_hochberg(tail.p[tested])
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
                # Who bid would tell a captive from a favoured firm; without it half is said.
                score=surprise(float(p[i] if by_bids[i] else max(p[i], seen.p_share[i]) ** 0.5)),
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


def _at_home(
    snap: Snapshot,
    yard: Market,
    body: npt.NDArray[np.int32],
    company: npt.NDArray[np.int32],
    seen: Advantage,
    by_bids: npt.NDArray[np.bool_],
    joint_expected: F64,
    tail: Tail,
) -> tuple[F64, Tail]:
    """Expected wins and tails once companies are given what nearness is worth.

    That is what all of them win in contests of their own region, and in others', over what their
    strength lets expect; nearness is never a drawback.
    """
    expected = np.where(by_bids, seen.contest_expected, joint_expected)
    home, away = (_regions(snap, kind) for kind in ("body", "company"))
    same = (home[body] == away[company]) & (home[body] != "")
    premium = np.ones(body.size)
    for part, bound in ((by_bids & same, np.maximum), (by_bids & ~same, np.minimum)):
        hoped = float(np.sort(seen.contest_expected[part]).sum())
        if hoped > 0:
            premium[part] = bound(float(seen.contest_wins[part].sum()) / hoped, 1.0)
    rows = np.flatnonzero(premium != 1.0)
    far = np.full(rows.size, FAR, np.int32)
    _, _, expected[rows], fair = yard.strengths.view(
        body[rows], company[rows], -far, far, np.arange(rows.size), rows.size, premium[rows]
    )
    above, at = tail.above.copy(), tail.at.copy()
    above[rows], at[rows] = fair.above, fair.at
    return expected, Tail(above, at)


def _regions(snap: Snapshot, kind: str) -> npt.NDArray[np.object_]:
    table = {"body": "bodies", "company": "companies"}[kind]
    rows = snap.sql(f"SELECT coalesce(region, '') AS region FROM {table} ORDER BY {kind}_id")
    return np.asarray(rows["region"].to_numpy(zero_copy_only=False), dtype=np.object_)
