"""One circle of tied people, several firms: work parcelled out among them in turns."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.network.closeness import NEEDS, WANTS, Close, close, strongest
from graphgov.network.favour import awards_of, busiest, combined, decades, term_rows, total
from graphgov.network.telling import repeats_clause
from graphgov.network.tied_firms import TiedFirms, tied_firms
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.market import AwardRow
from graphgov.stats.rotation import rotation_p_values, turns
from graphgov.stats.spans import F64, I64, slices

_TURN_DECADES = 3.0  # of taking turns, at most: it says how, the excess says that


@dataclass(frozen=True)
class ParcellingOut(Detector):
    """One circle around an official wins through several firms, none of which stands out.

    Method: Take the firms of an official's circle: those whose owners or officers are tied to
        the official, or to somebody who is, by a chain of E01 whose weights multiply to
        **theta** or more while all of its ties and the office held. Add up contests, wins and
        expectations over the whole circle, whether its firms won or lost, and measure the
        advantage as E01 does. At least **min_firms** must have won, **min_wins** awards
        together and none more than **max_share** of them. Whether they take turns is tested on
        the order of their wins.
    Example: The wife of a county head owns a firm, her two business partners one each; the
        three win five, four and six awards of the county, one after the other, where four
        were to be expected of all three.
    Why: Work given to one friend is conspicuous, work parcelled out to a circle is not. Firms of
        families and partners are common in small trades.
    Score: Odds of favour against steadiness and habit, and rarity of the ties, in powers of ten,
        added up and damped for few wins as in E01 (the rarity is the mean over the awards),
        plus half the decades of taking turns, to three decades at most.
    Skips: Circles with neither a p-value up to **max_p** and a q-value up to **max_q** nor
        **least_points** of such odds; what was decided on days on which the official is
        recorded as recused.
    Source: Catalogue E14; waiting ranks of C10 for the turns.
    """

    code: ClassVar = "E14"
    title: ClassVar = {"en": "Work parcelled out to one circle", "zh": "项目分包给同一关系圈"}
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "person"
    unit: ClassVar = "times the expected awards"
    needs: ClassVar = NEEDS
    wants: ClassVar = (
        *WANTS, "decisions.person_id", "decisions.award_id", "decisions.tender_id",
        "decisions.recused",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{firms:n} companies of one circle around {official} ({companies:names}) shared "
            "{wins:n} awards of {bodies:names}{repeats[en]:text} ({first} to {last}, "
            "{amounts:money}) while ties and office held, where {expected:times} were to be "
            "expected of the circle's {took_part:n} companies; none of them won more than "
            "{largest:pct} of these{turns[en]:text}.",
            "In small trades families and partners often own several firms, and each may win on "
            "its merits; compare their prices and their success where {official} has no say.",
        ),
        "zh": (
            "{official}关系圈内的{firms:n}家企业（{companies:names}）在关系与任职存续期间分享了"
            "{bodies:names}的{wins:n}项中标{repeats[zh]:text}（{first}至{last}，{amounts:money}），"
            "该圈参与的{took_part:n}家企业预期约{expected:times}项；其中任何一家的占比均不超过"
            "{largest:pct}{turns[zh]:text}。",
            "小行业中家族或合伙人常拥有多家企业，各自也可能凭实力中标；"
            "请比较其报价及在{official}职权之外的中标。",
        ),
    }

    theta: float = bounded(0.3, low=0.2, high=1.0)
    min_firms: int = bounded(3, low=3, high=50)
    min_wins: int = bounded(6, low=3, high=500)
    max_share: float = bounded(0.65, low=0.34, high=1.0)
    max_p: float = bounded(0.01, low=0.0, high=1.0)
    max_q: float = bounded(0.1, low=0.0, high=1.0)
    least_points: float = bounded(2.5, low=0.0, high=20.0)

    def find(self, snap: Snapshot) -> Findings:
        """The circle of every official."""
        near = close(snap)
        plain = _undamped(near)
        held = tied_firms(snap, near, [i for i in strongest(near, plain) if plain[i] >= self.theta])
        seen, p = held.seen, combined(held.seen)
        firms, winners = held.count(winners=False), held.count(winners=True)
        tested = firms >= self.min_firms
        q = np.full(p.size, np.nan)
        q[tested] = benjamini_hochberg(p[tested])
        worth = decades(seen, held.mean(near.rarity))
        stands_out = (p <= self.max_p) & (q <= self.max_q)
        hits = tested & (stands_out | (worth >= self.least_points))
        hits &= (winners >= self.min_firms) & (seen.wins >= self.min_wins)
        flags = []
        for g in np.flatnonzero(hits).tolist():
            _, wins = held.members(g)
            if wins[0] <= self.max_share * wins.sum():
                flags.append(self._flag(snap, held, g, int(firms[g]), worth, p, q))
        everybody = int(np.unique(near.held.person).size)
        return Findings(
            flags,
            subjects=everybody,
            computable=everybody,
            p_values=seen.bids.randomised(0)[seen.contests > 0],
        )

    def _flag(
        self,
        snap: Snapshot,
        held: TiedFirms,
        g: int,
        took_part: int,
        worth: F64,
        p: F64,
        q: F64,
    ) -> Flag:
        near, seen = held.near, held.seen
        by_body = awards_of(near.yard, held.queries, g)
        awards = sorted(
            (a for found in by_body.values() for a in found),
            key=lambda a: (a.awarded_on, a.award_id, a.row_key),
        )
        person = int(held.officials[g])
        person_id = near.graph.people[person]
        bodies = [near.yard.body_ids[b] for b in busiest(by_body)]
        rows, wins = held.members(g)
        companies = [near.yard.company_ids[near.company[i]] for i in rows]
        chains = [near.found.chain(int(near.row[i])) for i in rows]
        order = _in_order(held, g, rows)
        p_turns = _turns(order, len(companies))
        points = float(worth[g])
        points += 0.5 * min(-np.log10(max(p_turns, 1e-9)), _TURN_DECADES)
        amounts = total(awards)
        weakest = max(int(near.found.certainty[near.row[i]]) for i in rows)
        facts = {
            "official": snap.name("person", person_id),
            "companies": [snap.name("company", c) for c in companies],
            "bodies": [snap.name("body", b) for b in bodies],
            "firms": len(companies),
            "took_part": took_part,
            "wins": int(seen.wins[g]),
            "by_firm": wins.tolist(),
            "largest": round(float(wins[0] / wins.sum()), 4),
            "expected": round(float(seen.expected[g]), 4),
            "contests": int(seen.contests[g]),
            "contest_wins": int(seen.contest_wins[g]),
            "contest_expected": round(float(seen.contest_expected[g]), 4),
            "changes": int(np.count_nonzero(np.diff(order))),
            "same_day": _same_day(by_body),
            "p_turns": round(p_turns, 6),
            "turns": _turns_clause(order, p_turns),
            "repeats": repeats_clause(int(seen.wins[g]), len({a.award_id for a in awards})),
            "first": awards[0].awarded_on.isoformat(),
            "last": awards[-1].awarded_on.isoformat(),
            "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
        }
        between = {(s.to_kind, s.to_id) for chain in chains for s in chain.steps[:-1]}
        return self.flag(
            person_id,
            score=surprise(10.0 ** -min(points, 290.0)),
            value=round(float(seen.wins[g] / max(seen.expected[g], 1e-9)), 6),
            p_value=float(p[g]),
            q_value=float(q[g]),
            facts=facts,
            amounts=dict(amounts),
            first_on=awards[0].awarded_on,
            last_on=awards[-1].awarded_on,
            body_id=bodies[0],
            company_id=companies[0],
            person_id=person_id,
            certainty=CERTAINTIES[weakest],
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in awards),
                *term_rows(near.held, person, set(by_body)),
                *(Evidence(s.table, s.row_key) for chain in chains for s in chain.steps),
            ),
            members=(
                Member("person", person_id, "official"),
                *(Member("company", c, "winner") for c in companies),
                *(
                    Member(kind, key, "link" if kind == "person" else "holder")
                    for kind, key in sorted(between)
                    if key not in companies
                ),
                *(Member("body", b, "buyer") for b in bodies),
                *(Member("award", a.award_id, "award") for a in awards),
            ),
        )


def _undamped(near: Close) -> F64:
    """The product of each chain's weights: longer chains weigh no less, as fading they do."""
    edges = near.found.edges[near.row]
    if not near.graph.weight.size:
        return np.zeros(edges.shape[0])
    product = np.where(edges >= 0, near.graph.weight[edges], 1.0).prod(axis=1)
    return np.asarray(product * near.strength / near.found.strength[near.row])


