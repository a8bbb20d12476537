"""Rivals that share people, telephone numbers or addresses which hardly anybody else has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._pairs import (
    company_rows,
    contact_words,
    covered,
    encounters,
    in_force,
    joined,
    not_stated,
    pair_flag,
    partly,
)
from graphgov.network.shared_contacts import COLUMNS as CONTACTS
from graphgov.network.shared_contacts import Contacts, Linked, contacts, linked
from graphgov.network.shared_people import COLUMNS as PEOPLE
from graphgov.network.shared_people import ROLES, Persons, shared_people
from graphgov.network.shared_rivals import COLUMNS, Met, Rivals, rivals
from graphgov.network.telling import role_words
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import I64, slices

F64 = npt.NDArray[np.float64]
_FULL = 2.0  # weighted links at which the score stops rising
_SOURCES = (*CONTACTS, "officers.person_id", "ownership.owner_id")


@dataclass(frozen=True)
class BusinessSimilarities(Detector):
    """Two companies that bid against each other share people or contacts nobody else has.

    Method: Add up what two rivals share on the day they bid: a legal representative,
        controller, director or shareholder counts 1, another officer 0.6, a telephone number or
        e-mail address 0.8, a postal address or e-mail domain 0.5, each times its rarity
        ln(N / n) / ln(N / 2), n being how many of N companies have it; people with at most five
        companies count in full. Contacts that more than five companies share are a service's:
        all of them together count once. Flag pairs that reach **min_links**.
    Example: Two cleaning firms bid against each other for a school; both give the same mobile
        number and the same flat as their address, which no other firm does.
    Why: Who writes both offers decides what the buyer pays. Landlords, accountants and
        registration agents lend one address to many, families run several honest firms.
    Score: 0.2, rising to 0.7 at links worth 2.
    Skips: Values of more than **max_holders** companies and people with more than
        **max_companies**; joint bids; pairs of state-owned companies; a telephone number or an
        address alone.
    Source: OCP Red flags (2024) R044; weights and rarity of this engine.
    """

    code: ClassVar = "R044"
    title: ClassVar = {
        "en": "Business similarities between bidders",
        "zh": "投标人之间存在关联特征",
    }
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "weighted links"
    needs: ClassVar = ("bids.bid_id",)
    wants: ClassVar = (*COLUMNS, *CONTACTS, *PEOPLE)
    sentences: ClassVar = {
        "en": (
            "{one} and {two} bid against each other on {lots_en} of {bodies:names} between "
            "{first} and {last} and won {won:n} awards there for {amounts:money}, while sharing "
            "{shared[en]:text}.",
            "A landlord, an accountant or a registration agent may lend both its address or "
            "telephone, registers may be out of date, and relatives may run rival firms honestly.",
        ),
        "zh": (
            "{one}与{two}在{first}至{last}期间于{bodies:names}的{lots:n}个标段中相互竞标，"
            "其间中标{won:n}项，合计{amounts:money}，而两者共有：{shared[zh]:text}。",
            "房东、会计或代办机构可能为双方提供同一地址或电话，登记信息可能过时，"
            "亲属也可能各自诚实经营相互竞争的企业。",
        ),
    }

    min_links: float = bounded(0.9, low=0.1, high=5.0)
    max_holders: int = bounded(10, low=2, high=50)
    max_companies: int = bounded(10, low=2, high=50)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per pair, with all lots on which they shared enough."""
        market = rivals(snap)
        if not any(snap.has(column) for column in _SOURCES):
            return not_stated(len(market.pairs[0]), _SOURCES)
        shared = _Shared.of(
            market, contacts(snap, self.max_holders), shared_people(snap, self.max_companies)
        )
        met = market.met(shared.a, shared.b)
        links = shared.links(met, market.day[met.lot])
        keep = links >= self.min_links - 1e-9
        met, links = Met(met.pair[keep], met.lot[keep]), links[keep]
        most = np.zeros(len(shared.a))
        np.maximum.at(most, met.pair, links)
        subjects, computable = covered(market, shared.att.stated | shared.people.stated)
        return Findings(
            flags=self._flags(snap, market, shared, met, most),
            subjects=subjects,
            computable=computable,
            reason=partly(subjects, computable, "neither contacts nor people"),
        )

    def _flags(
        self, snap: Snapshot, market: Rivals, shared: "_Shared", met: Met, most: F64
    ) -> list[Flag]:
        found = list(encounters(snap, market, shared.a, shared.b, met))
        rows = company_rows(snap, [key for seen in found for key in (seen.a, seen.b)])
        people = snap.ids("person") if snap.has("people.*") else []
        flags = []
        for seen in found:
            place = seen.place
            days = market.day[list(seen.lots)]
            att = range(shared.att_begins[place], shared.att_ends[place])
            held = shared.held(place, days)
            said = contact_words(shared.att, att)
            for language, words in _people_words(snap, shared.people, held, people).items():
                said[language] = words + said[language]
            own = [rows[key] for key in (seen.a, seen.b) if len(att)]
            edges = {key for row in held for key in shared.people.keys[row]}
            persons = sorted({people[shared.people.person_a[row]] for row in held})
            certainty = max((int(shared.people.certainty[row]) for row in held), default=0)
            links = float(most[place])
            flags.append(
                pair_flag(
                    self,
                    snap,
                    seen,
                    score=0.2 + 0.5 * min(links, _FULL) / _FULL,
                    value=round(links, 6),
                    threshold=self.min_links,
                    certainty=CERTAINTIES[certainty],
                    person_id=persons[0] if len(persons) == 1 else "",
                    facts={"shared": joined(said), "links": round(links, 6)},
                    evidence=[*own, *(Evidence(table, key) for table, key in sorted(edges))],
                    members=[Member("person", key, "holder") for key in persons],
                )
            )
        return flags


