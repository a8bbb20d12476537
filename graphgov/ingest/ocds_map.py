"""One merged release into rows of the tables.

Ids of OCDS are local to a process, so every id but those of organisations begins with the
ocid; the process itself is the tender.
"""

from collections import Counter
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
from graphgov.ingest.ocds_merge import MADE, Process
from graphgov.ingest.ocds_orgs import organisation_cells
from graphgov.ingest.ocds_rows import Cells, Fault, Mention, Row
from graphgov.ingest.ocds_spool import Place
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
_MILESTONES = {
    "delivery": "delivery",
    "report": "report",
    "reporting": "report",
    "payment": "payment",
    "financing": "payment",
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
    signed = _signing_days(contracts)
    for award in awards:
        yield from _award(process, award, buyer, signed)
    for contract in contracts:
        yield from _contract(process, contract, awards, contracts)


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
    place = _inside(process.place, "/tender" if tender else "")
    if buyer is None:
        yield Fault(place, "buyer_id", "required", process.ocid, "no buyer or procuring entity")
        return
    period = node(tender.get("tenderPeriod"))
    items = nodes(tender.get("items"))
    category, scheme = _category(tender, items)
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
            "region": _region(items),
            "estimated_value": number(value.get("amount")),
            "currency": _currency(value),
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
                "currency": _currency(value),
                "status": cell(lot.get("status")),
            },
            _inside(place, f"/lots/{index}"),
        )
    yield from _items(process, "tender", process.ocid, items, place)


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


def _category(owner: Node, items: list[Node]) -> tuple[str | None, str | None]:
    """The classification of most items, ties by code."""
    found: Counter[tuple[str, str | None]] = Counter()
    for holder in (owner, *items):
        code = cell(node(holder.get("classification")).get("id"))
        if code:
            found[code, cell(node(holder.get("classification")).get("scheme"))] += 1
    if found:
        return min(found, key=lambda k: (-found[k], k[0], k[1] or ""))
    main = cell(owner.get("mainProcurementCategory"))
    return (main, "OCDS") if main else (None, None)


def _region(items: list[Node]) -> str | None:
    named = {
        cell(node(i.get("deliveryAddress", i.get("deliveryLocation"))).get("region")) for i in items
    }
    named.discard(None)
    return named.pop() if len(named) == 1 else None


def _currency(value: Node) -> str | None:
    return cell(value.get("currency")) if value.get("amount") is not None else None


def _inside(place: Place, pointer: str) -> Place:
    return Place(place.file, place.line, place.pointer + pointer)


def _lot_ids(part: Node) -> list[str]:
    """The lots an award or a bid is about, however the publisher says so."""
    found: list[str] = []
    for key in ("relatedLots", "relatedLot", "lotID"):
        said = part.get(key)
        for one in said if isinstance(said, list) else [said]:
            ids = node(one)
            found += texts(
                next((ids[k] for k in ("id", "lotId", "lotID") if k in ids), None) if ids else one
            )
    if not found:
        for item in nodes(part.get("items")):
            found += texts(item.get("relatedLot"))
            found += texts(item.get("relatedLots"))
    return found


def _items(process: Process, kind: str, owner: str, items: list[Node], place: Place) -> Out:
    used: Counter[str] = Counter()
    for index, item in enumerate(items):
        key = cell(item.get("id")) or "?"
        used[key] += 1
        suffix = f"#{used[key]}" if used[key] > 1 or key == "?" else ""
        unit = node(item.get("unit"))
        value = node(unit.get("value"))
        classified = node(item.get("classification"))
        local = owner.removeprefix(f"{process.ocid}/") if owner != process.ocid else ""
        yield Row(
            "items",
            {
                "item_id": f"{process.ocid}/{kind}/{local}/{key}{suffix}",
                "owner_kind": kind,
                "owner_id": owner,
                "lot_id": join_ids(texts(item.get("relatedLot")) + texts(item.get("relatedLots"))),
                "description": cell(item.get("description")) or cell(classified.get("description")),
                "classification": cell(classified.get("id")),
                "classification_scheme": cell(classified.get("scheme")),
                "quantity": number(item.get("quantity")),
                "unit": cell(unit.get("name")) or cell(unit.get("id")),
                "unit_amount": number(value.get("amount")),
                "currency": _currency(value),
            },
            _inside(place, f"/items/{index}"),
        )


