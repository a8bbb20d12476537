"""Lines of JSON: what is refused and why."""

import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphgov.cardinal.strict import BadLine, _slowly, number_text, parse

quick = settings(derandomize=True, deadline=None, max_examples=300)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def why(line):
    with pytest.raises(BadLine) as caught:
        parse(line)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "what", "column"),
    [
        (b"{", "EOF while parsing an object", 1),
        (b"[", "EOF while parsing a list", 1),
        (b"[1", "EOF while parsing a list", 2),
        (b'{"a"', "EOF while parsing an object", 4),
        (b'{"a":', "EOF while parsing a value", 5),
        (b'{"a":1,', "EOF while parsing a value", 7),
        (b"[1,", "EOF while parsing a value", 3),
        (b'"a', "EOF while parsing a string", 2),
        (b'"\\', "EOF while parsing a string", 2),
        (b'"\\u12"', "EOF while parsing a string", 6),
        (b"tru", "EOF while parsing a value", 3),
        (b"1.", "EOF while parsing a value", 2),
        (b"}", "expected value", 1),
        (b"  x", "expected value", 3),
        (b"\xef\xbb\xbf1", "expected value", 1),
        (b"NaN", "expected value", 1),
        (b"Infinity", "expected value", 1),
        (b"\x0b1", "expected value", 1),
        (b"nulL", "expected ident", 4),
        (b'{""a":0}', "expected `:`", 4),
        (b"[1 2]", "expected `,` or `]`", 4),
        (b'{"a":1 "b"', "expected `,` or `}`", 8),
        (b"[1,]", "trailing comma", 4),
        (b'{"a":1,}', "trailing comma", 8),
        (b"{1:2}", "key must be a string", 2),
        (b'{"a":1,b', "key must be a string", 8),
        (b"1 1", "trailing characters", 3),
        (b"01", "invalid number", 2),
        (b"-", "EOF while parsing a value", 1),
        (b"-a", "invalid number", 2),
        (b"1.a", "invalid number", 3),
        (b"1e+", "EOF while parsing a value", 3),
        (b"1e+]", "invalid number", 4),
        (b"1ea", "invalid number", 3),
        (b'"\\q"', "invalid escape", 3),
        (b'"\\u12g4"', "invalid escape", 7),
        (b'"\\udc00"', "lone leading surrogate in hex escape", 7),
        (b'"\\ud800\\u0041"', "lone leading surrogate in hex escape", 13),
        (b'"\\ud800a"', "unexpected end of hex escape", 8),
        (b'"\\ud800\\n"', "unexpected end of hex escape", 9),
        (b"[" * 128 + b"]" * 128, "recursion limit exceeded", 128),
        (b"[" * 3000, "recursion limit exceeded", 128),
    ],
)
def test_a_refused_line_names_the_byte(line, what, column):
    assert why(line) == f"is invalid JSON, skipping. [{what} at line 1 column {column}]"


def test_a_control_character_in_a_string_is_refused():
    assert "control character" in why(b'"\x01"')
    assert why(b'"\x01"').endswith("at line 1 column 2]")


@pytest.mark.parametrize("line", [b"", b" ", b"\t", b"\r", b"\x0c", b" \t\r"])
def test_a_blank_line_is_refused_without_a_word(line):
    assert why(line) == ""


@pytest.mark.parametrize("line", [b'"\xff"', b"\xff", b'{"a":"\xed\xa0\x80"}', b'"\xc0\x80"'])
def test_a_line_that_is_not_utf_8_is_refused_as_such(line):
    said = why(line)
    assert said == "caused an I/O error, skipping. [stream did not contain valid UTF-8]"


@pytest.mark.parametrize("text", ["1.0", "1e400", "-0.0", "1E+2", "0.10", "9" * 40, "9" * 5000])
def test_numbers_are_kept_as_they_were_written(text):
    value = parse(text.encode())
    assert number_text(value) == text
    assert msgspec.json.encode([value]) == f"[{text}]".encode()


def test_one_level_less_than_the_limit_is_read():
    assert parse(b"[" * 127 + b"]" * 127) != []
    assert parse(b'{"a":[],"b":{}}' + b" " * 9) == {"a": [], "b": {}}


def test_brackets_in_text_are_no_nesting():
    assert parse(json.dumps(["[" * 500]).encode()) == ["[" * 500]


@pytest.mark.parametrize("text", ['"', "\\", '\\"', '"\\', '\\\\"\\'])
def test_brackets_in_text_with_escaped_quotes_are_no_nesting(text):
    opening = [text + "[" * 200 + text, {text: text}]
    assert parse(json.dumps(opening).encode()) == opening
    closing = json.dumps(text + "]" * 200 + text).encode()
    assert "recursion" in why(b"[" * 127 + b"[" + closing + b"]" + b"]" * 127)


def test_many_brackets_side_by_side_are_no_nesting():
    line = b"[" + b",".join([b"[[{}]]"] * 300) + b"]"
    assert len(parse(line)) == 300


def test_the_last_of_repeated_keys_counts():
    assert parse(b'{"a":1,"b":2,"\\u0061":null}') == {"a": None, "b": 2}


@quick
@given(JSON)
def test_both_readers_give_what_was_written(value):
    line = json.dumps(value, ensure_ascii=False).encode()
    assert parse(line) == value
    assert _slowly(line) == value


@quick
@example(b'{"a":"\\ud83d\\ude00","b":[1.5e3,-0]}', 3, b"}")
@given(JSON.map(lambda v: json.dumps(v).encode()), st.integers(0, 60), st.binary(max_size=2))
def test_both_readers_refuse_the_same_lines(line, at, noise):
    spoiled = line[:at] + noise + line[at + 1 :]
    if b"\n" in noise:
        return
    assert _same(_outcome(parse, spoiled), _outcome(_slowly, spoiled))


def _outcome(reader, line):
    try:
        return reader(line)
    except BadLine as error:
        return error


def _same(one, two):
    if isinstance(one, BadLine):
        return str(one) == str(two)
    if isinstance(one, msgspec.Raw):
        return bytes(one) == bytes(two)
    if isinstance(one, list):
        return len(one) == len(two) and all(map(_same, one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and all(_same(one[k], two[k]) for k in one)
    return type(one) is type(two) and one == two
