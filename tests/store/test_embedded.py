"""What is particular to the graph in a file: locks, crashes, other people's nodes."""

import signal
import subprocess
import sys

import ladybug
import pytest

from graphgov.errors import ConfigError, StoreError
from graphgov.store import open_store

HOLD = """
import sys, time
from pathlib import Path
from graphgov.store.locking import locked
with locked(Path(sys.argv[1]), write=sys.argv[2] == "write"):
    print("held", flush=True)
    time.sleep(60)
"""
# A load that stops for good with everything applied and nothing committed.
STOP = """
import sys, time
from graphgov.ingest import read_frames
from graphgov.store import embedded, open_store
embedded.EmbeddedStore._report = lambda *_: (print("stopped", flush=True), time.sleep(60))
if sys.argv[2] == "transaction":
    inner = embedded.EmbeddedStore._apply
    def apply(self, con, plan):
        inner(self, con, plan)
        print("stopped", flush=True)
        time.sleep(60)
    embedded.EmbeddedStore._apply = apply
frames = {"people": [{"person_id": "P1", "name": "CHANGED"}, {"person_id": "P9", "name": "new"}]}
open_store(sys.argv[1]).load(read_frames(frames))
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "case.lbug"


def in_the_middle(code, *args):
    child = subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE)
    assert child.stdout.readline().strip() in (b"held", b"stopped")
    return child


def ended(child):
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


def sql(path, *lines):
    with ladybug.Database(str(path)) as database, ladybug.Connection(database) as con:
        return [con.execute(line).get_all() for line in lines]


def test_one_process_writes_at_a_time(path, tables):
    store = open_store(path)
    store.load(tables(people=[{"person_id": "P1", "name": "Ana"}]))
    child = in_the_middle(HOLD, path, "write")
    for ask in (store.read, lambda: store.load(tables()), lambda: store.query("RETURN 1")):
        with pytest.raises(StoreError, match="in use by another process"):
            ask()
    ended(child)
    child = in_the_middle(HOLD, path, "read")
    assert store.query("MATCH (p:Person) RETURN p.name")[1] == [["Ana"]]  # readers share
    with pytest.raises(StoreError, match="in use"):
        store.remove()
    ended(child)
    store.remove()
    assert list(path.parent.iterdir()) == []


def test_a_first_load_that_is_killed_leaves_no_graph(path, tables):
    ended(in_the_middle(STOP, path, "first"))
    assert not path.exists()
    store = open_store(path)
    store.load(tables(people=[{"person_id": "P1", "name": "Ana"}]))
    assert store.query("MATCH (p:Person) RETURN p.name")[1] == [["Ana"]]


def test_a_later_load_that_is_killed_leaves_the_graph_before_it(path, tables, cells):
    loaded = tables(people=[{"person_id": "P1", "name": "Ana"}])
    store = open_store(path)
    store.load(loaded)
    ended(in_the_middle(STOP, path, "transaction"))
    assert cells(store.read()) == cells(loaded)
    assert store.load(loaded).added == 0


def test_other_peoples_nodes_stay(path, province, tables, cells):
    store = open_store(path)
    loaded = tables(**province)
    store.load(loaded)
    sql(
        path,
        "CREATE NODE TABLE Note(id INT64, PRIMARY KEY(id))",
        "CREATE REL TABLE MARKS(FROM Note TO Company)",
        "CREATE (:Note {id: 1})",
        "CREATE (:Company {company_id: 'mine', name: 'Mine'})",
        "MATCH (n:Note) MATCH (c:Company {company_id: 'C1'}) CREATE (n)-[:MARKS]->(c)",
        "MATCH (n:Company {company_id: 'mine'}) MATCH (c:Company {company_id: 'C1'}) "
        "CREATE (n)-[:OWNS]->(c)",
    )
    province["companies"][0]["name"] = "Acme Ltd"
    loaded = tables(**province)
    store.load(loaded)
    assert cells(store.read()) == cells(loaded)
    asked = "MATCH (:Note)-[:MARKS]->(c) RETURN c.name"
    assert store.query(asked)[1] == [["Acme Ltd"]]
    store.remove()
    assert sql(path, "MATCH (c:Company) RETURN c.company_id") == [[["mine"]]]
    assert sql(path, "MATCH (n:Note) RETURN n.id") == [[[1]]]
    assert "Award" not in {r[0] for r in sql(path, "CALL show_tables() RETURN name")[0]}


def test_a_node_with_our_key_and_no_dataset_is_not_adopted(path, province, tables, cells):
    store = open_store(path)
    loaded = tables(**province)
    store.load(loaded)
    sql(path, "CREATE (:Company {company_id: 'taken'})")
    province["companies"].append({"company_id": "taken", "name": "x"})
    with pytest.raises(StoreError, match="'taken' that GraphGov did not load"):
        store.load(tables(**province))
    assert cells(store.read()) == cells(loaded)


def test_a_table_that_is_somebody_elses_is_refused(path, tables):
    sql(path, "CREATE NODE TABLE Company(company_id STRING, PRIMARY KEY(company_id))")
    store = open_store(path)
    with pytest.raises(StoreError, match="not GraphGov's"):
        store.load(tables(people=[{"person_id": "P", "name": "x"}]))
    assert [r[0] for r in sql(path, "CALL show_tables() RETURN name")[0]] == ["Company"]


@pytest.mark.parametrize("what", ["text", "folder"])
def test_a_file_that_is_no_graph_is_left_alone(path, tables, what):
    if what == "text":
        path.write_text("award_id,buyer_id\n" * 1000)
    else:
        path.mkdir()
    store = open_store(path)
    for ask in (store.read, lambda: store.load(tables()), store.remove):
        with pytest.raises(StoreError):
            ask()
    assert path.is_dir() or path.read_text().startswith("award_id")


@pytest.mark.parametrize(
    ("uri", "said"),
    [("bolt://u:secret@h", "NEO4J_PASSWORD"), ("bolt://:7687", "no host"), ("neo4j://", "no host")],
)
def test_a_server_s_address_holds_a_host_and_no_password(uri, said):
    with pytest.raises(ConfigError, match=said) as caught:
        open_store(uri)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("uri", "said"), [("", "needs a path"), ("s3://x", "no graph store")])
def test_an_address_of_no_kind_is_refused(uri, said):
    with pytest.raises(ConfigError, match=said):
        open_store(uri)
