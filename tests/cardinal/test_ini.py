"""Settings files."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgov.cardinal import ini
from graphgov.errors import ConfigError

CASES = {
    "keys before sections": ("a = 1\n[s]\nb = 2", {"a": "1", "s": {"b": "2"}}),
    "no space, a colon": ("[s]\na=1\nb:2", {"s": {"a": "1", "b": "2"}}),
    "case is kept": ("[S]\nActive = active", {"S": {"Active": "active"}}),
    "an empty value": ("[s]\na =\nb = 1", {"s": {"a": "", "b": "1"}}),
    "the last value of a key": ("[s]\na = 1\na = 2", {"s": {"a": "2"}}),
    "the last section of a name": ("[s]\na = 1\n[s]\nb = 2", {"s": {"b": "2"}}),
    "comments": ("; a = 1\n# b = 2\n[s]\n;c = 3\n", {"s": {}}),
    "what follows a value is its end": ("[s]\na = b # c ; d", {"s": {"a": "b # c ; d"}}),
    "quotes keep no space at the ends": ("[s]\na = \" - \"", {"s": {"a": "-"}}),
    "quotes keep line ends": ("[s]\nb = ' x=\ny'", {"s": {"b": "x=\ny"}}),
    "quotes that follow quotes": ("[s]\na = 'b' 'c'", {"s": {"a": "b 'c'"}}),
    "text after quotes": ("[s]\na = \"x\" y  \n", {"s": {"a": "x y"}}),
    "a quote inside": ("[s]\na = it's", {"s": {"a": "it's"}}),
    "escapes": (r"[s]" + "\n" + r"a = x\ty\x00e9\\\=", {"s": {"a": "x\tyé\\="}}),
    "a value over two lines": ("[s]\na = x\\\ny", {"s": {"a": "xy"}}),
    "ends of lines from elsewhere": ("[s]\r\na = 1\r\nb = 2\r\n", {"s": {"a": "1", "b": "2"}}),
    "a mark of the byte order": ("\ufeff[s]\na = 1", {"s": {"a": "1"}}),
    "an equals sign in a value": ("[s]\na = b = c", {"s": {"a": "b = c"}}),
    "a dotted section": ("[s]\na = 1\n[s.t]\nb = 2", {"s": {"a": "1", "t": {"b": "2"}}}),
    "a dotted section first": ("[s.t]\nb = 2\n[s]\na = 1", {"s": {"t": {"b": "2"}, "a": "1"}}),
    "dots in keys of a section": ("[s]\na.b = 1", {"s": {"a.b": "1"}}),
    "space in a section": ("[ s ]\na = 1", {"s": {"a": "1"}}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_what_is_read(text, expected):
    assert ini.nested(ini.parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [("= 1", 1), ("[s]\n: 1", 2), ("[s", 1), ("[s]\nword", 2), ('a = "x', 1), ("[s] # x", 1),
     ("a = \\xzz", 1), ("a = \\", 1), ("[s]\n ; x", 2)],
)  # fmt: skip
def test_what_cannot_be_read_is_named(text, line):
    with pytest.raises(ConfigError, match=rf"^settings: line {line}: "):
        ini.parse(text)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text(alphabet="a[]=:;#\"'\\ \t\r\nx.", max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        tree = ini.nested(ini.parse(text))
    except ConfigError:
        return
    assert all(isinstance(name, str) for name in tree)


def test_a_file_may_be_called_without_its_ending(tmp_path):
    (tmp_path / "a.b.ini").write_text("x = 1")
    assert ini.read(tmp_path / "a.b") == {"x": "1"}
    with pytest.raises(ConfigError, match="not there"):
        ini.read(tmp_path / "c")
    with pytest.raises(ConfigError, match="cannot be read"):
        ini.read(tmp_path)
