"""JSON as strictly as the real program reads it."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

DEEPEST = 127
"""Arrays and objects within each other that a line may have; one more and it is no line."""


@dataclass(frozen=True)
class Number:
    """A JSON number as it is written."""

    text: str

    def amount(self) -> float | None:
        value = float(self.text)
        return value if math.isfinite(value) else None

    def is_one(self) -> bool:
        return self.text == "1"


class NotJson(ValueError):
    pass


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, value in pairs:
        _check_text(key)
        _check_text(value)
    return dict(pairs)  # the last of equal keys wins


def _check_text(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _check_text(item)
    elif isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise NotJson("half of a pair of surrogates")


def _no_constant(text: str) -> Any:
    raise NotJson(text)


DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_float=Number,
    parse_int=lambda text: Number("0" if text == "-0" else text),
    parse_constant=_no_constant,
)


def depth(text: str) -> int:
    """The most brackets open at once, outside strings."""
    now = most = 0
    inside = escaped = False
    for letter in text:
        if inside:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                inside = False
        elif letter == '"':
            inside = True
        elif letter in "[{":
            now += 1
            most = max(most, now)
        elif letter in "]}":
            now -= 1
    return most


def parse(line: bytes) -> Any:
    text = line.decode("utf-8")
    if depth(text) > DEEPEST:
        raise NotJson("too deep")
    start = len(text) - len(text.lstrip(" \t\r\n"))
    value, end = DECODER.raw_decode(text, start)
    if text[end:].strip(" \t\r\n"):
        raise NotJson("more than one value")
    _check_text(value)
    return value


def values(data: bytes, skipped: list[int]) -> Iterator[Any]:
    """The JSON value of every line; the numbers of bad lines that are not blank go to `skipped`."""
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            yield parse(line)
        except (ValueError, RecursionError):
            if line.strip(b" \t\r\n\f"):
                skipped.append(number)
