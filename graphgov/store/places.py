"""What fills the places of statements about relationships, the same for every store."""

from graphgov.schema.ddl import quoted
from graphgov.schema.graph import NODES, Relation


def ends(relation: Relation) -> dict[str, str]:
    """Places that name a type and both ends of its relationships."""
    start, end = NODES[relation.start], NODES[relation.end]
    return {
        "start": quoted(start.label),
        "start_key": quoted(start.key),
        "end": quoted(end.label),
        "end_key": quoted(end.key),
        "type": quoted(relation.type),
    }


def owned(relation: Relation) -> dict[str, str]:
    """Places that name the node which a relationship is made again with, and the other end."""
    owner = next(n for n in NODES.values() if n.table == relation.table)
    outward = relation.start == owner.label and relation.start_column == owner.key
    return {
        "owner": quoted(owner.label),
        "key": quoted(owner.key),
        "type": quoted(relation.type),
        "other": quoted(relation.end if outward else relation.start),
        "before": "-" if outward else "<-",
        "after": "->" if outward else "-",
    }
