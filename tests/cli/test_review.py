"""`graphgov review`: judgements kept beside a run, heeded by later ones."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphgov.cli import app
from graphgov.errors import ConfigError
from graphgov.report.files import read_csv
from graphgov.report.reviewed import COLUMNS, default_file, judge, read
from graphgov.synth import province


def call(*args):
    return CliRunner().invoke(app, [str(a) for a in args], prog_name="graphgov")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reviewed")
    province(folder, awards=500, seed=3)
    return folder


@pytest.fixture(scope="module")
def first(source, tmp_path_factory):
    out = tmp_path_factory.mktemp("first") / "out"
    done = call("run", source, "-o", out, "--no-report")
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture
def out(first, tmp_path):
    """A copy of what a review reads of the run."""
    place = tmp_path / "out"
    place.mkdir()
    for name in ("cases", "case_members", "case_flags", "flags"):
        (place / f"{name}.csv").write_bytes((first / f"{name}.csv").read_bytes())
    return place


def rows(path):
    return list(read_csv(path))


def ids(out):
    return [row["case_id"] for row in rows(out / "cases.csv")]


def test_a_dismissed_case_is_left_out_of_the_next_run_and_named(source, first, tmp_path):
    case = ids(first)[0]
    file = tmp_path / "mine.csv"
    said = call("review", first, case, "--verdict", "dismissed", "--note", "=1+1", "--file", file)
    assert said.exit_code == 0, said.output
    assert str(file) in said.stdout
    again = tmp_path / "again"
    done = call("run", source, "-o", again, "--no-report", "--reviews", file)
    assert done.exit_code == 0, done.output
    assert "judgements heeded: 1; dismissed cases left out: 1" in done.stdout
    assert case not in ids(again)
    assert sorted(ids(again)) == sorted(set(ids(first)) - {case})
    told = json.loads((again / "manifest.json").read_text())
    assert told["reviews"]["dismissed"] == [case]
    plain = json.loads((first / "manifest.json").read_text())
    assert "reviews" not in plain
    assert told["run_id"] != plain["run_id"]


def test_the_file_beside_the_folder_is_heeded_without_being_asked(source, first, tmp_path):
    case = ids(first)[1]
    assert not default_file(first).exists()
    assert call("review", first, "2", "--verdict", "confirmed").exit_code == 0
    try:
        (row,) = rows(default_file(first))
        assert row["case_id"] == case
        again = tmp_path / "again"
        done = call("run", source, "-o", again, "--no-report", "--previous", first)
        assert done.exit_code == 0, done.output
        found = {r["case_id"]: r["summary"] for r in rows(again / "cases.csv")}
        assert found[case].startswith("A reviewer confirmed this lead on 20")
        assert sum("confirmed this lead" in text for text in found.values()) == 1
    finally:
        default_file(first).unlink()


def test_what_is_kept(out):
    note = "\x1b[31m=cmd|'/C calc'!A0\nsecond line, with a comma"
    judge(out, "1", "unsure", note=note)
    (row,) = rows(default_file(out))
    assert tuple(row) == COLUMNS
    assert row["verdict"] == "unsure"
    assert row["note"] == "[31m=cmd|'/C calc'!A0 second line, with a comma"
    with default_file(out).open(newline="") as file:
        raw = list(csv.DictReader(file))
    assert not raw[0]["note"].startswith("=")
    members, flags = json.loads(row["members"]), json.loads(row["flags"])
    assert {kind for kind, _ in members} <= {"person", "body", "company"}
    count = next(r["flags"] for r in rows(out / "cases.csv") if r["case_id"] == row["case_id"])
    assert len(flags) == int(count)


def test_judgements_add_up_also_after_a_line_cut_short(out):
    first, second = ids(out)[:2]
    judge(out, first, "dismissed")
    place = default_file(out)
    place.write_bytes(place.read_bytes().rstrip(b"\n"))
    judge(out, second, "confirmed")
    judge(out, first, "confirmed")
    assert [r["verdict"] for r in rows(place)] == ["dismissed", "confirmed", "confirmed"]
    reviews, told = read([place])
    assert reviews.count == 2
    assert told
    assert read([place])[1] == told


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["OUT", "1", "--verdict", "confirm"], "Did you mean 'confirmed'?"),
        (["OUT", "nobody", "--verdict", "unsure"], "There is no case 'nobody'"),
        (["nowhere", "1", "--verdict", "unsure"], "is not the output of a run"),
        (["OUT", "1"], "--verdict"),
        (["OUT", "1", "--verdict", "unsure", "--file", "OUT/r.csv"], "the next run replaces"),
        (["OUT", "1", "--verdict", "unsure", "--file", "OUT/.."], "There is no file of reviews"),
    ],
)
def test_wrong_use_ends_with_2_and_one_line(out, args, said):
    done = call("review", *(a.replace("OUT", str(out)) for a in args))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert not default_file(out).exists()


BAD = {
    "other columns": "a,b\n1,2\n",
    "other columns and no row": "a,b\n",
    "an unknown verdict": "{0}\nc,maybe,,2024-01-01T00:00:00Z,t,[],[]\n",
    "no json": "{0}\nc,unsure,,2024-01-01T00:00:00Z,t,[,[]\n",
    "members of another shape": '{0}\nc,unsure,,2024-01-01T00:00:00Z,t,"[1, 2]",[]\n',
    "flags of another shape": '{0}\nc,unsure,,2024-01-01T00:00:00Z,t,[],"[[1]]"\n',
    "no date": "{0}\nc,unsure,,yesterday,t,[],[]\n",
    "no case": "{0}\n,unsure,,2024-01-01T00:00:00Z,t,[],[]\n",
    "a short row": "{0}\nc,unsure\n",
    "a long row": "{0}\nc,unsure,,2024-01-01T00:00:00Z,t,[],[],x,y\n",
    "not text": "\xff\xfe\x00",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_file_of_something_else_is_refused_and_left_alone(out, text, tmp_path):
    path = tmp_path / "other.csv"
    path.write_bytes(text.replace("{0}", ",".join(COLUMNS)).encode("latin-1"))
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"other\.csv"):
        judge(out, "1", "unsure", file=path)
    assert path.read_bytes() == before


def test_an_empty_file_is_a_beginning(out, tmp_path):
    path = tmp_path / "new.csv"
    path.touch()
    assert read([path])[0].count == 0
    judge(out, "1", "unsure", file=path)
    assert read([path])[0].count == 1


def test_a_named_file_must_be_there(source, tmp_path):
    done = call("run", source, "-o", tmp_path / "o", "--reviews", Path("no.csv"))
    assert done.exit_code == 2
    assert "There is no file of reviews" in done.stderr


def test_a_dismissed_case_that_was_left_out_can_be_judged_anew(out):
    case = ids(out)[0]
    assert call("review", out, case, "--verdict", "dismissed").exit_code == 0
    left = [row for row in rows(out / "cases.csv") if row["case_id"] != case]
    with (out / "cases.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(left[0]))
        writer.writeheader()
        writer.writerows(left)
    said = call("review", out, case, "--verdict", "unsure")
    assert said.exit_code == 0, said.output
    assert case in said.stdout
    assert "before    dismissed" in said.stdout
    one, two = rows(default_file(out))
    assert (one["members"], one["flags"], one["title"]) == (
        two["members"],
        two["flags"],
        two["title"],
    )
    reviews, _ = read([default_file(out)])
    assert reviews.count == 1


def test_a_run_without_the_names_of_the_truth_is_not_scored(source, first, tmp_path):
    masked = tmp_path / "masked"
    truth = tmp_path / "truth.csv"
    text = (source / "truth.csv").read_text(encoding="utf-8")
    truth.write_text(text, encoding="utf-8")
    assert call("evaluate", truth, first).exit_code == 0
    masked.mkdir()
    for name in ("cases", "case_members"):
        text = (first / f"{name}.csv").read_text(encoding="utf-8")
        (masked / f"{name}.csv").write_text(
            text.replace(",C", ",masked-").replace(",P", ",masked-").replace(",B", ",masked-"),
            encoding="utf-8",
        )
    done = call("evaluate", truth, masked)
    assert done.exit_code == 2
    assert "--mask-people" in done.stderr
