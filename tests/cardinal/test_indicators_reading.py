"""Blocks, workers, odd lines, dates, and the columns that are kept."""

import gzip
import io
import json
import os
import pickle
import random
import signal
import sys
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.cardinal import cache, command, reading, streams
from graphgov.cardinal.chunks import chunk
from graphgov.cardinal.dates import days_between
from graphgov.cardinal.table import COLUMNS, Texts, merged
from graphgov.cardinal.workers import in_order
from graphgov.errors import InputError


def quiet(text):
    """Nothing is said."""


def release(number, **more):
    who = {"id": f"T{number % 7}"}
    value = {"amount": number, "currency": "USD"}
    return {
        "ocid": f"o{number}",
        "bids": {"details": [{"status": "valid", "tenderers": [who], "value": value}]},
        "awards": [
            {"status": "active", "suppliers": [who], "items": [{"classification": {"id": "1é"}}]}
        ],
        **more,
    }


def text(*releases):
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in releases)


def ocids(table):
    return [ocid for part in table.parts for ocid in part.ocids()]


def columns(table):
    """All columns, whatever the parts and however narrow."""
    parts = [part.parcel.only(*COLUMNS) for part in table.parts]
    return {name: [one for part in parts for one in part[name].tolist()] for name in COLUMNS}


def same(one, other):
    np.testing.assert_equal(columns(one), columns(other))
    assert ocids(one) == ocids(other)
    assert [part.first for part in one.parts] == [
        sum(part.count for part in one.parts[:place]) for place in range(len(one.parts))
    ]
    np.testing.assert_array_equal(one.repeats.rows, other.repeats.rows)
    np.testing.assert_array_equal(one.repeats.code, other.repeats.code)
    assert {k: list(v) for k, v in one.words.items()} == {
        k: list(v) for k, v in other.words.items()
    }


# --- blocks -------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([b"a", b"bc", b"", b"\r", b"x" * 9]), max_size=8), st.booleans())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_spans_are_the_lines_of_the_file(tmp_path_factory, lines, ended):
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    path = tmp_path_factory.mktemp("spans") / "file"
    path.write_bytes(data)
    for size in range(1, len(data) + 2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "BLOCK", size)
            parts = [reading.lines_of(span) for span in reading.spans(path, len(data))]
            with path.open("rb") as file:
                opened = reading.spans(path, len(data), file.fileno())
                assert [reading.lines_of(span) for span in opened] == parts
        assert b"".join(parts) == data
        assert all(part.endswith(b"\n") for part in parts[:-1])
        assert all(len(part) >= size for part in parts[:-1])


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_a_stream_comes_in_whole_lines(monkeypatch, size):
    monkeypatch.setattr(reading, "BLOCK", size)
    data = text(*map(release, range(5))) + b"no end"
    blocks = list(reading._blocks(io.BytesIO(data)))
    assert b"".join(blocks) == data
    assert all(block.endswith(b"\n") for block in blocks[:-1])


def test_a_file_in_many_blocks_is_read_like_one_block(tmp_path, monkeypatch):
    data = text(*map(release, range(300))) + b"{\n\n" + text(release(3), release(999))
    path = tmp_path / "releases.jsonl"
    path.write_bytes(data)
    monkeypatch.setattr(reading, "BLOCK", 997)
    monkeypatch.setattr(reading, "_ALONE", 0)
    said = []
    whole = merged([chunk(data)])
    parts = merged(reading.warned(reading.file_chunks(path, len(data)), said.append))
    same(parts, whole)
    assert [one.split(" is")[0] for one in said] == ["Line 301"]
    streamed = merged(reading.stream_chunks(io.BytesIO(data)))
    same(streamed, whole)
    assert whole.repeats.rows.tolist() == [3, 300]  # the ocid of line 4 again
    assert whole.repeats.code.tolist() == [3, 3]


def test_nothing_at_all():
    table = merged(reading.stream_chunks(io.BytesIO(b"")))
    assert list(table.frames()) == []


