"""The settings file to start from."""

import pytest
from typer.testing import CliRunner

from graphgov.cardinal import ini
from graphgov.cardinal.init import settings_text
from graphgov.cardinal.settings import Settings, settings
from graphgov.cli import app

INDICATORS = (
    "R003", "R018", "R024", "R025", "R028", "R030", "R035", "R036", "R038", "R048", "R058",
)  # fmt: skip


def run(*args):
    return CliRunner().invoke(app, ["cardinal", "init", *map(str, args)])


def test_nothing_is_set_and_every_indicator_is_on():
    tree = ini.nested(ini.parse(settings_text()))
    found = settings(tree)
    assert all(getattr(found, code) is not None for code in INDICATORS)
    rest = {k: v for k, v in tree.items() if k not in INDICATORS}
    assert settings(rest) == Settings()


def test_every_example_is_a_setting_that_is_understood():
    lines = settings_text().splitlines()
    text = "\n".join(line.removeprefix("; ") if " = " in line else line for line in lines)
    found = settings(ini.nested(ini.parse(text)))
    assert found.currency == "USD"
    assert found.R048.minimum_contracting_processes == 20
    assert found.R003.procurement_method_details == {"emergency": 10, "international": 25}
    assert found.codelists.bid_status == {"qualified": "valid"}
    assert found.modifications.move_auctions


def test_the_file_is_written_and_then_left_alone(tmp_path):
    path = tmp_path / "settings.ini"
    first = run(path)
    assert (first.exit_code, first.stdout) == (0, f"Settings written to {path}.\n")
    assert path.read_text() == settings_text()
    path.write_text("mine")
    second = run(path)
    assert (second.exit_code, second.stdout) == (0, "")
    assert "--force" in second.stderr
    assert path.read_text() == "mine"
    assert run(path, "--force").exit_code == 0
    assert path.read_text() == settings_text()


def test_a_dash_is_standard_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("-").stdout == settings_text()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing/settings.ini", "No such file or directory"),
        (".", "Is a directory, not a file"),
        ("file/settings.ini", "Not a directory"),
    ],
)
@pytest.mark.parametrize("force", [True, False])
def test_what_cannot_be_written_fails(tmp_path, name, why, force):
    (tmp_path / "file").touch()
    path = tmp_path / name
    result = run(path, *["--force"] * force)
    assert result.exit_code == 1
    assert result.stderr == f"graphgov: {path}: {why}.\n"
