"""The contract of a format: files → raw rows, all cells text, each with its place.

A format only reads. Typing, keys, references, stubs, repeats and rejects are the business of
the landing, which every format shares, so that a format cannot treat a value its own way.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from graphgov.schema import Reject


@dataclass(frozen=True)
class RawRows:
    """Some rows of one table as they were found.

    Args:
        table: Name of a table of the schema.
        columns: Cells as text by column name, None where unknown; all of one length. A name
            that the schema does not know becomes part of `extra`.
        file: Path relative to the source.
        lines: 1-based line of each row (the line it starts on).
        pointers: JSON pointer of each row inside its document, or None for tables.
        files: File of each row, where a batch gathers rows of several files.
    """

    table: str
    columns: Mapping[str, Sequence[str | None]]
    file: str
    lines: Sequence[int]
    pointers: Sequence[str] | None = None
    files: Sequence[str] | None = None


@dataclass(frozen=True)
class FileRead:
    """A file has been read to its end (or was given up with a reject).

    Args:
        name: Path relative to the source.
        sha256: Of its bytes on disk.
    """

    name: str
    sha256: str


class Format(ABC):
    """One way in. Formats are found by discovery, the first that claims a source reads it."""

    name: ClassVar[str]
    # Lower is asked first; a folder of tables before a folder of JSON.
    order: ClassVar[int] = 50

    @classmethod
    @abstractmethod
    def claims(cls, source: Path) -> bool:
        """Whether this format reads that file or folder; looks at names, not at contents."""

    @abstractmethod
    def read(self, source: Path) -> Iterator[RawRows | Reject | FileRead]:
        """Everything in a source, in batches of at most about 16 MB, never all at once.

        A reject counts as one row in, one rejected.

        Raises:
            InputError: The source as a whole makes no sense (an unknown file in a dataset).
        """
