"""A Neo4j server that is lost, full, locked or strange: nothing is lost, and it is said clearly."""

import contextlib
import copy
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from datetime import date

import neo4j
import pytest

from graphgov.errors import StoreError
from graphgov.schema import Flag, Member, Results
from graphgov.store import connection, open_store, writer

# Loads frames, and ends itself like a power cut would, around the write that is named.
LOADER = """
import itertools, json, os, signal, sys
import neo4j
from graphgov.ingest import read_frames
from graphgov.store import open_store, writer

address, frames, moment = sys.argv[1], sys.argv[2], int(sys.argv[3])
writer.BATCH = 50
count, write = itertools.count(), neo4j.Session.execute_write

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def counted(session, work, *args, **options):
    mine = next(count) == moment

    def cut(tx):
        made = work(tx)
        if mine and moment % 3 == 1:
            die()  # the server has done it, and nobody has committed it
        return made

    if mine and moment % 3 == 0:
        die()
    made = write(session, cut, *args, **options)
    if mine:
        die()
    return made

neo4j.Session.execute_write = counted
with open(frames, encoding="utf-8") as file:
    tables = read_frames(json.load(file))
store = open_store(address)
store.load(tables)
store.close()
print(next(count))
"""
NODES = "MATCH (n) RETURN labels(n) AS labels, properties(n) AS own"
RELATIONS = (
    "MATCH (a)-[r]->(b) RETURN type(r) AS type, properties(r) AS own, "
    "labels(a) AS start, properties(a) AS a, labels(b) AS end, properties(b) AS b"
)
MOMENTS = [int(m) for m in os.environ.get("GRAPHGOV_KILL_AT", "").split()]  # of the writes
SCHEMA = "SHOW INDEXES YIELD name, type, state"


def dump(driver):
    """Everything in the database, in an order of content."""
    found = []
    for statement in (NODES, RELATIONS, SCHEMA):
        rows = driver.execute_query(statement).records
        found.append(sorted(json.dumps(row.data(), sort_keys=True, default=str) for row in rows))
    return found


@pytest.fixture
def server(neo4j_server, servers, monkeypatch):
    """The shared server with an empty database; faults end with the test."""
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password)
    monkeypatch.setattr(connection, "RETRY_SECONDS", 1.0)
    monkeypatch.setattr(writer, "BATCH", 50)
    usual = dict(neo4j_server.settings)
    with neo4j_server.driver() as driver:
        servers.wipe(driver, schema=False)
    yield neo4j_server
    changed = neo4j_server.settings != usual or neo4j_server.file_size_limit
    neo4j_server.settings, neo4j_server.file_size_limit = usual, None
    if changed:
        neo4j_server.stop()
    neo4j_server.start()


@pytest.fixture
def reach():
    """`reach(address, …)`: a store that is closed in the end."""
    with contextlib.ExitStack() as stack:

        def opened(address, **options):
            store = open_store(address, **options)
            stack.callback(store.close)
            return store

        yield opened


@pytest.fixture
def store(server, reach):
    return reach(server.uri)


@pytest.fixture
def frames(province):
    """The province with a few hundred awards more: many batches of every kind."""
    many = copy.deepcopy(province)
    many["awards"] += [
        {
            "award_id": f"X{i:03}",
            "buyer_id": f"B{1 + i % 2}",
            "company_id": f"C{1 + i % 4}",
            "awarded_on": f"2023-{1 + i % 12:02}-01",
            "amount": str(i),
            "tender_id": f"T{1 + i % 2}",
        }
        for i in range(300)
    ]
    many["officers"] += [{"person_id": "P1", "company_id": f"C{1 + i % 4}"} for i in range(4)]
    return many


@pytest.fixture
def changed(frames):
    """The same a year later: rows of every kind changed, moved and came."""
    later = copy.deepcopy(frames)
    later["companies"][0]["name"] = "Acme Ltd"
    later["tenders"][1]["buyer_id"] = "B1"
    later["bodies"][1]["parent_id"] = None
    later["items"][0]["owner_id"] = "T2"
    later["bids"][2] |= {"bid_id": "b2", "amount": "1"}
    later["ties"][0]["ended_on"] = "2023-01-01"
    later["debts"][0] |= {"body_id": "B2", "creditor_id": "C2"}
    for i, award in enumerate(later["awards"][3:]):
        if i % 3 == 0:
            award |= {"buyer_id": "B2", "company_id": "C3"}
        elif i % 3 == 1:
            award["amount"] = "7.7"
    later["people"].append({"person_id": "P4", "name": "Di"})
    later["ties"].append({"person_a": "P4", "person_b": "P1", "kind": "friend"})
    return later


