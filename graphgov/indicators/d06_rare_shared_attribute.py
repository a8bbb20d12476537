"""Companies with a rare contact in common that meet more often than chance."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._pairs import (
    company_rows,
    contact_words,
    encounters,
    joined,
    not_stated,
    pair_flag,
)
from graphgov.network.projection import Bidding, Pairs, Validation, bidding, validate
from graphgov.network.shared_contacts import COLUMNS as CONTACTS
from graphgov.network.shared_contacts import Contacts, Linked, contacts, linked
from graphgov.network.shared_rivals import COLUMNS, Met, Rivals, niches, rivals
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.spans import I64

F64 = npt.NDArray[np.float64]
_SEED = 6
_MAX_BIDDERS = 20


@dataclass(frozen=True)
class RareSharedAttribute(Detector):
    """Two companies with the same rare contact bid against each other more than chance has it.

    Method: A telephone number, e-mail or postal address that n of N companies have says
        -ln((n - 1) / (N - 1)) about a pair that shares it; sum over kinds, what a service may
        lend counting once. Of pairs with a sum of **min_bits** or more test how often they bid
        on one lot against bidders dealt out at random among the places of lots of the same
        category, method, region and year (hypergeometric, summed over these niches). Flag
        pairs that met **min_lots** times with q at most **max_q**.
    Example: Of 4 000 firms two give the same mailbox; they bid together eleven times, where
        their trades and regions explain one meeting.
    Why: Rivals have no reason to share a telephone, and less to come to the same tenders.
        Firms of one building and one trade meet often too.
    Score: Surprise of the number of meetings.
    Skips: Values of more than **max_holders** companies; lots with more than twenty bidders;
        joint bids; pairs of state-owned companies; pairs that never bid in one niche.
    Source: Catalogue D06; Tumminello and others 2011 for the meetings.
    """

    code: ClassVar = "D06"
    title: ClassVar = {"en": "Rare shared attribute", "zh": "罕见的共同特征"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "meetings"
    needs: ClassVar = ("bids.bid_id",)
    wants: ClassVar = (*COLUMNS, *CONTACTS)
    sentences: ClassVar = {
        "en": (
            "{one} and {two} share {shared[en]:text}, and bid on the same lot {lots:n} times "
            "between {first} and {last}, where {expected:times} times were to be expected; they "
            "won {won:n} awards of {bodies:names} there for {amounts:money}.",
            "Firms of one building, one adviser or one family may trade in the same goods and "
            "meet for that reason alone.",
        ),
        "zh": (
            "{one}与{two}共有：{shared[zh]:text}；两者在{first}至{last}期间共同参与{lots:n}个标段，"
            "而预期约{expected:times}个，其间在{bodies:names}中标{won:n}项，合计{amounts:money}。",
            "同一楼宇、同一代办机构或同一家族的企业可能经营同类商品，因而经常相遇。",
        ),
    }

    min_bits: float = bounded(3.0, low=0.5, high=30.0)
    max_holders: int = bounded(10, low=2, high=50)
    min_lots: int = bounded(3, low=1, high=1000)
    max_q: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per pair."""
        market = rivals(snap)
        if not any(snap.has(column) for column in CONTACTS):
            return not_stated(0, CONTACTS)
        att = contacts(snap, self.max_holders)
        shared = linked(att)
        rows = np.flatnonzero(
            (shared.bits >= self.min_bits) & ~(market.state[shared.a] & market.state[shared.b])
        )
        a, b = shared.a[rows], shared.b[rows]
        met = market.met(a, b)
        checked, met = _checked(snap, market, a, b, met)
        testable = np.flatnonzero(checked.expected > 0)
        p = checked.tail.p[testable]
        q = benjamini_hochberg(p)
        joint = np.bincount(met.pair, minlength=len(a))
        shown = {
            int(i): (float(p[k]), float(q[k]), float(checked.expected[i]))
            for k, i in enumerate(testable.tolist())
            if q[k] <= self.max_q and joint[i] >= self.min_lots
        }
        keep = np.isin(met.pair, list(shown))
        met = Met(met.pair[keep], met.lot[keep])
        drawn = checked.tail.randomised(_SEED)[testable]
        return Findings(
            flags=self._flags(snap, market, (att, shared, rows), (a, b), met, shown),
            subjects=len(a),
            computable=len(testable),
            reason="not computable, because the rest of the pairs never bid in one category and "
            "region at a time"
            if len(testable) < len(a)
            else "",
            p_values=drawn,
        )

    def _flags(
        self,
        snap: Snapshot,
        market: Rivals,
        source: tuple[Contacts, Linked, I64],
        pairs: tuple[I64, I64],
        met: Met,
        shown: dict[int, tuple[float, float, float]],
    ) -> list[Flag]:
        att, shared, rows = source
        found = list(encounters(snap, market, *pairs, met))
        own = company_rows(snap, [key for seen in found for key in (seen.a, seen.b)])
        flags = []
        for seen in found:
            p_value, q_value, expected = shown[seen.place]
            at = int(rows[seen.place])
            said = contact_words(att, range(shared.begins[at], shared.begins[at + 1]))
            flags.append(
                pair_flag(
                    self,
                    snap,
                    seen,
                    score=surprise(p_value),
                    value=float(len(seen.lots)),
                    threshold=float(self.min_lots),
                    p_value=p_value,
                    q_value=q_value,
                    facts={
                        "shared": joined(said),
                        "expected": round(expected, 4),
                        "bits": round(float(shared.bits[at]), 4),
                    },
                    evidence=[own[seen.a], own[seen.b]],
                )
            )
        return flags


def _checked(snap: Snapshot, market: Rivals, a: I64, b: I64, met: Met) -> tuple[Validation, Met]:
    """The test of every pair, and its meetings on lots of a usable size."""
    bids = _bids(market)
    keep = bids.size[met.lot] > 0
    met = Met(met.pair[keep], met.lot[keep])
    joint = np.bincount(met.pair, minlength=len(a)).astype(np.int64)
    lots = np.bincount(bids.company, minlength=bids.companies).astype(np.int64)
    either = np.maximum(lots[a] + lots[b] - joint, 1)
    pairs = Pairs(a.astype(np.int32), b.astype(np.int32), joint, joint / either, lots)
    # Years, because firms come and go; their own first and last bids would be a biased span.
    year = np.where(market.day < 0, 0, market.day // 365)
    place = niches(snap, market) * (int(year.max(initial=0)) + 1) + (year if len(year) else 0)
    _, stratum = np.unique(place, return_inverse=True)
    return validate(bids, pairs, stratum=stratum, min_joint=0, by_place=True), met


def _bids(market: Rivals) -> Bidding:
    return bidding(
        market.lot, market.company, lots=market.lots, companies=market.companies,
        max_size=_MAX_BIDDERS,
    )  # fmt: skip
