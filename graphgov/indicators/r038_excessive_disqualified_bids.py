"""Bodies that disqualify, and companies that are disqualified, far more than others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import COLUMNS, I64, rows_of, span, sums_of
from graphgov.indicators._rates import Rates, rates
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.disqualified import ExcessOptions, excessive
from graphgov.stats.bids.frames import DISQUALIFIED, Marks
from graphgov.stats.bids.from_snapshot import Records, records

_DOES = {"en": "disqualified", "zh": "收到的"}
_WAS = {"en": "was disqualified with", "zh": "提交的"}


@dataclass(frozen=True)
class ExcessiveDisqualifiedBids(Detector):
    """A large share of disqualified bids at one body, or of one company.

    Method: Disqualified among submitted bids, per buyer, per procuring entity and per company
        (every member of a joint bid). Shares at or above the upper fence (quartile and 1.5
        interquartile ranges) of their kind, with **min_bids** bids or more and
        **min_disqualified** of them disqualified, are flagged where also p is at most
        **max_p**. Null of p: bids are disqualified as often as those of others in the same
        category division (beta-binomial).
    Example: An office puts out 31 of 80 bidders where its neighbours put out three.
    Why: Put out who is not wanted; or bid to be put out, so that a friend has a rival on
        paper. Inexperienced bidders and another use of the word give high shares too.
    Score: Surprise of the number of disqualified bids.
    Skips: Bids without a status; kinds of fewer than 20 with bids, or whose quartiles are equal.
    Source: OCP Red flags (2024) R038; Cardinal R038, which counts bids as this does.
    """

    code: ClassVar = "R038"
    title: ClassVar = {"en": "Excessive disqualified bids", "zh": "废标过多"}
    class_: ClassVar = "statistical"
    null: ClassVar = "all"  # of bodies and of companies
    subject_kind: ClassVar = "body"
    unit: ClassVar = "share of submitted bids"
    needs: ClassVar = ("bids.status",)
    wants: ClassVar = COLUMNS
    sentences: ClassVar = {
        "en": (
            "{who} {did[en]:text} {unit_hits:n} of {unit_all:n} submitted bids "
            "between {first} and {last} (worth {amounts:money}), where {unit_expected:times} were "
            "to be expected; {others:names} {part[en]:text}.",
            "Bidders may be inexperienced, the trade may have hard formal rules, and some "
            "publishers call every losing bid disqualified.",
        ),
        "zh": (
            "{first}至{last}，{who}{did[zh]:text}{unit_all:n}份投标中有{unit_hits:n}份为废标"
            "（金额{amounts:money}），预期约{unit_expected:times}份；{part[zh]:text}：{others:names}。",
            "投标人可能缺乏经验，行业的形式要求可能较严，也有发布机构把所有未中标的投标记为废标。",
        ),
    }

    min_bids: int = bounded(2, low=1, high=10_000)
    min_disqualified: int = bounded(2, low=1, high=10_000)
    max_p: float = bounded(0.05, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All bodies and companies over the fence of their kind."""
        seen = records(snap)
        frames = seen.frames
        found = excessive(
            frames,
            ExcessOptions(
                minimum_submitted_bids=self.min_bids,
                minimum_contracting_processes=self.min_bids,
                guarded=True,
            ),
        )
        bid, company = frames.tenderers_of(np.flatnonzero(frames.submitted))
        process = frames.bids.process[bid].astype(np.int64)
        out = frames.bids.status[bid] == DISQUALIFIED
        once = np.r_[True, bid[1:] != bid[:-1]][: len(bid)]
        pairs = np.stack([process, company.astype(np.int64)])
        flags: list[Flag] = []
        drawn, judged = [], 0
        named: set[int] = set()
        for kind, role, marks, unit, mask in (
            ("body", "buyer", found.buyers, frames.processes.buyer[process], once),
            ("body", "entity", found.entities, frames.processes.entity[process], once),
            ("company", "bidder", found.tenderers, company, np.ones(len(bid), np.bool_)),
        ):
            known = mask & (unit >= 0)
            peers = rates(unit[known], seen.division[process[known]], out[known])
            if role != "entity":
                drawn.append(peers.randomised)
            if role == "buyer":
                judged = len(marks.codes)
            codes = self._hits(marks, peers)
            if role == "entity":  # mostly the buyer again
                codes = codes[~np.isin(codes, list(named))]
            if role == "buyer":
                named |= set(codes.tolist())
            wanted = np.isin(unit, codes) & out
            rows = rows_of(snap, seen, pairs[:, wanted], unit[wanted].astype(np.int64))
            flags += [
                self._flag(snap, seen, kind, role, int(code), marks, peers, rows[int(code)])
                for code in codes
            ]
        subjects = snap.subjects("body")
        rest = subjects - judged
        some = f"not computable, because {rest} bodies received fewer than {self.min_bids} bids"
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=judged,
            reason=some if rest else "",
            p_values=np.concatenate(drawn),
        )

    def _hits(self, marks: Marks, peers: Rates) -> I64:
        codes, _ = marks.leads()
        at = np.searchsorted(peers.code, codes)
        return codes[(peers.p[at] <= self.max_p) & (peers.hits[at] >= self.min_disqualified)]

    def _flag(
        self,
        snap: Snapshot,
        seen: Records,
        kind: str,
        role: str,
        code: int,
        marks: Marks,
        peers: Rates,
        rows: Sequence[Mapping[str, Any]],
    ) -> Flag:
        key = (seen.bodies if kind == "body" else seen.companies)[code]
        bids = [r for r in rows if r["table"] == "bids" and r["status"] == "disqualified"]
        amounts, (first, last) = sums_of(bids), span(bids)
        at = peers.of(code)
        other = "company" if kind == "body" else "body"
        column = "company_id" if kind == "body" else "buyer_id"
        others = sorted({r[column] for r in bids})
        return self.flag(
            key,
            subject_kind=kind,
            score=surprise(float(peers.p[at])),
            value=float(marks.values[np.searchsorted(marks.codes, code)]),
            p_value=float(peers.p[at]),
            q_value=float(peers.q[at]),
            amounts=amounts,
            first_on=first,
            last_on=last,
            body_id=key if kind == "body" else "",
            company_id=key if kind == "company" else "",
            facts={
                "who": snap.name(kind, key),
                "did": _DOES if kind == "body" else _WAS,
                "part": _PART[kind],
                "others": [snap.name(other, o) for o in others],
                "first": first.isoformat() if first else "?",
                "last": last.isoformat() if last else "?",
                "amounts": [[c, str(a)] for c, a in amounts.items()],
                **peers.facts(code),
            },
            evidence=[Evidence("bids", r["row_key"], r["id"]) for r in bids],
            members=[
                Member(kind, key, role),
                *(Member(other, o, "disqualified" if kind == "body" else "buyer") for o in others),
            ],
        )


_PART = {
    "body": {"en": "were put out", "zh": "被否决的企业"},
    "company": {"en": "did so", "zh": "作出决定的采购人"},
}
