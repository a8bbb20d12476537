"""JSON texts into the objects of their lists, one at a time and never the whole text.

The C scanner of the standard library reads one object at a position of a window of text and
says where it ends; measured, that is faster than an event parser and than decoding the whole
text. A window grows only while one object does not fit into it.

Numbers stay the text they were written as, so that no amount is rounded on the way.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

WINDOW = 1 << 20
LARGEST = 1 << 28  # characters of one object; what does not fit is refused, not held
_SPACE = re.compile(r"[ \t\r\n]*")
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# NaN is not JSON, but Python writes it: the cell it stands in is refused, not the file.
DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


class Broken(Exception):
    """A text that cannot be read on.

    Args:
        code: For the reject.
        line: 1-based line of the spot.
        why: What is wrong, with the byte offset.
    """

    def __init__(self, code: str, line: int, why: str) -> None:
        super().__init__(why)
        self.code, self.line, self.why = code, line, why


class Bytes(Protocol):
    """Something bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""


@dataclass(frozen=True)
class Found:
    """One value of a document.

    Args:
        value: Decoded; numbers are text.
        pointer: JSON pointer inside the document.
        line: 1-based line on which it starts.
    """

    value: object
    pointer: str
    line: int


def encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding of a JSON text and the length of its byte order mark."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name, len(bom)
    if len(head) >= 2 and head[0] and not head[1]:
        return ("utf-32-le" if head[2:4] == b"\0\0" else "utf-16-le"), 0
    if len(head) >= 2 and not head[0] and head[1]:
        return "utf-16-be", 0
    return "utf-8", 0


