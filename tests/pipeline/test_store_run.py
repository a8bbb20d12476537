"""A run over what a graph gives back says the same as a run over the files."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from graphgov import pipeline
from graphgov.errors import ConfigError, StoreError
from graphgov.report.files import read_csv


@dataclass(frozen=True)
class Graph:
    """Where a graph lies, and the folder with the run that loaded it."""

    uri: str
    folder: Path

    @property
    def out(self):
        return self.folder / "out"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    return str(tmp_path_factory.mktemp("graph") / "case.lbug")


@pytest.fixture(scope="module")
def neo4j(neo4j_server, servers):
    with neo4j_server.driver() as driver:
        servers.wipe(driver)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEO4J_PASSWORD", neo4j_server.password)
        yield neo4j_server.uri


@pytest.fixture(scope="module", params=["embedded", "neo4j"])
def graph(request, source, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("loaded")
    uri = request.getfixturevalue(request.param)
    run(source, folder / "out", store=uri, with_report=False)
    return Graph(uri, folder)


def same_but(one, other, *names):
    found = {p.name for p in one.glob("*.*")} - {"timings.json", "manifest.json", *names}
    return [n for n in sorted(found) if (one / n).read_bytes() != (other / n).read_bytes()]


def test_with_and_without_a_graph_the_results_are_the_same(graph, done):
    assert same_but(graph.out, done.out) == []
    ids = [json.loads((o / "manifest.json").read_text())["run_id"] for o in (graph.out, done.out)]
    assert ids == [done.run_id] * 2


def test_flagging_a_loaded_graph_gives_the_same_and_counts_what_it_holds(graph, done, run):
    summary = run([], graph.folder / "flagged", store=graph.uri, with_report=False)
    assert same_but(graph.folder / "flagged", done.out, "sources.parquet") == []
    assert summary.run_id == done.run_id
    assert summary.counts["awards"].kept == done.counts["awards"].kept
    held = duckdb.sql(f"SELECT count(*) FROM '{graph.folder}/flagged/sources.parquet'").fetchone()
    assert held == (0,)


def test_results_are_written_back_and_asked_for_by_name(graph, done):
    options = pipeline.Options(store=graph.uri)
    columns, rows = pipeline.ask("queue", {}, options)
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    wanted = [row["case_id"] for row in read_csv(done.out / "cases.csv")]
    assert [row["case_id"] for row in found] == wanted[: len(found)]
    assert found


def test_loading_again_changes_nothing(graph, source):
    options = pipeline.Options(store=graph.uri)
    tables, said = pipeline.load_sources([source], options)
    assert tables.counts["awards"].kept > 0
    assert "0 added, 0 changed, 0 replaced" in said


def test_flagging_without_a_graph_says_so(run, tmp_path):
    with pytest.raises(ConfigError, match="--store needs a path"):
        run([], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_quote_in_the_path_of_the_temporary_folder_is_harmless(run, tmp_path, monkeypatch):
    place = tmp_path / "it's here"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    (place / "awards.csv").write_text(
        "award_id,buyer_id,company_id,awarded_on,amount\nA1,B1,C1,2024-01-02,10\n", "utf-8"
    )
    summary = run([place / "awards.csv"], place / "out", store=str(place / "a.lbug"))
    assert summary.counts["awards"].kept == 1


@pytest.mark.parametrize("place", ["embedded", "neo4j"])
def test_what_is_withheld_is_in_no_answer(request, place, run, tmp_path):
    people = "person_id,name\nP1,Ana Bo\nP2,Cy Do\n"
    ties = "person_a,person_b,kind\nP1,P2,kin\n"
    withheld = "kind,id\nperson,P1\n"
    for name, text in {"people": people, "ties": ties, "withheld": withheld}.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    (tmp_path / "awards.csv").write_text(
        "award_id,buyer_id,company_id,awarded_on,amount\nA1,B1,C1,2024-01-02,10\n", "utf-8"
    )
    options = pipeline.Options(store=request.getfixturevalue(place), dataset="masked")
    pipeline.load_sources([tmp_path], options)
    asked = "MATCH (p:Person)-[:TIED_TO]-(q) WHERE q.name = 'Cy Do' RETURN p, p.name, [q.name]"
    _, rows = pipeline.ask(asked, {}, options)
    assert rows == [[rows[0][0], "(withheld)", ["Cy Do"]]]
    assert "Ana" not in str(rows)
    assert "P1" not in str(rows)


def test_a_graph_that_cannot_be_written_does_not_cost_the_results(
    neo4j, neo4j_server, source, run, tmp_path
):
    pipeline.load_sources([source], pipeline.Options(store=neo4j))
    neo4j_server.restart(settings={"server.databases.read_only": "neo4j"})
    try:
        with pytest.raises(StoreError, match=r"read-only.*The results are whole in .*flagged"):
            run([], tmp_path / "flagged", store=neo4j_server.uri, with_report=False)
    finally:
        neo4j_server.restart(settings={"server.databases.read_only": ""})
    assert read_csv(tmp_path / "flagged" / "cases.csv")
