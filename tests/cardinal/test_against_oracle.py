"""The engine answers as the oracle does: thousands of small odd files under odd settings."""

import io
import json
import random
import re

import pytest

from graphgov.cardinal import entries, indicators, repeats, shelf, table
from graphgov.cardinal.chunks import chunk
from graphgov.cardinal.ini import nested, parse
from graphgov.cardinal.reading import stream_chunks, warned
from graphgov.cardinal.settings import settings as settings_of
from graphgov.cardinal.table import merged
from graphgov.stats.bids import ranked

PARTS = 10
EACH = 100
LARGE = 200  # files read twice, in one part and in many


def quiet(text):
    """Nothing is said."""


def cut(data, pick):
    """The file in blocks of whole lines."""
    lines = data.splitlines(keepends=True)  # may cut at a bare CR: joined again below
    blocks, block = [], b""
    for line in lines:
        block += line
        if line.endswith(b"\n") and pick.random() < 0.2:
            blocks.append(block)
            block = b""
    return [*blocks, block] if block else blocks


@pytest.fixture
def nothing_fits(monkeypatch):
    """All that is split or put into a file beyond some size is so from the start."""
    for module, name, value in (
        (table, "PART", 1), (shelf, "MOST_HELD", 0), (shelf, "_WRITTEN", 100),
        (entries, "BLOCK", 2), (entries, "AT_ONCE", 1), (repeats, "MOST_SORTED", 3),
        (ranked, "MOST_SORTED", 0), (indicators, "_STEP", 2),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)


def engine(data, settings, *, pick=None, maps=True):
    """The output, counts and the numbers of lines passed over."""
    said = []
    chunks = stream_chunks(io.BytesIO(data)) if pick is None else map(chunk, cut(data, pick))
    read = merged(warned(chunks, said.append))
    bad = [int(re.match(r"Line (\d+) ", text)[1]) for text in said]
    results = indicators.run(
        read, settings_of(nested(parse(settings))), maps=maps, warn=quiet, info=quiet
    )
    text = "".join(results.pieces(meta=True))
    return text, results.counts, bad


def check(oracle, data, settings, pick=None):
    right = oracle.indicators(data, settings, maps=True)
    said, counts, bad = engine(data, settings, pick=pick)
    output = json.loads(said)
    expected = json.loads(json.dumps(right.output))
    for part in sorted(expected.keys() | output.keys()):
        assert oracle.normal(output).get(part) == expected.get(part), part
    assert counts == right.counts
    assert bad == right.skipped


@pytest.mark.parametrize("part", range(PARTS))
def test_random_files(oracle, random_files, part):
    for seed in range(part * EACH, (part + 1) * EACH):
        made = random_files.Maker(seed)
        data, settings = made.file(), made.settings()
        try:
            check(oracle, data, settings, random.Random(seed))
        except Exception as error:
            error.add_note(f"random_files.Maker({seed})")
            raise


@pytest.fixture(scope="module")
def in_memory(random_files):
    """What is said of some files as long as everything fits, and blocks of lines are joined."""
    found = []
    for seed in range(LARGE):
        made = random_files.Maker(seed)
        asked = made.file(), made.settings()
        found.append((*asked, engine(*asked)))
    return found


def test_what_does_not_fit_changes_no_byte(in_memory, nothing_fits):
    several = 0
    for seed, (data, settings, told) in enumerate(in_memory):
        assert engine(data, settings, pick=random.Random(seed)) == told, seed
        several += len(cut(data, random.Random(seed))) > 2
    assert several > LARGE // 3


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_is_read_like_its_blocks(oracle, random_files, seed):
    made = random_files.Maker(seed)
    check(oracle, made.file(40), made.settings())
