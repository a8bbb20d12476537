"""Parts that tenders, bids, awards and contracts share: items, lots, categories, money."""

from collections import Counter
from collections.abc import Iterator

from graphgov.ingest.ocds_cells import Node, cell, join_ids, node, nodes, number, texts
from graphgov.ingest.ocds_rows import Row
from graphgov.ingest.ocds_spool import Place


def category_of(owner: Node, items: list[Node]) -> tuple[str | None, str | None]:
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


def region_of(items: list[Node]) -> str | None:
    """The region that everything is delivered to, if it is one."""
    named = {
        cell(node(i.get("deliveryAddress", i.get("deliveryLocation"))).get("region")) for i in items
    }
    named.discard(None)
    return named.pop() if len(named) == 1 else None


def currency_of(value: Node) -> str | None:
    """The currency of an amount; of nothing there is none."""
    return cell(value.get("currency")) if value.get("amount") is not None else None


def inside(place: Place, pointer: str) -> Place:
    """A place inside a place."""
    return Place(place.file, place.line, place.pointer + pointer)


def lot_ids(part: Node) -> list[str]:
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


def item_rows(ocid: str, kind: str, owner: str, items: list[Node], place: Place) -> Iterator[Row]:
    """The items of an owner; an id that repeats gets a number."""
    used: Counter[str] = Counter()
    for index, item in enumerate(items):
        key = cell(item.get("id")) or "?"
        used[key] += 1
        suffix = f"#{used[key]}" if used[key] > 1 or key == "?" else ""
        unit = node(item.get("unit"))
        value = node(unit.get("value"))
        classified = node(item.get("classification"))
        local = owner.removeprefix(f"{ocid}/") if owner != ocid else ""
        yield Row(
            "items",
            {
                "item_id": f"{ocid}/{kind}/{local}/{key}{suffix}",
                "owner_kind": kind,
                "owner_id": owner,
                "lot_id": join_ids(texts(item.get("relatedLot")) + texts(item.get("relatedLots"))),
                "description": cell(item.get("description")) or cell(classified.get("description")),
                "classification": cell(classified.get("id")),
                "classification_scheme": cell(classified.get("scheme")),
                "quantity": number(item.get("quantity")),
                "unit": cell(unit.get("name")) or cell(unit.get("id")),
                "unit_amount": number(value.get("amount")),
                "currency": currency_of(value),
            },
            inside(place, f"/items/{index}"),
        )
