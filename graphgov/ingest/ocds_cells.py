"""Cells and shapes: how a JSON value becomes text, whatever type a publisher gave it."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

Node = dict[str, Any]

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?=$|[T ])")
_EXPONENT = re.compile(r"[+-]?[0-9.]{1,60}[eE][+-]?[0-9]{1,2}")
# Names of zones that North American publishers write out instead of an offset.
_ZONES = {
    "NST": "-03:30",
    "NDT": "-02:30",
    "AST": "-04:00",
    "ADT": "-03:00",
    "EST": "-05:00",
    "EDT": "-04:00",
    "CST": "-06:00",
    "CDT": "-05:00",
    "MST": "-07:00",
    "MDT": "-06:00",
    "PST": "-08:00",
    "PDT": "-07:00",
    "UTC": "+00:00",
    "GMT": "+00:00",
}
_WRITTEN_ZONE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?) [A-Za-z ]*\(?([A-Z]{3})\)?")


def cell(value: object) -> str | None:
    """A value as the text of a cell; nothing and blanks are unknown.

    Lone surrogates, which no file can hold, become question marks. An object or a list where
    a plain value is due is kept as JSON, so that a typed column can refuse it by name.
    """
    if value is None:
        return None
    text = (value if isinstance(value, str) else _written(value)).strip()
    if text.isascii():
        return text or None
    return _SURROGATE.sub("?", text) or None


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


def number(value: object) -> str | None:
    """A number without exponent; anything else as it stands, for the landing to refuse."""
    text = cell(value)
    if text is None or not _EXPONENT.fullmatch(text):
        return text
    try:
        return format(Decimal(text), "f")
    except InvalidOperation:
        return text


def day(value: object) -> str | None:
    """The calendar day of a date or time, as its publisher wrote it (no change of zone)."""
    text = cell(value)
    if text is None:
        return None
    found = _DAY.match(text)
    return found[0] if found else text


def time(value: object) -> str | None:
    """A time; one whose zone is written out by its English abbreviation gets the offset."""
    text = cell(value)
    if text is None:
        return None
    written = _WRITTEN_ZONE.fullmatch(text)
    if written and written[3] in _ZONES:
        return f"{written[1]}T{written[2]}{_ZONES[written[3]]}"
    return text


def members(value: object) -> list[Any]:
    """What a list holds; a single thing counts as a list of one.

    PHP writes a list with a gap as an object with the keys "0", "2", …
    """
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        if value and all(key.isdigit() for key in value):
            return list(value.values())
        return [value] if value else []
    return [] if value is None or value == "" else [value]


def node(value: object) -> Node:
    """An object, or an empty one where something else stands (the first of a list)."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, dict) else {}


def nodes(value: object) -> list[Node]:
    """The objects of a list; a single object counts as a list of one."""
    return [v for v in members(value) if isinstance(v, dict)]


def texts(value: object) -> list[str]:
    """The non-blank cells of a list; a single value counts as a list of one."""
    return [t for t in map(cell, members(value)) if t is not None]


def digest(value: object, length: int = 16) -> str:
    """Hex digits of a hash of a JSON value that does not depend on the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def plain_name(name: str) -> str:
    """A name as it is compared: compatibility forms, case and spacing made equal."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def join_ids(ids: Iterable[str]) -> str | None:
    """One id as it is, several as a sorted JSON list, none as unknown."""
    found = sorted(set(ids))
    if len(found) > 1:
        return json.dumps(found, ensure_ascii=False)
    return found[0] if found else None


def one_line(address: Node, keys: Iterable[str]) -> str | None:
    """The parts of an address in one line, each once."""
    if not address:
        return None
    lines = dict.fromkeys(filter(None, (cell(address.get(key)) for key in keys)))
    return ", ".join(lines) or None
