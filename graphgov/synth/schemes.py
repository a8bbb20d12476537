"""Schemes that bend the market; what each is, is said where it is planned."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from graphgov.synth.demand import DIRECT, below, workday
from graphgov.synth.plan import KIN, Item, Planner
from graphgov.synth.world import DAYS, Ints

# How many of each there are among 20 000 awards.
SCHEMES: Mapping[str, int] = MappingProxyType(
    {
        "direct_kin": 8,
        "through_partner": 6,
        "through_shell": 6,
        "classmate": 5,
        "hometown": 4,
        "colleague": 4,
        "taking_turns": 5,
        "revolving_door": 4,
        "splitting": 5,
        "rotation_ring": 5,
    }
)
TIE_MISSING = "_tie_not_in_data"
_UNRECORDED = 1 / 8
_FOLLOWS = 0.5


def plan_schemes(planner: Planner, counts: Mapping[str, int], strength: float) -> None:
    """Arrange the schemes.

    Args:
        planner: Where they are arranged.
        counts: How many of each type.
        strength: Factor on the number of purchases each scheme steers, 1 as usual.
    """
    for name, count in counts.items():
        for _ in range(count):
            item = _PLANS[name](planner, name, strength)
            if item is not None and (item.rows or name == "rotation_ring"):
                planner.draft.items.append(item)


def _amount(planner: Planner, strength: float) -> int:
    return int(np.clip(planner.rng.lognormal(np.log(20), 0.38) * strength, 3 + 7 * strength, 70))


def _favour(
    planner: Planner, name: str, strength: float, firms_wanted: int = 1
) -> tuple[Item, int, int] | None:
    """An official's term, firms that suit it, and the purchases they get in it.

    Gives back the item, the official and the day from which the firms are favoured.
    """
    world, rng, terms = planner.world, planner.rng, planner.world.terms
    count = round(_amount(planner, strength) * (1 + 0.4 * (firms_wanted - 1)))
    delay = int(rng.integers(20, 120) + (rng.random() < 0.25) * rng.integers(200, 500))
    last = terms.until()

    def window(term: int) -> tuple[int, int] | None:
        start = max(0, int(terms.start[term])) + delay
        return (start, int(last[term])) if last[term] - start > 400 else None

    chosen = planner.term_with(round(count * 2.2), window)
    if chosen is None:
        return None
    term, rows = chosen
    body = int(terms.body[term])
    start = max(0, int(terms.start[term])) + delay
    firms: list[int] = []
    for _ in range(firms_wanted):
        lines = planner.habits.lines
        firm = planner.firm(rows, int(world.body_region[body]), int(count * 1.3), lines)
        if firm is not None:
            firms.append(firm)
    if not firms:
        return None
    official = int(terms.person[term])
    item = Item("scheme", name, [official], [body], firms)
    item.rows += planner.steer(firms, rows, count).tolist()
    later = planner.later_term(term)
    if later is not None and rng.random() < _FOLLOWS:
        body, begins = int(terms.body[later]), int(terms.start[later])
        rows = planner.tenders.within(body, begins + 30, int(terms.until()[later]))
        moved = planner.steer(firms, rows, max(3, count // 2)).tolist()
        if moved:
            item.rows += moved
            item.bodies.append(body)
    _known(planner, item)
    return item, official, start


def _known(planner: Planner, item: Item) -> None:
    """Where that is the habit, the firms also sell to the first body honestly, at any time."""
    if share := planner.habits.known:
        part = planner.tenders.of_body(item.bodies[0])
        for firm in item.firms:
            planner.pull(firm, np.arange(part.start, part.stop), share, 0.02)


def _recorded(planner: Planner, item: Item) -> bool:
    """Whether the tie is in the data; the type says so where it is not."""
    if planner.rng.random() >= _UNRECORDED:
        return True
    item.type += TIE_MISSING
    return False


def _since(planner: Planner, kind: str, start: int) -> int | None:
    """The first day of a tie that exists when favour begins."""
    if kind in ("spouse", "in_law") and planner.rng.random() < 0.4:
        return start - int(planner.rng.integers(1, 200))
    return planner.long_ago()


def _kin_kind(planner: Planner) -> str:
    return str(planner.rng.choice(KIN))


def _direct(planner: Planner, name: str, strength: float) -> Item | None:
    """The official's relative, classmate, countryman or former colleague owns the firm."""
    found = _favour(planner, name, strength)
    if found is None:
        return None
    item, official, start = found
    kind = _kin_kind(planner) if name == "direct_kin" else name
    owner = int(planner.draft.owner[item.firms[0]])
    item.people.append(owner)
    if _recorded(planner, item):
        planner.tie(official, owner, kind, _since(planner, kind, start))
    return item


