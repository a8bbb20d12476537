"""Honest arrangements that look like schemes from one side or another."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from graphgov.synth.demand import LIMITED, below, bunch, draw_methods, workday
from graphgov.synth.plan import KIN, WEAK, Item, Planner
from graphgov.synth.words import BODY_KINDS, TRADES
from graphgov.synth.world import DAYS, Ints

# How many of each there are among 20 000 awards.
LOOK_ALIKES: Mapping[str, int] = MappingProxyType(
    {
        "captive": 18,
        "incumbent": 18,
        "giant": 8,
        "niche_alone": 12,
        "tied_incumbent": 24,
        "tied_local": 18,
        "kin_ordinary": 12,
        "kin_manager": 6,
        "namesake": 14,
        "perishables": 12,
        "tied_after": 12,
        "holding": 6,
        "second_career": 8,
        "threshold_bunch": 6,
        "niche_group": 6,
    }
)


def plan_look_alikes(planner: Planner, counts: Mapping[str, int]) -> None:
    """Arrange honest look-alikes; run it after the schemes, which come first to the purchases."""
    for name, count in counts.items():
        for _ in range(count):
            item = _PLANS[name](planner, name)
            if item is not None and item.firms + item.bodies:
                planner.draft.items.append(item)


def _all_rows(planner: Planner, body: int) -> Ints:
    part = planner.tenders.of_body(body)
    rows = np.arange(part.start, part.stop)
    return rows[~planner.busy[rows]]


def _supplier(
    planner: Planner, name: str, body: int, *, share: float, edge: float, need: int = 25
) -> Item | None:
    """A firm that deals with one body for most of the period, whoever is in office."""
    rng, habits = planner.rng, planner.habits
    rows = _all_rows(planner, body)
    need = len(rows) if habits.broad else need
    firm = planner.firm(rows, int(planner.world.body_region[body]), need)
    if firm is None:
        return None
    if habits.passing:
        start = int(rng.integers(0, 1600))
        end = start + int(rng.integers(500, 1800))
    else:
        start = int(rng.integers(0, 1100)) if rng.random() < 0.5 else 0
        end = DAYS - int(rng.integers(0, 1100)) if rng.random() < 0.4 else DAYS
    days = planner.tenders.day[rows]
    planner.pull(firm, rows[(days >= start) & (days <= end)], share, edge)
    return Item("look_alike", name, [], [body], [firm])


def _captive(planner: Planner, name: str) -> Item | None:
    """A small firm with one customer."""
    item = _supplier(planner, name, planner.body(), share=0.7, edge=0.05)
    if item:
        planner.draft.closed.add(item.firms[0])
    return item


def _incumbent(planner: Planner, name: str) -> Item | None:
    """A firm that knows the site and is cheaper there."""
    return _supplier(planner, name, planner.body(), share=0.75, edge=0.08)


def _giant(planner: Planner, name: str) -> Item | None:
    """A firm that is large everywhere, so it is large at this body too."""
    body = planner.body()
    item = _supplier(planner, name, body, share=0.5, edge=0.03, need=40)
    if item:
        firm = item.firms[0]
        planner.world.firm_size[firm] = 40 * planner.rng.uniform(0.6, 1.5)
        planner.world.firm_reach[firm] = 1.0
        planner.world.firm_cost[firm] = -0.06
    return item


def _niche_alone(planner: Planner, name: str) -> Item | None:
    """The only firm in the province that makes a certain thing."""
    rng = planner.rng
    body = planner.body()
    rows = _all_rows(planner, body)
    firm = planner.firm(rows, int(planner.world.body_region[body]), 0)
    if firm is None or len(rows) < 3:
        return None
    rows = planner.free_rows([firm], rows)
    rows = rows[rng.random(len(rows)) < 0.6][:30]
    planner.tenders.niche[rows] = len(planner.draft.niche_firm)
    planner.draft.niche_firm.append(firm)
    planner.busy[rows] = True
    return Item("look_alike", name, [], [body], [firm])


def _tied(planner: Planner, name: str, kinds: tuple[str, ...], share: float) -> Item | None:
    term = planner.term()
    if term is None:
        return None
    terms = planner.world.terms
    edge = 0.06 if share > 0.5 else 0.0
    item = _supplier(planner, name, int(terms.body[term]), share=share, edge=edge)
    if item is None:
        return None
    official, owner = int(terms.person[term]), int(planner.draft.owner[item.firms[0]])
    item.people += [official, owner]
    kind = str(planner.rng.choice(kinds))
    planner.tie(official, owner, kind, planner.long_ago())
    return item


def _tied_incumbent(planner: Planner, name: str) -> Item | None:
    """A firm long at the body, whose owner happens to know somebody in office for a while."""
    return _tied(planner, name, ("classmate", "hometown", "colleague", "friend", "kin"), 0.7)


def _tied_local(planner: Planner, name: str) -> Item | None:
    """A local firm of an acquaintance that sells now and then."""
    return _tied(planner, name, WEAK, 0.3)


def _kin_ordinary(planner: Planner, name: str) -> Item | None:
    """A relative's firm that trades at the body as others do."""
    return _tied(planner, name, KIN, 0.3)


