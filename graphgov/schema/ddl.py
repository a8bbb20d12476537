"""What both graph stores are told to make, derived from the declared graph."""

from collections.abc import Iterable, Iterator

from graphgov.schema.columns import Column, Type
from graphgov.schema.graph import (
    NODES,
    RELATIONS,
    RESULT_KEY,
    RESULT_NODES,
    RESULT_RELATIONS,
)
from graphgov.schema.tables import TABLES

LADYBUG_TYPES: dict[Type, str] = {
    Type.ID: "STRING",
    Type.IDS: "STRING",
    Type.TEXT: "STRING",
    Type.CHOICE: "STRING",
    Type.DATE: "DATE",
    Type.TIME: "TIMESTAMP",
    Type.MONEY: "DOUBLE",
    Type.NUMBER: "DOUBLE",
    Type.SHARE: "DOUBLE",
    Type.INTEGER: "INT64",
    Type.YEAR: "INT64",
    Type.BOOLEAN: "BOOL",
}
MONEY_TEXT = "_text"  # ends the name of the property that holds an amount a double cannot
# What people look things up by, besides the unique properties. Names have an index of words: an
# index of whole values refuses to hold one of more than 8 kB, and with it the node.
_LOOKUPS = (("Award", "awarded_on"), ("Run", "current"), ("Case", "case_id"))


def quoted(name: str) -> str:
    """A name in backticks, which both dialects read; `Case` is a reserved word."""
    return "`" + name.replace("`", "``") + "`"


def properties(columns: Iterable[Column]) -> list[tuple[str, str]]:
    """Names and Ladybug types of the properties that hold these columns."""
    found = []
    for column in columns:
        found.append((column.name, LADYBUG_TYPES[column.type]))
        if column.type is Type.MONEY:
            found.append((column.name + MONEY_TEXT, "STRING"))
    return found


def node_tables() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Label → its key and its properties, inputs first, then results."""
    found = {n.label: (n.key, properties(n.columns)) for n in NODES.values()}
    for node in RESULT_NODES:
        own = [(name, LADYBUG_TYPES[t]) for name, t in node.properties]
        found[node.label] = (RESULT_KEY, [(RESULT_KEY, "STRING"), ("run_id", "STRING"), *own])
    return found


def relation_tables() -> dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]]:
    """Type → its pairs of labels and the properties of all of them together."""
    found: dict[str, tuple[list[tuple[str, str]], dict[str, str]]] = {}

    def add(type_: str, pair: tuple[str, str], own: Iterable[tuple[str, str]]) -> None:
        pairs, known = found.setdefault(type_, ([], {}))
        if pair not in pairs:
            pairs.append(pair)
        known.update(own)

    for relation in RELATIONS:
        role = [("role", "STRING")] if relation.type == "ABOUT" else []
        add(relation.type, (relation.start, relation.end), properties(relation.columns) + role)
    for type_, start, end, own in RESULT_RELATIONS:
        listed = [(name, LADYBUG_TYPES[t]) for name, t in own]
        add(type_, (start, end), [*listed, ("run_id", "STRING")])
    return {t: (pairs, list(known.items())) for t, (pairs, known) in found.items()}


def unique_keys() -> Iterator[tuple[str, str]]:
    """Label and property of every constraint of a Neo4j database."""
    for label, (key, _) in node_tables().items():
        yield label, key


def lookups() -> Iterator[tuple[str, str]]:
    """Label and property of what nodes are looked up by besides their keys."""
    yield from _LOOKUPS
    for node in RESULT_NODES:
        yield node.label, "run_id"


def row_lookups() -> Iterator[str]:
    """Types whose relationships are rows without an id of their own."""
    for type_ in sorted({r.type for r in RELATIONS if r.is_row}):
        tables = {r.table for r in RELATIONS if r.type == type_}
        if not any(TABLES[name].entity for name in tables):
            yield type_