def _in_order(held: TiedFirms, g: int, rows: I64) -> I64:
    """The place of the winner among the circle's companies, decision by decision."""
    shares, queries = held.near.yard.shares, held.queries
    low, high = np.searchsorted(queries.group, [g, g + 1])
    spans = slice(int(low), int(high))
    begin, end = shares.decisions.span(
        queries.body[spans], queries.company[spans], queries.start[spans], queries.end[spans]
    )
    places = {int(held.near.company[i]): place for place, i in enumerate(rows)}
    pair, day = np.divmod(shares.decisions.key[slices(begin, end)], shares.decisions.days + 1)
    body, company = np.divmod(pair, shares.companies)
    place = np.array([places[c] for c in company.tolist()], dtype=np.int64)
    return np.asarray(place[np.lexsort((place, body, day))])


def _turns(order: I64, firms: int) -> float:
    """Chance that the firm that has waited longest is next as often as seen."""
    if order.size < 2 * firms:
        return 1.0
    seen = turns(np.ones((order.size, firms), dtype=bool), order)
    return float(rotation_p_values([seen])[0][0])


def _turns_clause(order: I64, p: float) -> dict[str, str]:
    if p > 0.05:
        return {"en": "", "zh": ""}
    changes = int(np.count_nonzero(np.diff(order)))
    return {
        "en": f"; they took turns: {changes} of {order.size - 1} times another one won next",
        "zh": f"；各家轮流中标：{order.size - 1}次中有{changes}次换成另一家",
    }


def _same_day(by_body: Mapping[int, Sequence[AwardRow]]) -> int:
    """Days on which a body gave the circle several awards."""
    counts: dict[tuple[int, date], set[str]] = defaultdict(set)
    for body, awards in by_body.items():
        for a in awards:
            counts[body, a.awarded_on].add(a.award_id)
    return sum(len(found) > 1 for found in counts.values())
