r"""The key of a row: sixteen hex digits of SHA-256 over what the row says.

Canonical form: the table's name, then one line `column=value` per cell that holds something,
sorted by column name, joined by newlines, in UTF-8. Unknown columns take part under their own
names. In names and values a backslash is written `\\` and a newline `\n`; in names `=` is
written `\=`. `dataset`, `listed`, `row_key` and `extra` take no part.

Values are normalised: dates `2024-03-01`, times `2024-03-01T10:00:00.000000Z`, money with four
decimals, other numbers as their shortest exact decimal, booleans `true` and `false`, ids and
text as they are kept.

The form exists twice, as SQL for millions of rows and as Python for one; a test compares them.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from graphgov.schema.columns import Type
from graphgov.schema.tables import Table

LEFT_OUT = frozenset({"dataset", "listed", "row_key", "extra"})


def row_key(table: Table, row: Mapping[str, object], extra: Mapping[str, str] | None = None) -> str:
    """The key of one row.

    Args:
        table: What the row belongs to.
        row: Typed cells by column; None and missing ones are unknown.
        extra: Cells of unknown columns.
    """
    return hashlib.sha256(canonical(table, row, extra).encode()).hexdigest()[:16]


def canonical(
    table: Table, row: Mapping[str, object], extra: Mapping[str, str] | None = None
) -> str:
    """The canonical form of one row, in Python."""
    cells: list[tuple[str, object]] = [
        (name, row.get(name)) for name in table.by_name if name not in LEFT_OUT
    ]
    cells += (extra or {}).items()
    lines = [
        f"{_name(name)}={_escape(_text(table, name, value))}"
        for name, value in sorted(cells, key=lambda cell: cell[0])
        if value is not None
    ]
    return "\n".join([table.name, *lines])


def canonical_sql(
    table: Table,
    *,
    extra: Mapping[str, str] | None = None,
    without: Iterable[str] = (),
    only: Iterable[str] | None = None,
) -> str:
    """The canonical form as a DuckDB expression over a row's typed columns.

    Args:
        table: What the rows belong to.
        extra: SQL of each unknown column, by its name.
        without: Columns to leave out, for comparing rows in all but these.
        only: Columns that can hold something; by default all.
    """
    skipped = LEFT_OUT | set(without)
    held = set(table.by_name if only is None else only)
    cells = {
        name: _sql_text(column.type, f'"{name}"')
        for name, column in table.by_name.items()
        if name not in skipped and name in held
    }
    cells |= {name: _sql_escape(sql) for name, sql in (extra or {}).items()}
    parts = [f"{quote(_name(name) + '=')} || {cells[name]}" for name in sorted(cells)]
    return f"concat_ws(chr(10), {', '.join([quote(table.name), *parts])})"


def row_key_sql(canonical_form: str) -> str:
    """The key as a DuckDB expression over a canonical form."""
    return f"left(sha256({canonical_form}), 16)"


def quote(text: str) -> str:
    """A string as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _name(text: str) -> str:
    return _escape(text).replace("=", "\\=")


def _text(table: Table, name: str, value: object) -> str:
    column = table.by_name.get(name)
    kind = column.type if column else Type.TEXT
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind is Type.MONEY:
        return f"{Decimal(str(value)):.4f}"
    if kind in (Type.NUMBER, Type.SHARE):
        return repr(float(str(value)) + 0.0)
    if isinstance(value, datetime):
        utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _sql_escape(sql: str) -> str:
    escaped = rf"replace(replace({sql}, '\', '\\'), chr(10), '\n')"
    rare = rf"contains({sql}, '\') OR contains({sql}, chr(10))"
    return f"CASE WHEN {rare} THEN {escaped} ELSE {sql} END"


def _sql_text(kind: Type, sql: str) -> str:
    if kind is Type.TIME:
        return f"strftime({sql}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind is Type.MONEY:  # DuckDB writes a short decimal ten times as fast as a long one
        small = f"{sql} BETWEEN -99999999999999 AND 99999999999999"
        short = f"{sql}::DECIMAL(18,4)::VARCHAR"
        return f"CASE WHEN {small} THEN {short} ELSE {sql}::VARCHAR END"
    if kind in (Type.NUMBER, Type.SHARE):
        return f"({sql} + 0.0::DOUBLE)::VARCHAR"
    if kind in (Type.TEXT, Type.ID, Type.IDS):
        return _sql_escape(sql)
    return f"{sql}::VARCHAR"