def _kin_manager(planner: Planner, name: str) -> Item | None:
    """A relative is one of the managers of a firm that sells to the body."""
    term = planner.term()
    if term is None:
        return None
    terms = planner.world.terms
    item = _supplier(planner, name, int(terms.body[term]), share=0.5, edge=0.03)
    if item is None:
        return None
    official, relative = int(terms.person[term]), planner.draft.new_person()
    item.people += [official, relative]
    planner.tie(official, relative, str(planner.rng.choice(KIN)), planner.long_ago())
    planner.draft.posts.append((relative, item.firms[0], "manager", _day(planner)))
    return item


def _namesake(planner: Planner, name: str) -> Item | None:
    """An owner who shares the name of an official of the main customer."""
    term = planner.term()
    if term is None:
        return None
    terms = planner.world.terms
    item = _supplier(planner, name, int(terms.body[term]), share=0.65, edge=0.05)
    if item is None:
        return None
    owner = int(planner.draft.owner[item.firms[0]])
    planner.draft.namesakes.append((owner, int(terms.person[term])))
    item.people += [int(terms.person[term]), owner]
    return item


def _perishables(planner: Planner, name: str) -> Item | None:
    """Fresh food or cleaning goods every week, from whoever delivers reliably."""
    rng, tenders = planner.rng, planner.tenders
    body = planner.body()
    for _ in range(8):
        if BODY_KINDS[planner.world.body_kind[body]][0] in ("school", "hospital"):
            break
        body = planner.body()
    rows = _all_rows(planner, body)
    rows = rng.permutation(rows)[: min(int(rng.integers(15, 45)), len(rows) // 3)]
    if len(rows) < 3:
        return None
    tenders.trade[rows] = rng.integers(2)
    firm = planner.firm(rows, int(planner.world.body_region[body]), 0)
    if firm is None:
        return None
    first = int(rng.integers(0, DAYS - 7 * len(rows) - 10))
    tenders.day[rows] = workday(first + 7 * np.arange(len(rows)))
    typical = TRADES[0].median * rng.uniform(0.5, 3.5)
    tenders.estimate[rows] = np.round(typical * rng.lognormal(0, 0.15, len(rows)) / 500 + 1) * 500
    tenders.title_of[rows] = rows[0]
    planner.simplify(rows)
    planner.pull(firm, rows, 1.0, 0.12)
    planner.busy[rows] = True
    return Item("look_alike", name, [], [body], [firm])


def _tied_after(planner: Planner, name: str) -> Item | None:
    """They came to know each other through work that had been won before."""
    term = planner.term()
    if term is None:
        return None
    terms, rng = planner.world.terms, planner.rng
    body, end = int(terms.body[term]), int(terms.until()[term])
    rows = planner.tenders.within(body, 0, end)
    firm = planner.firm(rows, int(planner.world.body_region[body]), 25)
    if firm is None:
        return None
    planner.pull(firm, rows[~planner.busy[rows]], 0.75, 0.07)
    official, owner = int(terms.person[term]), int(planner.draft.owner[firm])
    kind = str(rng.choice(("spouse", "in_law", "friend", "business_partner", "associate")))
    planner.tie(official, owner, kind, min(end + int(rng.integers(-90, 200)), DAYS - 5))
    return Item("look_alike", name, [official, owner], [body], [firm])


def _holding(planner: Planner, name: str) -> Item | None:
    """Sister firms under one holding, each in its own line, at the same body for years."""
    term = planner.term()
    if term is None:
        return None
    terms, draft = planner.world.terms, planner.draft
    body = int(terms.body[term])
    item = _supplier(planner, name, body, share=0.5, edge=0.03, need=10)
    for _ in range(2):
        more = _supplier(planner, name, body, share=0.4, edge=0.02, need=10)
        if item and more:
            item.firms += more.firms
    if item is None:
        return None
    head, *others = item.firms
    for firm in others:
        share = float(np.round(planner.rng.uniform(0.51, 1.0), 2))
        draft.holdings.append(("company", head, firm, share, _day(planner)))
    official, owner = int(terms.person[term]), int(draft.owner[head])
    planner.tie(official, owner, str(planner.rng.choice(WEAK)), planner.long_ago())
    item.people += [official, owner]
    return item


def _second_career(planner: Planner, name: str) -> Item | None:
    """Somebody leaves office and works for a firm that sold there before and sells after."""
    terms = planner.world.terms
    for _ in range(30):
        term = planner.term()
        if term is None:
            return None
        left = int(terms.end[term])
        if 0 < left < 2500:
            break
    item = _supplier(planner, name, int(terms.body[term]), share=0.6, edge=0.05)
    if item is None:
        return None
    item.people.append(int(terms.person[term]))
    role = str(planner.rng.choice(("director", "manager", "supervisor")))
    joined = min(max(left, 0) + int(planner.rng.integers(30, 900)), DAYS - 10)
    planner.draft.posts.append((item.people[0], item.firms[0], role, joined))
    return item


def _threshold_bunch(planner: Planner, name: str) -> Item | None:
    """A body that trims its wishes to the simple procedure, whoever delivers."""
    body = planner.body()
    rows = _all_rows(planner, body)
    moved = bunch(planner.rng, planner.tenders, rows, 0.75)
    more = planner.rng.permutation(np.setdiff1d(rows, moved))[: len(rows) // 12]
    planner.tenders.estimate[more] = below(planner.rng, planner.tenders, more)
    moved = np.sort(np.concatenate([moved, more]))
    tenders = planner.tenders
    tenders.method[moved] = draw_methods(
        planner.rng, tenders.estimate[moved], tenders.trade[moved], tenders.day[moved]
    )
    return Item("look_alike", name, [], [body], winners_of=moved) if len(moved) else None


def _niche_group(planner: Planner, name: str) -> Item | None:
    """The few firms of a trade in a region meet again and again, and compete."""
    rng, world, tenders = planner.rng, planner.world, planner.tenders
    best: Ints = np.empty(0, dtype=np.int64)
    for _ in range(10):
        row = int(rng.integers(len(tenders)))
        rows = planner.cell_rows(int(tenders.trade[row]), int(world.body_region[tenders.body[row]]))
        rows = rows[(tenders.method[rows] <= LIMITED) & ~planner.busy[rows]]
        if len(rows) > len(best):
            best = rows
        if len(best) > 30:
            break
    if len(best) < 5:
        return None
    region = int(world.body_region[tenders.body[best[0]]])
    found = [planner.firm(best, region, 0) for _ in range(int(rng.integers(4, 7)))]
    firms = [f for f in found if f is not None]
    for firm in firms:
        planner.draft.pulls.append((best[rng.random(len(best)) < 0.65], firm, 0.03))
    planner.busy[best] = True
    return Item("look_alike", name, [], [], firms) if len(firms) >= 3 else None


def _day(planner: Planner) -> int:
    return int(planner.rng.integers(-2500, 600))


_PLANS: Mapping[str, Callable[[Planner, str], Item | None]] = MappingProxyType(
    {
        "captive": _captive,
        "incumbent": _incumbent,
        "giant": _giant,
        "niche_alone": _niche_alone,
        "tied_incumbent": _tied_incumbent,
        "tied_local": _tied_local,
        "kin_ordinary": _kin_ordinary,
        "kin_manager": _kin_manager,
        "namesake": _namesake,
        "perishables": _perishables,
        "tied_after": _tied_after,
        "holding": _holding,
        "second_career": _second_career,
        "threshold_bunch": _threshold_bunch,
        "niche_group": _niche_group,
    }
)
