"""Releases of one process into one: tidied, each counted once, merged by OCDS's rules."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from graphgov.ingest.ocds_cells import Node, cell, digest, members, node, nodes, plain_name
from graphgov.ingest.ocds_spool import Kind, Place, Waiting

MADE = "_id_made_of"  # marks the id of an organisation that had none: identifier or name
_SECTIONS = ("awards", "contracts")
_ORGANISATIONS = ("suppliers", "tenderers")


class MergeConflict(Exception):
    """Releases of one process whose shapes contradict each other."""


@dataclass
class Process:
    """What is known of one contracting process.

    Args:
        release: The merged release.
        places: Where an award, contract or bid stood last, by section and id.
        odd: What stands where an award, contract or bid should.
        place: Where the latest release stood.
        date: Of the latest release.
        announced: Date of the first release tagged `tender`, or None.
    """

    ocid: str
    release: Node
    place: Place
    date: str
    announced: str | None = None
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    odd: tuple[tuple[Place, object], ...] = ()


@dataclass
class Directory:
    """Ids of the parties of a process by identifier and by name."""

    known: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)

    def add(self, parties: list[Node]) -> None:
        """Note the parties that have an id; a later word on one of them holds."""
        for party in parties:
            key, name = cell(party.get("id")), organisation_name(party)
            if key and _identifier(party):
                self.known[_identifier(party)] = key
            if key and name:
                self.named[plain_name(name)] = key


def tidy(release: Node, book: Directory) -> Node:
    """The release with lists where lists belong and an id on everything that is referred to."""
    if "contract" in release and "contracts" not in release:  # seen in Paraguay
        release["contracts"] = release.pop("contract")
    release["parties"] = parties = nodes(release.get("parties"))
    for party in parties:
        name_organisation(party, book)
    if "buyer" in release:
        release["buyer"] = _organisation(release["buyer"], book)
    for section in _SECTIONS:
        if section in release:
            release[section] = [_part(p, book) for p in nodes(release[section])]
    for section, key in (("tender", "lots"), ("bids", "details")):
        if section in release:
            part = release[section]
            if section == "bids" and isinstance(part, list):
                part = {"details": part}
            part = release[section] = _part(node(part), book, whole=True)
            if key in part:
                part[key] = [_part(p, book) for p in nodes(part[key])]
    return release


def _part(part: Node, book: Directory, *, whole: bool = False) -> Node:
    if not whole:
        key = cell(part.get("id"))
        part["id"] = key or f"#{digest(part, 12)}"
    for key in _ORGANISATIONS:
        if key in part:
            found = [_organisation(o, book) for o in members(part[key])]
            part[key] = once([o for o in found if "id" in o])
    for key in ("procuringEntity", "buyer"):
        if key in part:
            part[key] = _organisation(part[key], book)
    if "items" in part:
        part["items"] = nodes(part["items"])
        for item in part["items"]:
            if not cell(item.get("id")):
                item.pop("id", None)
    return part


def _organisation(value: object, book: Directory) -> Node:
    found = {"name": value} if isinstance(value, str) else node(value)
    return name_organisation(found, book)


def _identifier(party: Node) -> str:
    identifier = node(party.get("identifier"))
    key = cell(identifier.get("id"))
    scheme = cell(identifier.get("scheme"))
    return "" if key is None else f"{scheme}-{key}" if scheme else key


def organisation_name(party: Node) -> str | None:
    """The name of an organisation, or the first translation of it, or its legal name."""
    plain = cell(party.get("name"))
    if plain:
        return plain
    legal = node(party.get("identifier"))
    for part, key in ((party, "name"), (legal, "legalName")):
        for found in (key, *sorted(k for k in part if k.startswith(f"{key}_"))):
            name = cell(part.get(found))
            if name:
                return name
    return None


def name_organisation(party: Node, book: Directory) -> Node:
    """The organisation with an id.

    Its own; else its identifier, under the id that `parties` has for it; else the id of the
    party of its name; else a hash of its name, which is only an inference.

    Args:
        party: Changed in place.
        book: The parties of the process.
    """
    own = cell(party.get("id"))
    if own:
        party["id"] = own
        return party
    party.pop("id", None)
    identifier, name = _identifier(party), organisation_name(party)
    if identifier:
        party["id"], party[MADE] = book.known.get(identifier, identifier), "identifier"
    elif name and plain_name(name) in book.named:
        party["id"], party[MADE] = book.named[plain_name(name)], "identifier"
    elif name:
        party["id"], party[MADE] = f"name:{digest(plain_name(name))}", "name"
    return party


def once(parties: list[Node]) -> list[Node]:
    """The organisations of one list, each once.

    Merged releases may know one of them by id and by name; two members of a consortium with
    one name would be a stranger thing.
    """
    rank = {None: 0, "identifier": 1, "name": 2}
    best: dict[str, Node] = {}
    for party in parties:
        name = organisation_name(party)
        key = plain_name(name) if name else f"\0{party['id']}"
        other = best.get(key)
        if other is None or rank[party.get(MADE)] < rank[other.get(MADE)]:
            best[key] = party
        elif party["id"] != other["id"] and not party.get(MADE) and not other.get(MADE):
            best[f"\0{party['id']}"] = party
    return list({p["id"]: p for p in best.values()}.values())


def instant(value: object) -> str:
    """A time in a form that sorts; what cannot be read sorts as it is written."""
    text = cell(value) or ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError:
        return text


def merge(ocid: str, waiting: Iterable[Waiting]) -> Process:
    """One process from its releases.

    A release is known by its id and date and counts once, in its richest form. A compiled
    release stands for every release that is not later than it.

    Raises:
        MergeConflict: One release has an object where another has a list.
    """
    unique: dict[tuple[object, ...], tuple[tuple[object, ...], Waiting]] = {}
    for one in waiting:
        date, key = instant(one.body.get("date")), cell(one.body.get("id"))
        identity = (one.kind is Kind.COMPILED, date, key or one.mark)
        rank = (bool(one.body.get("parties")), one.size, one.mark)
        if identity not in unique or rank > unique[identity][0]:
            unique[identity] = (rank, one)
    ordered = [
        (one, identity) for identity, (_, one) in sorted(unique.items(), key=lambda i: i[0][1:])
    ]
    compiled = [(one, identity) for one, identity in ordered if one.kind is Kind.COMPILED]
    if compiled:
        base, when = compiled[-1][0], compiled[-1][1][1]
        later = [o for o, i in ordered if o.kind is Kind.RELEASE and str(i[1]) > str(when)]
        chosen = [base, *later]
    else:
        chosen = [one for one, _ in ordered]
    announced = next((str(o.body["date"]) for o in chosen if _announces(o.body)), None)
    book = Directory()
    for one in chosen:
        book.add(nodes(one.body.get("parties")))
    odd = tuple(_odd(chosen))
    bodies = [tidy(one.body, book) for one in chosen]
    places = _places(chosen)
    release = bodies[0] if len(bodies) == 1 else _merged(bodies)
    for part in (*nodes(release.get("awards")), *_bids(release)):
        for key in _ORGANISATIONS:
            if key in part:
                part[key] = once([o for o in nodes(part[key]) if "id" in o])
    last = chosen[-1]
    date = instant(last.body.get("date"))
    return Process(ocid, release, last.place, date, announced, places, odd)


def _announces(release: Node) -> bool:
    tags = release.get("tag")
    return "tender" in (tags if isinstance(tags, list) else [tags]) and bool(
        cell(release.get("date"))
    )


def _bids(release: Node) -> list[Node]:
    return nodes(node(release.get("bids")).get("details"))


def _parts(release: Node) -> Iterator[tuple[str, str, object]]:
    for section in _SECTIONS:
        yield section, f"/{section}", release.get(section)
    yield "bids", "/bids/details", node(release.get("bids")).get("details")


def _odd(chosen: list[Waiting]) -> Iterator[tuple[Place, object]]:
    for one in chosen:
        for _, pointer, given in _parts(one.body):
            for index, member in enumerate(members(given)):
                if not isinstance(member, dict):
                    at = f"{one.place.pointer}{pointer}/{index}"
                    yield Place(one.place.file, one.place.line, at), member


def _places(chosen: list[Waiting]) -> dict[tuple[str, str], Place]:
    found: dict[tuple[str, str], Place] = {}
    for one in chosen:
        at = one.place
        for section, pointer, given in _parts(one.body):
            for index, member in enumerate(nodes(given)):
                place = Place(at.file, at.line, f"{at.pointer}{pointer}/{index}")
                found[section, str(member["id"])] = place
    return found


@cache
def _rules() -> dict[tuple[str, ...], str]:
    """What the release schema of OCDS 1.1 marks as omitted or replaced as a whole.

    The library would fetch the schema from the network. Lists of plain values are always
    replaced as a whole.
    """
    rules: dict[tuple[str, ...], str] = {}
    for name in ("id", "date", "tag"):
        rules[(name,)] = "omitWhenMerged"
    for section in ("tender", "awards", "contracts"):
        rules[section, "items", "additionalClassifications"] = "wholeListMerge"
        rules[section, "amendments", "changes"] = "wholeListMerge"
        rules[section, "amendment", "changes"] = "wholeListMerge"
    for owner in ("parties", "buyer"):
        rules[owner, "additionalIdentifiers"] = "wholeListMerge"
    return rules


def _merged(bodies: list[Node]) -> Node:
    from ocdsmerge import CompiledRelease  # costs 0.2 s and is often not needed
    from ocdsmerge.exceptions import OCDSMergeError

    compiled = CompiledRelease(merge_rules=_rules())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one id twice in a list: the later one holds
        try:
            for body in bodies:
                compiled.append(body)
            found: dict[str, Any] = compiled.asdict()
        except (OCDSMergeError, TypeError, AttributeError, RecursionError) as error:
            raise MergeConflict(str(error)) from None
    return found
