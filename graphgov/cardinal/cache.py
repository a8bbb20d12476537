"""What was read of a file, kept as columns in the user's cache folder.

One file per input, named after its path: the columns as they are, JSON that says what they hold,
and a last line on that. It counts only for the same size, times and version, and only if its sums
are right.
"""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphgov.cardinal.repeats import Repeats
from graphgov.cardinal.shelf import Parcel, Shelf
from graphgov.cardinal.table import Part, Table, Texts
from graphgov.errors import InputError

VERSION = 3  # of the columns and of what they mean
MOST_BYTES = 2 << 30  # all files together; the ones not used for longest go first
LEAST_BYTES = 1 << 20  # a smaller input is read as fast as its columns
MOST_WARNINGS = 1000  # an input with more is read anew, so that they can be said again
_FRESH = 0.1  # seconds within which a file may change again without a change of its time
_SUFFIX = ".columns"
_LAST = 32  # bytes of the last line: size and sum of the JSON


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a file from another."""

    path: str
    size: int
    changed: tuple[int, int, int]

    @classmethod
    def of(cls, path: Path, file: int | None = None) -> "Stamp":
        """The stamp of a file, or of what was opened under its name.

        Raises:
            OSError: There is none.
        """
        about = path.stat() if file is None else os.fstat(file)
        return cls(
            str(path.resolve()), about.st_size, (about.st_mtime_ns, about.st_ctime_ns, about.st_ino)
        )

    @property
    def settled(self) -> bool:
        """Whether a further change would show."""
        return time.time() - max(self.changed[:2]) / 1e9 > _FRESH


def folder() -> Path:
    """Where the files lie: `graphgov/cardinal` in the user's cache folder."""
    asked = os.environ.get("XDG_CACHE_HOME", "")
    if asked and Path(asked).is_absolute():
        base = Path(asked)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path.home() / ".cache"
    return base / "graphgov" / "cardinal"


def load(stamp: Stamp) -> tuple[Table, list[str]] | None:
    """What was kept of a file in this very state, with the warnings; None if nothing usable was."""
    try:
        place = _place(stamp)
        file = os.open(place, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except (OSError, RuntimeError):
        return None
    shelf = Shelf.of_file(file)
    try:
        header = _header(shelf, os.fstat(file).st_size)
        if header["stamp"] != _said(stamp) or header["version"] != VERSION:
            return None
        if not shelf.checked(header["bytes"], header["sum"]):
            return None
        with contextlib.suppress(OSError):
            os.utime(place)  # used just now
        return _table(shelf, header), header["warnings"]
    except (OSError, InputError, ValueError, KeyError, TypeError):
        return None


def _header(shelf: Shelf, size: int) -> dict[str, Any]:
    last = shelf.read(size - _LAST, _LAST) if size > _LAST else b""
    length, total = (int(word, 16) for word in last.split())
    text = shelf.read(size - _LAST - length, length)
    if zlib.crc32(text) != total:
        raise ValueError("the header is spoilt")
    header: dict[str, Any] = json.loads(text)
    return header


def keep(stamp: Stamp, table: Table, warnings: list[str]) -> None:
    """Keep what was read, if there is room and leave to write; otherwise nothing happens."""
    if len(warnings) > MOST_WARNINGS or stamp.size < LEAST_BYTES or not stamp.settled:
        return
    rest = Shelf().put(_rest(table))
    parcels = [*(part.parcel for part in table.parts), rest]
    total = sum(parcel.size for parcel in parcels)
    if total > MOST_BYTES:
        return
    header = {
        "version": VERSION, "stamp": _said(stamp), "bytes": total, "kinds": list(table.words),
        "warnings": warnings, "layouts": [[parcel.size, parcel.layout] for parcel in parcels],
        "parts": [part.count for part in table.parts],
    }  # fmt: skip
    with contextlib.suppress(OSError, RuntimeError):
        home = folder()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_room(home, total, _place(stamp))
        handle, name = tempfile.mkstemp(suffix=".part", dir=home)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - an open descriptor
                _write(file, parcels, header)
            Path(name).replace(_place(stamp))
        finally:
            with contextlib.suppress(OSError):
                Path(name).unlink()


def _write(file: Any, parcels: list[Parcel], header: dict[str, Any]) -> None:
    total = 0
    for parcel in parcels:
        data = parcel.content()
        total = zlib.crc32(data, total)
        file.write(data)
    text = json.dumps({**header, "sum": total}).encode() + b"\n"
    file.write(text)
    file.write(b"%020x %08x  \n" % (len(text), zlib.crc32(text)))


def _rest(table: Table) -> dict[str, np.ndarray]:
    """What is not of one part."""
    arrays: dict[str, np.ndarray] = {"rows": table.repeats.rows, "code": table.repeats.code}
    for kind, texts in table.words.items():
        arrays[f"blob {kind}"] = np.frombuffer(texts.blob, np.uint8)
        arrays[f"ends {kind}"] = texts.ends
    return arrays


def _table(shelf: Shelf, header: dict[str, Any]) -> Table:
    parcels, at = [], 0
    for size, layout in header["layouts"]:
        parcels.append(Parcel(shelf, size, {k: tuple(v) for k, v in layout.items()}, at))
        at += size
    *columns, rest = parcels
    arrays = rest.arrays()
    parts, first = [], 0
    for count, parcel in zip(header["parts"], columns, strict=True):
        parts.append(Part(first, count, parcel))
        first += count
    words = {
        kind: Texts(arrays[f"blob {kind}"].tobytes(), arrays[f"ends {kind}"])
        for kind in header["kinds"]
    }
    return Table(parts, Repeats(arrays["rows"], arrays["code"]), words)


def _make_room(home: Path, wanted: int, but: Path) -> None:
    """Remove what was not used for longest until there is room, and what a crash left behind."""
    found = []
    for path in home.iterdir():
        about = path.stat()
        if path.suffix == ".part" and time.time() - about.st_mtime > 24 * 3600:
            path.unlink()
        elif path.suffix == _SUFFIX and path != but:
            found.append((about.st_mtime_ns, about.st_size, path))
    total = wanted + sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= MOST_BYTES:
            break
        path.unlink(missing_ok=True)
        total -= size


def _place(stamp: Stamp) -> Path:
    name = hashlib.sha256(os.fsencode(stamp.path)).hexdigest()[:32]
    return folder() / (name + _SUFFIX)


def _said(stamp: Stamp) -> list[Any]:
    return [os.fsencode(stamp.path).hex(), stamp.size, *stamp.changed]
