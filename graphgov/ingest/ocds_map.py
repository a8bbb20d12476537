"""One merged release into rows of the tables.

Ids of OCDS are local to a process, so every id but those of organisations begins with the
ocid; the process itself is the tender.
"""

from collections.abc import Iterator
from typing import Any

from graphgov.ingest.ocds_cells import (
    Node,
    cell,
    day,
    join_ids,
    node,
    nodes,
    number,
    texts,
    time,
)
from graphgov.ingest.ocds_contracts import contract_rows, signing_days
from graphgov.ingest.ocds_merge import MADE, Process
from graphgov.ingest.ocds_orgs import organisation_cells
from graphgov.ingest.ocds_parts import (
    category_of,
    currency_of,
    inside,
    item_rows,
    lot_ids,
    region_of,
)
from graphgov.ingest.ocds_rows import Cells, Fault, Mention, Row
from graphgov.schema import METHODS

_TENDER_STATUS = {
    "planning": "planned",
    "canceled": "cancelled",
    "closed": "complete",
    **{w: w for w in ("planned", "active", "complete", "unsuccessful", "cancelled", "withdrawn")},
}
_AWARD_STATUS = {"canceled": "cancelled"}
_BID_STATUS = {
    "active": "valid",
    "qualified": "valid",
    "accepted": "valid",
    "rejected": "disqualified",
    "invalid": "disqualified",
    "notqualified": "disqualified",
    **{w: w for w in ("invited", "pending", "valid", "disqualified", "withdrawn")},
}
_CRITERIA = {
    "lowestcost": "price",
    "priceonly": "price",
    "costonly": "price",
    "qualityonly": "quality",
    "bestproposal": "mixed",
    "bestvaluetogovernment": "mixed",
    "ratedcriteria": "mixed",
}
_BARE = frozenset(("id", "name", "roles", MADE))

Out = Iterator[Row | Fault | Mention]


def map_process(process: Process) -> Out:
    """All rows of a process, faults for what cannot be one, and mentions of organisations."""
    for place, value in process.odd:
        yield Fault(place, "", "wrong_type", cell(value) or "", "an object is due here")
    release = process.release
    parties = {str(p["id"]): p for p in nodes(release.get("parties")) if "id" in p}
    tender = node(release.get("tender"))
    buyer, entity = _buyers(release, tender, parties)
    yield from _organisations(process, tender, parties, buyer, entity)
    awards = nodes(release.get("awards"))
    contracts = nodes(release.get("contracts"))
    bids = nodes(node(release.get("bids")).get("details"))
    described = bool(tender or bids or awards)
    if described:
        yield from _tender(process, tender, buyer, entity, bids)
    for bid in bids:
        yield from _bid(process, bid)
    if not bids:
        yield from _tenderers(process, tender)
    signed = signing_days(contracts)
    for award in awards:
        yield from _award(process, award, buyer, signed)
    for contract in contracts:
        yield from contract_rows(process, contract, awards, contracts)


def _buyers(release: Node, tender: Node, parties: dict[str, Node]) -> tuple[str | None, str | None]:
    entity = cell(node(tender.get("procuringEntity")).get("id"))
    buyer = cell(node(release.get("buyer")).get("id"))
    for role in ("buyer", "procuringEntity"):
        having = sorted(k for k, p in parties.items() if role in texts(p.get("roles")))
        if role == "buyer":
            buyer = buyer or (having[0] if having else None)
        else:
            entity = entity or (having[0] if having else None)
    return buyer or entity, entity


def _organisations(
    process: Process,
    tender: Node,
    parties: dict[str, Node],
    buyer: str | None,
    entity: str | None,
) -> Out:
    release = process.release
    bodies: list[Node] = [node(release.get("buyer")), node(tender.get("procuringEntity"))]
    companies: list[Node] = nodes(tender.get("tenderers"))
    for bid in nodes(node(release.get("bids")).get("details")):
        companies += nodes(bid.get("tenderers"))
    for award in nodes(release.get("awards")):
        bodies.append(node(award.get("buyer")))
        companies += nodes(award.get("suppliers"))
    for party in parties.values():
        roles = texts(party.get("roles"))
        if "buyer" in roles or "procuringEntity" in roles or party["id"] in (buyer, entity):
            bodies.append(party)
        if "supplier" in roles or "tenderer" in roles:
            companies.append(party)
    for kind, found in (("bodies", bodies), ("companies", companies)):
        for key, cells in _described(found, parties):
            yield Mention(kind, key, cells, process.date, process.place)


