"""Sources of any format into one dataset."""

import importlib
import pkgutil
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from graphgov.errors import InputError
from graphgov.ingest import dataset as folder_of_tables
from graphgov.ingest.base import FileRead, Format, RawRows
from graphgov.ingest.landing import Landing, Progress
from graphgov.schema import Tables
from graphgov.schema.dataset import Scratch, connect

MEMORY = "1GB"  # of DuckDB while reading; beyond it, it spills to the temporary folder


def formats() -> list[type[Format]]:
    """Every format in this room, in the order in which they are asked."""
    found: list[type[Format]] = []
    package = importlib.import_module("graphgov.ingest")
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"graphgov.ingest.{info.name}")
        found += [
            thing
            for thing in vars(module).values()
            if isinstance(thing, type)
            and issubclass(thing, Format)
            and thing is not Format
            and thing.__module__ == module.__name__
        ]
    return sorted(found, key=lambda f: (f.order, f.name))


def read(
    sources: Sequence[Path | str],
    *,
    dataset: str = "",
    timezone: str = "UTC",
    progress: Progress | None = None,
) -> Tables:
    """Several sources as one dataset.

    Memory does not grow with the size of the input: rows are typed, checked and sorted in a
    temporary database file.

    Args:
        sources: Folders and files; `-` is standard input (JSON Lines).
        dataset: Prefix of every id, as `NAME:id`.
        timezone: Zone of times that carry none.
        progress: Called with what is being read and how many rows have come.

    Raises:
        InputError: A source is missing, of no known format, or makes no sense as a whole.
    """
    _check(sources, dataset, timezone)
    scratch = Scratch("tables")
    con = connect(str(scratch.path / "tables.duckdb"), memory=MEMORY)
    con.execute("PRAGMA force_compression = 'uncompressed'")  # half of the work of writing
    landing = Landing(con, dataset=dataset, timezone=timezone, progress=progress)
    files: list[tuple[str, str]] = []
    asked = formats()
    used = set()
    failed: set[str] = set()
    for source, prefix in zip(sources, _prefixes(sources), strict=True):
        path = Path(source)
        if str(source) != "-" and not path.exists():
            raise InputError(f"There is no file or folder {str(source)!r}.")
        chosen = next((f for f in asked if f.claims(path)), None)
        if chosen is None:
            raise InputError(
                f"{str(source)!r} holds nothing that can be read: neither tables of a dataset "
                "(awards.csv, …; see `graphgov show tables`) nor OCDS JSON."
            )
        used.add(chosen)
        for part in chosen().read(path):
            if isinstance(part, FileRead):
                files.append((prefix + part.name, part.sha256))
                continue
            placed = prefix + part.file
            if isinstance(part, RawRows):
                several = part.files and [prefix + name for name in part.files]
                landing.add(replace(part, file=placed, files=several or None))
            else:
                table = folder_of_tables.table_of(part.file)
                failed.add(table)
                landing.reject(part._replace(file=placed), table)
    if "awards" not in landing.tables_seen | failed and used == {folder_of_tables.Dataset}:
        raise InputError(
            "There is no awards table; it is the one table that a dataset must have. "
            "`graphgov show tables` writes empty ones."
        )
    return landing.finish(files, folder=scratch)


def _check(sources: Sequence[Path | str], dataset: str, timezone: str) -> None:
    if not sources:
        raise InputError("Name at least one source: a folder of tables, or OCDS files.")
    if dataset and not re.fullmatch(r"[\w.-]+", dataset):
        raise InputError(
            f"The dataset's name {dataset!r} may hold only letters, digits, '_', '-' and '.'."
        )
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"timezone {timezone!r} is not known.") from None


def _prefixes(sources: Sequence[Path | str]) -> list[str]:
    """What stands before file names, so that two sources' awards.csv stay two files."""
    if len(sources) == 1:
        return [""]
    names = [Path(s).resolve().name if str(s) != "-" else "-" for s in sources]
    seen: dict[str, int] = {}
    found: list[str] = []
    for source, name in zip(sources, names, strict=True):
        if Path(source).is_file() or name == "-":
            found.append("" if names.count(name) == 1 else f"{len(found) + 1}/")
            continue
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name}/" if seen[name] == 1 else f"{name}-{seen[name]}/")
    return found