def run_of(name, flags=120):
    """Results of a run with enough flags for several batches."""
    members = (Member("award", "A1", "award"), Member("body", "B1", "buyer"))
    return Results(
        name,
        date(2024, 6, 1),
        [
            Flag(
                flag_id=f"{name}-{i:03}",
                indicator="E01",
                family="E",
                class_="tie",
                subject_kind="award",
                subject_id="A1",
                score=0.5,
                amounts=(),
                members=members,
                evidence=(),
                reason="Seen.",
                innocent="Or not.",
                facts={},
            )
            for i in range(flags)
        ],
        [],
        [],
    )


@contextlib.contextmanager
def at_write(moment, fault):
    """Lets something happen before the `moment`-th write of the store, once."""
    count, write = itertools.count(), neo4j.Session.execute_write

    def counted(session, work, *args, **options):
        if next(count) == moment:
            fault()
        return write(session, work, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neo4j.Session, "execute_write", counted)
        yield count


# The loader is killed.


def killed(uri, frames, moment, folder):
    """Loads in a process of its own that dies at a write; the writes where it lived."""
    path = folder / "frames.json"
    path.write_text(json.dumps(frames), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LOADER, uri, str(path), str(moment)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode == 0:
        return int(done.stdout)
    assert done.returncode == -9, done.stderr
    return 0


@pytest.mark.slow
@pytest.mark.parametrize("update", [False, True], ids=["first load", "later load"])
def test_a_loader_killed_at_any_moment_and_started_again_ends_in_the_same_graph(
    server, servers, store, frames, changed, tables, tmp_path, update
):
    first, wanted = tables(**frames), changed if update else frames
    second = tables(**wanted)
    with server.driver() as driver:

        def begin():
            servers.wipe(driver, schema=False)
            if update:
                store.load(first)

        store.load(first)  # constraints are there from now on
        begin()
        with at_write(-1, lambda: None) as count:
            store.load(second)
        total, undisturbed = next(count), dump(driver)
        assert total > 30
        for moment in MOMENTS or [round(total * share) for share in (0.05, 0.4, 0.7, 0.95)]:
            begin()
            assert not killed(server.uri, wanted, moment, tmp_path), f"{moment} of {total}"
            store.load(second)
            assert dump(driver) == undisturbed, f"killed at write {moment} of {total}"


def test_half_a_load_is_not_analysed(server, servers, store, frames, tables, tmp_path):
    store.load(tables(**frames))
    with server.driver() as driver:
        servers.wipe(driver, schema=False)
    assert not killed(server.uri, frames, 20, tmp_path)
    with pytest.raises(StoreError, match=r"not complete: .* Load the same data again"):
        store.read()


# The server is lost.


@pytest.mark.slow
def test_a_server_killed_in_the_middle_of_a_load_loses_nothing(
    server, store, frames, tables, servers
):
    loaded = tables(**frames)
    store.load(loaded)
    with server.driver() as driver:
        undisturbed = dump(driver)
        servers.wipe(driver, schema=False)
    with at_write(60, server.kill), pytest.raises(StoreError, match="does not answer"):
        store.load(loaded)
    server.start()
    store.load(loaded)
    with server.driver() as driver:
        assert dump(driver) == undisturbed


@pytest.mark.slow
def test_a_server_stopped_in_the_middle_of_a_snapshot_gives_no_half_of_it(
    server, store, frames, tables, cells
):
    loaded = tables(**frames)
    store.load(loaded)
    count, read = itertools.count(), neo4j.Session.execute_read

    def stopped(session, work, *args, **options):
        if next(count) == 25:
            server.stop()
        return read(session, work, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neo4j.Session, "execute_read", stopped)
        with pytest.raises(StoreError, match="does not answer"):
            store.read()
    server.start()
    assert cells(store.read()) == cells(loaded)


@pytest.mark.slow
def test_a_server_stopped_in_the_middle_of_write_back_keeps_the_run_before(
    server, store, frames, tables
):
    store.load(tables(**frames))
    store.save(run_of("before", 3))
    current = "MATCH (r:Run {current: true}) RETURN r.run_id"
    flags = "MATCH (f:Flag)-[:ABOUT]->() RETURN f.run_id, count(*) ORDER BY f.run_id"
    with at_write(4, server.stop), pytest.raises(StoreError, match="does not answer"):
        store.save(run_of("after"))
    server.start()
    assert store.query(current)[1] == [["before"]]
    assert ["before", 6] in store.query(flags)[1]
    store.save(run_of("after"))
    assert store.query(current)[1] == [["after"]]
    assert store.query(flags)[1] == [["after", 240]]


@pytest.mark.slow
def test_a_full_disk_is_said_and_loses_nothing(server, servers, store, frames, tables):
    loaded = tables(**frames)
    store.load(loaded)
    with server.driver() as driver:
        undisturbed = dump(driver)
        servers.wipe(driver, schema=False)
    server.stop()
    largest = max(f.stat().st_size for f in (server.home / "data").rglob("*") if f.is_file())
    server.file_size_limit = largest + 20_000
    server.start()
    with pytest.raises(StoreError, match=r"could not write to its disk .* space"):
        store.load(loaded)
    server.stop()
    server.file_size_limit = None
    server.start()
    store.load(loaded)
    with server.driver() as driver:
        assert dump(driver) == undisturbed


# The server refuses.


def test_a_wrong_password_says_what_to_check(server, reach, tables, frames, monkeypatch):
    monkeypatch.setenv("NEO4J_PASSWORD", "not-the-password")
    with pytest.raises(StoreError, match=r"does not accept user 'neo4j'.*NEO4J_PASSWORD") as said:
        reach(server.uri).load(tables(**frames))
    assert "not-the-password" not in str(said.value)
    with pytest.raises(StoreError, match="does not accept user 'eve'"):
        reach(server.uri, user="eve").read()
    monkeypatch.delenv("NEO4J_PASSWORD")
    with pytest.raises(StoreError, match=r"wants a password\. Set NEO4J_PASSWORD"):
        reach(server.uri).query("RETURN 1")


def test_a_database_that_is_missing_is_named(server, reach, tables, frames):
    store = reach(server.uri, database="archive")
    for act in (store.read, store.remove, lambda: store.load(tables(**frames))):
        with pytest.raises(StoreError, match="has no database 'archive'"):
            act()


@pytest.mark.slow
def test_a_read_only_database_is_read_and_not_written(server, store, frames, tables, cells):
    loaded = tables(**frames)
    store.load(loaded)
    server.restart(settings={"server.databases.read_only": "neo4j"})
    with server.driver() as driver:
        before = dump(driver)
        assert cells(store.read()) == cells(loaded)
        assert store.query("MATCH (a:Award) RETURN count(*)")[1] == [[302]]
        for act in (
            lambda: store.load(loaded),
            lambda: store.save(run_of("run", 1)),
            store.remove,
        ):
            with pytest.raises(StoreError, match="is read-only"):
                act()
        assert dump(driver) == before


# The graph is not as it was left.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("MATCH (n:Company {company_id: 'C1'}) REMOVE n.row_key", "'C1'.*lost its 'row_key'"),
        ("MATCH (n:Company {company_id: 'C1'}) REMOVE n.company_id", "1 Company.*'company_id'"),
        ("MATCH (n:Award {award_id: 'A1'}) REMOVE n.amount", "2 of awards.*'amount'.*'A1'"),
        ("MATCH (:Award {award_id: 'A2'})-[r:WON_BY]->() REMOVE r.row_key", "lost its 'row_key'"),
        ("MATCH (n:Company {company_id: 'C3'}) SET n.employees = 'many'", "'employees'"),
        ("MATCH (n:Tender {tender_id: 'T1'}) SET n.published_at = 'today'", "published_at"),
        ("MATCH (n:Award {award_id: 'A1'}) SET n.amount = [1, 2]", "amount"),
    ],
)
def test_a_property_lost_by_hand_is_named(server, store, province, tables, change, said):
    store.load(tables(**province))
    with server.driver() as driver:
        assert driver.execute_query(change).summary.counters.properties_set == 1
    with pytest.raises(StoreError, match=said):
        store.read()


