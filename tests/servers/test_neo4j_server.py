"""The server that other tests rely on does what it says."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import neo4j
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["5", "2026"])
def line(request, servers):
    """A version of each line that the program is meant for."""
    version = servers.LINES[request.param]
    try:
        servers.java(version)
        servers.jars(version)
    except servers.Unavailable as missing:
        if os.environ.get("GRAPHGOV_REQUIRE_ALL") == "1" and "Java 21" not in str(missing):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    return version


def test_both_lines_start_remember_and_are_wiped(servers, line, tmp_path):
    with servers.Server(tmp_path, version=line, heap="512m", jvm=servers.SHORT_LIVED) as server:
        with server.driver() as driver:
            versions = driver.execute_query("CALL dbms.components() YIELD versions").records
            assert versions[0]["versions"] == [line]
            driver.execute_query("CREATE CONSTRAINT c FOR (n:A) REQUIRE n.x IS UNIQUE")
            driver.execute_query("CREATE INDEX i FOR (n:A) ON (n.y)")
            driver.execute_query("CREATE (:A {x: 1})-[:R]->(:B)")
        server.restart(settings={"server.databases.read_only": "neo4j"})
        with server.driver() as driver:
            assert driver.execute_query("MATCH (n) RETURN count(n) AS n").records[0]["n"] == 2
            with pytest.raises(neo4j.exceptions.ClientError, match=r"read[- ]only"):
                driver.execute_query("CREATE (:A {x: 2})")
        server.settings.clear()
        server.kill()
        with server.start().driver() as driver:
            servers.wipe(driver, schema=False)
            assert len(driver.execute_query("SHOW CONSTRAINTS").records) == 1
            servers.wipe(driver)
            assert driver.execute_query("MATCH (n) RETURN count(n) AS n").records[0]["n"] == 0
            assert not driver.execute_query("SHOW CONSTRAINTS").records
            kinds = driver.execute_query("SHOW INDEXES YIELD type").records
            assert {row["type"] for row in kinds} <= {"LOOKUP"}


def test_the_shared_server_wants_its_password(neo4j_server):
    with neo4j_server.driver() as driver:
        driver.verify_connectivity()
    for wrong in (None, ("neo4j", "neo4j"), ("neo4j", secrets.token_urlsafe())):
        with (
            neo4j.GraphDatabase.driver(neo4j_server.uri, auth=wrong) as driver,
            pytest.raises(neo4j.exceptions.AuthError),
        ):
            driver.verify_connectivity()


def test_a_server_that_cannot_start_says_why(servers, neo4j_server, tmp_path):
    wrong = servers.Server(tmp_path, settings={"server.bolt.no_such_thing": "1"})
    with pytest.raises(servers.Failed, match="no_such_thing"):
        wrong.start(timeout=60)
    assert not wrong.running


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a child with its parent")
def test_a_server_does_not_outlive_who_started_it(servers, neo4j_server, tmp_path):
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import neo4j_server as s\n"
        "server = s.Server(sys.argv[2], heap='256m').start()\n"
        "print(server.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, str(ROOT / "tests" / "servers"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
        pid = int(starter.stdout.readline())
        os.kill(pid, 0)
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    for _ in range(200):
        if not _lives(pid):
            return
        time.sleep(0.05)
    pytest.fail("the server still runs")


def _lives(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_is_missing_is_said(servers, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert re.search(r"Java 17|Maven", servers.why_not("5.26.25"))
    with pytest.raises(servers.Unavailable, match="Maven"):
        servers.jars("5.26.25")
    with pytest.raises(servers.Unavailable, match="no version"):
        servers.jars("../../etc")
    assert list(tmp_path.glob("graphgov/neo4j-*[0-9]")) == []


def test_compose_offers_the_same_line_to_this_machine_alone(servers):
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert f"neo4j:{servers.LINES['5'].rpartition('.')[0]}-community" in text
    ports = re.findall(r'- "([^"]*:\d+)"$', text, re.MULTILINE)
    assert ports == ["127.0.0.1:7474:7474", "127.0.0.1:7687:7687"]
    assert "neo4j/${NEO4J_PASSWORD:?" in text
