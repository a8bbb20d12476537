"""The entries of a JSON object, sorted by name without holding all of them at once."""

import marshal
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

import msgspec

from graphgov.cardinal.shelf import Parcel, Shelf

BLOCK = 512  # entries of a run read at once
AT_ONCE = 32  # blocks whose entries are sorted at once, next to one of each run
_VERSION = 2  # of marshal: later ones look each object up

Join = Callable[[bytes, bytes], bytes]


class Entries:
    """Names and values, both put in and given back in order.

    Args:
        shelf: Where they lie meanwhile.
        join: What becomes of an earlier and a later value of one name.
    """

    def __init__(self, shelf: Shelf, join: Join) -> None:
        self._shelf = shelf
        self._join = join
        self._runs: list[list[tuple[str, Parcel]]] = []

    def __bool__(self) -> bool:
        return bool(self._runs)

    def put(self, names: Iterable[str], values: Iterable[bytes]) -> None:
        """Add some entries; a value is JSON."""
        run: dict[str, bytes] = {}
        self._into(run, names, values)
        ordered = sorted(run)
        blocks = [ordered[at : at + BLOCK] for at in range(0, len(ordered), BLOCK)]
        if blocks:
            self._runs.append([(block[0], self._parcel(block, run)) for block in blocks])

    def _parcel(self, block: list[str], run: dict[str, bytes]) -> Parcel:
        return self._shelf.put_bytes(
            marshal.dumps((block, [run[name] for name in block]), _VERSION)
        )

    def _into(self, found: dict[str, bytes], names: Iterable[str], values: Iterable[bytes]) -> None:
        for name, value in zip(names, values, strict=True):
            before = found.setdefault(name, value)
            if before is not value:
                found[name] = self._join(before, value)

    def slices(self) -> Iterator[tuple[int, bytes]]:
        """How many entries and their JSON without braces, slice by slice."""
        edges = sorted(name for run in self._runs for name, _ in run)[AT_ONCE::AT_ONCE]
        runs = [_Run(run) for run in self._runs]
        for edge in (*edges, None):
            found: dict[str, bytes] = {}
            for run in runs:
                self._into(found, *run.below(edge))
            if found:
                raw = {name: msgspec.Raw(found[name]) for name in sorted(found)}
                yield len(raw), msgspec.json.encode(raw)[1:-1]


class _Run:
    """A sorted run that is read block by block."""

    def __init__(self, blocks: list[tuple[str, Parcel]]) -> None:
        self._blocks = blocks
        self._next = 0
        self._names: list[str] = []
        self._values: list[bytes] = []

    def below(self, edge: str | None) -> tuple[list[str], list[bytes]]:
        """The entries not given before, up to but without the name `edge`."""
        while self._next < len(self._blocks) and (
            edge is None or self._blocks[self._next][0] < edge
        ):
            names, values = marshal.loads(self._blocks[self._next][1].content())
            self._names += names
            self._values += values
            self._next += 1
        cut = len(self._names) if edge is None else bisect_left(self._names, edge)
        found = self._names[:cut], self._values[:cut]
        self._names, self._values = self._names[cut:], self._values[cut:]
        return found
