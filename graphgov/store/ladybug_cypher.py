"""Statements that Ladybug needs per label and type, made from the declared graph.

A label, a type and a file's path cannot be parameters, and property lists follow the schema;
so these are not files of `cypher/`.
"""

from pathlib import Path

from graphgov.schema.ddl import properties, quoted
from graphgov.schema.graph import NODES, Node, Relation
from graphgov.store.merge import Step
from graphgov.store.outcome import Frame


def literal(value: str | Path) -> str:
    """A string literal."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def step(step: Step) -> str:
    """The statement that applies one frame."""
    target, path = step.target, step.path
    if isinstance(target, Node):
        match step.kind:
            case "add_nodes":
                return copy_nodes(target.label, path)
            case "set_nodes":
                return _set_nodes(target, path)
            case _:
                return (
                    f"LOAD FROM {literal(path)} "
                    f"MATCH (n:{quoted(target.label)} {{{quoted(target.key)}: key}}) "
                    "WHERE n.dataset IS NOT NULL DETACH DELETE n"
                )
    match step.kind:
        case "add_relations":
            return copy_relations(target.type, target.start, target.end, path)
        case "drop_owned":
            return _drop_owned(target, path)
        case _:
            return (
                f"LOAD FROM {literal(path)} {_ends(target)} "
                "WHERE r.row_key = row_key AND r.dataset IS NOT NULL DELETE r"
            )


def copy_nodes(label: str, path: Path) -> str:
    """Add the nodes of a frame."""
    return f"COPY {quoted(label)} FROM {literal(path)}"


def copy_relations(type_: str, start: str, end: str, path: Path) -> str:
    """Add the relationships of a frame."""
    return f"COPY {quoted(type_)} FROM {literal(path)} (from={literal(start)}, to={literal(end)})"


def _set_nodes(node: Node, path: Path) -> str:
    names = [name for name, _ in properties(node.columns) if name != node.key]
    cells = ", ".join(f"n.{quoted(name)} = {quoted(name)}" for name in names)
    key = quoted(node.key)
    return f"LOAD FROM {literal(path)} MATCH (n:{quoted(node.label)} {{{key}: {key}}}) SET {cells}"


def _ends(relation: Relation) -> str:
    start, end = NODES[relation.start], NODES[relation.end]
    return (
        f"MATCH (a:{quoted(start.label)} {{{quoted(start.key)}: `from`}})"
        f"-[r:{quoted(relation.type)}]->"
        f"(b:{quoted(end.label)} {{{quoted(end.key)}: `to`}})"
    )


def _drop_owned(relation: Relation, path: Path) -> str:
    owner = next(n for n in NODES.values() if n.table == relation.table)
    start, end = f"(a:{quoted(relation.start)})", f"(b:{quoted(relation.end)})"
    mine = f"{{{quoted(owner.key)}: key}}"
    if relation.start == owner.label and relation.start_column == owner.key:
        start = f"(a:{quoted(owner.label)} {mine})"
    else:
        end = f"(b:{quoted(owner.label)} {mine})"
    return (
        f"LOAD FROM {literal(path)} MATCH {start}-[r:{quoted(relation.type)}]->{end} "
        "WHERE r.dataset IS NOT NULL DELETE r"
    )


def export_nodes(node: Node, path: Path) -> str:
    """Write our nodes of a label to a file."""
    cells = ", ".join(f"n.{quoted(name)} AS {quoted(name)}" for name, _ in properties(node.columns))
    return (
        f"COPY (MATCH (n:{quoted(node.label)}) WHERE n.dataset IS NOT NULL RETURN {cells}) "
        f"TO {literal(path)}"
    )


def export_relations(relation: Relation, path: Path) -> str:
    """Write our relationships of a type between two labels to a file."""
    start, end = NODES[relation.start], NODES[relation.end]
    cells = ", ".join(
        f"r.{quoted(name)} AS {quoted(name)}" for name, _ in properties(relation.columns)
    )
    return (
        f"COPY (MATCH (a:{quoted(start.label)})-[r:{quoted(relation.type)}]->"
        f"(b:{quoted(end.label)}) WHERE r.dataset IS NOT NULL "
        f"RETURN a.{quoted(start.key)} AS `from`, b.{quoted(end.key)} AS `to`, {cells}) "
        f"TO {literal(path)}"
    )


def count_nodes(label: str) -> str:
    """How many nodes of a label are ours."""
    return f"MATCH (n:{quoted(label)}) WHERE n.dataset IS NOT NULL RETURN count(*)"


def count_relations(type_: str) -> str:
    """How many relationships of a type are ours."""
    return f"MATCH ()-[r:{quoted(type_)}]->() WHERE r.dataset IS NOT NULL RETURN count(*)"


def count_foreign(label: str) -> str:
    """How many nodes of a label are not ours."""
    return f"MATCH (n:{quoted(label)}) WHERE n.dataset IS NULL RETURN count(*)"


def export_foreign(node: Node, path: Path) -> str:
    """Write the keys of nodes that are not ours to a file."""
    return (
        f"COPY (MATCH (n:{quoted(node.label)}) WHERE n.dataset IS NULL "
        f"RETURN n.{quoted(node.key)} AS key) TO {literal(path)}"
    )


def drop_ours(label: str) -> str:
    """Remove our nodes of a label."""
    return f"MATCH (n:{quoted(label)}) WHERE n.dataset IS NOT NULL DETACH DELETE n"


def drop_results(label: str) -> str:
    """Remove what runs wrote under a label."""
    return f"MATCH (n:{quoted(label)}) WHERE n.run_id IS NOT NULL DETACH DELETE n"


def add_result_relations(frame: Frame) -> str:
    """Add relationships of a run whose ends are both there."""
    start, end = frame.ends
    key = NODES[end].key if end in NODES else "uid"
    own = {"ABOUT": "role", "INVOLVES": "role", "HAS": "stability"}.get(frame.name, "")
    extra = f", {own}: {own}" if own else ""
    return (
        f"LOAD FROM {literal(frame.path)} MATCH (a:{quoted(start)} {{uid: `from`}}) "
        f"MATCH (b:{quoted(end)} {{{quoted(key)}: `to`}}) "
        f"CREATE (a)-[:{quoted(frame.name)} {{run_id: run_id{extra}}}]->(b)"
    )
