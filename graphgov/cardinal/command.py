"""What `graphgov cardinal indicators` does: settings, reading, computing."""

import contextlib
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from graphgov.cardinal import cache
from graphgov.cardinal.reading import file_chunks, stream_chunks, unpacked, warned
from graphgov.cardinal.settings import Settings, load
from graphgov.cardinal.streams import STANDARD, reading
from graphgov.cardinal.table import Table, merged

Say = Callable[[str], None]


def indicators(
    file: Path, settings: Path | None, *, count: bool, meta: bool, maps: bool, cached: bool,
    say: Say, info: Say,
) -> None:  # fmt: skip
    """Compute the indicators of a file and print them.

    Args:
        file: Lines of JSON; `-` for stdin.
        settings: A settings file; without one nothing is computed.
        count: Whether to say how many results each group has.
        meta: Whether to print quartiles and fences.
        maps: Whether to print which organizations each process concerns.
        cached: Whether what was read before may be used, and what is read be kept.
        say: Told of lines and bids passed over, and of the counts.
        info: Told of what is less than a warning.

    Raises:
        InputError: The file cannot be read.
        ConfigError: The settings cannot be used.
    """

    def warn(text: str) -> None:
        say(f" WARN  graphgov > {text}")

    wanted = Settings() if settings is None else load(settings)
    read = table(file, cached=cached, warn=warn)
    from graphgov.cardinal.indicators import run

    results = run(read, wanted, maps=maps, warn=warn, info=info)
    for piece in results.pieces(meta=meta):
        sys.stdout.write(piece)
    sys.stdout.write("\n")
    if count:
        for name, number in results.counts.items():
            say(f"{name}: {number}")


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
            with unpacked(stream, file) as plain:
                return merged(warned(stream_chunks(plain), warn))
        if file == STANDARD or not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            return merged(warned(stream_chunks(stream), warn))
        return _regular(file, stream.fileno(), cached=cached, warn=warn)


def _regular(file: Path, opened: int, *, cached: bool, warn: Say) -> Table:
    stamp = cache.Stamp.of(file, opened)
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

    chunks = file_chunks(file, stamp.size, opened)
    # while the helpers read their first blocks there is time for the imports of what comes next
    import graphgov.cardinal.indicators  # noqa: F401

    found = merged(warned(chunks, note))
    with contextlib.suppress(OSError):  # it may be gone by now
        if cached and cache.Stamp.of(file) == stamp:
            cache.keep(stamp, found, said)
    return found