def _bid(process: Process, bid: Node) -> Out:
    key = str(bid["id"])
    place = process.places.get(("bids", key), process.place)
    tenderers = nodes(bid.get("tenderers"))
    if not tenderers:
        yield Fault(place, "company_id", "required", key, "the bid names no tenderer")
    value = node(bid.get("value"))
    lots = sorted(set(_lot_ids(bid)))
    status = cell(bid.get("status"))
    known = _BID_STATUS.get((status or "").lower())
    cells: Cells = {
        "bid_id": f"{process.ocid}/{key}",
        "tender_id": process.ocid,
        # A bid for several lots is a bid for the whole.
        "lot_id": lots[0] if len(lots) == 1 else None,
        "amount": number(value.get("amount")),
        "currency": _currency(value),
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
        yield from _items(process, "bid", f"{process.ocid}/{key}", items, place)


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
            _inside(process.place, f"/tender/tenderers/{index}"),
        )


def _signing_days(contracts: list[Node]) -> dict[str | None, str]:
    days: dict[str | None, str] = {}
    for contract in contracts:
        signed, award = day(contract.get("dateSigned")), cell(contract.get("awardID"))
        if signed:
            days[award] = min(signed, days.get(award, signed))
    return days


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
    category, _ = _category(award, items)
    bid = cell(award.get("relatedBid")) or cell(award.get("bidID"))
    cells: Cells = {
        "award_id": f"{process.ocid}/{key}",
        "buyer_id": buyer,
        "awarded_on": awarded,
        "amount": amount,
        "currency": _currency(value),
        "tender_id": process.ocid,
        "lot_id": join_ids(_lot_ids(award)),
        "bid_id": f"{process.ocid}/{bid}" if bid else None,
        "title": cell(award.get("title")) or cell(award.get("description")),
        "category": category,
        "region": _region(items),
        "status": _AWARD_STATUS.get(status, status) if status else None,
    }
    for company in suppliers:
        yield Row("awards", {**cells, "company_id": str(company["id"])}, place)
    yield from _items(process, "award", f"{process.ocid}/{key}", items, place)


def _contract(process: Process, contract: Node, awards: list[Node], contracts: list[Node]) -> Out:
    key = str(contract["id"])
    place = process.places.get(("contracts", key), process.place)
    award = cell(contract.get("awardID")) or _extended(contract, contracts)
    if award is None and len(awards) == 1:
        award = cell(awards[0].get("id"))
    if award is None:
        yield Fault(place, "award_id", "required", key, "the contract names no award")
        return
    own = f"{process.ocid}/{key}"
    period, value = node(contract.get("period")), node(contract.get("value"))
    yield Row(
        "contracts",
        {
            "contract_id": own,
            "award_id": f"{process.ocid}/{award}",
            "signed_on": day(contract.get("dateSigned")),
            "starts_on": day(period.get("startDate")),
            "ends_on": day(period.get("endDate")),
            "amount": number(value.get("amount")),
            "currency": _currency(value),
            "status": cell(contract.get("status")),
            "published_on": day(contract.get("datePublished")),
        },
        place,
    )
    yield from _items(process, "contract", own, nodes(contract.get("items")), place)
    yield from _under_contract(contract, own, place)


def _extended(contract: Node, contracts: list[Node]) -> str | None:
    """The award of the contract that this one extends (seen in Paraguay)."""
    extends = cell(contract.get("extendsContractID"))
    for other in contracts:
        if extends and cell(other.get("id")) == extends:
            return cell(other.get("awardID"))
    return None


def _under_contract(contract: Node, own: str, place: Place) -> Out:
    changes = nodes(contract.get("amendments")) or nodes(contract.get("amendment"))
    for index, change in enumerate(changes):
        yield Row(
            "amendments",
            {
                "amendment_id": f"{own}/amendment/{cell(change.get('id')) or index}",
                "contract_id": own,
                "amended_on": day(change.get("date")),
                "reason": cell(change.get("rationale")) or cell(change.get("description")),
            },
            _inside(place, f"/amendments/{index}"),
        )
    work = node(contract.get("implementation"))
    due = nodes(contract.get("milestones")) + nodes(work.get("milestones"))
    for index, milestone in enumerate(due):
        met = day(milestone.get("dateMet"))
        if (cell(milestone.get("status")) or "").lower() == "met":
            met = met or day(milestone.get("dateModified"))
        said = (cell(milestone.get("type")) or "").lower()
        yield Row(
            "milestones",
            {
                "milestone_id": f"{own}/milestone/{cell(milestone.get('id')) or index}",
                "contract_id": own,
                "kind": _MILESTONES.get(said, "other"),
                "due_on": day(milestone.get("dueDate")),
                "met_on": met,
            },
            place,
        )
    for index, payment in enumerate(nodes(work.get("transactions"))):
        value = node(payment.get("value")) or node(payment.get("amount"))
        yield Row(
            "payments",
            {
                "payment_id": f"{own}/payment/{cell(payment.get('id')) or index}",
                "contract_id": own,
                "paid_on": day(payment.get("date")),
                "amount": number(value.get("amount")),
                "currency": _currency(value),
            },
            _inside(place, f"/implementation/transactions/{index}"),
        )
