"""The market: who bids, at what price, and who wins, all tenders at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphgov.synth.demand import DIRECT, LIMITED, OPEN, SELECTIVE, Tenders
from graphgov.synth.habits import USUAL, Habits
from graphgov.synth.plan import Draft
from graphgov.synth.words import TRADES
from graphgov.synth.world import DAYS, Floats, Ints, World

NDArrayBool = NDArray[np.bool_]
_BASE, _PULL, _RING, _STEERED = range(4)  # a later one replaces an earlier one
_HABITS = 2
_MIXED_SHARE = 0.25


@dataclass(frozen=True)
class Bids:
    """One row per bid, in order of tender and firm.

    Args:
        won: Position of the winning bid of each tender.
        mixed: Tenders decided by price and quality together.
    """

    tender: Ints
    firm: Ints
    price: Floats
    won: Ints
    mixed: NDArrayBool


class _Pools:
    """Firms that may bid, by trade and region, drawn with chances that grow with size."""

    def __init__(self, world: World, draft: Draft) -> None:
        regions = len(world.places)
        weight = world.firm_size**0.8
        weight[sorted(draft.closed)] = 0.0
        firm, slot = np.nonzero(world.firm_trades >= 0)
        trade = world.firm_trades[firm, slot]
        reach = 0.06 + world.firm_reach[firm]
        cell = np.concatenate([trade * (regions + 1) + world.firm_region[firm]])
        away = trade * (regions + 1) + regions
        key = np.concatenate([cell, away])
        order = np.argsort(key, kind="stable")
        self.firm = np.concatenate([firm, firm])[order]
        drawn = np.concatenate([weight[firm], weight[firm] * reach])[order]
        self.line = np.concatenate([[0.0], np.cumsum(drawn)])
        self.first = np.searchsorted(key[order], np.arange(len(TRADES) * (regions + 1) + 1))
        self.regions = regions

    def draw(self, rng: np.random.Generator, trade: Ints, region: Ints, local: float) -> Ints:
        """A firm for each trade and region, from elsewhere where the region has none."""
        home = trade * (self.regions + 1) + region
        away = trade * (self.regions + 1) + self.regions
        empty = self.line[self.first[home + 1]] - self.line[self.first[home]] <= 1e-9
        cell = np.where(empty | (rng.random(len(trade)) >= local), away, home)
        low, high = self.line[self.first[cell]], self.line[self.first[cell + 1]]
        spot = low + rng.random(len(trade)) * (high - low) * (1 - 1e-9)
        found = np.searchsorted(self.line, spot, side="right") - 1
        return np.asarray(self.firm[np.clip(found, 0, len(self.firm) - 1)], dtype=np.int64)


def run_market(
    rng: np.random.Generator,
    world: World,
    tenders: Tenders,
    draft: Draft,
    habits: Habits = USUAL,
) -> Bids:
    """Bids come from costs; the best wins where nothing is steered."""
    mixed = (tenders.method <= SELECTIVE) & (rng.random(len(tenders)) < _MIXED_SHARE)
    tender, firm, kind, edge = _bidders(rng, world, tenders, draft)
    price = _prices(rng, world, tenders, tender, firm, edge, habits)
    _cover(rng, tenders, draft, tender, firm, price, kind)
    score = price * np.where(mixed[tender], np.exp(rng.normal(0, 0.06, len(price))), 1.0)
    _favour(rng, draft, world.firms, tender, firm, price, score, mixed, habits)
    price = np.maximum(np.round(price, 2), 100.0)
    order = np.lexsort((score, tender))
    won = order[np.searchsorted(tender, np.arange(len(tenders)))]
    return Bids(tender, firm, price, won, mixed)


def _bidders(
    rng: np.random.Generator, world: World, tenders: Tenders, draft: Draft
) -> tuple[Ints, Ints, Ints, Floats]:
    base_tender, base_firm = _base(rng, world, tenders, draft)
    parts = [(base_tender, base_firm, _BASE, np.zeros(len(base_firm)))]
    for rows, local, gain in draft.pulls:
        parts.append((rows, np.full(len(rows), local), _PULL, np.full(len(rows), gain)))
    guarded = np.zeros(len(tenders))
    for rows, members, turns in draft.rings:
        joins = rng.random((len(rows), len(members))) < 0.65
        joins[np.arange(len(rows)), turns] = True
        lot, member = np.nonzero(joins)
        parts.append((rows[lot], members[member], _RING, np.zeros(len(lot))))
        guarded[rows] = 0.5
    for rows, firms, won in draft.steers:
        guarded[rows[won == 1]] = 0.12
        bids = (won == 1) | (tenders.method[rows] != DIRECT)
        parts.append((rows[bids], firms[bids], _STEERED, np.zeros(int(bids.sum()))))
    tender, firm = (np.concatenate([p[i] for p in parts]).astype(np.int64) for i in (0, 1))
    kind = np.concatenate([np.full(len(p[0]), p[2]) for p in parts])
    edge = np.concatenate([p[3] for p in parts])
    stays = (kind > _PULL) | (rng.random(len(tender)) >= guarded[tender])
    tender, firm, kind, edge = tender[stays], firm[stays], kind[stays], edge[stays]
    keep = _once(tender, firm, kind, tenders.method, world.firms)
    return tender[keep], firm[keep], kind[keep], edge[keep]


def _once(tender: Ints, firm: Ints, kind: Ints, method: Ints, firms: int) -> Ints:
    """One bid per firm, and one firm where the buyer asked only one; the latest kind stays."""
    order = np.argsort((tender * firms + firm) * 4 + (_STEERED - kind), kind="stable")
    pair = tender[order] * firms + firm[order]
    order = order[np.concatenate([[True], pair[1:] != pair[:-1]])]
    asked_one = np.nonzero(method[tender[order]] == DIRECT)[0]
    ranked = asked_one[np.lexsort((-kind[order[asked_one]], tender[order[asked_one]]))]
    same = np.concatenate([[False], tender[order[ranked[1:]]] == tender[order[ranked[:-1]]]])
    keep = np.ones(len(order), dtype=bool)
    keep[ranked[same[: len(ranked)]]] = False
    return np.asarray(order[keep])


def _base(
    rng: np.random.Generator, world: World, tenders: Tenders, draft: Draft
) -> tuple[Ints, Ints]:
    """Ordinary bidders: those the body knows, those of the region, those from elsewhere."""
    pools = _Pools(world, draft)
    count = len(tenders)
    number = np.ones(count, dtype=np.int64)
    for method, least, more in ((OPEN, 2, 3.3), (SELECTIVE, 3, 1.4), (LIMITED, 2, 1.3)):
        here = tenders.method == method
        number[here] = least + rng.poisson(more, int(here.sum()))
    number = np.where((tenders.method == OPEN) & (rng.random(count) < 0.07), 1, number)
    number = np.where(tenders.niche >= 0, 1, np.minimum(number, 9))
    tender = np.repeat(np.arange(count), number)
    region = world.body_region[tenders.body]
    firm = pools.draw(rng, tenders.trade[tender], region[tender], 0.8)
    known = _known(rng, world, pools, tenders, tender)
    likes = np.where(tenders.method == DIRECT, 0.6, 0.25)[tender]
    firm = np.where(rng.random(len(firm)) < likes, known, firm)
    if draft.niche_firm:
        niche = tenders.niche[tender]
        firm = np.where(niche >= 0, np.array(draft.niche_firm)[niche], firm)
    return tender, firm


def _known(
    rng: np.random.Generator, world: World, pools: _Pools, tenders: Tenders, tender: Ints
) -> Ints:
    """Suppliers a body is used to in a trade; they change once or twice in eight years."""
    shape = (world.bodies, len(TRADES), 2, _HABITS)
    body, trade, _, _ = (axis.ravel() for axis in np.indices(shape, dtype=np.int32))
    habit = pools.draw(rng, trade.astype(np.int64), world.body_region[body], 0.85).reshape(shape)
    change = rng.integers(300, DAYS, (world.bodies, len(TRADES)))
    row_body, row_trade = tenders.body[tender], tenders.trade[tender]
    era = (tenders.day[tender] > change[row_body, row_trade]).astype(np.int64)
    return np.asarray(habit[row_body, row_trade, era, rng.integers(_HABITS, size=len(tender))])


def _prices(
    rng: np.random.Generator,
    world: World,
    tenders: Tenders,
    tender: Ints,
    firm: Ints,
    edge: Floats,
    habits: Habits,
) -> Floats:
    """Cost by firm, distance and luck, and a margin that shrinks with competition."""
    year = tenders.day // 366
    level = rng.normal(0, 0.03, (len(TRADES), int(year.max()) + 1))[tenders.trade, year]
    level = level + rng.normal(0, 0.05, len(tenders))
    rivals = np.bincount(tender, minlength=len(tenders))[tender]
    away = world.firm_region[firm] != world.body_region[tenders.body[tender]]
    ratio = -0.10 + level[tender] + world.firm_cost[firm] + 0.03 * away - edge
    ratio += rng.normal(0, 0.06, len(firm)) + 0.09 / rivals
    top = -np.abs(rng.normal(0, 0.015, len(firm)))
    asked = ratio if habits.above else np.minimum(ratio, top)
    return np.asarray(tenders.estimate[tender] * np.exp(asked))


def _cover(
    rng: np.random.Generator,
    tenders: Tenders,
    draft: Draft,
    tender: Ints,
    firm: Ints,
    price: Floats,
    kind: Ints,
) -> None:
    """In a ring the one whose turn it is asks a comfortable price, the others ask more."""
    for rows, members, turns in draft.rings:
        for row, turn in zip(rows.tolist(), turns.tolist(), strict=True):
            low, high = np.searchsorted(tender, [row, row + 1])
            here = np.arange(low, high)
            ring = here[kind[here] == _RING]
            chosen = ring[firm[ring] == members[turn]][0]
            comfort = tenders.estimate[row] * np.exp(-abs(rng.normal(0.045, 0.03)))
            outside = len(ring) < len(here)
            price[chosen] = min(price[chosen] * 1.02, comfort) if outside else comfort
            others = ring[ring != chosen]
            price[others] = price[chosen] * (1 + rng.uniform(0.008, 0.11, len(others)))


def _favour(
    rng: np.random.Generator,
    draft: Draft,
    firms: int,
    tender: Ints,
    firm: Ints,
    price: Floats,
    score: Floats,
    mixed: NDArrayBool,
    habits: Habits,
) -> None:
    """A steered award goes to its firm: it knows the prices, or the jury likes it."""
    key = tender * firms + firm
    for rows, favoured, won in draft.steers:
        for row, name, wins in zip(rows.tolist(), favoured.tolist(), won.tolist(), strict=True):
            low, high = np.searchsorted(tender, [row, row + 1])
            spot = int(np.searchsorted(key, row * firms + name))
            bids = spot < len(key) and key[spot] == row * firms + name
            if not bids or high - low < 2:
                continue
            rest = [i for i in range(low, high) if i != spot]
            if not wins:
                score[spot] = max(score[spot], score[rest].min() * 1.001)
                price[spot] = max(price[spot], price[rest].min() * (1 + rng.uniform(0.001, 0.06)))
                continue
            if rng.random() < 0.75 or not mixed[row]:
                best = price[rest].min()
                if price[spot] >= best:
                    under = rng.uniform(0.001, 0.05) if habits.narrow else abs(rng.normal(0, 0.09))
                    price[spot] = best * (1 - min(under, 0.5))
            score[spot] = score[rest].min() * 0.999