def _described(found: list[Node], parties: dict[str, Node]) -> Iterator[tuple[str, dict[str, str]]]:
    """What is said of each organisation; a bare reference adds nothing to its party."""
    done: set[str] = set()
    for one in found:
        key = cell(one.get("id"))
        if key is None:
            continue
        party = parties.get(key)
        bare = one is party or _BARE.issuperset(one)
        if bare and key in done:
            continue
        if party is None:
            yield key, organisation_cells(one)
        elif bare:
            yield key, organisation_cells(party)
        else:
            yield key, {**organisation_cells(party), **organisation_cells(one)}
        if bare:
            done.add(key)


def _tender(
    process: Process, tender: Node, buyer: str | None, entity: str | None, bids: list[Node]
) -> Out:
    place = inside(process.place, "/tender" if tender else "")
    if buyer is None:
        yield Fault(place, "buyer_id", "required", process.ocid, "no buyer or procuring entity")
        return
    period = node(tender.get("tenderPeriod"))
    items = nodes(tender.get("items"))
    category, scheme = category_of(tender, items)
    method, method_detail = _method(tender)
    status = cell(tender.get("status"))
    value = node(tender.get("value"))
    ends = time(period.get("endDate"))
    yield Row(
        "tenders",
        {
            "tender_id": process.ocid,
            "buyer_id": buyer,
            "procuring_entity_id": entity,
            "title": cell(tender.get("title")) or cell(process.release.get("title")),
            "document_no": cell(tender.get("id")),
            "method": method,
            "method_detail": method_detail,
            "rationale": cell(tender.get("procurementMethodRationale")),
            "category": category,
            "category_scheme": scheme,
            "region": region_of(items),
            "estimated_value": number(value.get("amount")),
            "currency": currency_of(value),
            "published_at": _published(process, tender, ends),
            "submission_starts_at": time(period.get("startDate")),
            "bids_due_at": ends,
            "opened_at": time(node(tender.get("bidOpening")).get("date")),
            "status": _TENDER_STATUS.get((status or "").lower()),
            "bidders": cell(tender.get("numberOfTenderers")) or _count(tender, bids),
            "criteria": _CRITERIA.get((cell(tender.get("awardCriteria")) or "").lower()),
        },
        place,
    )
    for index, lot in enumerate(nodes(tender.get("lots"))):
        value = node(lot.get("value"))
        yield Row(
            "lots",
            {
                "tender_id": process.ocid,
                "lot_id": cell(lot.get("id")),
                "title": cell(lot.get("title")) or cell(lot.get("description")),
                "estimated_value": number(value.get("amount")),
                "currency": currency_of(value),
                "status": cell(lot.get("status")),
            },
            inside(place, f"/lots/{index}"),
        )
    yield from item_rows(process.ocid, "tender", process.ocid, items, place)


def _published(process: Process, tender: Node, ends: str | None) -> str | None:
    """When the notice came out: said so, or the date of a release that announces it in time.

    An export dated after the deadline is no announcement.
    """
    said = time(tender.get("datePublished"))
    if said or not process.announced:
        return said
    return time(process.announced) if (ends or "9") >= process.announced[:10] else None


def _count(tender: Node, bids: list[Node]) -> str | None:
    named = {str(o.get("id")) for o in nodes(tender.get("tenderers"))}
    named |= {str(o.get("id")) for b in bids for o in nodes(b.get("tenderers"))}
    return str(len(named)) if named else None


