"""What the rules ask of a release."""

from collections.abc import Iterable
from typing import Any

from .settings import pipes
from .strict import Number


def get(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text_at(value: Any, *keys: str) -> str | None:
    found = get(value, *keys)
    return found if isinstance(found, str) else None


def list_at(value: Any, *keys: str) -> list[Any] | None:
    found = get(value, *keys)
    return found if isinstance(found, list) else None


def ids(organizations: Iterable[Any] | None) -> list[str]:
    found = [text_at(one, "id") for one in organizations or ()]
    return [one for one in found if one is not None]


def submitted(release: Any) -> list[Any]:
    return [
        bid
        for bid in list_at(release, "bids", "details") or ()
        if (status := text_at(bid, "status")) is not None and status not in ("invited", "withdrawn")
    ]


def price(bid: Any) -> tuple[float, str] | None:
    amount, currency = get(bid, "value", "amount"), text_at(bid, "value", "currency")
    if not isinstance(amount, Number) or currency is None:
        return None
    number = amount.amount()
    return None if number is None else (number, currency)


def final(release: Any) -> tuple[list[Any], list[Any]] | None:
    """Complete awards and bids, or nothing when an award is still open."""
    awards, bids = list_at(release, "awards"), list_at(release, "bids", "details")
    if awards is None or bids is None:
        return None
    statuses = [text_at(award, "status") for award in awards]
    if any(one not in (None, "active", "cancelled", "unsuccessful") for one in statuses):
        return None
    complete = [a for a, status in zip(awards, statuses, strict=True) if status == "active"]
    return complete, bids


def only_supplier(complete: list[Any]) -> str | None:
    """The supplier when there is one complete award and it has one supplier with an id."""
    if len(complete) != 1:
        return None
    return only_id(list_at(complete[0], "suppliers"))


def only_id(organizations: list[Any] | None) -> str | None:
    if organizations is None or len(organizations) != 1:
        return None
    return text_at(organizations[0], "id")


def compares_prices(release: Any, settings: dict[str, dict[str, Any]]) -> bool:
    allowed = pipes(settings[""].get("price_comparison_procurement_methods"))
    denied = pipes(settings[""].get("no_price_comparison_procurement_methods"))
    details = text_at(release, "tender", "procurementMethodDetails")
    return details in allowed if allowed else details not in denied


def by_method(release: Any, methods: set[str]) -> bool:
    return not methods or text_at(release, "tender", "procurementMethod") in methods
