"""The few fields of a compiled release that are read, typed; and the long way round for odd lines.

A line counts as Cardinal would read it: strict JSON, nested 127 deep at most, of a repeated key
the last value. Where a field has another type than expected, the field alone is unknown.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from graphgov.cardinal.strict import DEPTH, parse


class Ident(msgspec.Struct, gc=False):
    """Whatever has an id."""

    id: Any = None


class Money(msgspec.Struct, gc=False):
    """An amount."""

    amount: Any = None
    currency: Any = None


class Bid(msgspec.Struct, gc=False):
    """A bid."""

    status: Any = None
    date: Any = None
    value: Money | None = None
    tenderers: list[Ident] | None = None


class Bids(msgspec.Struct, gc=False):
    """The bids section."""

    details: list[Bid] | None = None


class Item(msgspec.Struct, gc=False):
    """An item of an award."""

    classification: Ident | None = None


class Award(msgspec.Struct, gc=False):
    """An award."""

    status: Any = None
    suppliers: list[Ident] | None = None
    items: list[Item] | None = None


class Period(msgspec.Struct, gc=False, rename="camel"):
    """The submission period."""

    start_date: Any = None
    end_date: Any = None


class Tender(msgspec.Struct, gc=False, rename="camel"):
    """The tender section."""

    status: Any = None
    procurement_method: Any = None
    procurement_method_details: Any = None
    number_of_tenderers: Any = None
    procuring_entity: Ident | None = None
    tender_period: Period | None = None


class Release(msgspec.Struct, gc=False):
    """A line."""

    ocid: Any = None
    buyer: Ident | None = None
    tender: Tender | None = None
    bids: Bids | None = None
    awards: list[Award] | None = None


_typed = msgspec.json.Decoder(Release).decode
_loose = msgspec.json.Decoder().decode


def typed(lines: Iterator[memoryview], into: list[Release]) -> bool:
    """Decode lines as long as they are as expected.

    Args:
        lines: The first odd line is taken too.
        into: What was decoded is added here.

    Returns:
        Whether a line was odd; how it is odd is not known, nor whether it is valid JSON.
    """

    def decode() -> None:
        for line in lines:
            into.append(_typed(line))  # noqa: PERF401 - what came before the odd one is kept

    try:
        _shallow(decode)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError):
        return True
    return False


def odd(line: bytes) -> Release | None:
    """Decode a line that may be anything; None for valid JSON other than an object.

    Raises:
        BadLine: It is not valid JSON.
    """
    found = parse(line)
    return _release(found) if isinstance(found, dict) else None


def may_be_deep(line: bytes) -> bool:
    """Whether a line may be nested deeper than Cardinal takes though `typed` takes it."""
    return line.count(b"{") + line.count(b"[") >= DEPTH


LENIENT = sys.version_info >= (3, 12)  # C code no longer counts towards Python's limit


def _shallow(decode: Callable[[], None]) -> None:
    """Call a decoder so that nesting deeper than Cardinal takes ends in RecursionError."""
    if LENIENT:
        return decode()
    before = sys.getrecursionlimit()
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    # Calls from C to Python count too and leave no frame: the right limit is found by trying.
    limit = depth + DEPTH - 10
    try:
        while True:
            try:
                sys.setrecursionlimit(limit)
                _probe()
            except RecursionError:
                limit += 1
            else:
                return decode()
    finally:
        sys.setrecursionlimit(before)


def _probe() -> None:
    for line in (_JUST_DEEP_ENOUGH,):
        _loose(line)


_JUST_DEEP_ENOUGH = b"[" * (DEPTH - 1) + b"]" * (DEPTH - 1)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> Any:
    """A number as int or float; None if it is too large for a float or no number at all."""
    if type(value) is msgspec.Raw:
        number = float(bytes(value))
        return number if math.isfinite(number) else None
    return value


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _ident(value: Any) -> Ident | None:
    return Ident(_text(value.get("id"))) if isinstance(value, dict) else None


def _idents(value: Any) -> list[Ident] | None:
    if not isinstance(value, list):
        return None
    return [_ident(one) or Ident() for one in value]


def _bid(value: Any) -> Bid:
    bid = _object(value)
    money = _object(bid.get("value"))
    return Bid(
        _text(bid.get("status")),
        _text(bid.get("date")),
        Money(_number(money.get("amount")), _text(money.get("currency"))),
        _idents(bid.get("tenderers")),
    )


def _award(value: Any) -> Award:
    award = _object(value)
    items = award.get("items")
    return Award(
        _text(award.get("status")),
        _idents(award.get("suppliers")),
        [Item(_ident(_object(item).get("classification"))) for item in items]
        if isinstance(items, list)
        else None,
    )


def _release(value: Mapping[str, Any]) -> Release:
    tender = _object(value.get("tender"))
    period = _object(tender.get("tenderPeriod"))
    details = _object(value.get("bids")).get("details")
    awards = value.get("awards")
    return Release(
        _text(value.get("ocid")),
        _ident(value.get("buyer")),
        Tender(
            _text(tender.get("status")),
            _text(tender.get("procurementMethod")),
            _text(tender.get("procurementMethodDetails")),
            tender.get("numberOfTenderers"),
            _ident(tender.get("procuringEntity")),
            Period(_text(period.get("startDate")), _text(period.get("endDate"))),
        ),
        Bids([_bid(bid) for bid in details] if isinstance(details, list) else None),
        [_award(award) for award in awards] if isinstance(awards, list) else None,
    )