def _through_partner(planner: Planner, name: str, strength: float) -> Item | None:
    """A relative or close friend of the official is the business partner of the owner."""
    found = _favour(planner, name, strength)
    if found is None:
        return None
    item, official, start = found
    middle = planner.draft.new_person()
    owner = int(planner.draft.owner[item.firms[0]])
    item.people += [middle, owner]
    kind = "friend" if planner.rng.random() < 0.3 else _kin_kind(planner)
    missing = -1 if _recorded(planner, item) else int(planner.rng.integers(2))
    if missing != 0:
        planner.tie(official, middle, kind, _since(planner, kind, start))
    if missing != 1:
        planner.tie(middle, owner, "business_partner", start - int(planner.rng.integers(5, 900)))
    return item


def _through_shell(planner: Planner, name: str, strength: float) -> Item | None:
    """A relative of the official owns a firm that does nothing but own the favoured one."""
    found = _favour(planner, name, strength)
    if found is None:
        return None
    item, official, start = found
    rng, draft = planner.rng, planner.draft
    shell = planner.firm(np.array(item.rows), int(planner.world.firm_region[item.firms[0]]), 0)
    if shell is None:
        return item
    relative = draft.new_person()
    kind = _kin_kind(planner)
    missing = "" if _recorded(planner, item) else str(rng.choice(("tie", "holding")))
    item.people.append(relative)
    item.firms.append(shell)
    draft.closed.add(shell)
    draft.owner[shell] = relative
    if missing != "holding":
        share = float(np.round(rng.uniform(0.3, 1.0), 2))
        draft.holdings.append(
            ("company", shell, item.firms[0], share, start - int(rng.integers(10, 700)))
        )
    if missing != "tie":
        planner.tie(official, relative, kind, _since(planner, kind, start))
    return item


def _taking_turns(planner: Planner, name: str, strength: float) -> Item | None:
    """Three or four firms of the official's circle win one after another."""
    found = _favour(planner, name, strength, int(planner.rng.integers(3, 5)))
    if found is None:
        return None
    item, official, start = found
    owners = [int(planner.draft.owner[f]) for f in item.firms]
    item.people += owners
    first = _kin_kind(planner) if planner.rng.random() < 0.6 else "classmate"
    if _recorded(planner, item):
        planner.tie(official, owners[0], first, _since(planner, first, start))
    for owner in owners[1:]:
        kind = str(planner.rng.choice(("business_partner", "classmate", "kin", "friend")))
        hub = official if planner.rng.random() < 0.4 and not _hidden(item) else owners[0]
        planner.tie(hub, owner, kind, _since(planner, kind, start))
    return item


def _hidden(item: Item) -> bool:
    return item.type.endswith(TIE_MISSING)


def _revolving_door(planner: Planner, name: str, strength: float) -> Item | None:
    """An official leaves, joins a firm, and the old body buys from it from then on."""
    world, rng, terms = planner.world, planner.rng, planner.world.terms
    count = _amount(planner, strength)
    pause, lasts = int(rng.integers(20, 330)), int(rng.integers(700, 1500))

    def window(term: int) -> tuple[int, int] | None:
        joined = int(terms.end[term]) + pause
        if terms.end[term] < 0 or joined > 2300 or planner.later_term(term) is not None:
            return None
        return joined + 15, min(joined + lasts, DAYS - 1)

    chosen = planner.term_with(round(count * 2.2), window)
    if chosen is None:
        return None
    term, rows = chosen
    body, joined = int(terms.body[term]), int(terms.end[term]) + pause
    lines = planner.habits.lines
    firm = planner.firm(rows, int(world.body_region[body]), int(count * 1.3), lines)
    if firm is None:
        return None
    official = int(terms.person[term])
    item = Item("scheme", name, [official], [body], [firm])
    item.rows += planner.steer([firm], rows, count).tolist()
    _known(planner, item)
    if _recorded(planner, item):
        role = str(rng.choice(("director", "manager", "supervisor", "legal_representative")))
        planner.draft.posts.append((official, firm, role, joined))
    return item