class _Window:
    """A stretch of a text with a position in it."""

    def __init__(self, stream: Bytes, head: bytes, size: int) -> None:
        self._stream, self._size = stream, size
        self._encoding, skipped = encoding_of(head)
        self._decoder = codecs.getincrementaldecoder(self._encoding)("strict")
        self._fed = skipped  # bytes given to the decoder
        self._before = skipped  # bytes before the window
        self._line, self._counted = 1, 0  # the line of that position of the window
        self.text, self.at, self.ended = "", 0, False
        self._feed(head[skipped:])

    def _feed(self, data: bytes) -> None:
        try:
            self.text += self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            spot = self._fed + error.start
            line = self.line(len(self.text)) + data[: error.start].count(b"\n")
            why = f"byte {spot} is not {self._encoding}: {error.reason}"
            raise Broken("bad_encoding", line, why) from None
        self._fed += len(data)
        self.ended = not data

    def more(self) -> bool:
        """Read on, dropping what lies behind; False at the end of the text."""
        if self.ended:
            return False
        if self.at:
            self.line(self.at)
            self._before += len(self.text[: self.at].encode(self._encoding, "surrogatepass"))
            self.text, self._counted, self.at = self.text[self.at :], 0, 0
        if len(self.text) > LARGEST:
            raise self.broken(self.at, f"one object is longer than {LARGEST:,} characters")
        # A window doubles with an object that does not fit, so that retries stay few.
        self._feed(self._stream.read(max(self._size, len(self.text))))
        return True

    def broken(self, at: int, why: str) -> Broken:
        line = self.line(at)
        offset = self._before + len(self.text[:at].encode(self._encoding, "surrogatepass"))
        return Broken("bad_json", line, f"{why} (byte {offset})")

    def peek(self) -> str:
        """The next character that is not space, or nothing at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def expect(self, char: str) -> None:
        if self.peek() != char:
            raise self.broken(self.at, f"{char!r} is missing")
        self.at += 1

    def line(self, at: int) -> int:
        """The line of a position that is not before the last one asked for."""
        self._line += self.text.count("\n", self._counted, at)
        self._counted = max(at, self._counted)
        return self._line

    def value(self) -> object:
        """The value at the position, which moves behind it."""
        if not self.peek():
            raise self.broken(self.at, "the text ends too early")
        while True:
            try:
                value, end = DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated")
                if (cut or error.pos > len(self.text) - 16) and self.more():
                    continue
                cut = cut or error.pos >= len(self.text)
                why = "the text ends too early" if cut else error.msg
                raise self.broken(error.pos, why) from None
            except RecursionError:
                raise self.broken(self.at, "objects are nested too deeply") from None
            # A number at the very end of the window may go on behind it.
            if end < len(self.text) or self.ended or not self.more():
                self.at = end
                return value


def read_document(
    stream: Bytes, head: bytes, lists: tuple[str, ...], *, window: int = WINDOW
) -> Iterator[Found]:
    """The objects of a document, or of several one after the other.

    A top-level list gives its members; a top-level object the members of those of its keys
    that `lists` names, and last itself with its other keys (`pointer` empty).

    Args:
        stream: Bytes behind `head`.
        head: First bytes, at least 4 where there are as many.
        lists: Keys whose lists are read member by member.
        window: Characters read at a time.

    Raises:
        Broken: The text is not JSON; what was given before it is not to be trusted.
    """
    text = _Window(stream, head, window)
    if not text.peek():
        raise Broken("empty_file", 0, "the file is empty (byte 0)")
    while True:
        yield from _document(text, lists)
        if not text.peek():
            return
        if text.peek() not in "{[":
            raise text.broken(text.at, "there is more after the end of the document")


def _document(text: _Window, lists: tuple[str, ...]) -> Iterator[Found]:
    first, line = text.peek(), text.line(text.at)
    if first == "[":
        yield from _members(text, "")
        return
    if first != "{":
        yield Found(text.value(), "", line)
        return
    text.at += 1
    rest: dict[str, object] = {}
    while text.peek() != "}" or rest:
        key = text.value()
        if not isinstance(key, str) or text.text[text.at - 1] != '"':
            raise text.broken(text.at, "a key must be a string")
        text.expect(":")
        if key in lists and text.peek() == "[":
            yield from _members(text, f"/{key}")
            rest.setdefault(key, None)
        else:
            rest[key] = text.value()
        if text.peek() != ",":
            break
        text.at += 1
    text.expect("}")
    yield Found(rest, "", line)


def _members(text: _Window, pointer: str) -> Iterator[Found]:
    text.at += 1
    if text.peek() == "]":
        text.at += 1
        return
    number = 0
    while True:
        if text.peek() in "]},":
            raise text.broken(text.at, "a value is missing")
        line = text.line(text.at)
        yield Found(text.value(), f"{pointer}/{number}", line)
        number += 1
        if text.peek() != ",":
            text.expect("]")
            return
        text.at += 1


def read_lines(
    stream: Bytes, head: bytes, refuse: Callable[[Broken, str], None]
) -> Iterator[Found]:
    """The values of JSON Lines; `pointer` is empty, `line` the line.

    Args:
        stream: Bytes behind `head`.
        head: First bytes.
        refuse: Told of every line that cannot be read, with its beginning.

    Raises:
        Broken: Lines in UTF-16 or UTF-32 whose encoding breaks: no later line can be found.
    """
    encoding, skipped = encoding_of(head)
    offset = skipped
    for number, raw in enumerate(_raw_lines(stream, head[skipped:], encoding), 1):
        try:
            line = raw.decode(encoding)
            if line.strip():
                value, end = DECODER.raw_decode(line, _SPACE.match(line, 0).end())  # type: ignore[union-attr]
                if line[end:].strip():
                    raise json.JSONDecodeError("Extra data", line, end)
                yield Found(value, "", number)
        except json.JSONDecodeError as error:
            spot = offset + len(error.doc[: error.pos].encode(encoding, "surrogatepass"))
            refuse(Broken("bad_json", number, f"{error.msg} (byte {spot})"), line[:80])
        except UnicodeDecodeError as error:
            why = f"byte {offset + error.start} is not {encoding}: {error.reason}"
            refuse(Broken("bad_encoding", number, why), raw[:80].decode("utf-8", "replace"))
        except RecursionError:
            why = f"objects are nested too deeply (byte {offset})"
            refuse(Broken("bad_json", number, why), line[:80])
        offset += len(raw)


def _raw_lines(stream: Bytes, head: bytes, encoding: str) -> Iterator[bytes]:
    end = "\n".encode(encoding)
    width = len(end)
    rest = head
    while True:
        data = stream.read(WINDOW)
        start = 0
        rest += data
        while (cut := rest.find(end, start)) >= 0:
            if (cut - start) % width:  # half of two characters, not a line end
                cut = _aligned(rest, end, start, width)
                if cut < 0:
                    break
            yield rest[start : cut + width]
            start = cut + width
        rest = rest[start:]
        if len(rest) > LARGEST:
            raise Broken("bad_json", 0, f"one line is longer than {LARGEST:,} bytes")
        if not data:
            if rest:
                yield rest
            return


def _aligned(data: bytes, end: bytes, start: int, width: int) -> int:
    at = data.find(end, start)
    while at >= 0 and (at - start) % width:
        at = data.find(end, at + 1)
    return at
