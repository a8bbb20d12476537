"""How Neo4j would run every file of cypher/: no full scan where the header names an index."""

import re
from dataclasses import replace

import msgspec
import pytest

from graphgov.ingest import read_frames
from graphgov.store import open_store, statements

# What the engine's statements are filled in with; every label and type takes the same ways.
PLACES = {
    "label": "`Tender`",
    "key": "`tender_id`",
    "key_cell": "row[0]",
    "sets": "n.`title` = row[1]",
    "cells": "`title`: row[2]",
    "start": "`Company`",
    "start_key": "`company_id`",
    "end": "`Tender`",
    "end_key": "`tender_id`",
    "type": "`BID_ON`",
    "ours": "dataset",
    "role_cell": "null",
    "mark": "row_key",
    "mark_cell": "row[2]",
    "owner": "`Tender`",
    "other": "`Body`",
    "before": "<-",
    "after": "-",
}
OWN = {
    ("read", "nodes"): {"cells": "n.`title`"},
    ("read", "relations_by_start"): {"cells": "r.`amount`"},
    ("read", "relations_by_end"): {"cells": "r.`amount`"},
    ("save", "add_relations"): {"start": "`Flag`", "type": "`ABOUT`"},
    ("save", "merge_relations"): {"start": "`Flag`", "type": "`ABOUT`", "mark": "role"},
    ("save", "said"): {"label": "`Flag`", "says": "`reason`"},
}
ENGINE = sorted(
    {
        (path.parent.name, path.name.split(".")[0])
        for path in statements.folder().rglob("*.neo4j.cypher")
        if path.parent.name not in ("explore", "constraints")
    }
)


@pytest.fixture(scope="module")
def plan(neo4j_server, servers, frames, results):
    """`plan(statement)`: the operators of its plan, with what they work on."""
    with pytest.MonkeyPatch.context() as patch, neo4j_server.driver() as driver:
        patch.setenv("NEO4J_PASSWORD", neo4j_server.password)
        servers.wipe(driver)
        store = open_store(neo4j_server.uri, user=neo4j_server.user)
        store.load(read_frames(frames, dataset="", timezone="UTC"))
        # As many as a run has: with two or three, a scan costs as little as a seek.
        flags = [msgspec.structs.replace(results.flags[0], flag_id=f"x{n}") for n in range(400)]
        cases = [
            replace(results.cases[1], case_id=f"x{n}", rank=n, flag_ids=()) for n in range(3, 300)
        ]
        store.save(replace(results, flags=[*results.flags, *flags], cases=[*results.cases, *cases]))
        driver.execute_query("CALL db.awaitIndexes()")
        # Else plans go by what the server counted before, for other tests.
        driver.execute_query("CALL db.prepareForReplanning(60)")

        def walk(step):
            operator = step["operatorType"].partition("@")[0]
            yield operator, step["args"].get("Details", "")
            for child in step.get("children", ()):
                yield from walk(child)

        def explain(text):
            with driver.session() as session:
                return list(walk(session.run(f"EXPLAIN {text}").consume().plan))

        yield explain
        store.close()


@pytest.mark.parametrize("name", statements.names("explore"))
def test_a_question_uses_the_index_it_names(plan, name):
    statement = statements.load("explore", name, "neo4j")
    steps = plan(statement.text)
    assert "AllNodesScan" not in {operator for operator, _ in steps}
    named = re.findall(r"(\w+)\.(\w+)", statement.header["Index"])
    assert bool(named) != statement.header["Index"].startswith("none; it ")
    for label, key in named:
        seeks = [d for o, d in steps if "IndexSeek" in o and f":{label}({key})" in d]
        assert seeks, (label, key, steps)
    scanned = {d for o, d in steps if o == "NodeByLabelScan"}
    assert not named or not {label for label, _ in named} & {
        word for detail in scanned for word in re.findall(r"\w+", detail)
    }, scanned


@pytest.mark.parametrize(("room", "name"), ENGINE)
def test_the_engine_finds_nodes_by_their_keys(plan, room, name):
    text = statements.fill(room, name, "neo4j", **(PLACES | OWN.get((room, name), {})))
    said = statements.load(room, name, "neo4j").header["Index"]
    operators = {operator for operator, _ in plan(text)}
    if not said.startswith("none"):
        assert not operators & {"AllNodesScan", "NodeByLabelScan"}, operators
        assert any("IndexSeek" in o or o == "MergeUniqueNode" for o in operators), operators
