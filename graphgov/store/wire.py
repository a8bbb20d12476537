"""Frames as rows that a server takes, and rows that it gives back as frames.

Days are few different values among many rows and dear to encode one by one: they are sent once
per batch, and a cell is a position among them. Times go as text, and both come back as text.
Batches are bounded by rows and by bytes, whatever a cell may hold.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graphgov.errors import StoreError

_BATCH_BYTES = 8 << 20
_ARROW = {
    "STRING": pa.string(),
    "DOUBLE": pa.float64(),
    "INT64": pa.int64(),
    "BOOL": pa.bool_(),
    "DATE": pa.string(),
    "TIMESTAMP": pa.string(),
}
Rows = list[list[object]]


def batches(path: Path, names: Sequence[str], size: int) -> Iterator[tuple[Rows, list[date]]]:
    """Rows of a frame in batches, and the days they mean.

    Args:
        path: The frame.
        names: The cells of a row; a column that the frame lacks is null in every row.
        size: Most rows of a batch; fewer where they are long.
    """
    with pq.ParquetFile(path) as file:
        held = [n for n in names if n in file.schema_arrow.names]
        for read in file.iter_batches(batch_size=size, columns=held):
            yield from _bounded(read, names)


def _bounded(batch: pa.RecordBatch, names: Sequence[str]) -> Iterator[tuple[Rows, list[date]]]:
    if batch.nbytes > _BATCH_BYTES and batch.num_rows > 1:
        half = batch.num_rows // 2
        yield from _bounded(_copy(batch.slice(0, half)), names)
        yield from _bounded(_copy(batch.slice(half)), names)
        return
    days: list[date] = []
    columns = []
    for name in names:
        if name not in batch.schema.names:
            columns.append([None] * batch.num_rows)
            continue
        column = batch.column(name)
        if pa.types.is_timestamp(column.type):
            columns.append(_zoned(column).to_pylist())
        elif pa.types.is_date(column.type):
            coded = column.dictionary_encode()
            shifted = pc.add(coded.indices.cast(pa.int64()), len(days))
            days += coded.dictionary.to_pylist()
            columns.append(shifted.to_pylist())
        else:
            columns.append(column.to_pylist())
    yield [list(row) for row in zip(*columns, strict=True)], days


def _copy(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A slice with memory of its own: a slice counts the bytes of the whole."""
    return pa.Table.from_batches([batch]).take(pa.array(range(batch.num_rows))).to_batches()[0]


def _zoned(column: pa.Array) -> pa.Array:
    """`2024-01-31 23:59:59.000000` in UTC as `2024-01-31T23:59:59.000000Z`."""
    text = pc.replace_substring(column.cast(pa.string()), " ", "T")
    return pc.binary_join_element_wise(text, "Z", "")


class FrameWriter:
    """Writes pages of rows as one Parquet file.

    Args:
        columns: Name and Ladybug type of each cell.
        what: Said in an error about a cell of another type.
    """

    def __init__(self, path: Path, columns: Sequence[tuple[str, str]], what: str) -> None:
        self._columns = columns
        self._what = what
        self._schema = pa.schema([(name, _kept(kind)) for name, kind in columns])
        self._file = pq.ParquetWriter(path, self._schema, compression="snappy")
        self.rows = 0

    def add(self, rows: Rows) -> None:
        """Write a page.

        Raises:
            StoreError: A property has a type that GraphGov does not write there.
        """
        if not rows:
            return
        arrays = []
        for (name, kind), cells in zip(self._columns, zip(*rows, strict=True), strict=True):
            try:
                arrays.append(_parsed(pa.array(cells, _ARROW[kind]), kind))
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                reason = str(error).partition("\n")[0]
                raise StoreError(
                    f"{self._what} has a property {name!r} that GraphGov did not write "
                    f"({reason}). Load the data again, after `graphgov load --remove` where "
                    "that does not help."
                ) from None
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self.rows += len(rows)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def _parsed(cells: pa.Array, kind: str) -> pa.Array:
    if kind == "TIMESTAMP":
        cells = cells.cast(pa.timestamp("us", "UTC"))
    return cells.cast(_kept(kind))


def _kept(kind: str) -> pa.DataType:
    return {"DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us")}.get(kind, _ARROW[kind])
