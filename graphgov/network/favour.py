"""An official's favour to companies: their posts as queries to the market, and what came out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from graphgov.network.terms import Terms
from graphgov.schema import Evidence
from graphgov.stats.market import Advantage, AwardRow, Market
from graphgov.stats.spans import F64, I32, I64

# A p-value near 1, such as that of one contest lost, would outweigh any evidence of the others.
VETO = 0.95
# Wins, and contests at half weight, at which evidence counts half: two lucky ones are no pattern.
HALF_SIZE = 12.0
LEAST_ODDS = -1.0  # powers of ten: no story fits so well that it excludes another
OTHER_REASON = 1.5  # points that a tenfold excess at other times takes off


@dataclass(frozen=True)
class Queries:
    """Spans of (body, company) in groups, one group per person and company.

    Args:
        group: Ascending numbers, one per span.
        person: Per group.
        firm: Company per group.
        body: Per span.
        company: Per span.
        start: First day, per span.
        end: Last day, per span.
    """

    group: I64
    person: I32
    firm: I32
    body: I32
    company: I32
    start: I32
    end: I32


def term_queries(
    held: Terms, person: I32, company: I32, since: I32 | None = None, until: I32 | None = None
) -> Queries:
    """The terms of office of each person, cut to a window, as spans with a company.

    Args:
        held: Terms, sorted by person.
        person: One per group.
        company: One per group.
        since: First day that counts, per group.
        until: Last day that counts, per group.
    """
    low = np.searchsorted(held.person, person)
    high = np.searchsorted(held.person, person, side="right")
    group = np.repeat(np.arange(person.size, dtype=np.int64), high - low)
    skipped = np.repeat(low - np.concatenate([[0], np.cumsum(high - low)[:-1]]), high - low)
    row = (skipped + np.arange(group.size)).astype(np.int64) if group.size else group
    start, end = held.start[row], held.end[row]
    if since is not None:
        start = np.maximum(start, since[group])
    if until is not None:
        end = np.minimum(end, until[group])
    return Queries(group, person, company, held.body[row], company[group], start, end)


def ask(yard: Market, queries: Queries) -> Advantage:
    """Wins against expectation per group of spans."""
    return yard.advantage(
        queries.body, queries.company, queries.start, queries.end, queries.group,
        groups=queries.person.size, with_odds=True,
    )  # fmt: skip


def decades(seen: Advantage, ties: F64 | float = 0.0) -> F64:
    """How much speaks for favour, in powers of ten, damped for few wins, at least 0.

    The odds of favour against steadiness and habit, from when wins and bids fell, and of the
    tie, from how rare one like it is, are multiplied as independent evidence: a rare tie does
    not carry a firm that sells as it always did, nor a jump one that nobody is close to. What
    the firm won beyond expectation at the same bodies while the official was not there, or no tie
    held, had another reason, which is taken off: of two firms with the same tie the one that
    sells as well without it weighs less. One point more stands for the awards themselves: of
    equal odds those on many wins and contests weigh more. Added are the circumstances: how
    large and of how many lines the purchases were, how narrow the wins, and whether the company
    was there in the years before and after.

    Args:
        seen: Wins against expectation.
        ties: Rarity of each tie, in powers of ten.
    """
    without = np.log10((seen.outside_wins + 1.0) / (seen.outside_expected + 1.0))
    points = (
        np.maximum(seen.odds, LEAST_ODDS) + ties + 1.0 - OTHER_REASON * np.maximum(without, 0.0)
    )
    size = np.where(seen.wins > 0, seen.wins + seen.contests / 2, 0.0)
    return np.maximum(points * size / (size + HALF_SIZE) + seen.circumstances, 0.0)


def combined(seen: Advantage) -> F64:
    """One p-value from the views that have something to say (Cauchy combination).

    The chance, for a pair or an official looked at in advance, of wins that stand out as much in
    one view or several. The views share their counts, which the combination bears: on dependent
    uniform p-values 5 to 6 % fall below 0.05. Counts make each view conservative, so that on
    shuffled awards it is less. It does not know that many pairs were looked at: q does.
    """
    informative = np.stack([seen.contests > 0, seen.outside_expected >= 0.5, seen.wins >= 0])
    chances = np.stack([seen.bids.p, seen.jump.p, seen.p_share])
    safe = np.clip(chances, 1e-15, VETO)
    score = (np.tan((0.5 - safe) * np.pi) * informative).sum(axis=0) / informative.sum(axis=0)
    return np.asarray(np.clip(0.5 - np.arctan(score) / np.pi, 1e-15, 1.0))


def term_rows(held: Terms, person: int, bodies: set[int]) -> Iterator[Evidence]:
    """The rows of `offices` that put a person into bodies."""
    low, high = np.searchsorted(held.person, [person, person + 1])
    for i in range(low, high):
        if int(held.body[i]) in bodies:
            yield from (Evidence("offices", key) for key in held.rows[i])


def spans_of(queries: Queries, group: int) -> list[tuple[int, int, int, int]]:
    """The (body, company, start, end) of one group."""
    low, high = np.searchsorted(queries.group, [group, group + 1])
    return [
        (int(queries.body[i]), int(queries.company[i]), int(queries.start[i]), int(queries.end[i]))
        for i in range(low, high)
    ]


def awards_of(yard: Market, queries: Queries, group: int) -> dict[int, list[AwardRow]]:
    """The awards behind one group, by body index."""
    found: dict[int, list[AwardRow]] = {}
    for body, company, start, end in spans_of(queries, group):
        rows = yard.awards(body, company, start, end)
        if rows:
            found.setdefault(body, []).extend(rows)
    return found


def busiest(by_body: Mapping[int, Sequence[AwardRow]]) -> list[int]:
    """Bodies by number of awards, most first."""
    return sorted(by_body, key=lambda b: (-len(by_body[b]), b))


def total(awards: Sequence[AwardRow]) -> Mapping[str, Decimal]:
    """Money per currency; an award that several of the companies won together counts once."""
    amounts: dict[str, Decimal] = {}
    for award in {a.award_id: a for a in awards}.values():
        amounts[award.currency] = amounts.get(award.currency, Decimal(0)) + award.amount
    return amounts
