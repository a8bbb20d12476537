"""Officials in twos and threes whose bodies buy from each other's families."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, ClassVar, NamedTuple

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.closeness import NEEDS, WANTS
from graphgov.network.favour import Queries, combined, decades, spans_of, term_rows, total
from graphgov.network.favour_rounds import Rounds, rounds
from graphgov.network.favours import Favours, favours
from graphgov.network.paths import Chain
from graphgov.network.telling import tell
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.schema.words import fill
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.market import AwardRow
from graphgov.stats.spans import I64

_EPOCH = date(1970, 1, 1)
_THIRD = {
    "en": (
        "; while {third_official} was in office there, {bodies_c:names} gave {wins_c:n} awards to "
        "{firms_c:names}, where {expected_c:times} were to be expected ({chain_c[en]:text})"
    ),
    "zh": (
        "；{third_official}任职期间，{bodies_c:names}授予{firms_c:names}{wins_c:n}项，"
        "预期约{expected_c:times}项（{chain_c[zh]:text}）"
    ),
}


@dataclass(frozen=True)
class ReciprocalFavours(Detector):
    """Officials' bodies buy more than expected from each other's family firms, in turn.

    Method: Take the firms to which an official has a chain of kinship, posts and holdings of at
        least **theta** strength, and the bodies at which another official served who has none.
        For each two officials both of whose bodies dealt with the other's firms, measure the
        advantage both ways as E01 does, in the days on which chain and office held. The p-value
        is the square of the larger one: the chance that both are as small. Rounds of three (the
        first favours the second's kin, the second the third's, the third the first's) are
        measured leg by leg in the same way; p is the cube of the largest, q is taken over all
        rounds in which bodies and firms dealt with each other. The flag is on the two of the
        leg with most awards, with the third as its person.
    Example: The head of the water bureau buys pipes from the wife of the head of roads, and the
        head of roads hires the firm of the other's brother.
    Why: Who dares not favour his own family may favour a colleague's, and be paid in kind. In
        small places two families of traders are enough for it to happen by chance.
    Score: Twice the decades of the smallest advantage times (**tie_floor** +
        (1 - **tie_floor**) x tie), the tie being the weakest of all.
    Skips: Pairs and rounds with fewer than **min_wins** awards or a p-value above **max_p** in
        any direction, or a q-value above **max_q**; bodies where both served in the same days;
        decisions from which the official is recorded as recused; rounds whose three officials
        are flagged two by two already; longer rounds.
    Source: Catalogue E13; the reshuffling of awards is replaced by the exact views of E01.
    """

    code: ClassVar = "E13"
    title: ClassVar = {"en": "Reciprocal favours of officials", "zh": "官员互相关照"}
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "person_pair"
    unit: ClassVar = "times the expected awards, the smallest way"
    needs: ClassVar = NEEDS
    wants: ClassVar = (
        *WANTS, "decisions.person_id", "decisions.award_id", "decisions.tender_id",
        "decisions.recused",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "While {first_official} was in office there, {bodies_a:names} gave {wins_a:n} awards "
            "to {firms_a:names}, where {expected_a:times} were to be expected "
            "({chain_a[en]:text}); while {second_official} was in office there, {bodies_b:names} "
            "gave {wins_b:n} awards to {firms_b:names}, where {expected_b:times} were to be "
            "expected ({chain_b[en]:text}){third[en]:text}; {first} to {last}, "
            "{amounts:money} in all.",
            "In small places families of officials own many of the firms; compare prices, and "
            "the success of these firms where neither has a say.",
        ),
        "zh": (
            "{first_official}任职期间，{bodies_a:names}授予{firms_a:names}{wins_a:n}项，"
            "预期约{expected_a:times}项（{chain_a[zh]:text}）；{second_official}任职期间，"
            "{bodies_b:names}授予{firms_b:names}{wins_b:n}项，预期约{expected_b:times}项"
            "（{chain_b[zh]:text}）{third[zh]:text}；{first}至{last}，合计{amounts:money}。",
            "小地方的许多企业由官员亲属经营；请比较价格，以及这些企业在两人职权之外的中标。",
        ),
    }

    theta: float = bounded(0.3, low=0.05, high=1.0)
    min_wins: int = bounded(2, low=1, high=100)
    tie_floor: float = bounded(0.2, low=0.0, high=1.0)
    max_p: float = bounded(0.05, low=0.0, high=1.0)
    max_q: float = bounded(0.1, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs of officials that could favour each other's kin."""
        all_ = favours(snap, floor=self.theta, standing=3)
        one_way = combined(all_.seen)
        larger = np.maximum(one_way[0::2], one_way[1::2])
        p = larger**2
        q = benjamini_hochberg(p) if p.size else p
        wins = np.minimum(all_.seen.wins[0::2], all_.seen.wins[1::2])
        hits = (larger <= self.max_p) & (q <= self.max_q) & (wins >= self.min_wins)
        mutual = np.flatnonzero(hits)
        round_ = rounds(snap, all_, standing=3, min_wins=self.min_wins, max_p=self.max_p)
        people = int(np.unique(all_.held.person).size)
        return Findings(
            [
                *(
                    self._flag(snap, all_, all_, [2 * i, 2 * i + 1], float(p[i]), float(q[i]))
                    for i in mutual.tolist()
                ),
                *self._rounds(snap, all_, round_, mutual),
            ],
            subjects=people,
            computable=people,
            p_values=all_.seen.bids.randomised(0)[all_.seen.contests > 0],
        )

    def _rounds(self, snap: Snapshot, all_: Favours, found: Rounds, mutual: I64) -> Iterator[Flag]:
        """Rounds of three that stand out among all there could be."""
        told = {frozenset(two) for two in zip(
            all_.first[mutual].tolist(), all_.second[mutual].tolist(), strict=True
        )}  # fmt: skip
        p = found.p[found.legs].max(axis=1, initial=0.0) ** 3
        # What was not measured counts as p = 1, which can only raise the q of the others.
        q = benjamini_hochberg(np.concatenate([p, np.ones(found.possible - p.size)]))[: p.size]
        for legs, chance, rate in zip(found.legs.tolist(), p.tolist(), q.tolist(), strict=True):
            people = found.queries.person[legs].tolist()
            known = sum(frozenset(two) in told for two in combinations(people, 2))
            if rate <= self.max_q and known < 2:
                yield self._flag(snap, all_, found, legs, chance, rate)

    def _flag(
        self, snap: Snapshot, all_: Favours, found: Favours | Rounds, legs: list[int],
        p: float, q: float,
    ) -> Flag:  # fmt: skip
        seen = found.seen
        most = int(np.argmax(seen.wins[legs])) if len(legs) > 2 else 0
        legs = legs[most:] + legs[:most]
        officials = found.queries.person[legs].tolist()
        others = officials[1:] + officials[:1]
        ways = [_way(all_, found.queries, g, o) for g, o in zip(legs, others, strict=True)]
        people = [all_.graph.people[o] for o in officials]
        worth = 2.0 * float(decades(seen)[legs].min())
        awards = sorted(
            {a for way in ways for a in way.awards},
            key=lambda a: (a.awarded_on, a.award_id, a.row_key),
        )
        amounts = total(awards)
        tie = min(way.strength for way in ways)
        points = worth * (self.tie_floor + (1 - self.tie_floor) * tie)
        facts: dict[str, Any] = {
            "first_official": snap.name("person", people[0]),
            "second_official": snap.name("person", people[1]),
            "strength": round(tie, 4),
            "first": awards[0].awarded_on.isoformat(),
            "last": awards[-1].awarded_on.isoformat(),
            "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
        }
        for letter, way, g in zip("abc", ways, legs, strict=False):
            facts |= {
                f"bodies_{letter}": [snap.name("body", b) for b in way.bodies],
                f"firms_{letter}": [snap.name("company", c) for c in way.companies],
                f"wins_{letter}": int(seen.wins[g]),
                f"expected_{letter}": round(float(seen.expected[g]), 4),
                f"chain_{letter}": tell(snap, way.chains[0]),
            }
        facts["third"] = {"en": "", "zh": ""}
        if len(legs) > 2:
            facts["third_official"] = snap.name("person", people[2])
            facts["third"] = {language: fill(text, facts) for language, text in _THIRD.items()}
        ratio = seen.wins[legs] / np.maximum(seen.expected[legs], 1e-9)
        top = max(ways, key=lambda way: (len(way.awards), way.companies))
        return self.flag(
            people[:2],
            window=people[2] if len(legs) > 2 else "",
            score=surprise(10.0 ** -min(points, 290.0)),
            value=round(float(ratio.min()), 6),
            p_value=p,
            q_value=q,
            facts=facts,
            amounts=dict(amounts),
            first_on=awards[0].awarded_on,
            last_on=awards[-1].awarded_on,
            body_id=top.bodies[0],
            company_id=top.companies[0],
            person_id=people[2 if len(legs) > 2 else 0],
            certainty=max((c.certainty for w in ways for c in w.chains), key=CERTAINTIES.index),
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in awards),
                *(
                    e
                    for official, way in zip(officials, ways, strict=True)
                    for e in term_rows(all_.held, official, way.places)
                ),
                *(
                    Evidence(s.table, s.row_key)
                    for way in ways
                    for chain in way.chains
                    for s in chain.steps
                ),
            ),
            members=(
                *(Member("person", key, "official") for key in people),
                *(Member("company", c, "winner") for way in ways for c in way.companies),
                *(Member("body", b, "buyer") for way in ways for b in way.bodies),
                *(m for way in ways for m in _between(way.chains)),
                *(Member("award", a.award_id, "award") for a in awards),
            ),
        )


