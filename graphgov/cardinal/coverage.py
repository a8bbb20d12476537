"""How often each field is filled in, over lines of JSON.

A path names a place: `""` a line, `/` at its end an object, `[]` an element of a list, anything
else a member. Nothing is counted for `""`, `[]`, `{}`, `null` and what holds only those.
"""

import json
import re
from collections.abc import Callable
from typing import BinaryIO

from graphgov.cardinal.lines import BLOCK, Block, blocks, in_order
from graphgov.cardinal.strict import BadLine, parse

_FOREIGN = re.compile(r"[^\x20-\x7e]")


class _Place:
    """One path, its count, and the paths below it."""

    __slots__ = ("count", "element", "inside", "members", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 0
        self.members: dict[str, _Place] = {}
        self.element: _Place | None = None
        self.inside: _Place | None = None


class _Tally:
    """Counts of the places of many values, in the order in which places were first filled."""

    def __init__(self) -> None:
        self._root = _Place("")
        self._filled: list[_Place] = []

    def add(self, value: object) -> None:
        self._fills(value, self._root)

    def counts(self) -> dict[str, int]:
        """Counts by path; places whose paths read the same are one."""
        found: dict[str, int] = {}
        for place in self._filled:
            found[place.path] = found.get(place.path, 0) + place.count
        return found

    def _fills(self, value: object, place: _Place) -> bool:
        filled = True
        if type(value) is str:
            filled = value != ""
        elif type(value) is dict:
            filled = bool(value) and self._members(value, place)
        elif type(value) is list:
            filled = bool(value) and self._elements(value, place)
        elif value is None:
            return False
        if filled:
            if not place.count:
                self._filled.append(place)
            place.count += 1
        return filled

    def _members(self, value: dict[str, object], place: _Place) -> bool:
        inside = place.inside
        if inside is None:
            inside = place.inside = _Place(place.path + "/")
        members = inside.members
        filled = False
        for key, item in value.items():
            below = members.get(key)
            if below is None:
                below = members[key] = _Place(inside.path + key)
            if type(item) is dict or type(item) is list:
                if self._fills(item, below):
                    filled = True
            elif item is not None and item != "":  # most members: no call for each
                filled = True
                if not below.count:
                    self._filled.append(below)
                below.count += 1
        if filled:
            if not inside.count:
                self._filled.append(inside)
            inside.count += 1
        return filled

    def _elements(self, value: list[object], place: _Place) -> bool:
        element = place.element
        if element is None:
            element = place.element = _Place(place.path + "[]")
        filled = False
        for item in value:
            if self._fills(item, element):
                filled = True
        return filled


def coverage(source: BinaryIO, warn: Callable[[str], None], block: int = BLOCK) -> dict[str, int]:
    """How often each path is filled in, paths in the order in which they were first met.

    Args:
        source: Lines of JSON.
        warn: Is told of each line that is skipped.
        block: Bytes given to a process at a time.
    """
    total: dict[str, int] = {}
    for counts, warnings in in_order(_count, blocks(source, block)):
        for warning in warnings:
            warn(warning)
        for path, count in counts.items():
            total[path] = total.get(path, 0) + count
    return total


def as_json(counts: dict[str, int]) -> str:
    """Counts as one line; characters that steer a terminal are escaped."""
    text = json.dumps(counts, ensure_ascii=False)
    return _FOREIGN.sub(lambda m: m[0] if m[0].isprintable() else json.dumps(m[0])[1:-1], text)


def _count(block: Block) -> tuple[dict[str, int], list[str]]:
    tally = _Tally()
    warnings: list[str] = []
    for number, line in block.numbered():
        try:
            tally.add(parse(line))
        except BadLine as error:
            if str(error):
                warnings.append(f"Line {number} {error}")
    return tally.counts(), warnings