def test_a_graph_of_others_is_left_alone(server, store, province, tables, cells):
    theirs = (
        "CREATE (c:Company {company_id: 'theirs', name: 'Theirs'})-[:OWNS {share: 1.0}]->"
        "(:Company {company_id: 'theirs too'}), (:Person {name: 'Nobody'}), (:Award), "
        "(:Run {current: true}), (:Flag {score: 1.0})-[:ABOUT]->(c), (:Case), (:Community), "
        "(:Note {company_id: 'C1', dataset: ''})-[:ABOUT]->(c), (:GraphGov), "
        "(c)-[:TIED_TO]->(:Film {title: 'x'})"
    )
    with server.driver() as driver:
        driver.execute_query(theirs)
        driver.execute_query("CREATE INDEX theirs IF NOT EXISTS FOR (n:Film) ON (n.title)")
        alone = dump(driver)[:2]
        loaded = tables(**province)
        store.load(loaded)
        assert cells(store.read()) == cells(loaded)
        driver.execute_query(
            "MATCH (n:Note), (c:Company {company_id: 'C1'}) CREATE (n)-[:OWNS {mine: true}]->(c)"
        )
        province["companies"][0]["name"] = "Acme Ltd"
        store.load(tables(**province))
        store.save(run_of("one", 2))
        store.save(run_of("two", 2))
        assert store.query("MATCH (:Note)-[r:OWNS]->(c:Company) RETURN r.mine, c.name")[1] == [
            [True, "Acme Ltd"]
        ]
        store.remove()
        assert dump(driver)[:2] == alone
        assert driver.execute_query("SHOW INDEXES YIELD name WHERE name = 'theirs'").records
        driver.execute_query("DROP INDEX theirs")


