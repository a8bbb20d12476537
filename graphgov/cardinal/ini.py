"""Settings files as Cardinal reads them: sections, keys, quotes, escapes; every value is text.

Python's `configparser` differs where it matters: it lower-cases keys, forbids a key before the
first section and a section twice, knows no quotes and no escapes, and cuts `a = b # c`.
"""

import re
from pathlib import Path
from typing import NoReturn, TypeAlias

from graphgov.errors import ConfigError

Tree: TypeAlias = "dict[str, str | Tree]"
_DOTTED = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_ESCAPES = {"0": "\0", "a": "\x07", "b": "\x08", "t": "\t", "r": "\r", "n": "\n"}
_HEX = re.compile(r"[0-9A-Fa-f]{4}")


def read(path: Path) -> Tree:
    """The settings of a file; the section `[a.b]` is the key `b` of the key `a`.

    A name without a file may lack its `.ini`. Of sections with one name, the last counts.

    Raises:
        ConfigError: There is no such file, or it cannot be parsed.
    """
    found = path if path.is_file() or path.is_fifo() else path.with_name(path.name + ".ini")
    try:
        text = found.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        why = "it is not there" if isinstance(error, FileNotFoundError) else error.strerror
        raise ConfigError(f"The settings {str(path)!r} cannot be read: {why}.") from None
    return nested(parse(text, str(path)))


def parse(text: str, name: str = "settings") -> Tree:
    """The keys before the first section, then each section as it is called.

    Raises:
        ConfigError: The text is no INI; the message starts with `name`.
    """
    return _Parser(text, name).tree()


def nested(flat: Tree) -> Tree:
    """Settings whose dotted names, such as `[codelists.bid_status]`, are taken apart."""
    found: Tree = {}
    for name, value in flat.items():
        *above, last = name.split(".") if _DOTTED.fullmatch(name) else [name]
        place = found
        for key in above:
            below = place.get(key)
            if not isinstance(below, dict):
                below = place[key] = {}
            place = below
        there = place.get(last)
        if isinstance(value, dict) and isinstance(there, dict):
            there.update(value)
        else:
            place[last] = dict(value) if isinstance(value, dict) else value
    return found


class _Parser:
    """One pass over the characters of a file."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text.removeprefix("\ufeff")
        self._name = name
        self._at = 0

    def tree(self) -> Tree:
        found: Tree = {}
        section = found
        while self._skip(" \t\r\n\x0b\x0c\x85\xa0"):
            char = self._text[self._at]
            if char in ";#":
                self._comment()
            elif char == "[":
                self._at += 1
                title = self._until("]").strip()
                self._at += 1
                section = {}
                found[title] = section
            elif char in "=:":
                self._fail("a value has no key")
            else:
                key = self._until("=:").strip()
                self._at += 1
                section[key] = self._value()
        return found

    def _fail(self, what: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        raise ConfigError(f"{self._name}: line {line}: {what}.")

    def _skip(self, space: str) -> bool:
        """Pass over space; false at the end of the text."""
        while self._at < len(self._text) and self._text[self._at] in space:
            self._at += 1
        return self._at < len(self._text)

    def _comment(self) -> None:
        start = self._text.rfind("\n", 0, self._at) + 1
        if self._at > start:
            self._fail("a comment must stand at the start of a line")
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end + 1

    def _until(self, ends: str, *, or_end: bool = False) -> str:
        """The text up to one of `ends`, escapes resolved; the end itself is left."""
        start = self._at
        chars: list[str] = []
        while self._at < len(self._text) and self._text[self._at] not in ends:
            char = self._text[self._at]
            self._at += 1
            chars.append(self._escape() if char == "\\" else char)
        if self._at >= len(self._text) and not or_end:
            self._at = start
            self._fail(f"there is no {' or '.join(map(repr, ends))} after this")
        return "".join(chars)

    def _escape(self) -> str:
        if self._at >= len(self._text):
            self._fail("there is nothing after the last backslash")
        char = self._text[self._at]
        self._at += 1
        if char == "\n":
            return ""
        if char != "x":
            return _ESCAPES.get(char, char)
        code = self._text[self._at : self._at + 4]
        if not _HEX.fullmatch(code) or 0xD800 <= int(code, 16) <= 0xDFFF:
            self._fail(r"\x must be followed by the four hexadecimal digits of a character")
        self._at += 4
        return chr(int(code, 16))

    def _value(self) -> str:
        self._skip(" \t\x0b\x0c\x85\xa0")
        quoted = ""
        if self._at < len(self._text) and self._text[self._at] in "\"'":
            quote = self._text[self._at]
            self._at += 1
            quoted = self._until(quote)
            self._at += 1
        # Quotes keep a line end or an escape, but no space at either end.
        return (quoted + self._until("\r\n", or_end=True)).strip()
