"""The engine answers as the oracle does: thousands of small odd files under odd settings."""

import io
import json
import random
import re

import pytest

from graphgov.cardinal.chunks import chunk
from graphgov.cardinal.indicators import run
from graphgov.cardinal.ini import nested, parse
from graphgov.cardinal.reading import stream_chunks, warned
from graphgov.cardinal.settings import settings as settings_of
from graphgov.cardinal.table import merged

PARTS = 10
EACH = 100


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


def engine(data, settings, *, pick=None, maps=True):
    """Parsed output, counts and the numbers of lines passed over."""
    said = []
    chunks = stream_chunks(io.BytesIO(data)) if pick is None else map(chunk, cut(data, pick))
    table = merged(warned(chunks, said.append))
    bad = [int(re.match(r"Line (\d+) ", text)[1]) for text in said]
    results = run(table, settings_of(nested(parse(settings))), maps=maps, warn=quiet, info=quiet)
    return json.loads(results.text(meta=True, maps=maps)), dict(results.counts()), bad


def check(oracle, data, settings, pick=None):
    right = oracle.indicators(data, settings, maps=True)
    output, counts, bad = engine(data, settings, pick=pick)
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


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_is_read_like_its_blocks(oracle, random_files, seed):
    made = random_files.Maker(seed)
    check(oracle, made.file(40), made.settings())