@dataclass(frozen=True, eq=False)
class _Shared:
    """Pairs of companies that share contacts or people at any time, by pair."""

    a: I64
    b: I64
    weight: F64
    att: Contacts
    att_begins: I64
    att_ends: I64
    people: Persons
    begins: I64
    ends: I64

    @staticmethod
    def of(market: Rivals, att: Contacts, people: Persons) -> "_Shared":
        by_contact: Linked = linked(att)
        mine, theirs = by_contact.a << 32 | by_contact.b, people.a << 32 | people.b
        keys = np.unique(np.concatenate([mine, theirs]))
        both_state = market.state[keys >> 32] & market.state[keys & 0xFFFFFFFF]
        keys = keys[~both_state]
        at = np.minimum(np.searchsorted(mine, keys), max(len(mine) - 1, 0))
        has = mine[at] == keys if len(mine) else np.zeros(len(keys), dtype=bool)
        weight = np.where(has, by_contact.weight[at], 0.0) if len(mine) else np.zeros(len(keys))
        first = np.where(has, by_contact.begins[at], 0)
        last = np.where(has, by_contact.begins[np.minimum(at + 1, len(mine))], 0)
        return _Shared(
            a=keys >> 32,
            b=keys & 0xFFFFFFFF,
            weight=weight,
            att=att,
            att_begins=first,
            att_ends=last,
            people=people,
            begins=np.searchsorted(theirs, keys),
            ends=np.searchsorted(theirs, keys, side="right"),
        )

    def links(self, met: Met, day: I64) -> F64:
        """What each meeting's companies shared that day."""
        rows = slices(self.begins[met.pair], self.ends[met.pair])
        meeting = np.repeat(np.arange(len(met.pair)), (self.ends - self.begins)[met.pair])
        holds = in_force(self.people.start[rows], self.people.end[rows], day[meeting])
        rows, meeting = rows[holds], meeting[holds]
        worth = self.people.weight[rows]
        # Of several posts of one person the weightiest counts.
        person = self.people.person_a[rows]
        order = np.lexsort((-worth, person, meeting))
        meeting, person, worth = meeting[order], person[order], worth[order]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = (meeting[1:] != meeting[:-1]) | (person[1:] != person[:-1])
        total = np.bincount(meeting[first], worth[first], minlength=len(met.pair))
        return np.asarray(self.weight[met.pair] + total, dtype=np.float64)

    def held(self, place: int, days: I64) -> list[int]:
        """Rows of people whom a pair shared on one of some days."""
        rows = range(int(self.begins[place]), int(self.ends[place]))
        start, end = self.people.start, self.people.end
        return [r for r in rows if ((start[r] <= days) & (days <= end[r])).any()]


def _people_words(
    snap: Snapshot, people: Persons, rows: Sequence[int], ids: Sequence[str]
) -> dict[str, list[str]]:
    """The shared people with their foremost posts, by language."""
    best: dict[int, int] = {}
    for row in rows:
        person = int(people.person_a[row])
        old = best.setdefault(person, row)
        if people.role_a[row] + people.role_b[row] < people.role_a[old] + people.role_b[old]:
            best[person] = row
    said: dict[str, list[str]] = {"en": [], "zh": []}
    for person, row in sorted(best.items()):
        name = snap.name("person", ids[person])
        one, two = (role_words(ROLES[int(r)]) for r in (people.role_a[row], people.role_b[row]))
        held = int(people.held[row])
        said["en"].append(
            f"{name} ({one['en']} of the first, {two['en']} of the second, with {held} companies "
            "in all)"
        )
        said["zh"].append(f"{name}（前者{one['zh']}、后者{two['zh']}，共涉{held}家公司）")
    return said
