"""What is arranged before the market opens: who is close to whom, who is pulled where.

Schemes and honest look-alikes are planned with the same tools, so that a firm is chosen, tied
and moved in the same way whether it is favoured or not.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from graphgov.synth.demand import DIRECT, Tenders
from graphgov.synth.habits import USUAL, Habits
from graphgov.synth.words import TRADES
from graphgov.synth.world import MAX_TRADES, Floats, Ints, World

KIN = ("spouse", "sibling", "parent", "child", "in_law", "kin")
WEAK = ("classmate", "hometown", "colleague", "friend", "associate")


@dataclass
class Item:
    """A scheme or a look-alike, for the truth.

    Args:
        rows: Tenders it steers; the won ones enter the truth as awards.
        winners_of: Tenders whose most frequent winners belong to it.
    """

    item: str
    type: str
    people: list[int] = field(default_factory=list)
    bodies: list[int] = field(default_factory=list)
    firms: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    winners_of: Ints | None = None


@dataclass
class Draft:
    """Everything arranged, in lists of plain values.

    Args:
        owner: Main owner of each firm, a person.
        pulls: Honest closeness: tenders, firm, cost advantage (log).
        steers: Bent tenders: tenders, firm of each, whether steering succeeds.
        rings: Tenders and members of each ring, and the member whose turn it is.
        ties: a, b, kind, start day or None.
        holdings: owner kind, owner, firm, share, start day.
        posts: person, firm, role, start day.
        namesakes: People who bear the name of another.
        closed: Firms that trade only where they are pulled.
        niche_firm: The one firm of each narrow trade.
        people: How many people there are so far.
    """

    owner: Ints
    people: int
    pulls: list[tuple[Ints, int, float]] = field(default_factory=list)
    steers: list[tuple[Ints, Ints, Ints]] = field(default_factory=list)
    rings: list[tuple[Ints, Ints, Ints]] = field(default_factory=list)
    ties: list[tuple[int, int, str, int | None]] = field(default_factory=list)
    holdings: list[tuple[str, int, int, float, int]] = field(default_factory=list)
    posts: list[tuple[int, int, str, int]] = field(default_factory=list)
    namesakes: list[tuple[int, int]] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)
    niche_firm: list[int] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def forget(self, owner: Ints, closed: set[int]) -> None:
        """Nothing was arranged, and owners and dormant firms are as they were."""
        self.owner, self.closed = owner, closed
        for plans in (self.pulls, self.steers, self.rings, self.ties, self.holdings):
            plans.clear()
        for rest in (self.posts, self.namesakes, self.niche_firm, self.items):
            rest.clear()

    def new_person(self) -> int:
        """Somebody who was not there yet."""
        self.people += 1
        return self.people - 1


class Planner:
    """Chooses terms of office, bodies and firms, each at most once."""

    def __init__(
        self,
        rng: np.random.Generator,
        world: World,
        tenders: Tenders,
        draft: Draft,
        habits: Habits = USUAL,
    ) -> None:
        self.rng, self.world, self.tenders, self.draft = rng, world, tenders, draft
        self.habits = habits
        self.busy = np.zeros(len(tenders), dtype=bool)
        self.used_firm = np.isin(np.arange(world.firms), sorted(draft.closed))
        self.used_official = np.zeros(world.officials, dtype=bool)
        terms = world.terms
        per_day = np.bincount(tenders.body, minlength=world.bodies) / 2922
        self._length = terms.until() - np.maximum(terms.start, 0)
        expected = per_day[terms.body] * self._length
        weight = np.where(expected >= 12, np.sqrt(expected), 1e-3)
        self._term_queue = deque(self._shuffled(weight))
        size = np.sqrt(per_day * 2922)
        self._body_order = self._shuffled(np.where(size > 4, size, 1e-3))
        self._by_cell = _cells(world)
        self._home = [np.nonzero(world.firm_region == r)[0] for r in range(len(world.places))]
        cell = tenders.trade * len(world.places) + world.body_region[tenders.body]
        self._cell_order = np.argsort(cell, kind="stable")
        self._cell_line = cell[self._cell_order]
        self._terms_of: dict[int, list[int]] = {}
        for i, who in enumerate(terms.person.tolist()):
            self._terms_of.setdefault(who, []).append(i)

    def _shuffled(self, weight: Floats) -> Iterator[int]:
        # Order of exponential clocks: a weighted draw without replacement.
        clock = self.rng.exponential(size=len(weight)) / weight
        return iter(np.argsort(clock, kind="stable").tolist())

    def term(self) -> int | None:
        """A term of office of somebody not used yet; None when all are."""
        while self._term_queue:
            term = self._term_queue.popleft()
            if not self.used_official[self.world.terms.person[term]]:
                self.used_official[self.world.terms.person[term]] = True
                return int(term)
        return None

    def term_with(
        self, enough: int, window: Callable[[int], tuple[int, int] | None]
    ) -> tuple[int, Ints] | None:
        """A term and the free purchases in its window, enough of them or the most found.

        Args:
            enough: How many purchases end the search.
            window: First and last day for a term, None where it does not suit.
        """
        best: tuple[int, Ints] | None = None
        left: list[int] = []
        for _ in range(40):
            term = self.term()
            if term is None:
                break
            left.append(term)
            days = window(term)
            if days is None:
                continue
            rows = self.tenders.within(int(self.world.terms.body[term]), *days)
            rows = rows[~self.busy[rows]]
            if best is None or len(rows) > len(best[1]):
                best = term, rows
            if len(rows) >= enough:
                break
        for term in left:
            if best is None or term != best[0]:
                self.used_official[self.world.terms.person[term]] = False
                self._term_queue.append(term)
        return best

    def body(self) -> int:
        """A body, larger ones sooner; any one when all have been taken."""
        found = next(self._body_order, None)
        return int(self.rng.integers(self.world.bodies)) if found is None else int(found)

    def cell_rows(self, trade: int, region: int) -> Ints:
        """Tenders of one trade in one region, as they were before anything was arranged."""
        key = trade * len(self.world.places) + region
        low, high = np.searchsorted(self._cell_line, [key, key + 1])
        rows = self._cell_order[low:high]
        return np.asarray(rows[self.tenders.trade[rows] == trade])

    def later_term(self, term: int) -> int | None:
        """The next post of the same person, at another body."""
        terms = self.world.terms
        after = [
            t
            for t in self._terms_of[int(terms.person[term])]
            if terms.start[t] > terms.start[term] and terms.body[t] != terms.body[term]
        ]
        return min(after, key=lambda t: int(terms.start[t])) if after else None

    def firm(self, rows: Ints, region: int, need: int, most_lines: int = MAX_TRADES) -> int | None:
        """A firm of the region, or of elsewhere, that sells what those tenders buy.

        Its trades are widened until about `need` of the tenders are in its line.
        """
        if not len(rows):
            return None
        trades, counts = np.unique(self.tenders.trade[rows], return_counts=True)
        order = np.argsort(-counts * self.rng.uniform(0.5, 1, len(counts)), kind="stable")
        firm = self._free(int(trades[order[0]]), region)
        if firm is None:
            return None
        self.used_firm[firm] = True
        mine = self.world.firm_trades[firm]
        reach = 0
        for i, trade in enumerate(trades[order].tolist()):
            if reach >= need or i == most_lines:
                break
            if trade not in mine:
                gaps = np.nonzero(mine < 0)[0]
                mine[gaps[0] if len(gaps) else MAX_TRADES - 1] = trade
            reach += int(counts[order[i]])
        return firm

    def _free(self, trade: int, region: int) -> int | None:
        cells = [self._by_cell.get((trade, region)), self._home[region]]
        if self.rng.random() < 0.15:
            cells.insert(0, self._by_cell.get((trade, -1)))
        for cell in cells:
            if cell is None:
                continue
            free = cell[~self.used_firm[cell]]
            if len(free):
                return int(self.rng.choice(free))
        free = np.nonzero(~self.used_firm)[0]
        return int(self.rng.choice(free)) if len(free) else None

    def free_rows(self, firms: Sequence[int], rows: Ints) -> Ints:
        """Those of the tenders that are nobody's yet and in the line of one of the firms."""
        line = np.unique(self.world.firm_trades[list(firms)])
        fits = np.isin(self.tenders.trade[rows], line) & ~self.busy[rows]
        return rows[fits]

    def steer(self, firms: Sequence[int], rows: Ints, count: int) -> Ints:
        """Bend some of the tenders towards the firms in turn; 30 to 85 % succeed."""
        rows = self.free_rows(firms, rows)
        count = min(count, max(1, int(len(rows) * 0.8)), len(rows))
        if count == 0:
            return rows
        worth = np.sqrt(self.tenders.estimate[rows]) if self.habits.large else np.ones(len(rows))
        chosen = np.sort(self.rng.choice(rows, size=count, replace=False, p=worth / worth.sum()))
        by_day = chosen[np.argsort(self.tenders.day[chosen], kind="stable")]
        turn = np.array(firms)[(np.arange(count) + self.rng.integers(len(firms))) % len(firms)]
        self.draft.steers.append((by_day, turn, self.outcome(by_day, 0.3, 0.85)))
        self.busy[chosen] = True
        return chosen

    def outcome(self, rows: Ints, least: float, most: float) -> Ints:
        """1 where steering succeeds; it fails where others were asked too, if anywhere."""
        count = len(rows)
        wins = round(self.rng.uniform(least, most) * count)
        wins = min(max(wins, math.ceil(least * count)), max(1, math.floor(most * count)))
        alone = self.tenders.method[rows] == DIRECT
        first = np.lexsort((self.rng.random(count), ~alone))[:wins]
        won = np.zeros(count, dtype=np.int64)
        won[first] = 1
        return won

    def pull(self, firm: int, rows: Ints, share: float, edge: float) -> Ints:
        """An honest firm bids on a share of the tenders in its line, with a cost advantage."""
        rows = self.free_rows([firm], rows)
        rows = rows[self.rng.random(len(rows)) < share]
        self.draft.pulls.append((rows, firm, edge))
        return rows

    def tie(self, a: int, b: int, kind: str, start: int | None) -> None:
        """A tie that is in the data."""
        first, second = (a, b) if self.rng.random() < 0.5 else (b, a)
        self.draft.ties.append((first, second, kind, start))

    def long_ago(self) -> int | None:
        """A day before the period, or nothing, as registers have it."""
        return None if self.rng.random() < 0.25 else -int(self.rng.integers(1500, 9000))

    def simplify(self, rows: Ints) -> None:
        """Purchases below a threshold are made by the simple methods."""
        self.tenders.method[rows] = np.where(self.rng.random(len(rows)) < 0.6, DIRECT - 1, DIRECT)


def _cells(world: World) -> dict[tuple[int, int], Ints]:
    """Firms by trade and region; region -1 holds all of the trade."""
    found: dict[tuple[int, int], Ints] = {}
    for trade in range(len(TRADES)):
        firms = np.nonzero((world.firm_trades == trade).any(axis=1))[0]
        found[trade, -1] = firms
        region = world.firm_region[firms]
        for where in np.unique(region).tolist():
            found[trade, where] = firms[region == where]
    return found