def _splitting(planner: Planner, name: str, strength: float) -> Item | None:
    """One need is bought in parts under the threshold, mostly from one firm."""
    rng, tenders = planner.rng, planner.tenders
    body = planner.body()
    rows = np.arange(tenders.of_body(body).start, tenders.of_body(body).stop)
    rows = rows[~planner.busy[rows]]
    firm = planner.firm(rows, int(planner.world.body_region[body]), 0)
    if firm is None or len(rows) < 4:
        return None
    item = Item("scheme", name, [], [body], [firm])
    groups = max(1, min(round(rng.integers(3, 8) * strength), len(rows) // 6))
    taken = rng.permutation(rows)
    for _ in range(groups):
        size = int(rng.integers(2, 5))
        part, taken = taken[:size], taken[size:]
        _split(planner, part, firm)
        item.rows += part.tolist()
    rows = np.array(item.rows)
    planner.draft.steers.append((rows, np.full(len(rows), firm), planner.outcome(rows, 0.55, 0.85)))
    planner.busy[rows] = True
    return item


def _split(planner: Planner, part: Ints, firm: int) -> None:
    rng, tenders = planner.rng, planner.tenders
    day = int(rng.integers(0, 2860)) + np.cumsum(rng.integers(0, 14, len(part)))
    tenders.day[part] = workday(day)
    line = planner.world.firm_trades[firm]
    tenders.trade[part] = line[line >= 0][0]
    tenders.estimate[part] = below(rng, tenders, part)
    tenders.method[part] = np.where(rng.random(len(part)) < 0.5, DIRECT, DIRECT - 1)
    tenders.title_of[part] = part[0]


def _rotation_ring(planner: Planner, name: str, strength: float) -> Item | None:
    """Rivals in one trade and region decide beforehand whose turn it is."""
    rng, world, tenders = planner.rng, planner.world, planner.tenders
    region_of = world.body_region[tenders.body]
    wanted = int(np.clip(rng.lognormal(np.log(30), 0.35) * strength, 8, 90))
    best: Ints = np.empty(0, dtype=np.int64)
    for _ in range(25):
        seed_row = int(rng.integers(len(tenders)))
        start = int(rng.integers(0, 1400))
        until = start + int(rng.integers(900, 1522))
        rows = planner.cell_rows(int(tenders.trade[seed_row]), int(region_of[seed_row]))
        rows = rows[(tenders.day[rows] >= start) & (tenders.day[rows] <= until)]
        rows = rows[(tenders.method[rows] != DIRECT) & ~planner.busy[rows]]
        if len(rows) > len(best):
            best = rows
        if len(best) >= wanted:
            break
    if len(best) < 6:
        return None
    region = int(region_of[best[0]])
    members = [planner.firm(best, region, 0) for _ in range(int(rng.integers(4, 8)))]
    firms = [m for m in members if m is not None]
    if len(firms) < 3:
        return None
    share = rng.uniform(0.6, 0.85)
    rows = np.sort(rng.choice(best, size=min(wanted, int(len(best) * share) + 1), replace=False))
    rows = rows[np.argsort(tenders.day[rows], kind="stable")]
    planner.draft.rings.append((rows, np.array(firms), _turns(rng, len(rows), len(firms))))
    planner.busy[rows] = True
    return Item("scheme", name, [], [], firms, rows.tolist())


def _turns(rng: np.random.Generator, lots: int, members: int) -> Ints:
    """Mostly the member who has waited longest, now and then another."""
    waited = rng.permutation(members).astype(float)
    turns = np.empty(lots, dtype=np.int64)
    for lot in range(lots):
        turns[lot] = np.argmax(waited + rng.normal(0, 0.7, members))
        waited += 1
        waited[turns[lot]] = 0
    return turns


_PLANS: Mapping[str, Callable[[Planner, str, float], Item | None]] = MappingProxyType(
    {
        "direct_kin": _direct,
        "classmate": _direct,
        "hometown": _direct,
        "colleague": _direct,
        "through_partner": _through_partner,
        "through_shell": _through_shell,
        "taking_turns": _taking_turns,
        "revolving_door": _revolving_door,
        "splitting": _splitting,
        "rotation_ring": _rotation_ring,
    }
)
