"""Statements for Ladybug: files of `cypher/`, their places filled in from the declared graph."""

from collections.abc import Iterator
from pathlib import Path

from graphgov.schema.ddl import node_tables, properties, quoted, relation_tables
from graphgov.schema.graph import NODES, RESULT_KEY, Node, Relation
from graphgov.store import statements
from graphgov.store.merge import Step
from graphgov.store.outcome import Frame
from graphgov.store.places import ends, owned

DIALECT = "ladybug"


def text(room: str, name: str, /, **places: str) -> str:
    """A statement of the engine."""
    return statements.fill(room, name, DIALECT, **places)


def literal(value: str | Path) -> str:
    """A string literal; a file's path cannot be a parameter."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def tables() -> Iterator[str]:
    """The statements that make an empty graph; each may be run again."""
    for label, (key, own) in node_tables().items():
        columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in own)
        yield text(
            "constraints", "node_table", label=quoted(label), columns=columns, key=quoted(key)
        )
    for type_, (pairs, own) in relation_tables().items():
        ends = ", ".join(f"FROM {quoted(a)} TO {quoted(b)}" for a, b in pairs)
        columns = ", ".join(f"{quoted(name)} {sql}" for name, sql in own)
        yield text("constraints", "relation_table", type=quoted(type_), ends=ends, columns=columns)


def step(step: Step) -> str:
    """The statement that applies one frame."""
    target, path = step.target, literal(step.path)
    if isinstance(target, Node):
        label, key = quoted(target.label), quoted(target.key)
        match step.kind:
            case "add_nodes":
                return copy_nodes(target.label, step.path)
            case "set_nodes":
                return text(
                    "load", "set_nodes", label=label, key=key, sets=_sets(target), path=path
                )
            case _:
                return text("load", "drop_nodes", label=label, key=key, path=path)
    match step.kind:
        case "add_relations":
            return text(
                "load",
                "add_relations",
                type=quoted(target.type),
                path=path,
                start_label=literal(target.start),
                end_label=literal(target.end),
            )
        case "drop_owned":
            return text("load", "drop_owned", path=path, **owned(target))
        case _:
            return text("load", "drop_rows", path=path, **ends(target))


def copy_nodes(label: str, path: Path) -> str:
    """Add the nodes of a frame."""
    return text("load", "add_nodes", label=quoted(label), path=literal(path))


def _sets(node: Node) -> str:
    names = [name for name, _ in properties(node.columns) if name != node.key]
    return ", ".join(f"n.{quoted(name)} = {quoted(name)}" for name in names)


def export_nodes(node: Node, path: Path) -> str:
    """Write our nodes of a label to a file."""
    cells = ", ".join(f"n.{quoted(name)} AS {quoted(name)}" for name, _ in properties(node.columns))
    return text("read", "nodes", label=quoted(node.label), cells=cells, path=literal(path))


def export_relations(relation: Relation, path: Path) -> str:
    """Write our relationships of a type between two labels to a file."""
    cells = ", ".join(
        f"r.{quoted(name)} AS {quoted(name)}" for name, _ in properties(relation.columns)
    )
    return text("read", "relations", cells=cells, path=literal(path), **ends(relation))


def export_foreign(node: Node, path: Path) -> str:
    """Write the keys of nodes that are not ours to a file."""
    return text(
        "read",
        "foreign_keys",
        label=quoted(node.label),
        key=quoted(node.key),
        path=literal(path),
    )


def of_label(room: str, name: str, label: str) -> str:
    """A statement about one label."""
    return text(room, name, label=quoted(label))


def count_relations(type_: str) -> str:
    """How many relationships of a type are ours."""
    return text("read", "count_our_relations", type=quoted(type_))


def add_result_relations(frame: Frame) -> str:
    """Add relationships of a run whose ends are both there."""
    start, end = frame.ends
    own = [name for name in frame.names if name not in ("from", "to")]
    return text(
        "save",
        "add_relations",
        start=quoted(start),
        end=quoted(end),
        end_key=quoted(NODES[end].key if end in NODES else RESULT_KEY),
        type=quoted(frame.name),
        cells=", ".join(f"{quoted(name)}: {quoted(name)}" for name in own),
        path=literal(frame.path),
    )