class _Way(NamedTuple):
    """The favour of one official to the firms of the other's kin."""

    companies: list[str]
    bodies: list[str]
    places: set[int]
    awards: list[AwardRow]
    chains: list[Chain]
    strength: float


def _way(all_: Favours, queries: Queries, group: int, other: int) -> _Way:
    """Who won what in one direction, the firm with most awards first."""
    won: dict[int, list[tuple[int, AwardRow]]] = {}
    for body, company, start, end in spans_of(queries, group):
        for row in all_.yard.awards(body, company, start, end):
            won.setdefault(company, []).append((body, row))
    firms = sorted(won, key=lambda c: (-len(won[c]), c))
    count: dict[int, int] = {}
    for rows in won.values():
        for body, _ in rows:
            count[body] = count.get(body, 0) + 1
    found = [_chain(all_, other, c, [row for _, row in won[c]]) for c in firms]
    weight = [len(won[c]) for c in firms]
    mean = sum(chain.strength * n for chain, n in zip(found, weight, strict=True)) / sum(weight)
    places = sorted(count, key=lambda b: (-count[b], b))
    return _Way(
        [all_.yard.company_ids[c] for c in firms],
        [all_.yard.body_ids[b] for b in places],
        set(count),
        [row for c in firms for _, row in won[c]],
        found,
        mean,
    )


def _chain(all_: Favours, other: int, company: int, awards: Sequence[AwardRow]) -> Chain:
    """The strongest chain from the other official to a firm that held on an award's day."""
    target = company + len(all_.graph.people)
    days = [(a.awarded_on - _EPOCH).days for a in awards]
    rows = all_.kin.rows(other, target)
    held = [
        r for r in rows.tolist()
        if any(all_.kin.start[r] <= day <= all_.kin.end[r] for day in days)
    ]  # fmt: skip
    return all_.kin.chain(held[0])


def _between(found: Sequence[Chain]) -> Iterator[Member]:
    for chain in found:
        for step in chain.steps[:-1]:
            yield Member(step.to_kind, step.to_id, "link" if step.to_kind == "person" else "holder")
