"""Files for the offline importer: the importer makes the graph that a load makes."""

import csv
import json
import os
import random
import re
import shlex
import subprocess
from collections import Counter

import pytest
from typer.testing import CliRunner

from graphgov import pipeline
from graphgov.cli import app
from graphgov.errors import ConfigError, InputError
from graphgov.schema import TABLES
from graphgov.store import offline, open_store
from graphgov.synth import province as synthetic

HOSTILE = [
    "'; MATCH (n) DETACH DELETE n //",
    "`) DETACH DELETE (`",
    '"\\"$name {x} %s""',
    '",,"\n"Person","x"\n',
    "line\nbreak\r\ttab\x00nul\x1b[31m",
    "\u202ertl \u200d\u2028\x85 中文 \U0001f600\ufeff\uffff",
    "\ufefffirst",
    "\\",
    " padded ",
    '"',
    "NULL",
    '["a;b","c"]',
    "#1",
    "x" * 1_000_000,
]


@pytest.fixture
def everything(province, tables, tmp_path):
    """One of everything, ids and texts that quoting could break, and a synthetic province."""
    people = [{"person_id": f"{text[:2000]}#", "name": text} for text in HOSTILE]
    ties = [
        {"person_a": "P1", "person_b": one["person_id"], "kind": "friend", "note": one["name"]}
        for one in people
    ]
    rows = {name: list(rows) for name, rows in province.items()}
    rows["people"] += [*people, {"person_id": "long", "name": "x", "address": '"' * 3_000_000}]
    rows["ties"] += ties
    made = synthetic(tmp_path / "province", awards=300, seed=3)
    for file in made.folder.glob("*.csv"):
        if file.stem in TABLES:
            with file.open(encoding="utf-8", newline="") as lines:
                rows.setdefault(file.stem, []).extend(csv.DictReader(lines))
    loaded = tables(**rows)
    assert not loaded.con.execute("FROM rejects").fetchall()
    return loaded


@pytest.fixture
def importer(servers, tmp_path):
    """`importer(tables)`: a server whose database the importer made, and what it said."""
    if missing := servers.why_not():
        if os.environ.get("GRAPHGOV_REQUIRE_ALL") == "1":
            pytest.fail(f"Neo4j is required here: {missing}.")
        pytest.skip(f"no Neo4j on this machine: {missing}")
    server = servers.Server(tmp_path / "server")

    def run(tables):
        folder = tmp_path / "it's [a] (folder) $HOME"
        folder.mkdir()
        offline.write(tables, folder)
        return server, _import(server, folder, tmp_path)

    yield run
    server.stop()


