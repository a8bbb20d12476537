"""What a load that was stopped in the middle left out, as steps.

Nodes come before the relationships that repeat their references; a node that arrived looks
complete to the next load. All such relationships can be made again from the nodes, so those that
should be there are compared with those that are.
"""

from pathlib import Path

import duckdb

from graphgov.schema import TABLES
from graphgov.schema.graph import NODES, RELATIONS, Relation
from graphgov.store.frames import file_of, parquet, q, relation_sql, restore_sql, write_sql
from graphgov.store.merge import Step


def missing_relations(stored: Path, folder: Path) -> list[Step]:
    """Relationships that the stored nodes speak of and that are not stored.

    Args:
        stored: Frames of every label and of every pair of labels, references included.
        folder: Empty folder for frames.
    """
    con = duckdb.connect()
    return [
        step
        for i, relation in enumerate(r for r in RELATIONS if not r.is_row)
        if (step := _missing(con, relation, stored, folder / f"{i:03}.parquet")).rows
    ]


def _missing(con: duckdb.DuckDBPyConnection, relation: Relation, stored: Path, path: Path) -> Step:
    def rows(table: str) -> str:
        return f"({restore_sql(TABLES[table], stored)})"

    def ids(label: str) -> str:
        file = parquet(stored / file_of(NODES[label]))
        return f"(SELECT {q(NODES[label].key)} AS id FROM {file})"

    wanted = relation_sql(relation, rows(relation.table), ids, rows)
    same = 'h."from" = w."from" AND h."to" = w."to" AND h.row_key = w.row_key'
    if relation.role:
        same += " AND h.role = w.role"
    there = parquet(stored / file_of(relation))
    select = f"SELECT w.* FROM ({wanted}) w ANTI JOIN {there} h ON {same}"
    done = con.execute(write_sql(select, path)).fetchone()
    return Step("add_relations", relation, path, int(done[0]) if done else 0)
