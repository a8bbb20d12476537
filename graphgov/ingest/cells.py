"""One statement that turns a batch of text rows into typed rows with keys and problems."""

import json
from collections.abc import Mapping

from graphgov.ingest.references import PLACE, staged
from graphgov.schema import Table
from graphgov.schema.rowkey import canonical_sql, quote, row_key_sql
from graphgov.schema.validate import VALUE_SHOWN, checks, problem_sql, typed_sql

BATCH = "text_batch"  # what the batch is registered as


def insert_sql(table: Table, unknown: Mapping[str, str], known: frozenset[str], **how: str) -> str:
    """The statement for batches with these columns.

    Args:
        table: Where the rows go, staged.
        unknown: Column of the batch for each unknown name.
        known: Columns that the batch has under their own names.
        how: `dataset` and `timezone`.
    """
    present = [c for c in table.columns if c.name in known]
    extra = {n: f'"{c}"' for n, c in sorted(unknown.items())}
    typed = "".join(f', {typed_sql(c, _q(c.name), **how)} AS "t_{c.name}"' for c in present)
    found = checks(
        table,
        known | set(unknown),
        {c.name: _q(c.name) for c in present},
        {c.name: _q("t_" + c.name) for c in present},
    )
    bad, field, code, reason = problem_sql(found)
    values = " ".join(f"WHEN {i} THEN {c.value}" for i, c in enumerate(found))
    shown = f"left(CASE _bad {values} END, {VALUE_SHOWN})" if found else "NULL"
    names = [c.name for c in table.columns if c.name != "row_key"]
    cells = {n: _cell(table, n, known, extra, how.get("dataset", "")) for n in names}
    place = ", ".join(n for n in PLACE if n != "_bad")
    keys = row_key_sql(canonical_sql(table, extra=extra, only=known))
    inner = ", ".join(f'{sql} AS "{n}"' for n, sql in cells.items())
    extras = "".join(f", {sql}" for sql in extra.values())
    outer = ", ".join(_q(n) for n in names)
    return (
        f"INSERT INTO {staged(table.name)} BY NAME "
        f"WITH t AS (SELECT *{typed} FROM {BATCH}), b AS (SELECT *, {bad} AS _bad FROM t), "
        f"v AS (SELECT {place}, {inner}{extras}, _bad, {field} AS _field, {code} AS _code, "
        f"{shown} AS _value, {reason} AS _reason FROM b) "
        f"SELECT {place}, {outer}, CASE WHEN _bad IS NULL THEN {keys} END AS row_key, "
        "CASE WHEN _bad IS NOT NULL THEN {'field': _field, 'code': _code, 'value': _value, "
        "'reason': _field || ' ' || _reason} END AS _bad FROM v"
    )


def _cell(
    table: Table, name: str, known: frozenset[str], extra: Mapping[str, str], dataset: str
) -> str:
    if name == "dataset":
        return quote(dataset)
    if name == "extra" and extra:
        pairs = ", ".join(
            f"{quote(json.dumps(n, ensure_ascii=False) + ':')} || to_json({sql})::VARCHAR"
            for n, sql in extra.items()
        )
        return f"'{{' || nullif(concat_ws(',', {pairs}), '') || '}}'"
    if name == "listed":
        return 'coalesce("t_listed", true)' if name in known else "true"
    return _q("t_" + name) if name in known else f"NULL::{table.by_name[name].sql_type}"


def _q(name: str) -> str:
    return f'"{name}"'
