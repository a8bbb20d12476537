"""`graphgov cardinal indicators` as it is called."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphgov.cardinal import quick
from graphgov.cli import app

CODES = ["003", "018", "024", "025", "028", "030", "035", "036", "038", "048", "058"]
ALL = "".join(f"[R{code}]\n" for code in CODES)
LINE = (
    '{"ocid":"F","bids":{"details":[{"status":"valid","value":{"amount":1,"currency":"USD"},'
    '"tenderers":[{"id":"é\\u001b"}]},{"status":"disqualified",'
    '"value":{"amount":1,"currency":"USD"},"tenderers":[{"id":"D"}]}]},"buyer":{"id":"B"}}\n'
)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("settings.ini").write_text(ALL)
    Path("in.jsonl").write_text(LINE)
    return tmp_path


def start(*arguments, stdin=None):
    """A process of its own, by the quick way in if the arguments allow it."""
    return subprocess.run(
        [sys.executable, "-m", "graphgov", "cardinal", "indicators", *arguments],
        input=stdin, capture_output=True, check=False, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_the_examples_of_the_documentation(examples, code, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own = examples / "R" / f"{code}.ini"
    settings = own if own.exists() else examples / "settings.ini"
    data = examples / "R" / f"{code}.jsonl"
    words = ["cardinal", "indicators", "--no-meta", "-s", str(settings), str(data)]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout) == json.loads((examples / "R" / f"{code}.expected").read_text())


def test_both_ways_in_say_the_same(files):
    arguments = ["-c", "--map", "-s", "settings.ini", "in.jsonl"]
    short, long = start(*arguments), start(*arguments, "-v")
    assert short.returncode == long.returncode == 0
    assert short.stdout == long.stdout
    assert short.stderr == long.stderr == b"OCID: 1\nBuyer: 1\nTenderer: 2\n"
    answer = json.loads(short.stdout)
    assert answer["Tenderer"] == {"é\x1b": {"R028": 1.0}, "D": {"R028": 1.0}}
    assert len(answer["Maps"]) == 8
    assert answer["Maps"]["ocid_tenderer_r028"] == {"F": ["D", "é\x1b"]}


def test_the_bytes_do_not_depend_on_the_run(files):
    assert (
        start("-s", "settings.ini", "in.jsonl").stdout
        == start("--settings=settings.ini", "-", stdin=LINE.encode()).stdout
    )


def test_without_settings_nothing_is_computed(files):
    assert json.loads(start("in.jsonl").stdout) == {"Meta": {}}
    assert json.loads(start("--no-meta", "in.jsonl").stdout) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.jsonl"], "missing.jsonl: No such file"),
        (["."], "Is a directory"),
        (["-s", "missing.ini", "in.jsonl"], "missing.ini"),
        (["-s", "bad.ini", "in.jsonl"], "R018.threshold"),
        ([], "Missing argument"),
        (["in.jsonl", "in.jsonl"], "unexpected"),
        (["--nonsense", "in.jsonl"], "nonsense"),
    ],
)
def test_what_cannot_be_done_ends_with_two(files, arguments, said):
    Path("bad.ini").write_text("[R018]\nthreshold = 1\n")
    ran = start(*arguments)
    assert ran.returncode == 2
    assert said in ran.stderr.decode()
    assert not ran.stdout
    assert b"Traceback" not in ran.stderr


def test_a_reader_that_has_seen_enough(files):
    Path("in.jsonl").write_text(LINE.replace('"F"', f'"{"F" * 3_000_000}"'))
    words = "-m graphgov cardinal indicators -s settings.ini in.jsonl | head -c 5"
    command = f"{sys.executable} {words}"
    ran = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert ran.stdout == b'{"Buy'
    assert b"Traceback" not in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["indicators", "a"], ["cardinal", "coverage", "a"], ["cardinal", "indicators"],
        ["cardinal", "indicators", "-h"], ["cardinal", "indicators", "a", "b"],
        ["cardinal", "indicators", "-s"], ["cardinal", "indicators", "a", "-s", "--map"],
        ["cardinal", "indicators", "--settings=", "a"], ["cardinal", "indicators", "--", "a"],
        ["cardinal", "indicators", "-cs", "x", "a"], ["cardinal", "indicators", ""],
    ],
)  # fmt: skip
def test_doubtful_arguments_are_left_to_the_command_line(arguments):
    assert quick.plain(arguments) is None


def test_plain_arguments_are_taken_in_any_order():
    words = ["--map", "a.jsonl", "-c", "-s", "x.ini", "--no-cache", "--no-meta"]
    assert quick.plain(["cardinal", "indicators", *words]) == quick.Asked(
        Path("a.jsonl"), Path("x.ini"), count=True, no_meta=True, maps=True, no_cache=True
    )
    assert quick.plain(["cardinal", "indicators", "-"]) == quick.Asked(Path("-"))


def test_the_quick_way_in_imports_no_command_line(files):
    code = (
        "import sys; from graphgov.__main__ import main\n"
        "sys.argv[1:] = ['cardinal', 'indicators', '-s', 'settings.ini', 'in.jsonl']\n"
        "try: main()\n"
        "finally: print(sorted({'typer', 'pydantic', 'pandas', 'duckdb', 'ibis', 'scipy'}"
        " & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ran.stderr.split() == [b"[]"]
