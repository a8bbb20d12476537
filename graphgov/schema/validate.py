"""From text to typed values: the SQL that each type of column means.

Every rule about what a cell may look like stands here, once, for all formats.

- Surrounding white space is not part of a value, except in an id; a cell of white space alone
  is empty.
- Days: `2024-03-01`. A time in a day's column is the local day in the dataset's zone.
- Times: ISO 8601, read in the dataset's zone where they name none, kept as UTC.
- Money: rounded half away from zero to four decimals.
- Numbers: decimal point, no separators; scientific notation is read, NaN and infinity are not.
- Counts (integers): not negative; `12.0` is 12.
- Choices: letter case, spaces and hyphens do not matter, any other word is an error.
- Booleans: true/false, t/f, yes/no, y/n, 1/0, in any case.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphgov.schema.columns import Column, Type
from graphgov.schema.rowkey import quote
from graphgov.schema.tables import TABLES, Table

_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"
_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_ZONE = r" ?(Z|z|[+-]\d{2}(:?\d{2})?)"
_TRUE = "('true', 't', 'yes', 'y', '1')"
_FALSE = "('false', 'f', 'no', 'n', '0')"
BODY_KINDS = TABLES["bodies"].by_name["kind"].choices
UNPREFIXED = ("lot_id",)  # a lot's id is local to its tender
_EMPTY = "is required and must not be empty"
VALUE_SHOWN = 200  # characters of a bad value that a reject quotes


@dataclass(frozen=True)
class Check:
    """One way in which a row can be wrong.

    Args:
        wrong: SQL condition over `clean` and typed columns.
        value: SQL of the cell to quote.
        reason: SQL of the sentence for the reader.
    """

    field: str
    code: str
    wrong: str
    value: str
    reason: str


def clean(column: Column | None, cells: Any) -> Any:
    """The text of cells (an Arrow array of strings), null where a cell is empty.

    Args:
        column: What the cells are; None for an unknown column.
        cells: Text as it was found.
    """
    trimmed = pc.utf8_trim_whitespace(cells)
    kept = cells if column is not None and column.type is Type.ID else trimmed
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), kept)


def typed_sql(column: Column, text: str, *, timezone: str = "UTC", dataset: str = "") -> str:
    """The typed value of a cleaned cell, NULL where it does not parse."""
    match column.type:
        case Type.ID if dataset and not column.internal and column.name not in UNPREFIXED:
            return f"{quote(dataset + ':')} || {text}"
        case Type.TEXT if dataset and (column.name == "applies_to"):
            kinds = ", ".join(quote(k) for k in BODY_KINDS)
            prefixed = f"{quote(dataset + ':')} || {text}"
            return f"CASE WHEN {text} IN ({kinds}) THEN {text} ELSE {prefixed} END"
        case Type.IDS:
            return _ids(text)
        case Type.CHOICE:
            word = rf"regexp_replace(lower({text}), '[\s-]+', '_', 'g')"
            words = ", ".join(quote(w) for w in column.choices)
            return (
                f"CASE WHEN {text} IN ({words}) THEN {text} "
                f"WHEN {word} IN ({words}) THEN {word} END"
            )
        case Type.DATE:
            return _date(text, timezone)
        case Type.TIME:
            return _time(text, timezone)
        case Type.MONEY:
            return _money(text)
        case Type.NUMBER:
            return _number(text)
        case Type.SHARE:
            return f"CASE WHEN {_number(text)} BETWEEN 0 AND 1 THEN {_number(text)} END"
        case Type.INTEGER:
            return _whole(text, r"\+?\d+(\.0*)?", "BIGINT")
        case Type.YEAR:
            return _whole(text, r"\d{4}(\.0*)?", "INTEGER")
        case Type.BOOLEAN:
            return (
                f"CASE WHEN lower({text}) IN {_TRUE} THEN true "
                f"WHEN lower({text}) IN {_FALSE} THEN false END"
            )
        case _:
            return text


def checks(
    table: Table, present: Iterable[str], clean: Mapping[str, str], typed: Mapping[str, str]
) -> list[Check]:
    """Everything that can be wrong with a row by itself, in the order of its columns.

    Args:
        table: What the rows belong to.
        present: Columns that the input has, unknown ones included.
        clean: SQL name of each present column's cleaned text.
        typed: SQL name of each present column's typed value.
    """
    there = set(present)
    found = []
    for column in table.columns:
        name = column.name
        if name not in there:
            if column.required:
                near = get_close_matches(name, sorted(there - set(table.by_name)), n=1)
                hint = ", and there is no such column; rename {!r} if it is meant"
                reason = quote(f"is required{hint.format(near[0])}" if near else _EMPTY)
                found.append(Check(name, "required", "true", "NULL", reason))
            continue
        text = clean[name]
        if column.required:
            reason = quote(_EMPTY)
            found.append(Check(name, "required", f"{text} IS NULL", "NULL", reason))
        code, reason = _reason(column, text)
        if code:
            wrong = f"{text} IS NOT NULL AND {typed[name]} IS NULL"
            found.append(Check(name, code, wrong, text, reason))
    if table.any_of:
        empty = " AND ".join(f"{clean[n]} IS NULL" for n in table.any_of if n in there)
        words = " or ".join(table.any_of)
        reason = quote("is missing; one of the two must be given")
        found.append(Check(words, "required", empty or "true", "NULL", reason))
    return found


def _full(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {quote(pattern)})"


def _number(text: str) -> str:
    value = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN {_full(text, _NUMBER)} AND isfinite({value}) THEN {value} END"


def _money(text: str) -> str:
    # DuckDB reads a short decimal twenty times as fast as a long one.
    short = f"TRY_CAST({text} AS DECIMAL(18,4))::DECIMAL(38,4)"
    value = f"coalesce({short}, TRY_CAST({text} AS DECIMAL(38,4)))"
    return f"CASE WHEN {_full(text, _NUMBER)} THEN {value} END"


def _whole(text: str, pattern: str, kind: str) -> str:
    digits = f"split_part({text}, '.', 1)"
    return f"CASE WHEN {_full(text, pattern)} THEN TRY_CAST({digits} AS {kind}) END"


def _instant(text: str) -> str:
    """A time with zone as TIMESTAMPTZ; DuckDB wants seconds, `Z` and no space before it."""
    plain = f"replace(upper(replace({text}, ' ', 'T')), 'T+', '+')"
    plain = f"replace(replace({plain}, 'TZ', 'Z'), 'T-', '-')"
    seconds = f"regexp_replace({plain}, '^({_DAY}T[0-9]{{2}}:[0-9]{{2}})(Z|[+-])', '\\1:00\\2')"
    return f"TRY_CAST({seconds} AS TIMESTAMPTZ)"


def _date(text: str, zone: str) -> str:
    local = f"({_instant(text)} AT TIME ZONE {quote(zone)})::DATE"
    return (
        f"CASE WHEN {text} < '0001' THEN NULL "
        f"WHEN {_full(text, _DAY)} THEN TRY_CAST({text} AS DATE) "
        f"WHEN {_full(text, f'{_DAY}({_CLOCK}|{_ZONE})')} THEN TRY_CAST(left({text}, 10) AS DATE) "
        f"WHEN {_full(text, _DAY + _CLOCK + _ZONE)} THEN {local} END"
    )


def _time(text: str, zone: str) -> str:
    naive = f"TRY_CAST({text} AS TIMESTAMP)"
    if zone != "UTC":
        naive = f"({naive} AT TIME ZONE {quote(zone)}) AT TIME ZONE 'UTC'"
    ready = _full(text, _DAY + r"T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")
    return (
        f"CASE WHEN {text} < '0001' THEN NULL "
        f"WHEN {ready} THEN TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' "
        f"WHEN {_full(text, f'{_DAY}({_CLOCK})?')} THEN {naive} "
        f"WHEN {_full(text, _DAY + _CLOCK + _ZONE)} THEN {_instant(text)} AT TIME ZONE 'UTC' END"
    )


def _ids(text: str) -> str:
    """One id, or a sorted JSON list of ids; what only looks like a list is an id."""
    items = f"list_sort(list_distinct(from_json({text}, '[\"VARCHAR\"]')))"
    return (
        f"CASE WHEN {text} LIKE '[%' AND json_valid({text}) THEN "
        f"CASE len({items}) WHEN 0 THEN NULL WHEN 1 THEN {items}[1] "
        f"ELSE to_json({items})::VARCHAR END ELSE {text} END"
    )


def _reason(column: Column, text: str) -> tuple[str, str]:
    """The code and the sentence (as SQL) for a cell that does not parse."""
    comma = f"{text} LIKE '%,%'"
    match column.type:
        case Type.CHOICE:
            return "choice", quote(f"is none of {', '.join(column.choices)}")
        case Type.DATE:
            return "date", quote("is no ISO 8601 date; write it as 2024-03-01")
        case Type.TIME:
            return "time", quote("is no ISO 8601 time; write it as 2024-03-01T09:30:00+08:00")
        case Type.MONEY | Type.NUMBER:
            return "number", (
                f"CASE WHEN {comma} THEN 'is no number; remove the thousands separators and use "
                f"a decimal point' ELSE 'is no number that can be used; write it as 1234.50' END"
            )
        case Type.SHARE:
            return "share", quote("is no share; write a number from 0 to 1, such as 0.25")
        case Type.INTEGER:
            return "integer", (
                f"CASE WHEN {comma} THEN 'is no whole number; remove the thousands separators' "
                f"ELSE 'is no whole number of at least 0' END"
            )
        case Type.YEAR:
            return "year", quote("is no year; write it as 1980")
        case Type.BOOLEAN:
            return "boolean", quote("is neither true nor false")
        case _:
            return "", ""


def problem_sql(found: list[Check]) -> tuple[str, str, str, str]:
    """SQL of the number of the first problem (NULL where none), its field, code and reason."""
    if not found:
        return "NULL::INTEGER", "NULL", "NULL", "NULL"
    whens = " ".join(f"WHEN {c.wrong} THEN {i}" for i, c in enumerate(found))
    fields = " ".join(f"WHEN {i} THEN {quote(c.field)}" for i, c in enumerate(found))
    codes = " ".join(f"WHEN {i} THEN {quote(c.code)}" for i, c in enumerate(found))
    reasons = " ".join(f"WHEN {i} THEN {c.reason}" for i, c in enumerate(found))
    return (
        f"CASE {whens} END",
        f"CASE _bad {fields} END",
        f"CASE _bad {codes} END",
        f"CASE _bad {reasons} END",
    )
