"""Flags that share people, companies and bodies become one group, strongest first.

A greedy pass: every flag joins the strongest group that already holds its person, or its
company at its body; else it starts a group. A flag far weaker than the group it would join
adds its weight and its rows only where it names nobody new, so that one strong flag does not
drag in everybody its official ever met; and a core has room for a few names only, so that a
huge company or a long career does not swallow the queue.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from graphgov.cases.weigh import GROUP_KINDS, points, starts_a_case, worth
from graphgov.schema import Flag, Member

Pair = tuple[str, str]
MOST_PEOPLE, MOST_COMPANIES, MOST_BODIES = 6, 12, 6  # in a core, once more than one flag fills it
MOST_SIDE_FLAGS = 50
_SUPPLIERS = frozenset({"winner", "supplier", "member"})
_CHAIN = frozenset({"link", "holder", "relative", "through"})  # between the two ends of a tie


@dataclass(frozen=True)
class About:
    """Who a flag is about."""

    people: frozenset[str]
    companies: frozenset[str]
    bodies: frozenset[str]
    pairs: frozenset[Pair]


def about(flag: Flag) -> About:
    """People, companies and bodies of a flag's subject, and its (body, company) pairs.

    A flag on one official may name several companies that take turns, and one on a body
    several suppliers: they are what it is about as much as the official is.
    """
    companies = {flag.company_id} | {
        m.id for m in flag.members if m.kind == "company" and m.role in _SUPPLIERS
    }
    bodies = {flag.body_id}
    pairs: set[Pair] = set()
    if flag.subject_kind in GROUP_KINDS:
        companies |= set(msgspec.json.decode(flag.subject_id, type=list[str]))
    else:
        buyers = bodies | {m.id for m in flag.members if m.kind == "body"}
        pairs = {(b, c) for b in buyers for c in companies if b and c}
    people = {flag.person_id}
    if flag.subject_kind == "person_pair":
        people |= set(msgspec.json.decode(flag.subject_id, type=list[str]))
    return About(
        frozenset(people - {""}),
        frozenset(companies - {""}),
        frozenset(bodies - {""}),
        frozenset(pairs),
    )


@dataclass(eq=False)
class Group:
    """Flags of one case in the making.

    Args:
        flags: All of them.
        carrying: Those whose names make the core.
        anchor: Points of the strongest.
    """

    flags: list[Flag] = field(default_factory=list)
    carrying: list[Flag] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    companies: set[str] = field(default_factory=set)
    bodies: set[str] = field(default_factory=set)
    pairs: set[Pair] = field(default_factory=set)
    anchor: float = 0.0

    @property
    def core(self) -> tuple[tuple[str, ...], ...]:
        """People, bodies and companies, each sorted."""
        return tuple(tuple(sorted(n)) for n in (self.people, self.bodies, self.companies))

    def holds(self, who: About) -> bool:
        """Whether everybody a flag is about is in the core already."""
        return (
            who.people <= self.people
            and who.companies <= self.companies
            and who.bodies <= self.bodies
        )

    def has_room(self, who: About) -> bool:
        """Whether the core stays small with these."""
        return (
            len(who.people | self.people) <= MOST_PEOPLE
            and len(who.companies | self.companies) <= MOST_COMPANIES
            and len(who.bodies | self.bodies) <= MOST_BODIES
        )

    def nearly_holds(self, who: About) -> bool:
        """Whether a second case on these would look the same: but for a person or a few firms."""
        shared = len(who.companies & self.companies)
        if shared and who.people and who.people <= self.people and who.pairs & self.pairs:
            return True
        return shared > 0 and 2 * shared >= len(who.companies) and who.bodies <= self.bodies

    def add(self, flag: Flag, who: About | None) -> None:
        """Put a flag in; `who` goes into the core, None adds no names."""
        self.flags.append(flag)
        self.anchor = max(self.anchor, points(flag))
        if who is not None:
            self.carrying.append(flag)
            self.people |= who.people
            self.companies |= who.companies
            self.bodies |= who.bodies
            self.pairs |= who.pairs


def order(flags: Iterable[Flag]) -> list[Flag]:
    """Flags that carry a case before those that only add to one; those that weigh most first."""
    return sorted(flags, key=_strength)


def _strength(flag: Flag) -> tuple[bool, float, str, str, str]:
    side = not starts_a_case(flag)
    return (side, -round(worth(flag), 9), flag.indicator, flag.subject_id, flag.flag_id)


class _Index:
    """Groups by whom they hold, in the order in which they took them in."""

    def __init__(self) -> None:
        self.person: dict[str, list[Group]] = defaultdict(list)
        self.pair: dict[Pair, list[Group]] = defaultdict(list)
        self.company: dict[str, list[Group]] = defaultdict(list)
        self.body: dict[str, list[Group]] = defaultdict(list)

    def put(self, made: Group, who: About) -> None:
        for places, keys in (
            (self.person, who.people),
            (self.company, who.companies),
            (self.body, who.bodies),
        ):
            for key in keys:
                if made not in places[key]:
                    places[key].append(made)
        for pair in who.pairs:
            if made not in self.pair[pair]:
                self.pair[pair].append(made)

    def homes(self, who: About) -> Iterator[Group]:
        """Groups that a flag may join, the closest first; some more than once."""
        for person in sorted(who.people):
            yield from self.person.get(person, ())
        for pair in sorted(who.pairs):
            yield from self.pair.get(pair, ())
        if len(who.companies) > 1:
            yield from self._overlapping(who)
        if who.people:
            return
        if len(who.companies) == 1:
            # The same company elsewhere, without a person to tell the two apart.
            (company,) = who.companies
            here = self.company.get(company, ())
            yield from (g for g in here if not who.bodies or g.pairs or len(g.companies) == 1)
        elif not who.companies:
            for body in sorted(who.bodies):
                here = self.body.get(body, ())
                yield from (g for g in here if not g.companies and not g.people)

    def _overlapping(self, who: About) -> Iterator[Group]:
        """Groups that share at least half of the companies."""
        seen: list[Group] = []
        for company in sorted(who.companies):
            seen += [g for g in self.company.get(company, ()) if g not in seen]
        for other in seen:
            shared = len(who.companies & other.companies)
            if bool(other.pairs) == bool(who.pairs):
                needed = min(len(who.companies), len(other.companies))
            else:  # one is a group of bidders, the other names firms of one official or body
                ring = who.companies if other.pairs else other.companies
                needed = max(4, len(ring))
            if 2 * shared >= needed:
                yield other


def group(flags: Sequence[Flag], *, widen_share: float = 0.25) -> list[Group]:
    """Groups of flags, each with at least one that may start a case.

    Args:
        flags: Everything the detectors found, data errors included (they are left out).
        widen_share: Share of the points of a group's strongest flag that a flag must reach to
            bring new people, companies or bodies in. A broken rule always may.
    """
    groups: list[Group] = []
    index = _Index()
    for flag in order(f for f in flags if starts_a_case(f)):
        who = about(flag)
        weak = False
        for home in index.homes(who):
            strong = flag.class_ == "legal" or points(flag) + 1e-9 >= widen_share * home.anchor
            if strong and home.has_room(who):
                home.add(flag, who)
                index.put(home, who)
                break
            if home.holds(who) or (strong and home.nearly_holds(who)):
                home.add(flag, None)
                break
            weak = weak or not strong
        else:
            # A weak flag near a strong case stays in flags.csv: neither new names in the case
            # nor a second case on the same people.
            if not weak:
                groups.append(Group())
                groups[-1].add(flag, who)
                index.put(groups[-1], who)
    _support(flags, index)
    return groups


def _support(flags: Sequence[Flag], index: _Index) -> None:
    """Side facts join the case of their body and company, strongest first, a few at most."""
    room: dict[int, int] = defaultdict(int)
    side = []
    for flag in flags:
        here = index.pair.get((flag.body_id, flag.company_id))
        if here and flag.class_ != "data" and not starts_a_case(flag):
            side.append((flag, here[0]))
    for flag, home in sorted(side, key=lambda item: _strength(item[0])):
        if room[id(home)] < MOST_SIDE_FLAGS:
            room[id(home)] += 1
            home.add(flag, None)


def members(made: Group) -> tuple[Member, ...]:
    """Who and what is in a case.

    The core; the people and companies that the chains of its strong flags pass through; and the
    tenders, awards and contracts of all its flags. Roles are those of the strongest flag.
    """
    core = {"person": made.people, "company": made.companies, "body": made.bodies}
    carrying = {id(f) for f in made.carrying}
    found: dict[tuple[str, str], str] = {}
    for flag in order(made.flags):
        for member in flag.members:
            names = core.get(member.kind)
            chain = member.role in _CHAIN and id(flag) in carrying
            if names is None or member.id in names or chain:
                found.setdefault((member.kind, member.id), member.role)
    for kind, names in core.items():
        for key in names:
            found.setdefault((kind, key), "subject")
    return tuple(sorted(Member(kind, key, role) for (kind, key), role in found.items()))
