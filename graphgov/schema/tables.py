"""Every input table, declared once.

Validation, DDL, CSV templates and the documentation page are derived from `TABLES`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from graphgov.schema.context import CONTEXT
from graphgov.schema.edges import EDGES
from graphgov.schema.nodes import NODES
from graphgov.schema.table import CERTAINTIES, METHODS, Table

TABLES: Mapping[str, Table] = MappingProxyType({t.name: t for t in (*NODES, *EDGES, *CONTEXT)})

__all__ = ["CERTAINTIES", "METHODS", "TABLES", "Table"]