# --- workers ------------------------------------------------------------------------------------


def _double(number):
    return number * 2 if number != 13 else signal.raise_signal(signal.SIGKILL)


def _refuse(number):
    raise InputError(f"no {number}")


@pytest.mark.parametrize("queued", [1, 3])
@pytest.mark.parametrize("processes", [1, 2, 5])
def test_results_come_in_order(processes, queued):
    assert list(in_order(_double, range(14, 60), processes, queued)) == list(range(28, 120, 2))
    assert list(in_order(_double, [], processes, queued)) == []


def test_large_jobs_and_results_do_not_wait_for_each_other():
    jobs = [bytes([n]) * 3_000_000 for n in range(6)]
    assert list(in_order(bytes, jobs, 2)) == jobs


def test_a_worker_that_dies_is_noticed():
    with pytest.raises(InputError, match="ended early"):
        list(in_order(_double, range(10, 20), 2))


def test_an_error_of_a_worker_is_raised_here():
    with pytest.raises(InputError, match="no 1"):
        list(in_order(_refuse, [1, 2], 2))


def test_workers_are_dismissed_when_nobody_wants_more():
    results = in_order(_double, range(100, 200), 2)
    assert next(results) == 200
    results.close()


def test_workers_are_dismissed_when_their_pipes_were_closed():
    """At the end of Python, after an interruption, pipes may be closed first."""
    results = in_order(_double, range(100, 200), 2)
    next(results)
    for pipe in results.gi_frame.f_locals["self"]._pipes:
        os.close(pipe.fileno())
    results.close()


# --- odd lines ----------------------------------------------------------------------------------

DEEP = b'{"ocid":"o","a":' + b"[" * 126 + b"]" * 126 + b"}"


@pytest.mark.parametrize(
    ("line", "ocids"),
    [
        (b'{"\\u006fcid":"\\u006f1"}', ["o1"]),
        (b'{"ocid":"a","ocid":"b"}', ["b"]),
        (b'{"ocid":"a","ocid":2}', []),
        (b'\xef\xbb\xbf{"ocid":"a"}', None),
        (b'{"ocid":"a","x":"\xff"}', None),
        (b'{"ocid":"a","x":"\\ud800"}', None),
        (b'{"ocid":"a","x":1e999,"y":-12345678901234567890123}', ["a"]),
        (DEEP, ["o"]),
        (DEEP.replace(b"[]", b"[[]]"), None),
        (b'{"ocid":"a","bids":' + b'{"details":' * 200 + b"1" + b"}" * 201, None),
        (b'{"ocid":"a"}\r', ["a"]),
        (b'{"ocid":"a"} {"ocid":"b"}', None),
        (b'{"ocid":', None),
        (b'"o"', []),
    ],
)
def test_odd_lines_between_others(line, ocids):
    block = text(release(1)) + line + b"\n" + text(release(2))
    made = chunk(block)
    assert made.ocids == ["o1", *(ocids or []), "o2"]
    assert [place for place, _ in made.bad] == ([1] if ocids is None else [])
    assert made.lines == 3


def test_a_field_of_another_type_is_unknown_and_the_rest_is_read():
    odd = release(1, buyer=[1], tender={"tenderPeriod": 3, "procuringEntity": {"id": 5}})
    odd["bids"]["details"] += [None, "x", {"status": ["valid"]}, {"tenderers": {"id": "A"}}]
    odd["awards"] += [7, {"status": "active", "suppliers": [None]}]
    made = chunk(text(odd))
    assert made.columns["bid_status"].tolist() == [4, 0, 0, 0, 0]
    assert made.columns["bid_tenderers"].tolist() == [1, 0, 0, 0, 0]
    assert made.columns["award_suppliers"].tolist() == [1, 0, 1]
    assert made.columns["suppliers"].tolist() == [0, -1]


