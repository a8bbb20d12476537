"""Answers of a server in plain values, the same as the embedded store gives."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import neo4j
from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime, Duration, Time

from graphgov.store.base import Answer


def told(result: neo4j.Result) -> Answer:
    """Columns and rows of a result."""
    columns = list(result.keys())
    return columns, [[plain(value) for value in row] for row in result.values()]


def plain(value: object) -> object:
    """A value without the driver's own classes and inner ids; times in UTC, without a zone."""
    match value:
        case Node():
            return {"_label": min(value.labels, default=""), **_properties(value)}
        case Relationship():
            return {"_label": value.type, **_properties(value)}
        case Path():
            return {
                "_nodes": [plain(n) for n in value.nodes],
                "_rels": [plain(r) for r in value.relationships],
            }
        case DateTime():
            native: datetime = value.to_native()
            return native.astimezone(UTC).replace(tzinfo=None) if native.tzinfo else native
        case Date():
            return value.to_native()
        case Time() | Duration():
            return value.iso_format()
        case Mapping():
            return {str(k): plain(v) for k, v in value.items() if v is not None}
        case str() | bytes():
            return value
        case Sequence():
            return [plain(v) for v in value]
        case _:
            return value


def _properties(entity: Node | Relationship) -> dict[str, object]:
    return {str(k): plain(v) for k, v in sorted(entity.items())}
