"""Rows of tables as frames of a graph, and back: SQL that both directions and all stores share.

A frame is what one label or one relationship type holds, as a Parquet file: a node's properties,
or `from`, `to` and a relationship's properties. An amount is a double, with its exact text
beside it where a double cannot hold four decimals of it.
"""

from collections.abc import Callable
from pathlib import Path

from graphgov.schema import TABLES, Column, Table, Type
from graphgov.schema.ddl import LADYBUG_TYPES, MONEY_TEXT, relation_tables
from graphgov.schema.graph import NODE_OF_TABLE, RELATIONS, Node, Relation

Rows = Callable[[str], str]  # table → something that can stand after FROM
_EXACT_BELOW = "100000000000"
_DUCK = {"STRING": "VARCHAR", "INT64": "BIGINT", "BOOL": "BOOLEAN"}


def q(name: str) -> str:
    """A name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str | Path) -> str:
    """A string literal for DuckDB."""
    return "'" + str(value).replace("'", "''") + "'"


def parquet(path: Path) -> str:
    """A Parquet file, to stand after FROM."""
    return f"read_parquet({text(path)})"


def write_sql(select: str, path: Path) -> str:
    """The statement that writes the rows of a query as a Parquet file."""
    return f"COPY ({select}) TO {text(path)} (FORMAT parquet, COMPRESSION snappy)"


def file_of(thing: Node | Relation) -> str:
    """Name of the file that holds what a store gave back for a label or a pair of labels."""
    if isinstance(thing, Node):
        return f"{thing.label}.parquet"
    return f"{thing.type}-{thing.start}-{thing.end}.parquet"


def row_relations(table: str) -> tuple[Relation, ...]:
    """The relations that carry the rows of a table."""
    return tuple(r for r in RELATIONS if r.table == table and r.is_row)


def owned_relations(table: str) -> tuple[Relation, ...]:
    """The relations that are made again with a node of this table."""
    return tuple(r for r in RELATIONS if r.table == table) if table in NODE_OF_TABLE else ()


def _cells(column: Column, alias: str = "t") -> list[str]:
    cell = f"{alias}.{q(column.name)}"
    if column.type is Type.MONEY:
        double = f"CAST({cell} AS DOUBLE)"
        exact = f"CASE WHEN abs({cell}) >= {_EXACT_BELOW} THEN CAST({cell} AS VARCHAR) END"
        return [
            f"{double} AS {q(column.name)}",
            f"{exact} AS {q(column.name + MONEY_TEXT)}",
        ]
    if column.name == "dataset":
        return [f"coalesce({cell}, '') AS dataset"]
    kind = LADYBUG_TYPES[column.type]
    return [f"CAST({cell} AS {_DUCK.get(kind, kind)}) AS {q(column.name)}"]


def node_sql(node: Node, rows: str) -> str:
    """Rows of a table as nodes; of the rows of one entity the first by `row_key`."""
    cells = ", ".join(c for column in node.columns for c in _cells(column))
    once = ""
    if len(TABLES[node.table].key) > 1 and node.key != "row_key":
        key = q(node.key)
        once = f"QUALIFY row_number() OVER (PARTITION BY t.{key} ORDER BY t.row_key) = 1"
    return f"SELECT {cells} FROM {rows} t {once}"


def applies(relation: Relation, alias: str = "t") -> str:
    """The condition under which a row gives this relationship."""
    rules = [f"{alias}.{q(c)} IS NOT NULL" for c in (relation.start_column, relation.end_column)]
    if relation.when:
        column, word = relation.when
        rules.append(f"{alias}.{q(column)} = {text(word)}")
    return " AND ".join(rules)


def relation_sql(relation: Relation, rows: str, ids: Rows, via: Rows) -> str:
    """Rows of a table as relationships: `from`, `to`, then every property of the type.

    Args:
        relation: What they become.
        rows: The rows, to stand after FROM.
        ids: Label → its known ids as a column `id`, to stand after FROM.
        via: Table → its rows, where an end is found through another table.
    """
    carried = {name: cell for c in relation.columns for cell in _cells(c) for name in [_name(cell)]}
    if relation.role:
        carried["role"] = f"{text(relation.role)} AS role"
    cells = [
        carried.get(name, f"CAST(NULL AS {_DUCK.get(kind, kind)}) AS {q(name)}")
        for name, kind in relation_tables()[relation.type][1]
    ]
    end, join = f"t.{q(relation.end_column)}", ""
    if relation.via:
        spec = TABLES[relation.via]
        key, target = q(spec.entity or spec.key[0]), q(relation.via_column)
        join = (
            f"JOIN (SELECT {key} AS k, min({target}) AS target FROM {via(relation.via)} "
            f"GROUP BY ALL) v ON v.k = {end}"
        )
        end = "v.target"
    select = (
        f'SELECT t.{q(relation.start_column)} AS "from", {end} AS "to", {", ".join(cells)} '
        f"FROM {rows} t {join} WHERE {applies(relation)}"
    )
    if relation.is_row:  # a row with an end that is not there was put aside before
        return select
    once = ""
    if len(TABLES[relation.table].key) > 1:
        once = 'QUALIFY row_number() OVER (PARTITION BY "from", "to" ORDER BY row_key) = 1'
    return (
        f'SELECT r.* FROM ({select}) r SEMI JOIN {ids(relation.start)} a ON a.id = r."from" '
        f'SEMI JOIN {ids(relation.end)} b ON b.id = r."to" {once}'
    )


def _name(cell: str) -> str:
    return cell.rsplit(" AS ", 1)[1].strip('"')


def _restored(column: Column, alias: str) -> str:
    cell = f"{alias}.{q(column.name)}"
    if column.type is Type.MONEY:
        exact = f"{alias}.{q(column.name + MONEY_TEXT)}"
        return (
            f"coalesce(TRY_CAST({exact} AS DECIMAL(38,4)), TRY_CAST(round({cell}, 4) "
            f"AS DECIMAL(38,4))) AS {q(column.name)}"
        )
    return f"CAST({cell} AS {column.sql_type}) AS {q(column.name)}"


def restore_sql(table: Table, folder: Path) -> str:
    """The query that gives back the rows of a table from the frames in a folder."""
    node = NODE_OF_TABLE.get(table.name)
    relations = row_relations(table.name)
    if node is None:
        return _restore_edges(table, relations, folder)
    nodes = parquet(folder / file_of(node))
    if not relations:
        return f"SELECT {', '.join(_restored(c, 'n') for c in table.columns)} FROM {nodes} n"
    relation = relations[0]
    carried = {*relation.names, *table.key} - {node.key}
    cells = [
        f'r."to" AS {q(c.name)}'
        if c.name == relation.end_column
        else _restored(c, "r" if c.name in carried else "n")
        for c in table.columns
    ]
    return (
        f"SELECT {', '.join(cells)} FROM {parquet(folder / file_of(relation))} r "
        f'JOIN {nodes} n ON n.{q(node.key)} = r."from"'
    )


def _restore_edges(table: Table, relations: tuple[Relation, ...], folder: Path) -> str:
    parts = []
    for relation in relations:
        ends = {relation.start_column: 'r."from"', relation.end_column: 'r."to"'}
        cells = [
            f"{ends[c.name]} AS {q(c.name)}"
            if c.name in ends
            else (
                _restored(c, "r")
                if c.name in relation.names
                else f"CAST(NULL AS {c.sql_type}) AS {q(c.name)}"
            )
            for c in table.columns
        ]
        parts.append(f"SELECT {', '.join(cells)} FROM {parquet(folder / file_of(relation))} r")
    union = " UNION ALL ".join(parts)
    if not table.any_of:
        return union
    # A row with two ends of its own choice is two relationships with one row_key.
    cells = [
        f"max({q(c.name)}) AS {q(c.name)}" if c.name in table.any_of else q(c.name)
        for c in table.columns
    ]
    return f"SELECT {', '.join(cells)} FROM ({union}) GROUP BY ALL"
