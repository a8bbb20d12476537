"""What goes into files beyond some size comes back, and memory does not grow with the input."""

import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.cardinal import entries, indicators, repeats, shelf, table
from graphgov.cardinal.chunks import chunk
from graphgov.cardinal.ini import nested, parse
from graphgov.cardinal.results import CODES, later_counts, only_later, together
from graphgov.cardinal.settings import settings as settings_of
from graphgov.errors import InputError

NAMES = st.sampled_from(["", "a", "b", "ab", "é", "💧", "\uffff", "z\x00", "z"])


def quiet(text):
    """Nothing is said."""


# --- shelves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [0, 300, 1 << 20])
def test_arrays_come_back(most):
    pick = np.random.default_rng(1)
    kinds = [np.int8, np.int32, np.float64, np.bool_, np.uint16]
    place = shelf.Shelf(most)
    put = []
    for number in range(60):
        arrays = {
            f"{number} {kind.__name__}": pick.integers(0, 2, pick.integers(0, 50)).astype(kind)
            for kind in kinds
        }
        put.append((arrays, place.put(arrays), place.put_bytes(b"x" * number)))
    for number, (arrays, parcel, data) in enumerate(put):
        np.testing.assert_equal(parcel.arrays(), arrays)
        some = list(arrays)[1:3]
        np.testing.assert_equal(parcel.only(*some), {name: arrays[name] for name in some})
        assert data.content() == b"x" * number
    assert any(parcel.at >= 0 for _, parcel, _ in put) == (most < 1 << 20)


def test_no_room_for_what_does_not_fit(tmp_path):
    code = (
        "import resource, numpy; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from graphgov.cardinal.shelf import Shelf\n"
        "from graphgov.errors import InputError\n"
        "try: Shelf(0).put({'a': numpy.zeros(1000)})\n"
        "except InputError as error: print(error)"
    )
    made = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, check=True, text=True, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert str(tmp_path) in made.stdout
    assert "TMPDIR" in made.stdout
    assert not list(tmp_path.iterdir())


def test_a_file_cut_off_meanwhile(tmp_path):
    place = shelf.Shelf(0)
    parcel = place.put({"a": np.arange(100)})
    os.ftruncate(place._file, 10)
    with pytest.raises(InputError, match="cut off"):
        parcel.arrays()


# --- entries ------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.tuples(NAMES, st.integers(0, 3)), max_size=9), max_size=6))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_entries_are_sorted_and_joined(runs):
    right = {}
    for run in runs:
        for name, value in run:
            right[name] = sorted({*right.get(name, ()), value})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entries, "BLOCK", 2)
        patch.setattr(entries, "AT_ONCE", 1)
        made = entries.Entries(shelf.Shelf(0), together)
        for run in runs:
            made.put([name for name, _ in run], [json.dumps([v]).encode() for _, v in run])
        slices = list(made.slices())
    assert bool(made) == bool(right)
    text = b"{" + b",".join(piece for _, piece in slices) + b"}"
    assert list(json.loads(text).items()) == sorted(right.items())
    assert sum(number for number, _ in slices) == len(right)


def test_what_becomes_of_two_values():
    assert json.loads(later_counts(b'{"R024":null,"R003":1.0}', b'{"R024":2.5}')) == {
        "R003": 1.0, "R024": 2.5,
    }  # fmt: skip
    assert only_later(b'"a"', b'"b"') == b'"b"'
    assert together(b'["b"]', b'["a","b"]') == b'["a","b"]'


# --- ocids that stand several times -------------------------------------------------------------


@given(
    st.lists(st.lists(st.tuples(NAMES, st.booleans()), max_size=6), max_size=5),
    st.integers(1, 3),
)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_equal_ocids_and_no_others_are_found(parts, kinds):
    """Hashes that collide, so that hashes alone would not do."""
    place = shelf.Shelf(0)
    ocids = [[ocid for ocid, _ in part] for part in parts]
    hashes = [place.put({"hash": np.array([len(o) % kinds for o in p], np.int64)}) for p in ocids]
    firsts = np.cumsum([0, *map(len, ocids)])[:-1].tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "MOST_SORTED", 2)
        made = repeats.Repeats.of(hashes, firsts, [lambda p=p: p for p in ocids])
    every = [ocid for part in ocids for ocid in part]
    rows = [row for row, ocid in enumerate(every) if every.count(ocid) > 1]
    assert made.rows.tolist() == rows
    assert made.code.tolist() == [every.index(every[row]) for row in rows]
    asked = [
        np.array([first + at for at, (_, ask) in enumerate(part) if ask], np.int64)
        for first, part in zip(firsts, parts, strict=True)
    ]
    some = [int(row) for part in asked for row in part]
    last = {every[row]: row for row in some}
    assert made.superseded(asked).tolist() == [row for row in some if last[every[row]] != row]


# --- memory -------------------------------------------------------------------------------------

_PROCESSES = 200  # of a block


def blocks(number):
    """Blocks of processes that differ in nothing but their ocid, a third of them flagged."""
    lines = []
    for one in range(_PROCESSES):
        bids = [
            {"status": "valid", "value": {"amount": 100 + who + one % 7, "currency": "USD"},
             "tenderers": [{"id": f"T{who}"}], "date": "2020"}
            for who in range(3)
        ]  # fmt: skip
        lines.append(
            {"ocid": f"{one}", "buyer": {"id": "B"}, "bids": {"details": bids},
             "tender": {"procurementMethod": "open", "numberOfTenderers": 1 + one % 3},
             "awards": [{"status": "active", "suppliers": [{"id": "T0"}]}]}
        )  # fmt: skip
    read = chunk(b"\n".join(json.dumps(line).encode() for line in lines))
    for place in range(number):
        yield replace(read, ocids=[f"ocds-abc-{place:06}-{one:06}" for one in range(_PROCESSES)])


def peak(number):
    """Most bytes held at once for so many blocks, and the size of the answer."""
    everything = settings_of(nested(parse("".join(f"[{code}]\n" for code in CODES))))
    tracemalloc.start()
    try:
        results = indicators.run(
            table.merged(blocks(number)), everything, maps=False, warn=quiet, info=quiet
        )
        size = sum(map(len, results.pieces(meta=True)))
        return tracemalloc.get_traced_memory()[1], size
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(monkeypatch):
    for module, name, value in (
        (table, "PART", 1 << 17), (shelf, "MOST_HELD", 1 << 17), (shelf, "_WRITTEN", 1 << 12),
        (repeats, "MOST_SORTED", 1 << 10), (entries, "BLOCK", 16), (entries, "AT_ONCE", 2),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    peak(5)  # what is loaded and cached at the first time
    few, small = peak(20)
    many, large = peak(100)
    assert large > 4 * small > 50_000
    more = (many - few) / (80 * _PROCESSES)
    assert more < 16, f"{more:.0f} bytes a process; the columns of one take about 100"
