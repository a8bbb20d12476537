"""Flags that share people, companies and bodies become one group, strongest first.

A greedy pass: every flag joins the strongest group that already holds its person, or its
company at its body; else it starts a group. A flag far weaker than the group it joins adds
its weight and its rows but no new names, so that one strong flag does not drag in everybody
its official ever met.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from graphgov.cases.weigh import points, starts_a_case
from graphgov.schema import Flag, Member

Key = tuple[str, ...]
_GROUP_KINDS = ("group", "community", "company_pair")


@dataclass
class Group:
    """Flags of one case in the making."""

    flags: list[Flag] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    companies: set[str] = field(default_factory=set)
    bodies: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    anchor: float = 0.0

    def holds(self, flag: Flag) -> bool:
        """Whether everybody the flag is about is in the group already."""
        return all(
            not key or key in names
            for key, names in (
                (flag.person_id, self.people),
                (flag.company_id, self.companies),
                (flag.body_id, self.bodies),
            )
        )

    def add(self, flag: Flag, *, widen: bool) -> None:
        """Put a flag in; `widen` also takes its names into the core."""
        self.flags.append(flag)
        self.anchor = max(self.anchor, points(flag))
        if not widen:
            return
        for kind, names in (
            (flag.person_id, self.people),
            (flag.company_id, self.companies),
            (flag.body_id, self.bodies),
        ):
            if kind:
                names.add(kind)
        if flag.subject_kind in _GROUP_KINDS:
            self.companies.update(msgspec.json.decode(flag.subject_id, type=list[str]))
        self.pairs.update(flag_pairs(flag))


def flag_pairs(flag: Flag) -> set[tuple[str, str]]:
    """The (body, company) pairs a flag is about."""
    bodies = {m.id for m in flag.members if m.kind == "body"} | {flag.body_id}
    companies = {m.id for m in flag.members if m.kind == "company"} | {flag.company_id}
    if flag.subject_kind in _GROUP_KINDS:
        return set()
    return {(b, c) for b in bodies for c in companies if b and c}


def order(flags: Iterable[Flag]) -> list[Flag]:
    """Flags strongest first; equal ones by who they are about."""
    return sorted(flags, key=lambda f: (-points(f), f.indicator, f.subject_id, f.flag_id))


def group(flags: Sequence[Flag], *, widen_share: float = 0.25) -> list[Group]:
    """Groups of flags, each at least one that may start a case.

    Args:
        flags: Everything the detectors found, data errors included (they are left out).
        widen_share: Share of the group's strongest flag that a flag must reach to bring
            new people or companies in.
    """
    groups: list[Group] = []
    by_person: dict[str, Group] = {}
    by_pair: dict[tuple[str, str], Group] = {}
    by_company: dict[str, list[Group]] = defaultdict(list)

    def index(made: Group) -> None:
        for person in made.people:
            by_person.setdefault(person, made)
        for pair in made.pairs:
            by_pair.setdefault(pair, made)
        for company in made.companies:
            if made not in by_company[company]:
                by_company[company].append(made)

    for flag in order(f for f in flags if starts_a_case(f)):
        found = _home(flag, by_person, by_pair, by_company)
        if found is None:
            found = Group()
            groups.append(found)
            found.add(flag, widen=True)
        else:
            strong = flag.class_ == "legal" or points(flag) >= widen_share * found.anchor
            if not strong and not found.holds(flag):
                continue  # stays in flags.csv; too weak to bring its names into this case
            found.add(flag, widen=strong)
        index(found)
    _support(flags, by_pair)
    return groups


def _home(
    flag: Flag,
    by_person: dict[str, Group],
    by_pair: dict[tuple[str, str], Group],
    by_company: dict[str, list[Group]],
) -> Group | None:
    if flag.subject_kind in _GROUP_KINDS:
        return _overlapping(flag, by_company)
    if flag.person_id and flag.person_id in by_person:
        return by_person[flag.person_id]
    for pair in sorted(flag_pairs(flag)):
        if pair in by_pair:
            return by_pair[pair]
    # The same company at another body, without a person to tell the two apart.
    if not flag.person_id and flag.company_id:
        return next((g for g in by_company[flag.company_id] if g.pairs), None)
    return None


def _overlapping(flag: Flag, by_company: dict[str, list[Group]]) -> Group | None:
    """The group-of-companies case that shares at least half of the smaller one's members."""
    companies = set(msgspec.json.decode(flag.subject_id, type=list[str]))
    seen: list[Group] = []
    for company in sorted(companies):
        seen += [g for g in by_company[company] if g not in seen and not g.pairs]
    for other in seen:
        shared = len(companies & other.companies)
        if 2 * shared >= min(len(companies), len(other.companies)):
            return other
    return None


def _support(flags: Sequence[Flag], by_pair: dict[tuple[str, str], Group]) -> None:
    """Side facts join the case of their body and company, strongest first, at most fifty."""
    room: dict[int, int] = defaultdict(int)
    side = [f for f in flags if f.class_ != "data" and not starts_a_case(f)]
    mine = [(by_pair.get((f.body_id, f.company_id)), f) for f in side]
    for found, flag in sorted(
        ((g, f) for g, f in mine if g is not None), key=lambda item: _rank(item[1])
    ):
        if room[id(found)] < 50 and flag not in found.flags:
            room[id(found)] += 1
            found.add(flag, widen=False)


def _rank(flag: Flag) -> tuple[float, str, str]:
    return (-points(flag), flag.indicator, flag.flag_id)


def members(made: Group) -> tuple[Member, ...]:
    """Who and what is in the case: the core, and tenders, awards and contracts of its flags."""
    core = {"person": made.people, "company": made.companies, "body": made.bodies}
    found: dict[tuple[str, str], str] = {}
    for flag in order(made.flags):
        for member in flag.members:
            names = core.get(member.kind)
            if names is None or member.id in names or member.role in ("link", "holder"):
                found.setdefault((member.kind, member.id), member.role)
    for kind, names in core.items():
        for key in names:
            found.setdefault((kind, key), "subject")
    return tuple(sorted(Member(kind, key, role) for (kind, key), role in found.items()))