def _import(server, folder, place):
    """Runs import.sh with a `neo4j-admin` on the path that is the server's."""
    words = server._java("-Xmx1g")
    programs = place / "programs"
    programs.mkdir()
    admin = programs / "neo4j-admin"
    admin.write_text(f'#!/bin/sh\nexec {shlex.join(words)} org.neo4j.cli.AdminTool "$@"\n')
    admin.chmod(0o755)
    (server.home / "conf").mkdir(parents=True)
    home = {"NEO4J_HOME": str(server.home), "NEO4J_CONF": str(server.home / "conf")}
    done = subprocess.run(
        ["sh", folder / offline.SCRIPT],
        env={**os.environ, **home, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def _graph(driver):
    """Everything of ours: labels, properties with their types, ends of relationships by key."""
    nodes = "MATCH (n) WHERE n.dataset IS NOT NULL RETURN labels(n) AS l, properties(n) AS p"
    links = (
        "MATCH (a)-[r]->(b) WHERE r.dataset IS NOT NULL "
        "RETURN labels(a) + a.row_key AS a, type(r) AS t, properties(r) AS p, "
        "labels(b) + b.row_key AS b"
    )

    def plain(p):
        return tuple(sorted((k, type(v).__name__, repr(v)) for k, v in p.items()))

    found = Counter((tuple(r["l"]), plain(r["p"])) for r in driver.execute_query(nodes).records)
    for r in driver.execute_query(links).records:
        found[tuple(r["a"]), r["t"], plain(r["p"]), tuple(r["b"])] += 1
    return found


def _indexes(driver):
    shown = "SHOW INDEXES YIELD name, owningConstraint WHERE name STARTS WITH 'graphgov'"
    return {tuple(r) for r in driver.execute_query(f"{shown} RETURN *").records}


def _file(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def _files(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def _written(tables, folder):
    folder.mkdir()
    offline.write(tables, folder)
    return _files(folder)


def test_rows_in_another_order_give_the_same_bytes(province, tables, tmp_path):
    before = _written(tables(**province), tmp_path / "one")
    for rows in province.values():
        random.Random(2).shuffle(rows)
    assert _written(tables(**province), tmp_path / "two") == before


def test_no_cell_and_an_empty_one_are_told_apart(tables, tmp_path):
    people = [{"person_id": "P1", "name": "x"}, {"person_id": "P2", "name": "y", "gender": "male"}]
    _written(tables(people=people), tmp_path / "out")
    head = _file(tmp_path / "out", "Person-header.csv").strip().split(",")
    assert head[0] == ":ID"
    assert {"row_key:string", "person_id:string"} <= set(head)
    assert "address:string" not in head  # a column without a value
    first, second = (line.split(",") for line in _file(tmp_path / "out", "Person.csv").splitlines())
    assert first[head.index("gender:string")] == ""
    assert second[head.index("gender:string")] == "male"
    assert first[head.index("dataset:string")] == '""'


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain, with a comma", []),
        ("one\ntwo", ["--multiline-fields=true"]),
        ("one\rtwo", ["--multiline-fields=true"]),
        ("x" * (2 << 20), []),
        ("x" * (2 << 20) + "x", [f"--read-buffer-size={(8 << 20) + 2}"]),
    ],
    ids=["one line", "a line feed", "a carriage return", "fits with its quotes", "is too long"],
)
def test_the_importer_is_told_what_the_cells_are_like(tables, tmp_path, name, options):
    _written(tables(people=[{"person_id": "P1", "name": name}]), tmp_path / "out")
    facts = json.loads(_file(tmp_path / "out", offline.MARK))
    assert [a for a in facts["arguments"] if not a.startswith("--nodes=")] == [
        "--id-type=actual",
        *options,
    ]


def test_both_scripts_say_the_same_command(province, tables, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    offline.write(tables(**province), folder, database="north-1.case")
    arguments = json.loads(_file(folder, offline.MARK))["arguments"]
    for name in (offline.SCRIPT, offline.DOCKER_SCRIPT):
        words = shlex.split(_file(folder, name).replace("\\\n", " "), comments=True)
        assert set(arguments) <= set(words)
        start = words.index("neo4j-admin")
        # After a list of files the database would be taken for one more.
        said = ["neo4j-admin", "database", "import", "full", "north-1.case"]
        assert words[start : start + 5] == said
        assert "$@" in words
        subprocess.run(["sh", "-n", folder / name], check=True)
    listed = {word for a in arguments for word in a.rpartition("=")[2].split(",")}
    listed.remove("actual")  # --id-type
    assert listed == {f"./{p.name}" for p in folder.glob("*.csv")}


@pytest.mark.parametrize("name", ["a", "1abc", "x y z", "abc\n; rm", "--force", "a" * 64, "ä" * 5])
def test_a_name_that_no_database_has_is_refused(tables, tmp_path, name):
    with pytest.raises(ConfigError, match="no name of a Neo4j database"):
        offline.write(tables(people=[{"person_id": "P1", "name": "x"}]), tmp_path, database=name)
    assert not list(tmp_path.iterdir())


def test_a_file_begins_with_what_is_no_mark_of_a_kind(tables, tmp_path):
    people = [{"person_id": text, "name": "x"} for text in ("\ufeffP", "PK\x03\x04", "\x1f\x8b")]
    tie = {"person_a": "\ufeffP", "person_b": "PK\x03\x04", "kind": "friend"}
    _written(tables(people=people, ties=[tie]), tmp_path / "out")
    for file in (tmp_path / "out").glob("*.csv"):
        assert re.match(r"[0-9]+,|:ID,|:START_ID,", file.read_text(encoding="utf-8"))


def test_nothing_to_import_is_an_error(tables, tmp_path):
    with pytest.raises(InputError, match="nothing to import"):
        offline.write(tables(), tmp_path)


@pytest.fixture
def source(tmp_path):
    """A folder with an award and one that cannot be read."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "awards.csv").write_text(
        "award_id,buyer_id,company_id,awarded_on,amount\n"
        "A1,B1,C1,2024-01-02,10\nA2,B1,C1,2024-13-02,10\n"
    )
    return folder


def test_rows_put_aside_are_written_and_a_second_time_replaces_the_first(source, tmp_path):
    out = tmp_path / "out"
    tables, done = pipeline.write_import([source], out, pipeline.Options())
    assert (done.nodes, done.relationships) == (3, 2)  # the award and two stubs
    assert tables.counts["awards"].rejected == 1
    assert "2024-13-02" in _file(out, "rejects.csv")
    first = _files(out)
    pipeline.write_import([source], out, pipeline.Options())
    assert _files(out) == first
    (out / "left-over.csv").write_text("x")
    pipeline.write_import([source], out, pipeline.Options())
    assert _files(out) == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "source"]


def test_an_id_that_no_index_holds_is_put_aside_with_its_line(source, tmp_path):
    with (source / "awards.csv").open("a") as file:
        file.write(f"{'L' * 8000},B1,C1,2024-01-02,1\n{'L' * 8001},B1,C1,2024-01-02,1\n")
    _, done = pipeline.write_import([source], tmp_path / "out", pipeline.Options())
    assert [(r.line, r.field, r.code) for r in done.rejects] == [(5, "award_id", "too_long")]
    assert (done.nodes, done.relationships) == (4, 4)
    assert "awards.csv,5,award_id,too_long" in _file(tmp_path / "out", "rejects.csv")


@pytest.mark.parametrize("mark", ["notes.txt", "manifest.json"], ids=["notes", "a run"])
def test_a_folder_with_something_else_is_left_alone(source, tmp_path, mark):
    out = tmp_path / "out"
    out.mkdir()
    (out / mark).write_text("{}")
    with pytest.raises(ConfigError, match=r"left alone.*--offline"):
        pipeline.write_import([source], out, pipeline.Options())
    assert _files(out) == {mark: b"{}"}


def _call(*args):
    return CliRunner().invoke(app, [str(a) for a in args], prog_name="graphgov")


def test_the_command_says_what_was_written_and_what_comes_next(source, tmp_path):
    done = _call("load", source, "--offline", tmp_path / "out", "--store", "neo4j://nowhere")
    assert done.exit_code == 0
    assert "2 in = 1 kept + 1 rejected" in done.stdout
    assert "3 nodes and 2 relationships" in done.stdout
    assert f"sh {tmp_path / 'out' / offline.SCRIPT}" in done.stdout


@pytest.mark.parametrize(
    "args",
    [["--store", "case.lbug"], ["--remove"], ["--database", "a b"]],
    ids=["a graph in a file", "remove", "no name of a database"],
)
def test_options_that_do_not_go_together_are_refused(source, tmp_path, args):
    done = _call("load", source, "--offline", tmp_path / "out", *args)
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_what_fails_leaves_the_files_before_it(source, tmp_path):
    out = tmp_path / "out"
    pipeline.write_import([source], out, pipeline.Options())
    first = _files(out)
    (source / "awards.csv").write_text("award_id\n")  # nothing that could be imported
    with pytest.raises(InputError):
        pipeline.write_import([source], out, pipeline.Options())
    assert _files(out) == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "source"]


def test_the_importer_makes_the_graph_that_a_load_makes(
    importer, everything, neo4j_store, neo4j_server, cells
):
    neo4j_store.load(everything)
    neo4j_store.close()
    with neo4j_server.driver() as driver:
        wanted, indexes = _graph(driver), _indexes(driver)
    server, _ = importer(everything)
    with server.start(), server.driver() as driver:
        found = _graph(driver)
        assert found - wanted == wanted - found == Counter()
        store = open_store(server.uri)
        assert cells(store.read()) == cells(everything)
        again = store.load(everything)
        store.close()
        assert (again.added, again.changed, again.removed) == (0, 0, 0)
        assert again.nodes == sum(n for key, n in wanted.items() if len(key) == 2)
        assert _graph(driver) == wanted
        assert _indexes(driver) == indexes  # the load made them


def test_cells_of_one_line_are_imported_too(importer, tables):
    people = [{"person_id": key, "name": key} for key in "abc"]
    tie = {"person_a": "a", "person_b": "b", "kind": "kin"}
    _, said = importer(tables(people=people, ties=[tie]))
    assert re.search(r"\b3 nodes\s+1 relationships\b", said)


def test_relationships_name_the_rows_of_their_ends_by_number(province, tables, tmp_path):
    """An oracle: the numbers, looked up again, are the ids that the tables give."""
    folder = tmp_path / "out"
    _written(tables(**province), folder)
    facts = json.loads(_file(folder, offline.MARK))
    keys = {}
    for one in facts["files"]:
        head = _file(folder, f"{one['name']}-header.csv").strip().split(",")
        if one["kind"] == "nodes":
            with (folder / f"{one['name']}.csv").open(encoding="utf-8", newline="") as lines:
                for row in csv.reader(lines):
                    cells = dict(zip(head, row, strict=True))
                    keys[int(cells[":ID"])] = cells
    assert sorted(keys) == list(range(len(keys)))  # the importer takes them for places in its store
    with (folder / "WON_BY-Award-Company.csv").open(encoding="utf-8", newline="") as lines:
        won = {
            (keys[int(row[0])]["award_id:string"], keys[int(row[1])]["company_id:string"])
            for row in csv.reader(lines)
        }
    assert won == {(row["award_id"], row["company_id"]) for row in province["awards"]}
