import copy
import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from graphgov.ingest.base import FileRead, RawRows
from graphgov.ingest.ocds import Ocds
from graphgov.schema import Reject


@dataclass
class Seen:
    """What a source gave."""

    tables: dict = field(default_factory=lambda: defaultdict(list))
    rejects: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    places: dict = field(default_factory=lambda: defaultdict(list))

    def __getattr__(self, name):
        return self.tables[name]

    def one(self, table):
        assert len(self.tables[table]) == 1, self.tables[table]
        return self.tables[table][0]

    def content(self):
        """Rows and rejects without their places, in content order."""
        rows = {t: sorted(map(_text, r)) for t, r in self.tables.items() if r}
        return rows, sorted((r.code, r.field, r.value) for r in self.rejects)


def _text(row):
    return json.dumps(row, sort_keys=True)


def collect(source):
    seen = Seen()
    for part in Ocds().read(Path(source)):
        if isinstance(part, FileRead):
            assert part.name not in seen.files
            seen.files[part.name] = part.sha256
        elif isinstance(part, Reject):
            seen.rejects.append(part)
        else:
            assert isinstance(part, RawRows)
            assert len(part.lines) == len(part.pointers) > 0
            assert all(len(cells) == len(part.lines) for cells in part.columns.values())
            for index, line in enumerate(part.lines):
                row = {n: c[index] for n, c in part.columns.items() if c[index] is not None}
                assert all(isinstance(cell, str) for cell in row.values())
                file = part.files[index] if part.files else part.file
                seen.tables[part.table].append(row)
                seen.places[part.table].append((file, line, part.pointers[index]))
    return seen


@pytest.fixture
def read():
    """`read(path)`: everything OCDS gives for a file or folder."""
    return collect


@pytest.fixture
def read_json(tmp_path_factory):
    """`read_json(document)`: what one JSON document gives."""

    def make(document, name="in.json"):
        folder = tmp_path_factory.mktemp("ocds")
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
        return collect(folder / name)

    return make


_RELEASE = {
    "ocid": "ocds-1",
    "id": "r1",
    "date": "2024-02-01T00:00:00Z",
    "tag": ["award"],
    "parties": [
        {"id": "B1", "name": "City", "roles": ["buyer"]},
        {"id": "C1", "name": "Acme", "roles": ["supplier"]},
    ],
    "buyer": {"id": "B1", "name": "City"},
    "tender": {"id": "t", "title": "Paper", "procurementMethod": "open"},
    "awards": [
        {
            "id": "a1",
            "date": "2024-01-31T00:00:00Z",
            "status": "active",
            "suppliers": [{"id": "C1", "name": "Acme"}],
            "value": {"amount": 1000.5, "currency": "EUR"},
        }
    ],
}


@pytest.fixture
def release():
    """`release(ocid=…, award={…}, …)`: a small whole release; None takes a key away."""

    def make(award=None, **changes):
        made = copy.deepcopy(_RELEASE) | changes
        if award is not None:
            made["awards"][0] |= award
            made["awards"][0] = {k: v for k, v in made["awards"][0].items() if v is not None}
        return {k: v for k, v in made.items() if v is not None}

    return make


@pytest.fixture(scope="session")
def data():
    """The folder of real data; the test skips where it is not."""
    given = os.environ.get("GRAPHGOV_DATA")
    root = Path(__file__).parents[2]
    folder = Path(given) if given else root.parent / "shared" / "data"
    if not (folder / "ocds").is_dir():
        pytest.skip("no real data: set GRAPHGOV_DATA to the folder that holds ocds/")
    return folder
