"""Counting how often fields are filled in."""

import io
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from graphgov.cardinal.coverage import as_json, coverage
from graphgov.cli import app

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["", "a", "a[]", "/", "é"]), inner, max_size=4)
    ),
    max_leaves=10,
)
quick = settings(derandomize=True, deadline=None, max_examples=200)


def counted(*lines, block=1 << 20):
    warnings: list[str] = []
    text = "\n".join(lines)
    source = io.BytesIO(text.encode(errors="surrogateescape"))
    return coverage(source, warnings.append, block), warnings


EXAMPLES = {
    "the example of the documentation": (
        '{"phones": [{"type": "home", "number": "1"}, {"type": "office", "number": "2"}]}',
        {"/phones[]/type": 2, "/phones[]/number": 2, "/phones[]/": 2, "/phones[]": 2}
        | {"/phones": 1, "/": 1, "": 1},
    ),
    "a member that is called like an element": (
        '{"a[]":0,"a":[0]}',
        {"/a[]": 2, "/a": 1, "/": 1, "": 1},
    ),
    "a repeated member, the last one empty": ('{"a":0,"a":null}', {}),
    "a repeated member, the first one empty": ('{"a":null,"a":0}', {"/a": 1, "/": 1, "": 1}),
    "a member without a name": ('{"":0}', {"/": 2, "": 1}),
    "zero and false are filled in": ("[0,false]", {"[]": 2, "": 1}),
    "a number too large for a float": ("1e999", {"": 1}),
    "empty things": ('[null,"",[],{},{"a":[{}]}]', {}),
    "lists in lists": ("[[0],[[1]]]", {"[][]": 2, "[][][]": 1, "[]": 2, "": 1}),
    "one filled member is enough": ('{"a":{"b":"","c":1}}', {"/a/c": 1, "/a/": 1, "/a": 1}
                                    | {"/": 1, "": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), EXAMPLES.values(), ids=EXAMPLES)
def test_examples(line, expected):
    assert counted(line) == (expected, [])


def test_paths_stand_in_the_order_in_which_they_are_first_filled():
    found, _ = counted('{"b":1,"a":[{"c":0}]}', '{"z":1}')
    order = ["/b", "/a[]/c", "/a[]/", "/a[]", "/a", "/", "", "/z"]
    assert list(found) == order


def test_bad_lines_are_named_and_blank_ones_passed_over():
    found, warnings = counted("{", "", " \t\r", "1", "\udcff", "[1]]", "\ufeff1", "2")
    assert found == {"": 2}
    assert [warning.split(" [")[0] for warning in warnings] == [
        "Line 1 is invalid JSON, skipping.",
        "Line 5 caused an I/O error, skipping.",
        "Line 6 is invalid JSON, skipping.",
        "Line 7 is invalid JSON, skipping.",
    ]


def test_a_line_that_is_refused_late_counts_for_nothing():
    deep = '{"a":1,"b":' + "[" * 127 + "]" * 127 + "}"
    found, warnings = counted(deep)
    assert found == {}
    assert "recursion limit exceeded" in warnings[0]


def naive(value, path, counts):
    """Counts by the definition: a place is filled in if something in it is."""
    if isinstance(value, dict):
        inner = [naive(item, f"{path}/{key}", counts) for key, item in value.items()]
        filled = any(inner)
        counts[path + "/"] += filled
    elif isinstance(value, list):
        inner = [naive(item, path + "[]", counts) for item in value]
        filled = any(inner)
    else:
        filled = value is not None and value != ""
    counts[path] += filled
    return filled


@quick
@given(JSON, JSON)
def test_counts_are_those_of_the_definition(one, two):
    values = [one, two]
    counts = Counter()
    for value in values:
        naive(value, "", counts)
    found, warnings = counted(*map(json.dumps, values))
    assert found == {path: count for path, count in counts.items() if count}
    assert not warnings
    assert json.loads(as_json(found)) == found


def test_two_processes_count_what_one_counts_in_the_same_order():
    lines = [json.dumps({"a": [n % 3] * (n % 4), f"k{n % 7}": {"x": n}}) for n in range(300)]
    lines[100] = "{"
    alone = counted(*lines)
    together = counted(*lines, block=500)
    assert alone == together
    assert list(alone[0]) == list(together[0])


def test_what_steers_a_terminal_is_escaped():
    text = as_json({"\x9b31m\u202e\x00é \U000e0001": 1})
    assert text == '{"\\u009b31m\\u202e\\u0000é \\udb40\\udc01": 1}'
    assert json.loads(text) == {"\x9b31m\u202e\x00é \U000e0001": 1}


def test_the_command_counts_standard_input():
    result = CliRunner().invoke(app, ["cardinal", "coverage", "-"], input="[0]\n")
    assert (result.exit_code, result.stdout) == (0, '{"[]": 1, "": 1}\n')


def test_the_command_says_what_it_skips(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text("{\n}\n")
    result = CliRunner().invoke(app, ["cardinal", "-v", "coverage", str(path)])
    assert (result.exit_code, result.stdout) == (0, "{}\n")
    assert result.stderr.count("is invalid JSON, skipping.") == 2


@pytest.mark.parametrize("name", ["missing", "."])
def test_the_command_refuses_what_is_no_file(tmp_path, name):
    result = CliRunner().invoke(app, ["cardinal", "coverage", str(tmp_path / name)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert str(tmp_path) in result.stderr


def test_the_examples_count_as_documented(examples):
    expected = {
        "coverage.jsonl": '{"/phoneNumbers[]/type": 2, "/phoneNumbers[]/number": 2, '
        '"/phoneNumbers[]/": 2, "/phoneNumbers[]": 2, "/phoneNumbers": 1, "/": 1, "": 1}\n',
        "coverage-duplicate.jsonl": "{}\n",
        "coverage-empty.jsonl": '{"/": 2, "": 1}\n',
        "coverage-bracket.jsonl": '{"/a[]": 2, "/a": 1, "/": 1, "": 1}\n',
    }
    for name, text in expected.items():
        path = examples / name
        result = CliRunner().invoke(app, ["cardinal", "coverage", str(path)])
        assert result.stdout == text
