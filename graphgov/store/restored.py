"""Tables from the frames that a store gave back."""

from graphgov.schema import TABLES, Tables
from graphgov.schema.dataset import Scratch, connect, create_tables
from graphgov.store.frames import restore_sql, text


def tables_from(scratch: Scratch) -> Tables:
    """Every table, rows by key, from the frames in a folder; the frames go."""
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
            held = zip(table.file_columns, row[1:], strict=True)
            given[table.name] = frozenset(c.name for c, n in held if n)
    for left in scratch.path.glob("*.parquet"):
        left.unlink()
    return Tables(duck, given=given, folder=scratch)
