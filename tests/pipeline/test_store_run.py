"""A run over what a graph gives back says the same as a run over the files."""

import json
import tempfile

import duckdb
import pytest

from graphgov import pipeline
from graphgov.errors import ConfigError
from graphgov.report.files import read_csv


@pytest.fixture(scope="module")
def graph(source, run, tmp_path_factory):
    """Folder with a graph and the run that loaded it."""
    folder = tmp_path_factory.mktemp("graph")
    run(source, folder / "out", store=str(folder / "case.lbug"), with_report=False)
    return folder


def same_but(one, other, *names):
    found = {p.name for p in one.glob("*.*")} - {"timings.json", "manifest.json", *names}
    return [n for n in sorted(found) if (one / n).read_bytes() != (other / n).read_bytes()]


def test_with_and_without_a_graph_the_results_are_the_same(graph, done):
    assert same_but(graph / "out", done.out) == []
    ids = [
        json.loads((o / "manifest.json").read_text())["run_id"] for o in (graph / "out", done.out)
    ]
    assert ids == [done.run_id] * 2


def test_flagging_a_loaded_graph_gives_the_same_and_counts_what_it_holds(graph, done, run):
    summary = run([], graph / "flagged", store=str(graph / "case.lbug"), with_report=False)
    assert same_but(graph / "flagged", done.out, "sources.parquet") == []
    assert summary.run_id == done.run_id
    assert summary.counts["awards"].kept == done.counts["awards"].kept
    held = duckdb.sql(f"SELECT count(*) FROM '{graph}/flagged/sources.parquet'").fetchone()
    assert held == (0,)


def test_results_are_written_back_and_asked_for_by_name(graph, done):
    options = pipeline.Options(store=str(graph / "case.lbug"))
    columns, rows = pipeline.ask("queue", {}, options)
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    wanted = [row["case_id"] for row in read_csv(done.out / "cases.csv")]
    assert [row["case_id"] for row in found] == wanted[: len(found)]
    assert found


def test_loading_again_changes_nothing(graph, source):
    options = pipeline.Options(store=str(graph / "case.lbug"))
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
