"""Frames: tables that are in memory already, through the same landing as files."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from graphgov.errors import InputError, suggest
from graphgov.ingest.base import RawRows
from graphgov.ingest.landing import Landing
from graphgov.schema import TABLES, Tables
from graphgov.schema.dataset import connect


def read_frames(frames: Mapping[str, Any], *, dataset: str = "", timezone: str = "UTC") -> Tables:
    """A dataset from frames by table name, for notebooks and tests.

    Values may be typed or text; None, NaN and NaT are unknown. A row's line is its position.

    Args:
        frames: pandas or pyarrow tables, lists of mappings, or mappings of columns.
        dataset: Prefix of every id.
        timezone: Zone of times that carry none.

    Raises:
        InputError: A name is no table's.
    """
    landing = Landing(connect(), dataset=dataset, timezone=timezone)
    for name, frame in frames.items():
        if name not in TABLES:
            raise InputError(f"There is no table {name!r}. {suggest(name, TABLES)}")
        columns = _columns(frame)
        rows = len(next(iter(columns.values()))) if columns else 0
        columns = columns or {c.name: [] for c in TABLES[name].file_columns}
        landing.add(RawRows(name, columns, name, range(1, rows + 1)))
    return landing.finish()


def _columns(frame: Any) -> dict[str, Any]:
    if isinstance(frame, pa.Table):
        return {str(n): text_column(frame.column(n)) for n in frame.column_names}
    if isinstance(frame, Mapping):
        return {str(n): [text(v) for v in values] for n, values in frame.items()}
    if hasattr(frame, "columns"):
        return {str(n): [text(v) for v in frame[n].tolist()] for n in frame.columns}
    return _from_rows(list(frame))


def _from_rows(rows: Sequence[Mapping[str, object]]) -> dict[str, list[str | None]]:
    names: Iterable[str] = dict.fromkeys(n for row in rows for n in row)
    return {n: [text(row.get(n)) for row in rows] for n in names}


def text(value: object) -> str | None:
    """A cell as the text that a file would hold."""
    if isinstance(value, str):
        return value
    if value is None or type(value).__name__ in ("NaTType", "NAType") or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def text_column(column: Any) -> Any:
    """An Arrow column as text, values written as a file would write them."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_nested(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.chunked_array([pa.array([text(v) for v in column.to_pylist()], pa.string())])
    return column.cast(pa.string())
