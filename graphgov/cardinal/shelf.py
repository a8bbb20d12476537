"""Arrays put aside: in memory as long as they are few, beyond that in a file without a name."""

import os
import tempfile
import weakref
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from graphgov.errors import InputError

MOST_HELD = 128 << 20  # bytes in memory; with more, all lies in a temporary file
_ALIGNED = 64
Layout = dict[str, tuple[str, int, int]]  # by name: type, place and size within the parcel


@dataclass(eq=False)
class Parcel:
    """Some arrays on a shelf.

    Attributes:
        shelf: Where it lies.
        size: Bytes.
        layout: Where each array is.
        at: Its place in the shelf's file; -1 as long as it is in memory.
        data: The bytes in memory, empty if they lie in the file.
    """

    shelf: "Shelf" = field(repr=False)
    size: int
    layout: Layout
    at: int = -1
    data: bytes = field(default=b"", repr=False)

    def content(self) -> bytes:
        """All its bytes."""
        return self.data if self.at < 0 else self.shelf.read(self.at, self.size)

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays; they cannot be written to."""
        return self._views(self.content(), 0, self.layout)

    def only(self, *names: str) -> dict[str, np.ndarray]:
        """Some of the arrays; what lies before and after them is not read."""
        layout = {name: self.layout[name] for name in names}
        start = min(at for _, at, _ in layout.values())
        end = max(at + size for _, at, size in layout.values())
        if self.at < 0:
            return self._views(self.data, 0, layout)
        return self._views(self.shelf.read(self.at + start, end - start), start, layout)

    @staticmethod
    def _views(data: bytes, start: int, layout: Layout) -> dict[str, np.ndarray]:
        return {
            name: np.frombuffer(data, np.dtype(kind), size // np.dtype(kind).itemsize, at - start)
            for name, (kind, at, size) in layout.items()
        }


class Shelf:
    """Where parcels lie.

    Args:
        most: Bytes held in memory; `MOST_HELD` if not given.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = MOST_HELD if most is None else most
        self._held: list[Parcel] = []
        self._bytes = 0
        self._file = -1
        self._end = 0

    @classmethod
    def of_file(cls, file: int) -> "Shelf":
        """A shelf that takes over an open file, which is only read."""
        shelf = cls()
        shelf._file = file
        weakref.finalize(shelf, os.close, file)
        return shelf

    def put(self, arrays: Mapping[str, np.ndarray]) -> Parcel:
        """Put arrays aside.

        Raises:
            InputError: There is no room for the temporary file.
        """
        layout: Layout = {}
        parts: list[bytes | memoryview] = []
        at = 0
        for name, array in arrays.items():
            layout[name] = (array.dtype.str, at, array.nbytes)
            pad = -array.nbytes % _ALIGNED
            parts += [np.ascontiguousarray(array).view(np.uint8).data, bytes(pad)]
            at += array.nbytes + pad
        return self._put(Parcel(self, at, layout, data=b"".join(parts)))

    def put_bytes(self, data: bytes) -> Parcel:
        """Put bytes aside, errors as with `put`."""
        return self._put(Parcel(self, len(data), {}, data=data))

    def _put(self, parcel: Parcel) -> Parcel:
        self._held.append(parcel)
        self._bytes += parcel.size
        if self._bytes > self._most:
            self._spill()
        return parcel

    def _spill(self) -> None:
        """Write what is in memory; from now on nothing is kept there for long."""
        try:
            if self._file < 0:
                with tempfile.TemporaryFile(buffering=0, dir=_folder()) as file:
                    self._file = os.dup(file.fileno())
                weakref.finalize(self, os.close, self._file)
            for parcel in self._held:
                _write(self._file, self._end, parcel.data)
                parcel.at, parcel.data = self._end, b""
                self._end += parcel.size
        except OSError as error:
            raise InputError(
                f"What was read does not fit into the temporary folder {_folder()}: "
                f"{error.strerror or error}; TMPDIR names another."
            ) from error
        self._held = []
        self._bytes, self._most = 0, min(self._most, _WRITTEN)

    def read(self, at: int, size: int) -> bytes:
        """Bytes of the file.

        Raises:
            InputError: They are not there any more.
        """
        os.lseek(self._file, at, os.SEEK_SET)
        parts = []
        while size > 0 and (part := os.read(self._file, size)):
            parts.append(part)
            size -= len(part)
        if size:
            raise InputError("A temporary file was cut off while it was in use.")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def checked(self, size: int, total: int) -> bool:
        """Whether the file begins with `size` bytes of this CRC-32."""
        os.lseek(self._file, 0, os.SEEK_SET)
        found = 0
        while size > 0 and (part := os.read(self._file, min(size, _WRITTEN))):
            found = zlib.crc32(part, found)
            size -= len(part)
        return size == 0 and found == total


def _folder() -> str:
    """Where temporary files go: as the user says, else where large ones belong."""
    asked = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    # the usual folder is often in memory, which is what is to be spared
    return _ON_DISK if not asked and os.access(_ON_DISK, os.W_OK) else tempfile.gettempdir()


_ON_DISK = "/var/tmp"
_WRITTEN = 4 << 20  # bytes collected before they are written


def _write(file: int, at: int, data: bytes) -> None:
    os.lseek(file, at, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
