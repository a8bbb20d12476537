"""Flags on rivals with an owner in common: what R032 and R033 share."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphgov.detector import Detector, Findings
from graphgov.indicators._pairs import (
    certainty_of,
    covered,
    encounters,
    not_stated,
    owner_members,
    owner_of,
    pair_flag,
    partly,
)
from graphgov.network.shared_control import Behind, Common, behind
from graphgov.network.shared_owners import Joined, joined_rivals
from graphgov.network.shared_rivals import Rivals, rivals
from graphgov.schema import Evidence, Flag
from graphgov.snapshot import Snapshot

_UNSURE = {
    "en": " (estimated, since the register leaves shares out)",
    "zh": "（登记未载明全部股份，系估算）",
}
_SURE = {"en": "", "zh": ""}
_FULL = 0.5  # share at which the score stops rising
_THROUGH = 0.7  # of the score where a person holds through companies, as open groups do
_TRUST = (1.0, 0.9, 0.6)  # of documented, declared and inferred edges


@dataclass(frozen=True)
class Holding:
    """An owner of two companies over all their meetings.

    Args:
        common: At the meeting where its smaller share was largest.
        share: That smaller share; the lower end where it reaches the line, else the estimate.
        known: The lower ends reach the line.
        rows: Table and row key of every edge at any of the meetings.
        certainty: The weakest of them.
        dated: All of them say since when.
    """

    common: Common
    share: float
    known: bool
    rows: frozenset[tuple[str, str]]
    certainty: int
    dated: bool


def holding(commons: Sequence[Common], line: float) -> Holding:
    """What one owner had at several meetings."""
    known = any(c.low >= line for c in commons)
    best = max(commons, key=lambda c: (c.low if known else c.point, -len(c.rows)))
    return Holding(
        best,
        best.low if known else best.point,
        known,
        frozenset(row for c in commons for row in c.rows),
        max(c.certainty for c in commons),
        all(c.dated for c in commons),
    )


def owner_findings(
    detector: Detector, snap: Snapshot, line: float, *, people_only: bool, low: float, high: float
) -> Findings:
    """One flag per pair of rivals with a common owner of a share of at least `line` in both.

    Args:
        detector: Whose flags.
        snap: Where to look.
        line: Effective share.
        people_only: Leave out companies as owners.
        low: Score of the smallest share.
        high: Score of half of both companies.
    """
    market = rivals(snap)
    if not snap.has("ownership.owner_id"):
        return not_stated(len(market.pairs[0]), ["ownership.owner_id"])
    found = behind(snap)
    first, count = found.base.first_company, len(found.base.companies)

    def holds(common: Common) -> bool:
        is_person = common.node < first
        if not is_person and (people_only or common.node >= first + count):
            return False
        return common.point >= line - 1e-9

    kept = joined_rivals(snap).where(holds)
    stated = found.stated
    subjects, computable = covered(market, stated)
    return Findings(
        flags=list(_flags(detector, snap, market, found, kept, line, (low, high))),
        subjects=subjects,
        computable=computable,
        reason=partly(subjects, computable, "no owner"),
    )


def _flags(
    detector: Detector,
    snap: Snapshot,
    market: Rivals,
    found: Behind,
    kept: Joined,
    line: float,
    scores: tuple[float, float],
) -> Iterator[Flag]:
    by_pair: dict[int, dict[int, list[Common]]] = defaultdict(lambda: defaultdict(list))
    for pair, commons in zip(kept.met.pair.tolist(), kept.commons, strict=True):
        for common in commons:
            by_pair[pair][common.node].append(common)
    for seen in encounters(snap, market, kept.a, kept.b, kept.met):
        owners = [holding(commons, line) for commons in by_pair[seen.place].values()]
        best = max(owners, key=lambda h: (h.known, h.share, -h.common.node))
        kind, key, name = owner_of(snap, found, best.common)
        low, high = scores
        score = low + (high - low) * min(1.0, best.share / _FULL)
        score *= _TRUST[best.certainty] * (1.0 if best.known else 0.7) * (1 if best.dated else 0.8)
        if kind == "person" and not best.common.direct:
            score *= _THROUGH
        own = {seen.a: best.common.first, seen.b: best.common.second}
        shares = {k: s.low if best.known else s.point for k, s in own.items()}
        yield pair_flag(
            detector,
            snap,
            seen,
            score=score,
            value=round(best.share, 6),
            threshold=line,
            certainty=certainty_of(best.common),
            person_id=key if kind == "person" else "",
            facts={
                "owner": name,
                "share_one": round(shares[seen.a], 6),
                "share_two": round(shares[seen.b], 6),
                "through": [
                    snap.name("company", found.base.name(n)[1]) for n in best.common.through
                ]
                or ["-"],
                "dated": best.dated,
                "unsure": dict(_SURE if best.known else _UNSURE),
            },
            evidence=[Evidence(table, row) for table, row in sorted(best.rows)],
            members=owner_members(found, best.common),
        )
