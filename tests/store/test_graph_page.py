"""The page on the graph, and DDL of both dialects, follow the declared graph."""

import re
from pathlib import Path

import pytest

from graphgov.schema import TABLES, ddl
from graphgov.schema.graph import NODE_OF_TABLE, NODES, RELATIONS
from graphgov.schema.graph_docs import reference
from graphgov.store.neo4j_cypher import constraints

PAGE = Path(__file__).parents[2] / "docs" / "graph-model.md"


def test_the_page_holds_the_reference():
    assert reference() in PAGE.read_text(encoding="utf-8"), "run `make docs`"


def test_the_drawing_has_every_type_and_no_other():
    text = PAGE.read_text(encoding="utf-8")
    drawn = set(re.findall(r"(\w+) (?:--|-\.) (\w+) (?:-->|\.->) (\w+)", text))
    declared = {(r.start, r.type, r.end) for r in RELATIONS if r.type != "ABOUT"}
    results = {"ABOUT", "CONTAINS", "INVOLVES", "HAS"}
    assert {d for d in drawn if d[1] not in results} == declared


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_every_table_has_a_place(table):
    spec = TABLES[table]
    rows = [r for r in RELATIONS if r.table == table and r.is_row]
    held = {c.name for c in NODE_OF_TABLE[table].columns} if table in NODE_OF_TABLE else set()
    for relation in rows:
        held |= {*relation.names, relation.start_column, relation.end_column}
    assert held == set(spec.by_name)


def test_neo4j_has_a_unique_key_for_every_label():
    statements = [text for _, text in constraints()]
    assert len(statements) == len(set(statements))
    for label, (key, _) in ddl.node_tables().items():
        assert any(
            f"FOR (n:`{label}`) REQUIRE n.`{key}` IS UNIQUE" in s and "IF NOT EXISTS" in s
            for s in statements
        )
    assert set(NODES) < set(ddl.node_tables())
