"""The output folder: the last good run or the new one, never half of either."""

import os
import signal
import subprocess
import sys
import time

import pytest

from graphgov.errors import ConfigError
from graphgov.report import folder
from graphgov.report.folder import check_place, written_beside


def good_run(out, text="old"):
    out.mkdir()
    (out / "manifest.json").write_text("{}")
    (out / "cases.csv").write_text(text)


def beside(tmp_path):
    return sorted(p.name for p in tmp_path.iterdir())


def test_a_new_folder_takes_its_place(tmp_path):
    with written_beside(tmp_path / "deep" / "out") as new:
        (new / "cases.csv").write_text("new")
        assert not (tmp_path / "deep" / "out").exists()
    assert (tmp_path / "deep" / "out" / "cases.csv").read_text() == "new"
    assert beside(tmp_path / "deep") == ["out"]
    assert beside(tmp_path / "deep" / "out") == ["cases.csv"]


@pytest.mark.parametrize("atomic", [True, False], ids=["one system call", "two renames"])
def test_a_run_replaces_the_one_before_wholly(tmp_path, monkeypatch, atomic):
    if not atomic:
        monkeypatch.setattr(folder, "_exchange", lambda *_: False)
    good_run(tmp_path / "out")
    (tmp_path / "out" / "left_over.csv").write_text("old")
    with written_beside(tmp_path / "out") as new:
        (new / "cases.csv").write_text("new")
    assert beside(tmp_path / "out") == ["cases.csv"]
    assert beside(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_run_that_fails_leaves_the_last_good_one(tmp_path, error):
    good_run(tmp_path / "out")

    def fail():
        with written_beside(tmp_path / "out") as new:
            (new / "cases.csv").write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert (tmp_path / "out" / "cases.csv").read_text() == "old"
    assert beside(tmp_path) == ["out"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="not the output of a run"):
        check_place(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="is a file"):
        check_place(tmp_path / "file")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_may_be_used(tmp_path):
    assert check_place(tmp_path) == tmp_path.resolve()


def test_a_link_keeps_pointing_to_its_folder(tmp_path):
    good_run(tmp_path / "real")
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with written_beside(tmp_path / "out") as new:
        (new / "cases.csv").write_text("new")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real" / "cases.csv").read_text() == "new"


HANG = """
import sys, time
from pathlib import Path
from graphgov.report.folder import written_beside
with written_beside(Path(sys.argv[1])) as new:
    (new / "cases.csv").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_killed_run_leaves_the_last_good_one_and_the_next_cleans_up(tmp_path):
    good_run(tmp_path / "out")
    child = subprocess.Popen(
        [sys.executable, "-c", HANG, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout.readline() == "ready\n"
        os.kill(child.pid, signal.SIGKILL)
    assert (tmp_path / "out" / "cases.csv").read_text() == "old"
    assert beside(tmp_path) == ["out", f"out.partial-{child.pid}"]
    with written_beside(tmp_path / "out") as new:
        (new / "cases.csv").write_text("new")
    assert beside(tmp_path) == ["out"]


def test_the_half_of_a_living_run_is_left_alone(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", HANG, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout.readline() == "ready\n"
        with written_beside(tmp_path / "out") as new:
            (new / "cases.csv").write_text("new")
        time.sleep(0.01)
        assert beside(tmp_path) == ["out", f"out.partial-{child.pid}"]
        child.kill()


def test_a_stranger_with_a_similar_name_is_left_alone(tmp_path):
    (tmp_path / "out.partial-99999999").mkdir()
    with written_beside(tmp_path / "out") as new:
        (new / "cases.csv").write_text("new")
    assert beside(tmp_path) == ["out", "out.partial-99999999"]