def _method(tender: Node) -> tuple[str | None, str | None]:
    word = cell(tender.get("procurementMethod"))
    details = cell(tender.get("procurementMethodDetails"))
    details = details or cell(tender.get("procurementMethodType"))
    rationale = cell(tender.get("methodRationale"))  # the word for it in drafts of OCDS
    details = details or rationale
    for said in (word, rationale):
        if said and said.lower() in METHODS:
            return said.lower(), details
    return None, "; ".join(dict.fromkeys(w for w in (word, details) if w)) or None


def _bid(process: Process, bid: Node) -> Out:
    key = str(bid["id"])
    place = process.places.get(("bids", key), process.place)
    tenderers = nodes(bid.get("tenderers"))
    if not tenderers:
        yield Fault(place, "company_id", "required", key, "the bid names no tenderer")
    value = node(bid.get("value"))
    lots = sorted(set(lot_ids(bid)))
    status = cell(bid.get("status"))
    known = _BID_STATUS.get("".join(c for c in (status or "").lower() if c.isalpha()))
    cells: Cells = {
        "bid_id": f"{process.ocid}/{key}",
        "tender_id": process.ocid,
        # A bid for several lots is a bid for the whole.
        "lot_id": lots[0] if len(lots) == 1 else None,
        "amount": number(value.get("amount")),
        "currency": currency_of(value),
        "submitted_at": time(bid.get("date")),
        "status": known,
    }
    if status and not known:
        cells["status_as_published"] = status
    if len(lots) > 1:
        cells["lots_as_published"] = join_ids(lots)
    for company in tenderers:
        yield Row("bids", {**cells, "company_id": str(company["id"])}, place)
    if tenderers:
        items = nodes(bid.get("items"))
        yield from item_rows(process.ocid, "bid", f"{process.ocid}/{key}", items, place)


def _tenderers(process: Process, tender: Node) -> Out:
    """Who bid, where nothing else is known of the bids."""
    for index, company in enumerate(nodes(tender.get("tenderers"))):
        key = str(company["id"])
        yield Row(
            "bids",
            {
                "bid_id": f"{process.ocid}/tenderer/{key}",
                "tender_id": process.ocid,
                "company_id": key,
            },
            inside(process.place, f"/tender/tenderers/{index}"),
        )


def _award(process: Process, award: Node, buyer: str | None, signed: dict[str | None, str]) -> Out:
    key = str(award["id"])
    place = process.places.get(("awards", key), process.place)
    suppliers = nodes(award.get("suppliers"))
    value = node(award.get("value"))
    amount = number(value.get("amount"))
    awarded = day(award.get("date")) or signed.get(key)
    buyer = cell(node(award.get("buyer")).get("id")) or buyer
    needed: tuple[tuple[str, Any, str], ...] = (
        ("company_id", suppliers, "names no supplier"),
        ("amount", amount, "has no value"),
        ("awarded_on", awarded, "has no date, nor a contract with a date of signing"),
        ("buyer_id", buyer, "has no buyer or procuring entity"),
    )
    lacking = [(column, what) for column, value_, what in needed if not value_]
    if lacking:
        why = "the award " + ", and ".join(what for _, what in lacking)
        yield Fault(place, lacking[0][0], "required", key, why)
        return
    status = cell(award.get("status"))
    status = status.lower() if status else None
    items = nodes(award.get("items"))
    category, _ = category_of(award, items)
    bid = cell(award.get("relatedBid")) or cell(award.get("bidID"))
    cells: Cells = {
        "award_id": f"{process.ocid}/{key}",
        "buyer_id": buyer,
        "awarded_on": awarded,
        "amount": amount,
        "currency": currency_of(value),
        "tender_id": process.ocid,
        "lot_id": join_ids(lot_ids(award)),
        "bid_id": f"{process.ocid}/{bid}" if bid else None,
        "title": cell(award.get("title")) or cell(award.get("description")),
        "category": category,
        "region": region_of(items),
        "status": _AWARD_STATUS.get(status, status) if status else None,
    }
    for company in suppliers:
        yield Row("awards", {**cells, "company_id": str(company["id"])}, place)
    yield from item_rows(process.ocid, "award", f"{process.ocid}/{key}", items, place)
