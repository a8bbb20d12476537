"""The reader of JSON texts: windows, encodings, spots of errors."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.ingest.ocds_read import Broken, encoding_of, read_document, read_lines


def document(data, window=1 << 20, head=8):
    stream = io.BytesIO(data)
    return list(read_document(stream, stream.read(head), ("releases", "records"), window=window))


def lines(data, head=8):
    faults = []
    stream = io.BytesIO(data)
    found = read_lines(stream, stream.read(head), lambda b, v: faults.append((b, v)))
    return [(f.line, f.value) for f in found], faults


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text())
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3)
)


def numbers_as_text(value):
    return json.loads(json.dumps(value), parse_int=str, parse_float=str)


@settings(max_examples=60, deadline=None)
@given(
    members=st.lists(VALUES, max_size=6),
    before=VALUES,
    after=VALUES,
    window=st.integers(1, 64),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_a_window_of_any_size_reads_what_the_whole_parser_reads(
    members, before, after, window, indent, ascii_only, encoding
):
    whole = {"before": before, "releases": members, "after": after}
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_only)
    found = document(text.encode(encoding, "replace"), window)
    expected = numbers_as_text(json.loads(text.encode("utf-8", "replace")))
    *streamed, rest = found
    assert [f.value for f in streamed] == expected["releases"]
    assert [f.pointer for f in streamed] == [f"/releases/{i}" for i in range(len(members))]
    assert rest.value == {
        "before": expected["before"],
        "releases": None,
        "after": expected["after"],
    }


def test_lines_are_the_lines_on_which_objects_start():
    text = json.dumps({"releases": [{"a": [1, 2]}, {"b": 1}]}, indent=2)
    starts = [i for i, line in enumerate(text.split("\n"), 1) if line == "    {"]
    for window in (3, 1000):
        assert [f.line for f in document(text.encode(), window)[:2]] == starts


@pytest.mark.parametrize("number", ["1000000000000.05", "1e3", "-0.10", "12345678901234567890"])
def test_numbers_keep_their_digits(number):
    assert document(f'{{"releases": [{{"n": {number}}}]}}'.encode())[0].value == {"n": number}


def test_nan_is_kept_for_its_column_to_refuse():
    assert document(b'[{"n": NaN, "m": -Infinity}]')[0].value == {"n": "NaN", "m": "-Infinity"}


def test_of_a_key_given_twice_the_last_holds():
    assert document(b'[{"n": 1, "n": 2}]')[0].value == {"n": "2"}


@pytest.mark.parametrize(
    ("text", "line", "offset", "says"),
    [
        (b'{"releases": [\n{"a": 1},\n{"a": oops}]}', 3, 31, "Expecting value"),
        (b'{"releases": [\n{"a": 1}\n{"b": 2}]}', 3, 24, "']' is missing"),
        (b'{"releases": [{"a": 1},]}', 1, 23, "a value is missing"),
        (b'{"releases": [{"a": "x', 1, 20, "ends too early"),
        (b'{"releases": [{"a": 1}', 1, 22, "']' is missing"),
        (b'{"releases"', 1, 11, "':' is missing"),
        (b'{"a": 1} x', 1, 9, "more after the end"),
        (b"{1: 2}", 1, 2, "a key must be a string"),
    ],
)
@pytest.mark.parametrize("window", [2, 1 << 20])
def test_an_error_names_its_line_and_byte(text, line, offset, says, window):
    with pytest.raises(Broken) as caught:
        document(text, window)
    assert caught.value.line == line
    assert says in caught.value.why
    assert f"(byte {offset})" in caught.value.why


def test_byte_offsets_count_bytes_not_characters():
    text = '{"releases": [{"名": 1}, x]}'
    with pytest.raises(Broken, match=rf"byte {text.encode().index(b'x')}\)"):
        document(text.encode(), 4)


def test_bytes_in_another_encoding_are_named():
    with pytest.raises(Broken) as caught:
        document('{"releases": [\n{"a": "Café"}]}'.encode("latin-1"))
    assert (caught.value.code, caught.value.line) == ("bad_encoding", 2)
    assert "byte 25 is not utf-8" in caught.value.why


@pytest.mark.parametrize("text", [b"", b" \n\t", b"\xef\xbb\xbf"])
def test_nothing_is_an_empty_file(text):
    with pytest.raises(Broken) as caught:
        document(text)
    assert caught.value.code == "empty_file"


def test_deep_nesting_is_an_error_not_a_crash():
    with pytest.raises(Broken, match="nested too deeply"):
        document(b'{"releases": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}")


def test_an_early_error_does_not_read_the_rest():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b" " * size

    stream = Endless()
    with pytest.raises(Broken, match="Expecting"):
        list(read_document(stream, b'{"releases": [{"a" 1}' + b" " * 4096, (), window=4096))
    assert stream.given <= 8192


def test_documents_may_follow_each_other():
    found = document(b'{"ocid": "1"}\n{"ocid": "2"}\n')
    assert [(f.value, f.line) for f in found] == [({"ocid": "1"}, 1), ({"ocid": "2"}, 2)]


def test_a_bad_line_costs_only_itself():
    found, faults = lines(
        b'{"a": 1}\r\n\n{"a": }\n{"b": 2}{\n"\xff"\n[' + b"[" * 99999 + b'\n{"c": 3}'
    )
    assert found == [(1, {"a": "1"}), (7, {"c": "3"})]
    assert [(b.line, b.code) for b, _ in faults] == [
        (3, "bad_json"),
        (4, "bad_json"),
        (5, "bad_encoding"),
        (6, "bad_json"),
    ]
    assert "(byte 17)" in faults[0][0].why
    assert faults[0][1] == '{"a": }\n'


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_lines_in_other_encodings(encoding):
    # U+0A0A holds the bytes of a line end without being one.
    text = '{"a": "\u0a0aĊ"}\n{"b": "ਊ"}\n'
    found, faults = lines(text.encode(encoding))
    assert found == [(1, {"a": "\u0a0aĊ"}), (2, {"b": "ਊ"})]
    assert not faults


def test_a_short_text_has_an_encoding():
    assert encoding_of(b"") == ("utf-8", 0)
    assert encoding_of(b"{") == ("utf-8", 0)
