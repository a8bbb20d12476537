"""Statements for Neo4j: the files of `cypher/`, their places filled in from the declared graph."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphgov.schema.ddl import (
    lookups,
    node_tables,
    properties,
    quoted,
    relation_tables,
    row_lookups,
    unique_keys,
)
from graphgov.schema.graph import NODES, RESULT_KEY, Node, Relation
from graphgov.store import statements
from graphgov.store.places import ends, owned

DIALECT = "neo4j"
PREFIX = "graphgov_"  # begins the name of every constraint and index of ours
LOCK = "GraphGovLoad"  # label of the nodes that say who writes
Names = Sequence[tuple[str, str]]  # property and its Ladybug type


def text(room: str, name: str, /, **places: str) -> str:
    """A statement of the engine."""
    return statements.fill(room, name, DIALECT, **places)


def constraints() -> Iterator[tuple[str, str]]:
    """Names and statements of a database's constraints and indexes; each may be run again."""
    for label, key in [*unique_keys(), (LOCK, "uid")]:
        name = f"{PREFIX}{label.lower()}_key"
        yield name, _made("unique", name, label=quoted(label), key=quoted(key))
    for label, key in lookups():
        name = f"{PREFIX}{label.lower()}_{key}"
        yield name, _made("lookup", name, label=quoted(label), property=quoted(key))
    for type_ in row_lookups():
        name = f"{PREFIX}{type_.lower()}_row_key"
        yield name, _made("row_lookup", name, type=quoted(type_))
    yield f"{PREFIX}names", text("constraints", "names")


def _made(statement: str, called: str, **places: str) -> str:
    return text("constraints", statement, called=quoted(called), **places)


@dataclass(frozen=True)
class Write:
    """How the rows of a frame become nodes or relationships.

    Args:
        first: The statement.
        again: The same, where it is not known whether an earlier try arrived.
        names: Columns of the frame in the order of the cells of a row.
    """

    first: str
    again: str
    names: tuple[str, ...]


def add_nodes(label: str) -> Write:
    """Nodes of a label, known not to be there."""
    key, own = node_tables()[label]
    cells = ", ".join(f"{quoted(n)}: {_cell(i, t)}" for i, (n, t) in enumerate(own))
    return Write(
        text("load", "add_nodes", label=quoted(label), cells=cells),
        _by_key("merge_nodes", label, key, own),
        tuple(n for n, _ in own),
    )


def set_nodes(label: str) -> Write:
    """Properties of nodes that are there."""
    key, own = node_tables()[label]
    statement = _by_key("set_nodes", label, key, own)
    return Write(statement, statement, tuple(n for n, _ in own))


def _by_key(name: str, label: str, key: str, own: Names) -> str:
    places = [n for n, _ in own]
    sets = ", ".join(f"n.{quoted(n)} = {_cell(i, t)}" for i, (n, t) in enumerate(own) if n != key)
    return text(
        "load",
        name,
        label=quoted(label),
        key=quoted(key),
        key_cell=_cell(places.index(key), "STRING"),
        sets=sets,
    )


def add_relations(relation: Relation) -> Write:
    """Relationships between two labels, known not to be there."""
    own = relation_tables()[relation.type][1]
    places = _cells(own) | ends(relation)
    return Write(
        text("load", "add_relations", **places),
        text("load", "merge_relations", **places),
        ("from", "to", *(n for n, _ in own)),
    )


def add_result_relations(type_: str, ends: Sequence[str], names: Sequence[str]) -> Write:
    """Relationships of a run between two labels."""
    start, end = ends
    kinds = dict(relation_tables()[type_][1])
    own = [(n, kinds[n]) for n in names if n not in ("from", "to")]
    places = _cells(own) | {
        "start": quoted(start),
        "end": quoted(end),
        "end_key": quoted(NODES[end].key if end in NODES else RESULT_KEY),
        "type": quoted(type_),
        "ours": "dataset" if end in NODES else "run_id",
    }
    return Write(
        text("save", "add_relations", **places),
        text("save", "merge_relations", **places),
        ("from", "to", *(n for n, _ in own)),
    )


def _cells(own: Names) -> dict[str, str]:
    names = [n for n, _ in own]
    found = {
        "cells": ", ".join(f"{quoted(n)}: {_cell(i + 2, t)}" for i, (n, t) in enumerate(own)),
        "role_cell": f"row[{names.index('role') + 2}]" if "role" in names else "null",
    }
    if "row_key" in names:
        found |= {"mark": "row_key", "mark_cell": f"row[{names.index('row_key') + 2}]"}
    return found


def _cell(place: int, kind: str) -> str:
    match kind:
        case "DATE":
            return f"$days[row[{place}]]"
        case "TIMESTAMP":
            return f"datetime(row[{place}])"
        case _:
            return f"row[{place}]"


def drop_nodes(node: Node) -> Write:
    """Nodes whose place others took."""
    statement = text("load", "drop_nodes", label=quoted(node.label), key=quoted(node.key))
    return Write(statement, statement, ("key",))


def drop_rows(relation: Relation) -> Write:
    """Relationships whose place others took."""
    statement = text("load", "drop_rows", **ends(relation))
    return Write(statement, statement, ("from", "to", "row_key"))


def drop_owned(relation: Relation) -> Write:
    """Relationships that are made again with the node of their table."""
    statement = text("load", "drop_owned", **owned(relation))
    return Write(statement, statement, ("key",))


@dataclass(frozen=True)
class Page:
    """How our nodes of a label, or relationships between two, are read page by page.

    Args:
        columns: Name and Ladybug type of each cell of a row.
        by: Label whose keys order the pages.
        nested: A page holds a list of rows for each node.
    """

    statement: str
    columns: tuple[tuple[str, str], ...]
    by: str
    nested: bool


def read_nodes(node: Node) -> Page:
    """Pages of nodes."""
    own = properties(node.columns)
    cells = ", ".join(_read("n", name, kind) for name, kind in own)
    statement = text("read", "nodes", label=quoted(node.label), key=quoted(node.key), cells=cells)
    return Page(statement, tuple(own), node.label, nested=False)


def read_relations(relation: Relation, *, by_start: bool) -> Page:
    """Pages of relationships, in the order of one of their ends."""
    start, end = NODES[relation.start], NODES[relation.end]
    own = properties(relation.columns) + ([("role", "STRING")] if relation.role else [])
    cells = [f"a.{quoted(start.key)}", f"b.{quoted(end.key)}"]
    cells += [_read("r", name, kind) for name, kind in own]
    statement = text(
        "read",
        "relations_by_start" if by_start else "relations_by_end",
        cells=", ".join(cells),
        **ends(relation),
    )
    columns = (("from", "STRING"), ("to", "STRING"), *own)
    return Page(statement, columns, start.label if by_start else end.label, nested=True)


def _read(variable: str, name: str, kind: str) -> str:
    cell = f"{variable}.{quoted(name)}"
    # Not `epochSeconds`: it rounds towards 1970, so moments before it come back a second late.
    return f"toString({cell})" if kind in ("DATE", "TIMESTAMP") else cell
