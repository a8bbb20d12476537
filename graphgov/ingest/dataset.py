"""A folder of tables: NAME.csv, NAME.csv.gz or NAME.parquet."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from graphgov.errors import InputError, suggest
from graphgov.ingest.base import FileRead, Format, RawRows
from graphgov.ingest.csvfile import read_csv
from graphgov.ingest.parquetfile import read_parquet
from graphgov.schema import TABLES, Reject

ENDINGS = (".csv", ".csv.gz", ".parquet")
# Files that may lie beside the tables and are not read.
BESIDE = ("truth.csv",)
_BESIDE_ENDINGS = (".md", ".txt", ".rst", ".html", ".pdf", ".toml", ".yaml", ".yml", ".json")
_BESIDE_STEMS = ("readme", "license", "licence", "changelog", "notice", "makefile")


class Dataset(Format):
    """Tables by file name; nothing is guessed."""

    name: ClassVar[str] = "dataset"
    order: ClassVar[int] = 10

    @classmethod
    def claims(cls, source: Path) -> bool:
        """A folder with CSV or Parquet files in it, or one such file."""
        if source.is_dir():
            return any(_ending(p.name) for p in source.iterdir() if not p.name.startswith("."))
        return bool(_ending(source.name))

    def read(self, source: Path) -> Iterator[RawRows | Reject | FileRead]:
        """Every table of the folder.

        Raises:
            InputError: A file is no table's, or a table has two files.
        """
        for table, path in sorted(table_files(source).items()):
            reader = read_parquet if path.suffix == ".parquet" else read_csv
            yield from reader(path, path.name, table)
            try:
                with path.open("rb") as file:
                    yield FileRead(path.name, hashlib.file_digest(file, "sha256").hexdigest())
            except OSError:
                yield FileRead(path.name, "")


def table_files(source: Path) -> dict[str, Path]:
    """The file of each table in a folder, or of the one table that a file holds.

    Raises:
        InputError: A file is no table's, or a table has two files.
    """
    paths = sorted(source.iterdir()) if source.is_dir() else [source]
    found: dict[str, Path] = {}
    for path in paths:
        ending = _ending(path.name)
        if _beside(path) or (path.is_dir() and not ending):
            continue
        table = path.name[: -len(ending)] if ending else path.name
        if not ending or table not in TABLES:
            hint = suggest(table, TABLES)
            meant = f"{hint} " if hint.startswith("Did") else ""
            raise InputError(
                f"{path.name} is no table of a dataset. {meant}"
                f"Tables: {', '.join(TABLES)} (each as {', '.join(ENDINGS)})."
            )
        if path.is_dir():
            raise InputError(f"{path.name} is a folder; a table is one file.")
        if table in found:
            raise InputError(
                f"{found[table].name} and {path.name} both hold {table}; keep one of them."
            )
        found[table] = path
    return found


def table_of(file: str) -> str:
    """The table that a file's name stands for, or an empty string."""
    name = file.rsplit("/", 1)[-1]
    stem = name.removesuffix(_ending(name))
    return stem if stem in TABLES else ""


def _ending(name: str) -> str:
    return next((e for e in ENDINGS if name.endswith(e)), "")


def _beside(path: Path) -> bool:
    name = path.name.lower()
    return (
        name.startswith((".", "_", "~"))
        or path.name in BESIDE
        or name.endswith(_BESIDE_ENDINGS)
        or name.split(".")[0] in _BESIDE_STEMS
    )
