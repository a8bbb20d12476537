"""Tables from the frames that a store gave back."""

import duckdb

from graphgov.errors import StoreError
from graphgov.schema import TABLES, Table, Tables
from graphgov.schema.dataset import Scratch, connect, create_tables
from graphgov.store.frames import restore_sql, text


def tables_from(scratch: Scratch) -> Tables:
    """Every table, rows by key, from the frames in a folder; the frames go.

    Raises:
        StoreError: A cell that every row has is missing: somebody changed the graph.
    """
    duck = connect()
    duck.execute(f"SET temp_directory = {text(scratch.path)}")
    create_tables(duck)
    given = {}
    for table in TABLES.values():
        order = ", ".join(f'"{n}"' for n in (*table.key, "row_key"))
        duck.execute(
            f'INSERT INTO "{table.name}" '
            f"SELECT * FROM ({restore_sql(table, scratch.path)}) ORDER BY {order}"
        )
        filled = ", ".join(f'count("{c.name}")' for c in table.file_columns)
        row = duck.execute(f'SELECT count(*), {filled} FROM "{table.name}"').fetchone() or (0,)
        if row[0]:
            _refuse_empty(duck, table)
            held = zip(table.file_columns, row[1:], strict=True)
            given[table.name] = frozenset(c.name for c, n in held if n)
    for left in scratch.path.glob("*.parquet"):
        left.unlink()
    return Tables(duck, given=given, folder=scratch)


def _refuse_empty(duck: duckdb.DuckDBPyConnection, table: Table) -> None:
    # A stub is known by its id alone.
    listed = "listed IS NOT FALSE" if "listed" in table.by_name else "true"
    for name in (c.name for c in table.columns if c.required):
        found = duck.execute(
            f'SELECT min("{table.key[0] if table.key else "row_key"}"), count(*) '
            f'FROM "{table.name}" WHERE {listed} AND "{name}" IS NULL'
        ).fetchone()
        if found and found[1]:
            raise StoreError(
                f"{found[1]:,} of {table.name} in the graph have lost their {name!r} (first: "
                f"{found[0]!r}). Load the data again, after `graphgov load --remove`."
            )
