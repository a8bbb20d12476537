"""What `graphgov cardinal indicators` does: settings, reading, computing."""

import stat
from collections.abc import Callable
from pathlib import Path

from graphgov.cardinal import cache
from graphgov.cardinal.reading import file_chunks, stream_chunks, unpacked, warned
from graphgov.cardinal.settings import Settings, load
from graphgov.cardinal.streams import STANDARD, reading
from graphgov.cardinal.table import Table, merged

Say = Callable[[str], None]


def table(file: Path, *, cached: bool, warn: Say) -> Table:
    """Read a file, or the columns kept of it.

    Args:
        file: Lines of JSON, gzipped if the name ends in `.gz`; `-` for stdin.
        cached: Whether what was read before may be used, and what is read be kept.
        warn: Told of lines passed over.

    Raises:
        InputError: It cannot be read.
    """
    with reading(file) as stream:
        if file.suffix == ".gz":
            with unpacked(stream) as plain:
                return merged(warned(stream_chunks(plain), warn))
        if file == STANDARD or not stat.S_ISREG(file.stat().st_mode):
            return merged(warned(stream_chunks(stream), warn))
        return _regular(file, cached=cached, warn=warn)


def _regular(file: Path, *, cached: bool, warn: Say) -> Table:
    stamp = cache.Stamp.of(file)
    kept = cache.load(stamp) if cached else None
    if kept is not None:
        for text in kept[1]:
            warn(text)
        return kept[0]
    said: list[str] = []

    def note(text: str) -> None:
        warn(text)
        if len(said) <= cache.MOST_WARNINGS:
            said.append(text)

    found = merged(warned(file_chunks(file, stamp.size), note))
    if cached and cache.Stamp.of(file) == stamp:
        cache.keep(stamp, found, said)
    return found


def asked(settings: Path | None) -> Settings:
    """The settings of a file; without one nothing is computed.

    Raises:
        ConfigError: They cannot be used.
    """
    return Settings() if settings is None else load(settings)
