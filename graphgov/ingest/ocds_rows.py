"""What the mapping of a process gives: rows, faults, mentions of organisations."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graphgov.ingest.base import RawRows
from graphgov.ingest.ocds_spool import Place

Cells = dict[str, str | None]
_MOST_CELLS = 200_000


class Row(NamedTuple):
    """A row of a table."""

    table: str
    cells: Cells
    place: Place


class Fault(NamedTuple):
    """Something that cannot become a row."""

    place: Place
    field: str
    code: str
    value: str
    why: str


class Mention(NamedTuple):
    """What a process says of an organisation."""

    kind: str
    id: str
    cells: dict[str, str]
    date: str
    place: Place


class Batches:
    """Rows gathered into batches of one table each."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files
        self._rows: defaultdict[str, list[tuple[Cells, Place]]] = defaultdict(list)
        self._cells = 0

    def add(self, row: Row) -> Iterator[RawRows]:
        """Take a row; gives batches when there are enough."""
        self._rows[row.table].append((row.cells, row.place))
        self._cells += len(row.cells)
        if self._cells >= _MOST_CELLS:
            yield from self.flush()

    def flush(self) -> Iterator[RawRows]:
        """All rows that wait."""
        for table, rows in self._rows.items():
            named = dict.fromkeys(k for cells, _ in rows for k, v in cells.items() if v is not None)
            files = [self._files[place.file] for _, place in rows]
            yield RawRows(
                table,
                {name: [cells.get(name) for cells, _ in rows] for name in named},
                files[0],
                [place.line for _, place in rows],
                [place.pointer for _, place in rows],
                files if len(set(files)) > 1 else None,
            )
        self._rows.clear()
        self._cells = 0
