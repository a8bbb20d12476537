"""Tenders whose bidders are three on paper and fewer behind it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._contests import Contest, contests, flag_on
from graphgov.indicators._pairs import not_stated, owner_members, owner_of
from graphgov.network.shared_control import COLUMNS as CONTROL
from graphgov.network.shared_control import Behind, Common, behind, nearest
from graphgov.network.shared_owners import Joined, joined_rivals
from graphgov.network.shared_rivals import COLUMNS, Rivals, rivals
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.from_snapshot import UNKNOWN

_OPEN = ("open", "selective")
_OPEN_GROUP = 0.5  # of the score where a company holds the bidders for everybody to see
_LOST = 0.6  # of the score where none of them won
_METHODS = ("tenders.method", "awards.method")
_SOURCES = ("ownership.started_on", "officers.started_on")


@dataclass(frozen=True)
class TooFewIndependent(Detector):
    """Fewer independent bidders than the law asks for, though enough bids were counted.

    Method: Put bidders of a lot that were under one control on the day bids were due into one
        cluster: one person or company held more than half of the votes of both, directly or
        through companies it controls, or headed both (legal representative, actual
        controller), or one of the two so held the other. Count the clusters. Flag lots of
        open and selective procedures in which valid bids of two or more companies came from
        fewer than **required** clusters, and from fewer clusters than companies.
    Example: Three firms bid for a bridge; two of them belong to the same widow, so that the
        buyer had two offers where the law asks for three.
    Why: Bids of one hand are one bid. State groups under separate management, a share sold
        but not yet registered, and affiliates who said so look the same.
    Score: 0.9 where all bids came from one hand, else 0.7; a tenth less for declared edges; half
        of it for an open group, in which a company holds the bidders for everybody to see; six
        tenths where none of them won.
    Skips: Control by bodies, state-owned companies and owners of more than fifty companies;
        edges without a start and inferred ones, which carry no legal claim; joint bids.
    Source: PRC Tendering Law art. 28 and its regulations art. 34; Procurement Law regulations
        art. 18; catalogue I14.
    """

    code: ClassVar = "I14"
    title: ClassVar = {"en": "Fewer than three independent bidders", "zh": "独立投标人不足三家"}
    class_: ClassVar = "legal"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "independent bidders"
    needs: ClassVar = ("bids.bid_id",)
    wants: ClassVar = (*COLUMNS, *CONTROL)
    sentences: ClassVar = {
        "en": (
            "{bidders:n} companies bid for {title} of {body} ({method} procedure), but {hands:n} "
            "independent hands stood behind them: {groups[en]:text}; {companies:names} won on {on} "
            "for {amounts:money}.",
            "Registers may be out of date, a state or family group may let its firms run "
            "separately, and the affiliation may have been declared to the buyer.",
        ),
        "zh": (
            "{body}的“{title}”（采购方式：{method}）有{bidders:n}家公司投标，"
            "但其背后仅有{hands:n}个独立控制方：{groups[zh]:text}；{on}由{companies:names}中标，"
            "金额{amounts:money}。",
            "登记信息可能过时，国有或家族集团的企业可能各自独立经营，关联关系也可能已向采购人申报。",
        ),
    }

    required: int = bounded(3, low=2, high=10)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per lot."""
        market = rivals(snap)
        subjects = len(market.seen.lots)
        for sources in (_SOURCES, _METHODS):
            if not any(snap.has(column) for column in sources):
                return not_stated(subjects, sources)
        found = behind(snap)
        proven = joined_rivals(snap).where(
            lambda common: common.controls and common.dated and common.certainty < 2
        )
        hands = _hands(market, proven, self.required)
        lots = np.array(sorted(hands), dtype=np.int64)
        flags = [
            self._flag(snap, found, contest, hands[contest.place])
            for contest in contests(snap, market.seen, lots)
            if contest.method in _OPEN
        ]
        processes, words = market.seen.frames.processes, market.seen.frames.words
        known = np.array([method != UNKNOWN for method in words.methods], dtype=bool)
        computable = int((processes.has_bids & known[processes.method]).sum()) if len(known) else 0
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=computable,
            reason=f"not computable, because {subjects - computable} lots have no bids or no method"
            if computable < subjects
            else "",
        )

    def _flag(self, snap: Snapshot, found: Behind, contest: Contest, hands: "_Hands") -> Flag:
        said: dict[str, list[str]] = {"en": [], "zh": []}
        members: list[Member] = []
        together: set[str] = set()
        edges: set[tuple[str, str]] = set()
        for one, two, common in hands.pairs:
            kind, key, name = owner_of(snap, found, common)
            first, second = snap.name("company", one), snap.name("company", two)
            if kind == "company" and key in (one, two):
                below = second if key == one else first
                said["en"].append(f"{below} is controlled by {name}")
                said["zh"].append(f"{below}受{name}控制")
            else:
                said["en"].append(f"{first} and {second} are both controlled by {name}")
                said["zh"].append(f"{first}与{second}均受{name}控制")
            members += owner_members(found, common)
            together |= {one, two}
            edges |= set(common.rows)
        certainty = max(common.certainty for *_, common in hands.pairs)
        score = (0.9 if hands.hands == 1 else 0.7) - 0.1 * (certainty > 0)
        if all(found.open_group([common]) for *_, common in hands.pairs):
            score *= _OPEN_GROUP
        if not together & set(contest.winners):
            score *= _LOST
        flag = flag_on(
            self,
            snap,
            contest,
            score=score,
            value=float(hands.hands),
            threshold=float(self.required),
            bids=[row for row in contest.bids if row["company_id"] in together],
            roles={c: "bidder" for c in sorted(together) if c not in contest.winners},
            facts={
                "bidders": hands.bids,
                "hands": hands.hands,
                "groups": {language: _JOIN[language].join(said[language]) for language in said},
            },
        )
        people = sorted({m.id for m in members if m.kind == "person"})
        more = [Evidence(table, key) for table, key in sorted(edges)]
        return msgspec.structs.replace(
            flag,
            certainty=CERTAINTIES[certainty],
            person_id=people[0] if len(people) == 1 else "",
            evidence=tuple(sorted({*flag.evidence, *more})),
            members=tuple(sorted({*flag.members, *_once(members, flag.members)})),
        )


