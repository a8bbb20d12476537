"""One line of JSON as Cardinal reads it: what is refused, and why, in the same words.

msgspec decodes nearly every line. A line it refuses, or one that may nest too deeply, is read again
by a slow scanner, which decides: so that warnings name the byte that Cardinal's parser names.
Numbers that are not plain integers stay text (`msgspec.Raw`) and are written as they were.
"""

import re
from typing import NoReturn

import msgspec

DEPTH = 128  # a value nested this deeply is refused
_DECODE = msgspec.json.Decoder(float_hook=msgspec.Raw).decode
_BLANK = re.compile(rb"[ \t\n\x0c\r]*")
_SPACE = re.compile(rb"[ \t\n\r]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_HEX = re.compile(rb"[0-9A-Fa-f]{4}")
_SIMPLE = {
    ord('"'): '"', ord("\\"): "\\", ord("/"): "/", ord("b"): "\b", ord("f"): "\f",
    ord("n"): "\n", ord("r"): "\r", ord("t"): "\t",
}  # fmt: skip
_WORDS = {ord("n"): (b"null", None), ord("t"): (b"true", True), ord("f"): (b"false", False)}
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET = bytes(set(range(256)) - set(b"{}[]"))
_MOST_DIGITS = 1000  # longer integers are slow or impossible to turn into numbers


class BadLine(ValueError):
    """A line that is skipped; the text says what Cardinal says after `Line 1 `."""


def parse(line: bytes) -> object:
    """The value of a line, the last of repeated keys winning.

    Args:
        line: One line without its end.

    Raises:
        BadLine: The line is no JSON, nests too deeply, or is not UTF-8. Its text is empty if the
            line is blank.
    """
    try:
        value: object = _DECODE(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _slowly(line)
    if line.count(b"{") + line.count(b"[") >= DEPTH and _deep(line):
        return _slowly(line)
    return value


def number_text(value: int | msgspec.Raw) -> str:
    """A number as the input wrote it."""
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)


def _slowly(line: bytes) -> object:
    try:
        line.decode()
    except UnicodeDecodeError:
        raise BadLine(
            "caused an I/O error, skipping. [stream did not contain valid UTF-8]"
        ) from None
    if _BLANK.fullmatch(line):
        raise BadLine
    return _Scanner(line).document()


def _deep(line: bytes) -> bool:
    """Whether valid JSON nests too deeply, be it in what a repeated key replaces."""
    if b"\\" in line:
        line = line.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(line.split(b'"')[::2])
    brackets = outside.translate(_SQUARE, _NO_BRACKET)
    for _ in range(DEPTH - 1):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")  # the innermost pairs
    return bool(brackets)


class _Scanner:
    """A descent over the bytes of one line, failing where serde_json fails."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self._at = 0
        self._depth = 0

    def document(self) -> object:
        value = self._value()
        if self._next() is not None:
            self._fail_ahead("trailing characters")
        return value

    def _fail(self, what: str) -> NoReturn:
        raise BadLine(f"is invalid JSON, skipping. [{what} at line 1 column {self._at}]")

    def _fail_ahead(self, what: str) -> NoReturn:
        self._at = min(len(self._line), self._at + 1)
        self._fail(what)

    def _peek(self) -> int | None:
        return self._line[self._at] if self._at < len(self._line) else None

    def _next(self) -> int | None:
        """The next byte that is no space, not consumed."""
        self._at = _SPACE.match(self._line, self._at).end()  # type: ignore[union-attr]
        return self._peek()

    def _take(self) -> int | None:
        byte = self._peek()
        self._at += byte is not None
        return byte

    def _value(self) -> object:
        byte = self._next()
        if byte is None:
            self._fail_ahead("EOF while parsing a value")
        if byte in _WORDS:
            return self._word(*_WORDS[byte])
        if byte == ord('"'):
            self._at += 1
            return self._string()
        if byte == ord("-") or ord("0") <= byte <= ord("9"):
            return self._number()
        if byte not in b"[{":
            self._fail_ahead("expected value")
        self._depth += 1
        if self._depth == DEPTH:
            self._fail_ahead("recursion limit exceeded")
        self._at += 1
        found = self._list() if byte == ord("[") else self._object()
        self._at += 1
        self._depth -= 1
        return found

    def _word(self, word: bytes, meaning: object) -> object:
        self._at += 1
        for expected in word[1:]:
            byte = self._take()
            if byte is None:
                self._fail("EOF while parsing a value")
            if byte != expected:
                self._fail("expected ident")
        return meaning

    def _list(self) -> list[object]:
        found: list[object] = []
        while (byte := self._next()) != ord("]"):
            if byte is None:
                self._fail_ahead("EOF while parsing a list")
            if found:
                if byte != ord(","):
                    self._fail_ahead("expected `,` or `]`")
                self._at += 1
                if self._next() == ord("]"):
                    self._fail_ahead("trailing comma")
            found.append(self._value())
        return found

    def _object(self) -> dict[str, object]:
        found: dict[str, object] = {}
        first = True
        while (byte := self._next()) != ord("}"):
            if byte is None:
                self._fail_ahead("EOF while parsing an object")
            if not first:
                if byte != ord(","):
                    self._fail_ahead("expected `,` or `}`")
                self._at += 1
                byte = self._next()
                if byte is None:
                    self._fail_ahead("EOF while parsing a value")
                if byte == ord("}"):
                    self._fail_ahead("trailing comma")
            first = False
            if byte != ord('"'):
                self._fail_ahead("key must be a string")
            self._at += 1
            key = self._string()
            if self._next() != ord(":"):
                over = self._peek() is None
                self._fail_ahead("EOF while parsing an object" if over else "expected `:`")
            self._at += 1
            found[key] = self._value()
        return found

    def _digit(self) -> int:
        byte = self._take()
        if byte is None:
            self._fail("EOF while parsing a value")
        if not ord("0") <= byte <= ord("9"):
            self._fail("invalid number")
        return byte

    def _digits(self) -> bool:
        start = self._at
        self._at = _DIGITS.match(self._line, start).end()  # type: ignore[union-attr]
        return self._at > start

    def _number(self) -> int | msgspec.Raw:
        start = self._at
        self._at += self._line[start] == ord("-")
        byte = self._digit()
        leading = self._at
        if self._digits() and byte == ord("0"):
            self._at = leading
            self._fail_ahead("invalid number")
        whole = True
        if self._peek() == ord("."):
            whole = False
            self._at += 1
            if not self._digits():
                over = self._peek() is None
                self._fail_ahead("EOF while parsing a value" if over else "invalid number")
        if self._peek() in (ord("e"), ord("E")):
            whole = False
            self._at += 1
            self._at += self._peek() in (ord("+"), ord("-"))
            self._digit()
            self._digits()
        text = self._line[start : self._at]
        return int(text) if whole and len(text) < _MOST_DIGITS else msgspec.Raw(text)

    def _string(self) -> str:
        parts: list[str] = []
        while True:
            start = self._at
            self._at = _PLAIN.match(self._line, start).end()  # type: ignore[union-attr]
            parts.append(self._line[start : self._at].decode())
            byte = self._take()
            if byte is None:
                self._fail("EOF while parsing a string")
            if byte == ord('"'):
                return "".join(parts)
            if byte != ord("\\"):
                self._fail(r"control character (\u0000-\u001F) found while parsing a string")
            parts.append(self._escape())

    def _escape(self) -> str:
        byte = self._take()
        if byte is None:
            self._fail("EOF while parsing a string")
        if byte in _SIMPLE:
            return _SIMPLE[byte]
        if byte != ord("u"):
            self._fail("invalid escape")
        high = self._four()
        if 0xDC00 <= high <= 0xDFFF:
            self._fail("lone leading surrogate in hex escape")
        if not 0xD800 <= high <= 0xDBFF:
            return chr(high)
        for expected in b"\\u":
            byte = self._take()
            if byte is None:
                self._fail("EOF while parsing a string")
            if byte != expected:
                self._fail("unexpected end of hex escape")
        low = self._four()
        if not 0xDC00 <= low <= 0xDFFF:
            self._fail("lone leading surrogate in hex escape")
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))

    def _four(self) -> int:
        if len(self._line) - self._at < 4:
            self._at = len(self._line)
            self._fail("EOF while parsing a string")
        digits = self._line[self._at : self._at + 4]
        self._at += 4
        if not _HEX.fullmatch(digits):
            self._fail("invalid escape")
        return int(digits, 16)
