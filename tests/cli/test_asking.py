"""`graphgov query` and `graphgov show queries`, as a person uses them."""

import csv
import io
import json
import os
import pty
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from graphgov.cli import app
from graphgov.ingest import read_frames
from graphgov.store import open_store, statements

FRAMES = {
    "companies": [
        {"company_id": "C1", "name": "=1+1"},
        {"company_id": "C2", "name": "Hold\x1b[2J Ltd"},
    ],
    "awards": [
        {
            "award_id": "A1",
            "buyer_id": "B1",
            "company_id": "C1",
            "awarded_on": "2024-03-01",
            "amount": "1234567.5",
            "currency": "CNY",
        }
    ],
    "ownership": [{"owner_id": "C2", "owner_kind": "company", "company_id": "C1", "share": "0.25"}],
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("asking") / "case.lbug"
    open_store(path).load(read_frames(FRAMES, dataset="", timezone="UTC"))
    return path


@pytest.fixture
def ask(graph):
    def run(*args):
        return CliRunner().invoke(app, ["query", *args, "--store", str(graph)])

    return run


def test_a_table_is_for_eyes(ask):
    said = ask("winners_of_body", "-p", "body=B1")
    assert said.exit_code == 0
    heads, line, row = said.stdout.splitlines()
    assert heads.split()[:3] == ["company", "company_id", "awards"]
    assert set(line) == {"-", " "}
    assert row.split() == ["=1+1", "C1", "1", "1,234,567.5", "CNY", "2024-03-01", "2024-03-01"]
    assert said.stderr == "1 row\n"


def test_csv_is_safe_in_a_spreadsheet(ask):
    said = ask("winners_of_body", "-p", "body=B1", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(said.stdout))
    assert row["company"] == "'=1+1"
    assert row["amount"] == "1234567.5"


def test_json_keeps_what_things_are(ask):
    said = ask("owners_of", "-p", "company=C1", "--format", "json")
    (row,) = json.loads(said.stdout)
    assert (row["owner"], row["shares"], row["circle"]) == ("Hold\x1b[2J Ltd", [0.25], False)
    assert "\x1b" not in said.stdout


def test_what_is_missing_is_said_at_once(ask):
    said = ask("under_amount", "-p", "body=B1")
    assert said.exit_code == 2
    assert "'amount': The amount." in said.stderr
    assert "'currency': Of the amount" in said.stderr
    assert "Give -p amount=… -p currency=…" in said.stderr
    wrong = ask("winners_of_body", "-p", "bodi=B1")
    assert wrong.exit_code == 2
    assert "body" in wrong.stderr


def test_a_narrow_terminal_gets_a_block_per_row(graph):
    command = [sys.executable, "-m", "graphgov", "query", "owners_of", "-p", "company=C1"]
    main, side = pty.openpty()
    done = subprocess.Popen(
        [*command, "--store", str(graph)],
        stdout=side,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "60"},
    )
    os.close(side)
    text = ""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part.decode()
    os.close(main)
    assert done.wait() == 0
    lines = text.splitlines()
    assert lines[0].split() == ["owner", "Hold[2J", "Ltd"]
    assert max(map(len, lines)) <= 60
    assert "\x1b" not in text


def test_every_question_is_listed_with_its_parameters():
    said = CliRunner().invoke(app, ["show", "queries"]).stdout
    lines = said.splitlines()
    assert [x for x in lines if not x.startswith(" ")] == list(statements.GROUPS)
    for name in statements.names("explore"):
        assert any(line.split()[0] == name for line in lines if line.strip()), name
    assert "  official_to_winners -p official=… [certainty=inferred] [dated=true] [ties=3]" in lines
    assert max(map(len, lines)) <= 100