_JOIN = {"en": "; ", "zh": "；"}


@dataclass(frozen=True)
class _Hands:
    """Bids of a lot, the independent hands behind them, and the pairs that are one hand."""

    bids: int
    hands: int
    pairs: Sequence[tuple[str, str, Common]]


def _hands(market: Rivals, proven: Joined, required: int) -> dict[int, _Hands]:
    """Lots with fewer hands than required, and fewer than bids; bids put out do not count."""
    by_lot: dict[int, list[tuple[int, int, Common]]] = defaultdict(list)
    for pair, lot, commons in zip(
        proven.met.pair.tolist(), proven.met.lot.tolist(), proven.commons, strict=True
    ):
        by_lot[lot].append((int(proven.a[pair]), int(proven.b[pair]), nearest(commons)))
    lot = market.lot
    rows = np.flatnonzero(np.isin(lot, np.array(sorted(by_lot), dtype=np.int64)) & market.fit)
    bids: dict[int, dict[int, int]] = defaultdict(dict)  # lot → company → bid
    triples = zip(
        lot[rows].tolist(), market.company[rows].tolist(), market.bid[rows].tolist(), strict=True
    )
    for at, company, bid in triples:
        bids[at][company] = bid
    ids = market.seen.companies
    out = {}
    for at, links in by_lot.items():
        here = bids[at]
        root = {bid: bid for bid in here.values()}
        kept = [link for link in links if link[0] in here and link[1] in here]
        for one, two, _ in kept:
            _unite(root, here[one], here[two])
        hands = len({_top(root, bid) for bid in root})
        if kept and hands < min(required, len(root)):
            out[at] = _Hands(len(root), hands, [(ids[a], ids[b], c) for a, b, c in kept])
    return out


def _top(root: Mapping[int, int], bid: int) -> int:
    while root[bid] != bid:
        bid = root[bid]
    return bid


def _unite(root: dict[int, int], one: int, two: int) -> None:
    first, second = sorted((_top(root, one), _top(root, two)))
    root[second] = first


def _once(more: Sequence[Member], there: Sequence[Member]) -> set[Member]:
    """Members who have no part in the flag yet."""
    known = {(m.kind, m.id) for m in there}
    return {m for m in more if (m.kind, m.id) not in known}
