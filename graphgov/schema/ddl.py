"""DDL of both graph dialects, derived from the declared graph."""

from collections.abc import Iterable, Iterator

from graphgov.schema.columns import Column, Type
from graphgov.schema.graph import (
    MEMBER_LABELS,
    NODES,
    RELATIONS,
    RESULT_KEY,
    RESULT_NODES,
    RESULT_RELATIONS,
)

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
# What people look things up by, besides the unique properties.
_LOOKUPS = (("Body", "name"), ("Person", "name"), ("Company", "name"), ("Award", "awarded_on"))


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


def ladybug() -> Iterator[str]:
    """The statements that make an empty Ladybug graph; each may be run again."""
    for label, (key, own) in node_tables().items():
        columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in own)
        yield (
            f"CREATE NODE TABLE IF NOT EXISTS {quoted(label)} "
            f"({columns}, PRIMARY KEY ({quoted(key)}))"
        )
    for type_, (pairs, own) in relation_tables().items():
        ends = ", ".join(f"FROM {quoted(a)} TO {quoted(b)}" for a, b in pairs)
        columns = ", ".join(f"{quoted(name)} {sql}" for name, sql in own)
        yield f"CREATE REL TABLE IF NOT EXISTS {quoted(type_)} ({ends}, {columns})"


def neo4j() -> Iterator[str]:
    """Constraints and indexes of a Neo4j database; each may be run again."""
    for label, (key, own) in node_tables().items():
        yield (
            f"CREATE CONSTRAINT graphgov_{label.lower()}_key IF NOT EXISTS "
            f"FOR (n:{quoted(label)}) REQUIRE n.{quoted(key)} IS UNIQUE"
        )
        if any(name == "row_key" for name, _ in own) and key != "row_key":
            yield _index(label, "row_key")
    for label, name in _LOOKUPS:
        yield _index(label, name)
    for node in RESULT_NODES:
        yield _index(node.label, "run_id")
    for type_ in sorted({r.type for r in RELATIONS if r.is_row}):
        yield (
            f"CREATE INDEX graphgov_{type_.lower()}_row_key IF NOT EXISTS "
            f"FOR ()-[r:{quoted(type_)}]-() ON (r.`row_key`)"
        )


def _index(label: str, name: str) -> str:
    return (
        f"CREATE INDEX graphgov_{label.lower()}_{name} IF NOT EXISTS "
        f"FOR (n:{quoted(label)}) ON (n.{quoted(name)})"
    )


def ours() -> frozenset[str]:
    """Every label and relationship type that the engine writes."""
    return frozenset(node_tables()) | frozenset(relation_tables()) | frozenset(MEMBER_LABELS)
