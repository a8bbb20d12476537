"""The page and the templates derive from the tables."""

import csv
from pathlib import Path

import pytest

from graphgov.ingest import read
from graphgov.schema import TABLES
from graphgov.schema.docs import page, templates

PAGE = Path(__file__).parents[2] / "docs" / "data-tables.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m graphgov.schema.docs"


def test_every_column_of_every_table_is_on_the_page():
    sections = page().split("\n### ")
    for table in TABLES.values():
        (section,) = [s for s in sections if s.startswith(f"`{table.name}`\n")]
        for column in table.file_columns:
            star = "*" if column.required else ""
            assert f"| `{column.name}`{star} |" in section


def test_templates_are_an_empty_dataset(tmp_path):
    made = templates(tmp_path / "new")
    assert [p.name for p in made] == [f"{n}.csv" for n in TABLES]
    with made[0].open(newline="") as file:
        assert next(csv.reader(file)) == [c.name for c in TABLES["bodies"].file_columns]
    data = read([tmp_path / "new"])
    assert data.con.execute("SELECT count(*) FROM rejects").fetchone() == (0,)
    assert set(data.given) == set(TABLES)
    assert data.unknown_columns == {}


def test_templates_overwrite_nothing(tmp_path):
    (tmp_path / "bodies.csv").write_text("mine")
    with pytest.raises(FileExistsError):
        templates(tmp_path)
    assert (tmp_path / "bodies.csv").read_text() == "mine"
