"""Parquet as text rows; a row's line is its position in the file, from 1."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from graphgov.ingest.base import RawRows
from graphgov.ingest.frames import text_column
from graphgov.schema import Reject

_BATCH_ROWS = 50_000


def read_parquet(path: Path, name: str, table: str) -> Iterator[RawRows | Reject]:
    """The rows of one file; what cannot be read is one reject.

    Args:
        path: The file.
        name: How it is called in rejects.
        table: The table it holds.
    """
    done = 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            double = sorted({n for n in names if names.count(n) > 1})
            if double:
                reason = f"the file names {', '.join(double)} more than once"
                yield Reject(name, 0, "", "header", ",".join(names)[:200], reason)
                return
            yield RawRows(table, dict.fromkeys(names, ()), name, ())
            for batch in file.iter_batches(_BATCH_ROWS):
                rows = pa.Table.from_batches([batch])
                cells = {n: text_column(rows.column(n)) for n in names}
                lines = range(done + 1, done + rows.num_rows + 1)
                yield RawRows(table, cells, name, lines)
                done += rows.num_rows
    except (pa.ArrowException, OSError) as error:
        reason = f"the file cannot be read as Parquet after row {done}: {error}"
        yield Reject(name, done, "", "unreadable", "", " ".join(reason.split())[:500])
