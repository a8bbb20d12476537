"""The command line: exit codes, one-line errors, where things are printed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphgov.cli import app, talk

GRAPHGOV = Path(sys.executable).with_name("graphgov")
AWARDS = """award_id,buyer_id,company_id,awarded_on,amount,currency
A1,B1,C1,2024-01-02,100.00,CNY
A2,B1,C1,31/12/2023,200.00,CNY
A3,B1,C2,2024-02-02,300.00,CNY
"""
BODIES = "body_id,name\nB1,\x1b[31mBureau\x07\n"


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "awards.csv").write_text(AWARDS)
    (folder / "bodies.csv").write_text(BODIES)
    return folder


def call(*args):
    return CliRunner().invoke(app, [str(a) for a in args], prog_name="graphgov")


def test_help_answers_at_once():
    best = 9.0
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([GRAPHGOV, "--help"], capture_output=True, text=True)
        best = min(best, time.perf_counter() - start)
    assert done.returncode == 0
    assert "Find leads" in done.stdout
    assert best < 1.0  # 0.15 s alone; the machine may be busy


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from graphgov.cli import app; "
        "print([m for m in ('ibis', 'duckdb', 'numpy', 'pandas', 'networkit') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run"], "Missing argument"),
        (["nonsense"], "No such command"),
        (["run", "no/such/folder", "-o", "out"], "There is no file or folder 'no/such/folder'."),
        (["run", ".", "-o", "out", "--as-of", "1/2/2024"], "--as-of must be a date"),
        (["run", ".", "-o", "out", "--lang", "fr"], "Known: en, zh"),
        (["run", ".", "-o", "out", "--top", "-1"], "--top must be 0 or more"),
        (["run", ".", "-o", "out", "--config", "no.toml"], "There is no configuration file"),
        (["show", "indicator", "DO1"], "Did you mean 'D01'?"),
        (["show", "case", "no", "c1"], "is not the output of a run"),
        (["report", "no"], "is not the output of a run"),
        (["evaluate", "no.csv", "no"], "There is no file 'no.csv'"),
        (["query", "MATCH (n)", "--store", "x.lbug", "-p", "nope"], "-p takes key=value"),
        (["load", "--store", "x.lbug"], "Nothing to load"),
    ],
)
def test_wrong_input_ends_with_2_and_says_what_to_do(tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    done = call(*args)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_names_the_right_one(source, tmp_path):
    (tmp_path / "c.toml").write_text("[indicators.R018]\nmin_peer = 3\n")
    done = call("run", source, "-o", tmp_path / "out", "--config", tmp_path / "c.toml")
    assert done.exit_code == 2
    assert "Did you mean 'min_peers'?" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_verbose_shows_the_origin(tmp_path):
    done = CliRunner().invoke(app, ["-v", "report", str(tmp_path)])
    assert done.exit_code == 1
    assert "ConfigError" in repr(done.exception)


def test_run_says_what_went_in_what_was_missing_and_what_to_open(source, tmp_path):
    done = call("run", source, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "4 in = 3 kept + 1 rejected + 0 repeated" in done.stdout
    assert "not the same as clean" in done.stdout
    assert str(tmp_path / "out" / "report" / "index.html") in done.stdout
    assert done.stderr == ""  # no progress in a pipe
    assert "\x1b" not in done.output


def test_check_flags_nothing_and_names_the_bad_row(source, tmp_path):
    done = call("check", source)
    assert done.exit_code == 0, done.output
    assert "awards.csv:3 awarded_on" in done.stdout
    assert "R018" in done.stdout
    assert list(tmp_path.iterdir()) == [source]


def test_somebody_elses_folder_is_not_written_to(source, tmp_path):
    done = call("run", source, "-o", source)
    assert done.exit_code == 2
    assert "left alone" in done.stderr
    assert sorted(p.name for p in source.iterdir()) == ["awards.csv", "bodies.csv"]


def test_show_tables_and_templates(tmp_path):
    assert "award_id*, buyer_id*, company_id*" in call("show", "tables").stdout
    done = call("show", "tables", "--templates", tmp_path / "t")
    assert done.exit_code == 0
    assert (tmp_path / "t" / "awards.csv").read_text().startswith("award_id,buyer_id,company_id")


def test_show_indicators_and_one_of_them():
    assert "R018" in call("show", "indicators").stdout
    said = call("show", "indicator", "r018").stdout
    assert "Method:" in said
    assert "[indicators.R018]" in said


def test_terminal_codes_in_names_are_taken_out():
    assert talk.harmless("a\x1b[31mb\x07\u202ec\r") == "a[31mbc"
    assert talk.line("a\nb") == "a b"


def test_table_puts_numbers_to_the_right():
    assert talk.table(("a", "n"), [("x", 5), ("yy", 10)]) == "a    n\n--  --\nx    5\nyy  10"


def _stopped(child, number):
    """What it said; told again as a person would, for now and then a library loses a signal."""
    for _ in range(3):
        os.kill(child.pid, number)
        try:
            return child.communicate(timeout=5)[1]
        except subprocess.TimeoutExpired:
            continue
    child.kill()
    return child.communicate()[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_nothing_half_done(source, tmp_path, number):
    rows = "".join(f"A{i},B{i % 50},C{i % 900},2024-01-02,1.00,CNY\n" for i in range(10, 400_000))
    with (source / "awards.csv").open("a") as file:
        file.write(rows)
    out = tmp_path / "out"
    child = subprocess.Popen(
        [GRAPHGOV, "run", source, "-o", out], stderr=subprocess.PIPE, text=True
    )
    with child:
        until = time.monotonic() + 60
        while not list(tmp_path.glob("out.partial-*")) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.3)
        said = _stopped(child, number)
    # On a busy machine a second press may come while the first one's end is under way.
    assert child.returncode in (1, -number), said
    assert "stopped" in said
    assert "Traceback" not in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source"]


def test_what_is_not_computable_is_told_by_reason():
    from graphgov.cli.summary import _missing
    from graphgov.schema import Coverage

    def one(code, subjects, computable, reason):
        return Coverage(code, "tender", subjects, computable, subjects - computable, 0, "", reason)

    told = _missing(
        [one("A1", 5, 0, "no bids"), one("A2", 5, 3, "few"), one("A3", 0, 0, "no bids"),
         one("A4", 5, 5, ""), one("A5", 5, 4, "few")]
    )  # fmt: skip
    assert told[1:] == [
        "  A1, A3: no bids",
        "  in part: A2, A5; coverage.csv says on how many of what, and why",
    ]
    assert _missing([one("A4", 5, 5, "")]) == []
