"""Files of OCDS: which there are, opened and unpacked, and the releases and records in them."""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from graphgov.ingest.ocds_cells import Node, cell, members, node
from graphgov.ingest.ocds_draft import is_draft
from graphgov.ingest.ocds_read import (
    DECODER,
    Broken,
    Bytes,
    Found,
    encoding_of,
    read_document,
    read_lines,
)
from graphgov.ingest.ocds_spool import Kind, Place, Spool

_PLAIN = (".json", ".jsonl", ".ndjson")
_LINES = (".jsonl", ".ndjson")
_PACKED = (".gz", ".zip")
_HEAD = 1 << 18
# zipfile says RuntimeError of a password or of a compression it does not know.
_UNPACKING = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError)
_CONTENT = {"tender", "awards", "contracts", "buyer", "bids", "planning", "parties", "contract"}


def is_json_name(name: str) -> bool:
    """Whether a file may hold OCDS, by its name."""
    name = name.lower()
    for ending in _PACKED:
        if name.endswith(ending):
            bare = name.removesuffix(ending)
            return bare.endswith(_PLAIN) or (ending == ".zip" and "." not in Path(bare).name[1:])
    return name.endswith(_PLAIN)


def files_of(source: Path) -> Iterator[Path]:
    """The files of a source in the order of their names; hidden ones are not looked at."""
    if not source.is_dir():
        yield source
        return
    for path in sorted(source.rglob("*"), key=lambda p: p.relative_to(source).as_posix()):
        hidden = any(part.startswith(".") for part in path.relative_to(source).parts)
        if path.is_file() and not hidden:
            yield path


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes on disk."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Hashed:
    """A stream that can be read only once, hashed on the way."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._sha = hashlib.sha256()

    def __enter__(self) -> "Hashed":
        return self

    def __exit__(self, *_: object) -> None:
        while self.read(_HEAD):
            pass

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self._sha.update(data)
        return data

    def hexdigest(self) -> str:
        """The hash of what has been read."""
        return self._sha.hexdigest()


def read_text(stream: Bytes, file: int, spool: Spool, *, lines: bool) -> None:
    """Put every release of one JSON text, and every fault of it, into the spool.

    A document that breaks leaves one fault there and nothing else.

    Args:
        stream: Unpacked bytes.
        file: Number of the file.
        spool: Where releases wait.
        lines: Whether the text is known to be JSON Lines.
    """
    spool.begin()
    intake = _Intake(file, spool)
    try:
        head = stream.read(_HEAD)
        if lines or _looks_like_lines(head):
            for found in read_lines(stream, head, intake.refuse):
                intake.line(found)
        else:
            for found in read_document(stream, head, ("releases", "records")):
                if found.pointer:
                    intake.member(found)
                else:
                    intake.document(found)
    except Broken as broken:
        fault = broken
    except _UNPACKING as error:
        fault = Broken("unreadable_file", 0, f"the file cannot be unpacked: {error}")
    else:
        spool.end(keep=True)
        return
    spool.end(keep=False)
    spool.refuse(file, fault.line, fault.code, "", fault.why)


def _looks_like_lines(head: bytes) -> bool:
    """Whether the first line is a whole object and another one follows it."""
    encoding, skipped = encoding_of(head)
    text = head[skipped:].decode(encoding, "ignore").lstrip()
    first, _, rest = text.partition("\n")
    if not first.startswith("{") or not rest.lstrip().startswith("{"):
        return False
    try:
        _, end = DECODER.raw_decode(first)
    except (ValueError, RecursionError):
        return False
    return not first[end:].strip()


class _Intake:
    """Sorts what a text holds into releases that wait and faults."""

    def __init__(self, file: int, spool: Spool) -> None:
        self.file, self.spool = file, spool
        self._links: list[tuple[Broken, str]] = []
        self._whole = 0

    def refuse(self, broken: Broken, value: str) -> None:
        """Note what cannot be read."""
        self.spool.refuse(self.file, broken.line, broken.code, value, broken.why)

    def line(self, found: Found) -> None:
        """A line of JSON Lines: it breaks alone."""
        try:
            self.document(found)
        except Broken as broken:
            self.refuse(broken, "")

    def document(self, found: Found) -> None:
        """A whole document, or what is left of it when its lists have been read."""
        value = found.value
        if not isinstance(value, dict):
            self._fault(found, "not_ocds", "the text is not a release, a record or a package")
            return
        version = cell(value.get("version"))
        if version and version.split(".")[0] not in ("0", "1"):
            raise Broken("unsupported_version", found.line, f"OCDS {version} is not known")
        streamed = [k for k in ("releases", "records") if k in value and value[k] is None]
        if "ocid" in value:
            self.record(found, value) if self._is_record(value) else self.release(found, value)
        elif not streamed:
            lists = [k for k in ("releases", "records") if isinstance(value.get(k), list | dict)]
            for key in lists:
                given = value[key]
                for index, one in enumerate(given if isinstance(given, list) else [given]):
                    self.member(Found(one, f"/{key}/{index}", found.line))
            if not lists:
                self._fault(found, "not_ocds", "there is no ocid, nor releases or records")
        if not found.pointer:
            for broken, link in self._links:
                self.refuse(broken, link)
            self._links, self._whole = [], 0

    def member(self, found: Found) -> None:
        """A member of a list."""
        if not isinstance(found.value, dict):
            self._fault(found, "not_ocds", "a release or record must be an object")
        elif self._is_record(found.value):
            self.record(found, found.value)
        elif "ocid" not in found.value and ("releases" in found.value or "records" in found.value):
            self.document(found)
        else:
            self.release(found, found.value)

    @staticmethod
    def _is_record(value: Node) -> bool:
        return any(k in value for k in ("releases", "compiledRelease", "versionedRelease"))

    def record(self, found: Found, record: Node) -> None:
        """A record: its releases, or the compiled one where some are only linked."""
        streamed = "releases" in record and record["releases"] is None and not found.pointer
        links, self._links = self._links, []
        if not streamed:
            links, before = [], self._whole
            for index, given in enumerate(members(record.get("releases"))):
                release = given if isinstance(given, dict) else {"url": cell(given)}
                release.setdefault("ocid", record.get("ocid"))
                at = Found(release, f"{found.pointer}/releases/{index}", found.line)
                self.release(at, release)
            links, self._links = self._links, []
            whole = self._whole - before
        else:
            whole = self._whole
        compiled = node(record.get("compiledRelease"))
        if compiled and (links or not whole):
            compiled.setdefault("ocid", record.get("ocid"))
            at = Found(compiled, f"{found.pointer}/compiledRelease", found.line)
            self.release(at, compiled, Kind.COMPILED)
        elif links:
            for broken, link in links:
                self.refuse(broken, link)
        elif not whole:
            self._fault(found, "empty_record", "the record holds no release")

    def release(self, found: Found, release: Node, kind: Kind = Kind.RELEASE) -> None:
        """A release, or the link to one."""
        if not _CONTENT & release.keys() and ("url" in release or "uri" in release):
            link = cell(release.get("url")) or cell(release.get("uri")) or ""
            why = f"the release at {found.pointer or '/'} is only a link; it is not followed"
            self._links.append((Broken("linked_release", found.line, why), link))
            return
        ocid = cell(release.get("ocid"))
        if ocid is None:
            self._fault(found, "missing_ocid", "the release has no ocid")
            return
        if kind is Kind.RELEASE and is_draft(release):
            kind = Kind.DRAFT
        place = Place(self.file, found.line, found.pointer)
        try:
            self.spool.add(ocid, kind, place, release)
        except RecursionError:
            self._fault(found, "bad_json", "objects are nested too deeply")
            return
        self._whole += 1

    def _fault(self, found: Found, code: str, why: str) -> None:
        at = f" (at {found.pointer})" if found.pointer else ""
        self.refuse(Broken(code, found.line, why + at), "")


@dataclass(frozen=True)
class Text:
    """One JSON text of a file.

    Args:
        label: Name of the file, and of the member where an archive holds several.
        lines: Whether it is JSON Lines by its name.
        open: Gives the unpacked bytes.
    """

    label: str
    lines: bool
    open: Callable[[], IO[bytes]]


def texts_of(path: Path, name: str) -> Iterator[Text]:
    """The JSON texts in a file: itself, unpacked, or the members of an archive.

    Raises:
        Broken: The archive cannot be opened.
    """
    lowered = path.name.lower()
    if lowered.endswith(".gz"):
        lines = lowered.removesuffix(".gz").endswith(_LINES)
        yield Text(name, lines, lambda: cast("IO[bytes]", gzip.open(path)))  # noqa: SIM115
    elif lowered.endswith(".zip"):
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise Broken("unreadable_file", 0, f"the archive cannot be opened: {error}") from None
        with archive:
            found = [m for m in sorted(archive.namelist()) if is_json_name(m)]
            if not found:
                raise Broken("unreadable_file", 0, "the archive holds no JSON file")
            for member in found:
                label = name if len(found) == 1 else f"{name}/{member}"
                yield Text(label, member.lower().endswith(_LINES), partial(archive.open, member))
    else:
        yield Text(name, lowered.endswith(_LINES), lambda: path.open("rb"))
