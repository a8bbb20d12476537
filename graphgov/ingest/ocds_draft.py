"""Releases of the draft of 2014, before OCDS 1.0: the names of that draft, mapped on their own.

Seen in Canada's export of that year: every release holds one award notice and one contract,
again for each amendment, so one award is made of all releases that carry its notice.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from graphgov.ingest.ocds_cells import (
    Node,
    cell,
    day,
    digest,
    node,
    nodes,
    number,
    one_line,
    plain_name,
)
from graphgov.ingest.ocds_rows import Cells, Fault, Mention, Row
from graphgov.ingest.ocds_spool import Place, Waiting

_METHODS = {
    "open bidding": "open",
    "open": "open",
    "traditional competitive": "selective",
    "selective": "selective",
    "limited": "limited",
    "traditional non-competitive": "direct",
}
_ADDRESS = ("street-address", "locality", "region", "postal-code", "country-name")


def is_draft(release: Node) -> bool:
    """Whether a release speaks the draft's language."""
    return "releaseID" in release or "releaseTag" in release or "formation" in release


def map_draft(ocid: str, waiting: list[Waiting]) -> Iterator[Row | Fault | Mention]:
    """All rows of a process, which in the draft may hold many awards."""
    ordered = sorted(waiting, key=lambda w: (_latest(w.body), w.mark))
    last = ordered[-1]
    buyer = _party(node(last.body.get("buyer")))
    formation = node(last.body.get("formation"))
    if buyer is None:
        yield Fault(last.place, "buyer_id", "required", ocid, "the release names no buyer")
        return
    method = cell(formation.get("method"))
    known = _METHODS.get((method or "").lower())
    yield Row(
        "tenders",
        {
            "tender_id": ocid,
            "buyer_id": buyer,
            "method": known,
            "method_detail": method,
            "rationale": cell(formation.get("methodJustification")),
        },
        last.place,
    )
    notices: defaultdict[str, list[tuple[str, int, Node, Node, Waiting]]] = defaultdict(list)
    for one in ordered:
        yield from _mentions("bodies", [node(one.body.get("buyer"))], one)
        contracts = {_notice(c.get("awardNotice")): c for c in nodes(one.body.get("contracts"))}
        for award in nodes(one.body.get("awards")):
            key = _notice(award.get("notice")) or f"#{digest(award, 12)}"
            contract = contracts.get(key, {})
            step = _step(contract)
            when = day(award.get("awardDate")) or ""
            notices[key].append((when, step, award, contract, one))
            yield from _mentions("companies", nodes(award.get("suppliers")), one)
    for key, steps in sorted(notices.items()):
        yield from _award(ocid, key, buyer, known, steps)


def _award(
    ocid: str,
    key: str,
    buyer: str,
    method: str | None,
    steps: list[tuple[str, int, Node, Node, Waiting]],
) -> Iterator[Row | Fault]:
    """An award from its first release, and what the later ones changed."""
    steps = sorted(steps, key=lambda s: (s[1], s[0], s[4].mark))
    when, _, award, contract, one = steps[0]
    place = _at(one, award)
    amount = number(node(contract.get("contractValue")).get("amount"))
    companies = [c for c in map(_party, nodes(award.get("suppliers"))) if c]
    needed = (
        ("company_id", companies, "names no supplier"),
        ("amount", amount, "has no value"),
        ("awarded_on", when, "has no date"),
    )
    lacking = [(column, what) for column, value, what in needed if not value]
    if lacking:
        why = "the award " + ", and ".join(what for _, what in lacking)
        yield Fault(place, lacking[0][0], "required", key, why)
        return
    item = node(award.get("itemsAwarded"))
    currency = cell(node(contract.get("contractValue")).get("currency"))
    cells: Cells = {
        "award_id": f"{ocid}/{key}",
        "buyer_id": buyer,
        "awarded_on": when,
        "amount": amount,
        "currency": currency,
        "tender_id": ocid,
        "title": cell(item.get("classificationDescription")),
        "method": method,
        "category": cell(item.get("classificationID")),
    }
    for company in dict.fromkeys(companies):
        yield Row("awards", {**cells, "company_id": company}, place)
    yield Row(
        "contracts",
        {
            "contract_id": f"{ocid}/{key}",
            "award_id": f"{ocid}/{key}",
            "amount": amount,
            "currency": currency,
            "starts_on": day(node(contract.get("contractPeriod")).get("startDate")),
            "ends_on": day(node(contract.get("contractPeriod")).get("endDate")),
        },
        place,
    )
    yield from _amendments(ocid, key, steps)


def _amendments(
    ocid: str, key: str, steps: list[tuple[str, int, Node, Node, Waiting]]
) -> Iterator[Row]:
    seen: set[str] = set()
    for before, after in pairwise(steps):
        label = cell(after[3].get("isAmendment")) or "?"
        if label in seen or label == cell(before[3].get("isAmendment")):
            continue
        seen.add(label)
        ends = day(node(after[3].get("contractPeriod")).get("endDate"))
        ended = day(node(before[3].get("contractPeriod")).get("endDate"))
        yield Row(
            "amendments",
            {
                "amendment_id": f"{ocid}/{key}/amendment/{label}",
                "contract_id": f"{ocid}/{key}",
                "amended_on": after[0] or None,
                "new_ends_on": ends if ends != ended else None,
            },
            _at(after[4], after[2]),
        )


def _at(one: Waiting, award: Node) -> Place:
    index = next(i for i, a in enumerate(nodes(one.body.get("awards"))) if a is award)
    return Place(one.place.file, one.place.line, f"{one.place.pointer}/awards/{index}")


def _notice(value: object) -> str:
    return cell(node(value).get("id")) or ""


def _step(contract: Node) -> int:
    """The number of an amendment; 0 is the contract as first awarded."""
    label = cell(contract.get("isAmendment")) or "0"
    digits = "".join(c for c in label if c.isdigit())
    return int(digits[:9] or 0) + (10**9 if not label.isdigit() else 0)


def _latest(release: Node) -> str:
    return max((day(a.get("awardDate")) or "" for a in nodes(release.get("awards"))), default="")


def _party(party: Node) -> str | None:
    """The uid of an organisation, else a hash of its name."""
    said = node(party.get("id"))
    uid, name = cell(said.get("uid")), cell(said.get("name"))
    if uid:
        return uid
    return f"name:{digest(plain_name(name))}" if name else None


def _mentions(kind: str, parties: list[Node], one: Waiting) -> Iterator[Mention]:
    for party in parties:
        key = _party(party)
        if key is None:
            continue
        address = node(party.get("address"))
        cells = {
            "name": cell(node(party.get("id")).get("name")) or key,
            "region": cell(address.get("region")),
            "jurisdiction": cell(address.get("country-name")),
            "address": one_line(address, _ADDRESS),
            "certainty": "inferred" if key.startswith("name:") else None,
        }
        found = {name: text for name, text in cells.items() if text}
        yield Mention(kind, key, found, _latest(one.body), one.place)
