"""A small province and one run over it, made once per worker."""

import csv
import random
from pathlib import Path

import pytest

from graphgov import pipeline
from graphgov.synth import province

AWARDS = 700


def write(folder, name, rows, columns):
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, columns, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """A folder of tables with planted schemes."""
    folder = tmp_path_factory.mktemp("province")
    province(folder, awards=AWARDS, seed=7)
    return folder


@pytest.fixture
def edited(source, tmp_path):
    """Makes a copy of the province, rows of each table changed by a function."""

    def copy(change, name="edited"):
        folder = tmp_path / name
        folder.mkdir()
        for path in sorted(source.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                rows = list(reader)
                columns = reader.fieldnames
            changed = rows if path.stem == "truth" else change(path.stem, rows)
            if changed is not None:
                write(folder, path.stem, changed, columns)
        return folder

    return copy


@pytest.fixture(scope="session")
def run():
    """Runs the pipeline with options by keyword."""

    def ran(sources, out, **options):
        sources = [sources] if isinstance(sources, Path) else sources
        return pipeline.run(sources, out, pipeline.Options(**options))

    return ran


@pytest.fixture(scope="session")
def done(source, run, tmp_path_factory):
    """Summary of one run over the province."""
    return run(source, tmp_path_factory.mktemp("done") / "out")


@pytest.fixture
def shuffled():
    """Puts rows in another order."""

    def change(table, rows):
        rows = list(rows)
        random.Random(f"5 {table}").shuffle(rows)
        return rows

    return change
