"""What was found, as one JSON object in pieces."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from graphgov.cardinal.entries import Entries
from graphgov.stats.bids.frames import F64

CODES = ("R003", "R018", "R024", "R025", "R028", "R030", "R035", "R036", "R038", "R048", "R058")
BIT = {code: 1 << place for place, code in enumerate(CODES)}
GROUPS = ("OCID", "Buyer", "ProcuringEntity", "Tenderer")


@dataclass
class Results:
    """All that was found.

    Attributes:
        groups: Results by group and id.
        meta: Quartiles and fences by indicator.
        maps: Processes and the parties concerned, by name of the map; empty if not asked for.
        counts: How many have results by group, known when all pieces were taken.
    """

    groups: Mapping[str, Entries]
    meta: Mapping[str, Mapping[str, float]]
    maps: Mapping[str, Entries]
    counts: dict[str, int] = field(default_factory=dict)

    def pieces(self, *, meta: bool) -> Iterator[str]:
        """One line of JSON, keys in order; a number that is none is null.

        Args:
            meta: Whether quartiles and fences are wanted.
        """
        parts: dict[str, Iterable[str]] = {
            name: self._group(name) for name in GROUPS if self.groups[name]
        }
        if meta:
            parts["Meta"] = [_meta(self.meta)]
        if self.maps:
            parts["Maps"] = _object({name: _entries(one) for name, one in self.maps.items()})
        yield from _object(parts)
        self.counts = {name: self.counts[name] for name in GROUPS if name in self.counts}

    def _group(self, name: str) -> Iterator[str]:
        self.counts[name] = 0
        for number, text in _slices(self.groups[name]):
            self.counts[name] += number
            yield text


def _object(parts: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield "{"
    for place, name in enumerate(sorted(parts)):
        yield f'{"," if place else ""}"{name}":'
        yield from parts[name]
    yield "}"


def _entries(entries: Entries) -> Iterator[str]:
    for _, text in _slices(entries):
        yield text


def _slices(entries: Entries) -> Iterator[tuple[int, str]]:
    before = "{"
    for number, text in entries.slices():
        yield number, before + text.decode()
        before = ","
    yield 0, "{}" if before == "{" else "}"


def _meta(meta: Mapping[str, Mapping[str, float]]) -> str:
    rounded = {
        code: {name: _rounded(value) for name, value in values.items()}
        for code, values in meta.items()
    }
    return msgspec.json.encode(rounded, order="sorted").decode()


def _rounded(value: float) -> float | None:
    """Four decimals, halves away from zero; None for what is no number."""
    scaled = value * 10_000.0
    if not math.isfinite(scaled):
        return None
    whole = math.trunc(scaled)
    if abs(scaled - whole) >= 0.5:
        whole += 1 if scaled > 0 else -1
    return math.copysign(abs(whole), scaled) / 10_000.0


# --- values -------------------------------------------------------------------------------------


def of_indicators(
    bits: Sequence[int], marks: Mapping[str, float], measured: Mapping[str, F64]
) -> list[bytes]:
    """The JSON of each unit's indicators.

    Args:
        bits: Per unit which indicators.
        marks: What stands for an indicator that is only a mark.
        measured: The values of the others, one per unit that has the indicator.
    """
    known: dict[int, bytes] = {}
    values = {code: iter(column.tolist()) for code, column in measured.items()}
    found: list[bytes] = []
    for one in bits:
        text = known.get(one)
        if text is None:
            codes = [code for code in CODES if one & BIT[code]]
            text = _encode({c: next(values[c]) if c in values else marks[c] for c in codes})
            if values.keys().isdisjoint(codes):
                known[one] = text
        found.append(text)
    return found


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def later_counts(earlier: bytes, later: bytes) -> bytes:
    """The indicators of an id that stands twice."""
    return msgspec.json.encode({**_decode(earlier), **_decode(later)}, order="sorted")


def only_later(earlier: bytes, later: bytes) -> bytes:
    """The party of an id that stands twice."""
    return later


def together(earlier: bytes, later: bytes) -> bytes:
    """The parties of an id that stands twice."""
    return _encode(sorted({*_decode(earlier), *_decode(later)}))


def texts(values: Iterable[Any]) -> Iterator[bytes]:
    """The JSON of some values."""
    return map(_encode, values)