def test_a_node_of_others_with_our_key_is_not_adopted(server, store, province, tables):
    with server.driver() as driver:
        driver.execute_query("CREATE (:Company {company_id: 'C1', name: 'Theirs'})")
        before = dump(driver)[:2]
        with pytest.raises(StoreError, match=r"Company with company_id 'C1' that GraphGov did"):
            store.load(tables(**province))
        assert dump(driver)[:2] == before


# There is no server.


def test_nobody_listens(servers, reach, monkeypatch):
    monkeypatch.setenv("NEO4J_PASSWORD", "x")
    address = f"bolt://127.0.0.1:{servers.free_port()}"
    with pytest.raises(StoreError, match=f"{address} does not answer.*Check that the server runs"):
        reach(address).read()


@pytest.mark.parametrize("scheme", ["bolt", "neo4j", "bolt+s", "neo4j+ssc"])
@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\0\0\0\0", b"220 mail ready\r\n", None]
)
def test_another_service_at_the_port(reach, monkeypatch, scheme, greeting):
    monkeypatch.setenv("NEO4J_PASSWORD", "x")
    monkeypatch.setattr(connection, "_GREET_SECONDS", 1.0)
    with (
        serving(greeting) as port,
        pytest.raises(StoreError, match=rf"{port} (does not answer|is no Neo4j).*host and port"),
    ):
        reach(f"{scheme}://127.0.0.1:{port}").read()


@contextlib.contextmanager
def serving(greeting):
    """A service that says its greeting and hangs up, or never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as door, contextlib.ExitStack() as guests:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    guest, _ = door.accept()
                    if greeting is None:
                        guests.enter_context(guest)
                        continue
                    with guest:
                        guest.recv(20)
                        guest.sendall(greeting)

        thread = threading.Thread(target=serve)
        thread.start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("scheme", ["bolt+s", "bolt+ssc", "neo4j+s", "neo4j+ssc"])
def test_encryption_that_the_server_does_not_offer(server, reach, scheme):
    address = server.uri.replace("bolt", scheme)
    with pytest.raises(StoreError, match=r"does not answer.*bolt://.*where it does not"):
        reach(address).read()


def test_a_routing_address_is_as_good_as_a_plain_one(server, reach, province, tables, cells):
    loaded = tables(**province)
    reach(server.uri.replace("bolt", "neo4j")).load(loaded)
    assert cells(reach(server.uri, database="neo4j").read()) == cells(loaded)