@pytest.mark.parametrize(
    ("amount", "below"), [("-0", False), ("0", False), ("-0.0", True), ("-0e1", True)]
)
def test_a_zero_below_zero_keeps_its_sign_unless_it_is_whole(amount, below):
    line = '{"ocid":"x","bids":{"details":[{"value":{"currency":"a","amount": AMOUNT }}]}}\n'
    made = chunk(line.replace("AMOUNT", amount).encode())
    assert np.signbit(made.columns["amount"]).tolist() == [below]


def test_what_is_said_of_a_line_does_not_depend_on_its_end():
    for end in (b"\n", b"\r\n"):
        assert chunk(b"{" + end + b'{"a' + end).bad == chunk(b'{\n{"a').bad


def test_chunks_can_be_sent():
    made = chunk(text(release(1)))
    again = pickle.loads(pickle.dumps(made))
    assert again.ocids == made.ocids


# --- dates --------------------------------------------------------------------------------------

moments = st.builds(
    lambda when, digits, zone: when.strftime("%Y-%m-%dT%H:%M:%S").zfill(19) + digits + zone,
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),
    st.sampled_from(["", ".5", ".123456"]),
    st.sampled_from(["Z", "+00:00", "-05:00", "+13:45", "-00:00"]),
)


@given(st.lists(st.tuples(moments, moments), max_size=5))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_days_are_those_of_the_calendar(pairs):
    found = days_between([a for a, _ in pairs], [b for _, b in pairs])
    expected = [
        int((datetime.fromisoformat(b) - datetime.fromisoformat(a)).total_seconds() / 86_400)
        for a, b in pairs
    ]
    assert found.tolist() == expected


