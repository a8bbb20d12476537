"""What was read of a file, kept as columns in the user's cache folder.

One file per input, named after its path: a line of JSON that says what it holds, then the columns
as they are. It counts only for the same size, times and version, and only if its sum is right.
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

from graphgov.cardinal.table import COLUMNS, Table, Texts

VERSION = 1  # of the columns and of what they mean
MOST_BYTES = 2 << 30  # all files together; the ones not used for longest go first
LEAST_BYTES = 1 << 20  # a smaller input is read as fast as its columns
MOST_WARNINGS = 1000  # an input with more is read anew, so that they can be said again
_FRESH = 0.1  # seconds within which a file may change again without a change of its time
_SUFFIX = ".columns"
_ALIGNED = 64


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a file from another."""

    path: str
    size: int
    changed: tuple[int, int, int]

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """The stamp of a file.

        Raises:
            OSError: There is none.
        """
        about = path.stat()
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
        with place.open("rb") as file:
            summed, _, line = file.readline().partition(b" ")
            if int(summed, 16) != zlib.crc32(line):
                return None
            header = json.loads(line)
            if header["stamp"] != _said(stamp) or header["version"] != VERSION:
                return None
            data = np.fromfile(file, np.uint8)
        if data.size != header["bytes"] or zlib.crc32(data.data) != header["sum"]:
            return None
        arrays = {
            name: data[at : at + size].view(dtype) for name, dtype, at, size in header["arrays"]
        }
        with contextlib.suppress(OSError):
            os.utime(place)  # used just now
        return _table(arrays, header["kinds"]), header["warnings"]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def keep(stamp: Stamp, table: Table, warnings: list[str]) -> None:
    """Keep what was read, if there is room and leave to write; otherwise nothing happens."""
    if len(warnings) > MOST_WARNINGS or stamp.size < LEAST_BYTES or not stamp.settled:
        return
    arrays = _arrays(table)
    total = sum(_padded(array.nbytes) for array in arrays.values())
    if total > MOST_BYTES:
        return
    with contextlib.suppress(OSError, RuntimeError):
        home = folder()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_room(home, total, _place(stamp))
        handle, name = tempfile.mkstemp(suffix=".part", dir=home)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - an open descriptor
                _write(file, stamp, arrays, list(table.words), warnings)
            Path(name).replace(_place(stamp))
        finally:
            with contextlib.suppress(OSError):
                Path(name).unlink()


def _write(
    file: Any, stamp: Stamp, arrays: dict[str, np.ndarray], kinds: list[str], warnings: list[str]
) -> None:
    listed, at, total = [], 0, 0
    for name, array in arrays.items():
        listed.append((name, array.dtype.str, at, array.nbytes))
        pad = bytes(_padded(array.nbytes) - array.nbytes)
        total = zlib.crc32(pad, zlib.crc32(array.view(np.uint8).data, total))
        at += _padded(array.nbytes)
    header = {
        "version": VERSION, "stamp": _said(stamp), "bytes": at, "sum": total, "kinds": kinds,
        "warnings": warnings, "arrays": listed,
    }  # fmt: skip
    line = json.dumps(header).encode() + b"\n"
    file.write(b"%08x " % zlib.crc32(line) + line)
    for array in arrays.values():
        file.write(array.view(np.uint8))
        file.write(bytes(_padded(array.nbytes) - array.nbytes))


def _arrays(table: Table) -> dict[str, np.ndarray]:
    arrays = {f"column {name}": table.columns[name] for name in COLUMNS}
    arrays["ocid"] = table.ocid
    for name, texts in {"ocids": table.ocids, **table.words}.items():
        arrays[f"blob {name}"] = np.frombuffer(texts.blob, np.uint8)
        arrays[f"ends {name}"] = texts.ends
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _table(arrays: dict[str, np.ndarray], kinds: list[str]) -> Table:
    def texts(name: str) -> Texts:
        return Texts(arrays[f"blob {name}"].tobytes(), arrays[f"ends {name}"])

    return Table(
        {name: arrays[f"column {name}"] for name in COLUMNS},
        texts("ocids"),
        arrays["ocid"],
        {kind: texts(kind) for kind in kinds},
    )


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


def _padded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
