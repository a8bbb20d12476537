"""Rivals behind which one hand, one family or one office stands."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphgov.config import bounded
from graphgov.detector import Detector, Findings
from graphgov.indicators._pairs import (
    Encounter,
    company_rows,
    contact_words,
    covered,
    encounters,
    in_force,
    joined,
    not_stated,
    owner_members,
    owner_of,
    pair_flag,
    partly,
)
from graphgov.network.shared_contacts import COLUMNS as CONTACTS
from graphgov.network.shared_contacts import Contacts, Linked, contacts, linked
from graphgov.network.shared_control import COLUMNS as CONTROL
from graphgov.network.shared_control import Behind, Common, behind
from graphgov.network.shared_owners import Joined, joined_rivals
from graphgov.network.shared_people import COLUMNS as PEOPLE
from graphgov.network.shared_people import KIN_COLUMNS, Persons, kindred
from graphgov.network.shared_rivals import COLUMNS, Met, Rivals, rivals
from graphgov.schema import CERTAINTIES, Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.spans import I64, slices

F64 = npt.NDArray[np.float64]
_KIN = 0.9
_CONTACT, _MOST_CONTACT = 0.5, 0.6  # what a weighted link of contacts adds, and all of them
_TRUST = (1.0, 0.9, 0.6)  # of documented, declared and inferred edges
_OPEN_GROUP = 0.6  # of the score where a company holds both for everybody to see
_SOURCES = (*CONTACTS, "officers.person_id", "ownership.owner_id")
_KIN_WORDS = {
    "spouse": ("the spouse", "配偶"),
    "parent": ("a parent or child", "父母子女"),
    "child": ("a parent or child", "父母子女"),
    "sibling": ("a sibling", "兄弟姐妹"),
    "in_law": ("an in-law", "姻亲"),
    "kin": ("a relative", "亲属"),
}


@dataclass(frozen=True)
class HiddenCommonControl(Detector):
    """Two companies that bid against each other answer to one hand, family or office.

    Method: On the day bids were due, C = 1 - (1 - control) (1 - 0.9 kin) (1 - contacts). Control
        is 1 where one person or company held more than half of the votes of both, directly or
        through others, or headed both, or one held the other; kin is 1 where close kin each
        headed, controlled or owned a quarter of one of them; contacts is half the weighted rare
        telephone numbers, mailboxes and addresses they share (R044), at most 0.6. Flag pairs
        with C of **min_link** or more.
    Example: Two brothers head two firms with one telephone; they bid for the same twelve roads,
        five of them without any other bidder.
    Why: A tender between a hand and itself is none. State groups, declared affiliates and
        families in one trade are innocent.
    Score: 0.25 + 0.3 C, up to 0.1 more where nobody else bid; six tenths of it for an open group,
        in which a company holds both; less for declared, inferred and undated edges.
    Skips: Control by bodies, state-owned companies and owners of more than fifty companies;
        joint bids; values that more than ten companies share.
    Source: PRC Tendering Law regulations art. 34; Procurement Law regulations art. 18; catalogue
        E08, E07.
    """

    code: ClassVar = "E08"
    title: ClassVar = {"en": "Hidden common control among bidders", "zh": "投标人受同一方隐性控制"}
    class_: ClassVar = "tie"
    subject_kind: ClassVar = "company_pair"
    unit: ClassVar = "strength of the link"
    needs: ClassVar = ("bids.bid_id",)
    wants: ClassVar = (*COLUMNS, *CONTACTS, *PEOPLE, *KIN_COLUMNS, *CONTROL)
    sentences: ClassVar = {
        "en": (
            "{one} and {two} bid against each other on {lots_en} of {bodies:names} between {first} "
            "and {last}, {alone:n} of them with no other bidder, and won {won:n} awards for "
            "{amounts:money}; {ground[en]:text}.",
            "A state or family group may let its firms compete, the register may be out of date, "
            "and the affiliation may have been declared to the buyer.",
        ),
        "zh": (
            "{one}与{two}在{first}至{last}期间于{bodies:names}的{lots:n}个标段中相互竞标，"
            "其中{alone:n}个再无其他投标人，其间中标{won:n}项，合计{amounts:money}；{ground[zh]:text}。",
            "国有或家族集团的企业可能彼此竞争，登记可能过时，关联关系也可能已向采购人申报。",
        ),
    }

    min_link: float = bounded(0.5, low=0.05, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """One flag per pair, with all lots on which they met while it was so."""
        market = rivals(snap)
        if not any(snap.has(column) for column in _SOURCES):
            return not_stated(len(market.pairs[0]), _SOURCES)
        links = _Links.of(snap, market)
        keep = links.strength >= self.min_link - 1e-9
        met = Met(links.met.pair[keep], links.met.lot[keep])
        most = np.zeros(len(links.a))
        np.maximum.at(most, met.pair, links.strength[keep])
        subjects, computable = covered(market, links.stated)
        found = list(encounters(snap, market, links.a, links.b, met))
        rows = company_rows(snap, [key for seen in found for key in (seen.a, seen.b)])
        people = snap.ids("person")
        flags = [
            self._flag(snap, market, links, seen, float(most[seen.place]), rows, people)
            for seen in found
        ]
        return Findings(
            flags=flags,
            subjects=subjects,
            computable=computable,
            reason=partly(subjects, computable, "neither owners, officers nor contacts"),
        )

    def _flag(
        self,
        snap: Snapshot,
        market: Rivals,
        links: "_Links",
        seen: Encounter,
        strength: float,
        rows: Mapping[str, Evidence],
        people: Sequence[str],
    ) -> Flag:
        ground = links.ground(snap, seen, market.day[list(seen.lots)], people)
        said = ground.said
        at = links.contact_rows(seen.place)
        for language, words in contact_words(links.att, at).items():
            said[language] += [_BOTH[language].format(word) for word in words]
        own = [rows[key] for key in (seen.a, seen.b)] if len(at) else []
        alone = int((market.bidders[list(seen.lots)] == 2).sum())
        score = 0.25 + 0.3 * strength + 0.1 * alone / len(seen.lots)
        control = links.control.get(seen.place)
        if control and links.found.open_group(control):
            score *= _OPEN_GROUP
        persons = sorted({m.id for m in ground.members if m.kind == "person"})
        return pair_flag(
            self,
            snap,
            seen,
            score=score * _TRUST[ground.certainty] * (1.0 if ground.dated else 0.8),
            value=round(strength, 6),
            threshold=self.min_link,
            certainty=CERTAINTIES[ground.certainty],
            person_id=persons[0] if len(persons) == 1 else "",
            facts={"alone": alone, "ground": joined(said), "dated": ground.dated},
            evidence=[*own, *(Evidence(table, key) for table, key in sorted(ground.rows))],
            members=ground.members,
        )


_BOTH = {"en": "both give {0}", "zh": "双方使用同一{0}"}


@dataclass(frozen=True)
class _Ground:
    """What links two companies, in words and rows."""

    said: dict[str, list[str]]
    members: list[Member]
    rows: set[tuple[str, str]]
    certainty: int
    dated: bool


@dataclass(frozen=True, eq=False)
class _Links:
    """Pairs that may be linked, their meetings and how strongly they were linked that day."""

    a: I64
    b: I64
    met: Met
    strength: F64
    found: Behind
    control: Mapping[int, Sequence[Common]]  # place of a pair → common controllers
    kin: Persons
    kin_begins: I64
    kin_ends: I64
    att: Contacts
    by_contact: Linked
    att_at: I64

    @property
    def stated(self) -> npt.NDArray[np.bool_]:
        """Per company, whether anything is known that could link it."""
        return np.asarray(self.att.stated | self.found.stated)

    @staticmethod
    def of(snap: Snapshot, market: Rivals) -> "_Links":
        att, kin, found = contacts(snap), kindred(snap), behind(snap)
        by_contact = linked(att)
        joint = joined_rivals(snap).where(lambda common: common.controls)
        mine, theirs = by_contact.a << 32 | by_contact.b, kin.a << 32 | kin.b
        under = joint.a << 32 | joint.b
        keys = np.unique(np.concatenate([mine, theirs, np.unique(under[joint.met.pair])]))
        keys = keys[~(market.state[keys >> 32] & market.state[keys & 0xFFFFFFFF])]
        a, b = keys >> 32, keys & 0xFFFFFFFF
        met = market.met(a, b)
        place = np.searchsorted(keys, under[joint.met.pair])
        lots = np.int64(market.lots)
        held = np.isin(met.pair * lots + met.lot, place * lots + joint.met.lot)
        begins, ends = np.searchsorted(theirs, keys), np.searchsorted(theirs, keys, side="right")
        related = _in_force_any(kin, begins[met.pair], ends[met.pair], market.day[met.lot])
        at = np.where(np.isin(keys, mine), np.searchsorted(mine, keys), -1)
        worth = np.append(by_contact.weight, 0.0)[at]
        shared = np.minimum(_MOST_CONTACT, _CONTACT * worth)[met.pair]
        strength = 1 - (1 - held) * (1 - _KIN * related) * (1 - shared)
        control = _control(joint, place)
        return _Links(a, b, met, strength, found, control, kin, begins, ends, att, by_contact, at)

    def contact_rows(self, place: int) -> range:
        """Rows of the contacts a pair shares."""
        at = int(self.att_at[place])
        if at < 0:
            return range(0)
        return range(int(self.by_contact.begins[at]), int(self.by_contact.begins[at + 1]))

    def ground(self, snap: Snapshot, seen: Encounter, days: I64, people: Sequence[str]) -> _Ground:
        """Control and kinship of a pair in words, with the rows they rest on."""
        said: dict[str, list[str]] = {"en": [], "zh": []}
        members: list[Member] = []
        rows: set[tuple[str, str]] = set()
        certainty, dated = 0, True
        best: dict[int, Common] = {c.node: c for c in self.control.get(seen.place, ())}
        for _, common in sorted(best.items()):
            kind, key, name = owner_of(snap, self.found, common)
            if kind == "company" and key in (seen.a, seen.b):
                below = snap.name("company", seen.b if key == seen.a else seen.a)
                said["en"].append(f"{below} is controlled by {name}")
                said["zh"].append(f"{below}受{name}控制")
            else:
                said["en"].append(f"both are controlled by {name}")
                said["zh"].append(f"双方均受{name}控制")
            members += owner_members(self.found, common)
            rows |= set(common.rows)
            certainty, dated = max(certainty, common.certainty), dated and common.dated
        told = set()
        for row in range(int(self.kin_begins[seen.place]), int(self.kin_ends[seen.place])):
            if not in_force(self.kin.start[row], self.kin.end[row], days).any():
                continue
            pair = tuple(people[int(p)] for p in (self.kin.person_a[row], self.kin.person_b[row]))
            members += [Member("person", key, "holder") for key in pair]
            rows |= set(self.kin.keys[row])
            certainty = max(certainty, int(self.kin.certainty[row]))
            dated = dated and bool(self.kin.dated[row])
            if pair not in told:
                told.add(pair)
                one, two = (snap.name("person", key) for key in pair)
                english, chinese = _KIN_WORDS[self.kin.tie_kind[row]]
                said["en"].append(f"{one} behind the first is {english} of {two} behind the second")
                said["zh"].append(f"前者背后的{one}与后者背后的{two}是{chinese}")
        return _Ground(said, sorted(set(members)), rows, certainty, dated)


def _control(joint: Joined, place: I64) -> dict[int, list[Common]]:
    """The nearest way each controller controls a pair, by place of the pair."""
    found: dict[int, dict[int, Common]] = defaultdict(dict)
    for at, commons in zip(place.tolist(), joint.commons, strict=True):
        for common in commons:
            old = found[at].get(common.node)
            if old is None or (len(common.through), common.rows) < (len(old.through), old.rows):
                found[at][common.node] = common
    return {at: [by_node[n] for n in sorted(by_node)] for at, by_node in found.items()}


def _in_force_any(links: Persons, low: I64, high: I64, day: I64) -> npt.NDArray[np.bool_]:
    """Per meeting, whether any of the rows low..high-1 held on its day."""
    rows = slices(low, high)
    meeting = np.repeat(np.arange(len(low)), high - low)
    holds = in_force(links.start[rows], links.end[rows], day[meeting])
    return np.bincount(meeting[holds], minlength=len(low)) > 0