@pytest.mark.parametrize(
    "odd",
    ["", "2020-01-01", "2020-1-01T00:00:00Z", "2020-01-01T00:00Z", "2020-01-01T24:00:00Z",
     "2020-13-01T00:00:00Z", "2021-02-29T00:00:00Z", "2020-01-01T00:00:61Z", "2020-01-01T00:00:00",
     "2020-01-01T00:00:00+24:00", "2020-01-01T00:00:00+0000", "2020-01-01T00:00:00.Z", None, 5,
     "2020-01-01X00:00:00Z", "２020-01-01T00:00:00Z", "+020-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_date_time(odd):
    good = "2020-01-01T00:00:00Z"
    found = days_between([odd, good, good], [good, odd, good])
    assert np.isnan(found).tolist() == [True, True, False]


def test_a_leap_second_is_counted():
    leap = "2016-12-31T23:59:60Z"
    assert days_between([leap], ["2017-01-02T00:00:00Z"]).tolist() == [1]
    assert days_between(["2016-12-30T23:59:60Z"], ["2016-12-31T23:59:59Z"]).tolist() == [0]


# --- what is kept -------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "LEAST_BYTES", 0)
    monkeypatch.setattr(cache, "_FRESH", 0)
    return tmp_path / "cache" / "graphgov" / "cardinal"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "releases.jsonl"
    path.write_bytes(text(*map(release, range(20))) + b"{\n")
    return path


def read(path, *, cached=True):
    said = []
    return command.table(path, cached=cached, warn=said.append), said


def test_a_second_reading_gives_the_same_and_says_the_same(home, source):
    first, said = read(source)
    assert len(list(home.iterdir())) == 1
    assert home.stat().st_mode & 0o777 == 0o700
    stamp = cache.Stamp.of(source)
    kept = cache.load(stamp)
    assert kept is not None
    same(kept[0], first)
    assert kept[1] == said != []
    again, repeated = read(source)
    same(again, first)
    assert repeated == said


def test_a_changed_file_is_read_anew(home, source):
    read(source)
    about = source.stat()
    source.write_bytes(source.read_bytes().replace(b'"o1"', b'"p1"'))
    os.utime(source, ns=(about.st_atime_ns, about.st_mtime_ns))  # same size, same time
    table, _ = read(source)
    assert "p1" in ocids(table)
    assert len(list(home.iterdir())) == 1


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("alone", [False, True])
def test_a_file_replaced_while_it_is_read(home, source, monkeypatch, alone, gone):
    monkeypatch.setattr(reading, "BLOCK", 100)
    monkeypatch.setattr(reading, "_helpers", lambda size: 1 if alone else 2)
    right = read(source, cached=False)
    all_chunks = reading.file_chunks

    def replaced(path, size, opened):
        chunks = all_chunks(path, size, opened)
        yield next(chunks)
        if gone:
            source.unlink()
        else:
            other = source.with_name("other")
            other.write_bytes(source.read_bytes().replace(b'"o', b'"p'))
            other.replace(source)
        yield from chunks

    monkeypatch.setattr(command, "file_chunks", replaced)
    found = read(source)
    same(found[0], right[0])
    assert found[1] == right[1]
    assert not home.exists()


def test_a_spoilt_file_is_read_anew_and_replaced(home, source):
    first, _ = read(source)
    (place,) = home.iterdir()
    good = place.read_bytes()
    pick = random.Random(1)
    spoilt = [b"", b"{}\n", b"[]\n", b"null\n", good[:-1], good + b"x", good[:100], b"\xff" * 50]
    for _ in range(30):
        at = pick.randrange(len(good))
        spoilt.append(good[:at] + bytes([good[at] ^ 1 << pick.randrange(8)]) + good[at + 1 :])
    for data in spoilt:
        place.write_bytes(data)
        assert cache.load(cache.Stamp.of(source)) is None
    place.write_bytes(good[:-1])
    same(read(source)[0], first)
    assert place.stat().st_size == len(good)


def test_no_cache_writes_and_reads_nothing(home, source):
    read(source, cached=False)
    assert not home.exists()
    read(source)
    (place,) = home.iterdir()
    before = place.stat().st_mtime_ns
    read(source, cached=False)
    assert place.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_does_no_harm(home, source, tmp_path):
    (tmp_path / "cache").write_text("a file stands in the way")
    assert len(ocids(read(source)[0])) == 20


def test_the_folder_stays_within_its_bounds(home, source, monkeypatch):
    read(source)
    size = next(home.iterdir()).stat().st_size
    monkeypatch.setattr(cache, "MOST_BYTES", size * 2 + size // 2)
    for number in range(4):
        other = source.with_name(f"{number}.jsonl")
        other.write_bytes(source.read_bytes())
        read(other)
    assert len(list(home.iterdir())) == 2
    monkeypatch.setattr(cache, "MOST_BYTES", size // 2)
    assert len(ocids(read(source)[0])) == 20


def test_a_file_just_written_is_not_kept(home, source, monkeypatch):
    monkeypatch.setattr(cache, "_FRESH", 3600)
    read(source)
    assert not home.exists()


def test_packed_files_and_pipes_are_read(home, source, tmp_path):
    packed = tmp_path / "releases.jsonl.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    same(read(packed)[0], read(source, cached=False)[0])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    child = os.fork()
    if not child:
        pipe.write_bytes(source.read_bytes())
        os._exit(0)
    same(read(pipe)[0], read(source, cached=False)[0])
    os.waitpid(child, 0)
    assert not home.exists()


def test_packed_files_that_are_spoilt(source, tmp_path):
    packed = tmp_path / "releases.jsonl.gz"
    whole = gzip.compress(source.read_bytes())
    middle = len(whole) // 2
    for odd in (
        whole[:-1], whole[:middle], whole + b"x", source.read_bytes(),
        whole[:middle] + b"\xff" * 50 + whole[middle + 50 :], whole[:-5] + b"\xff" + whole[-4:],
    ):  # fmt: skip
        packed.write_bytes(odd)
        with pytest.raises(InputError, match=r"releases\.jsonl\.gz: this is no whole gzip file: "):
            read(packed)


def test_standard_input_that_is_closed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="no standard input"):
        read(streams.STANDARD)


@given(st.lists(st.text(max_size=3), max_size=6))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_texts_come_back(words):
    packed = Texts.of(words)
    assert list(packed) == words
    assert packed.at(np.arange(len(words))[::-1]) == words[::-1]
