"""The folder of a run: written beside its place, then put there in one step.

Whoever reads the folder finds the last good run or the new one, never half of either, also
when a run is killed.
"""

import ctypes
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphgov.errors import ConfigError

MANIFEST = "manifest.json"
_MARK = ".graphgov-partial"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def check_place(out: Path, *, mark: str = MANIFEST, option: str = "-o") -> Path:
    """The real path of an output folder that may be put in place.

    Args:
        out: As it was given.
        mark: File by which an earlier output, that may be replaced, is known.
        option: Of the command line, for the message.

    Raises:
        ConfigError: Something that is no such output lies there.
    """
    place = out.resolve()
    if place.is_dir():
        if not (place / mark).is_file() and any(place.iterdir()):
            raise ConfigError(
                f"{out} holds something that is not the output of a run (it has no {mark}); "
                f"it is left alone. Give another folder with {option}."
            )
    elif place.exists():
        raise ConfigError(f"{out} is a file. Give a folder with {option}.")
    return place


@contextmanager
def written_beside(out: Path, *, mark: str = MANIFEST, option: str = "-o") -> Iterator[Path]:
    """A new folder that takes the place of `out` when the block ends well.

    When it ends badly the new folder goes away and `out` stays as it was.

    Raises:
        ConfigError: As `check_place`, or the folder cannot be made.
    """
    place = check_place(out, mark=mark, option=option)
    partial = place.with_name(f"{place.name}.partial-{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _clear_dead(place)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        (partial / _MARK).write_text(socket.gethostname(), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}.") from error
    try:
        yield partial
        (partial / _MARK).unlink()
        _swap(partial, place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _swap(new: Path, place: Path) -> None:
    if not place.exists():
        new.rename(place)
        return
    if _exchange(new, place):
        return  # the old folder is now under the other name and goes away there
    old = place.with_name(f"{place.name}.old-{os.getpid()}")
    place.rename(old)
    try:
        new.rename(place)
    except BaseException:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one system call, where there is such a call."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    pair = (os.fsencode(one), os.fsencode(other))
    done: int = rename(_AT_FDCWD, pair[0], _AT_FDCWD, pair[1], _RENAME_EXCHANGE)
    return done == 0


def _clear_dead(place: Path) -> None:
    """Take away what killed runs on this machine left beside the place."""
    for left in place.parent.glob(f"{_literal(place.name)}.partial-*"):
        pid = left.name.rpartition("-")[2]
        mark = left / _MARK
        try:
            ours = mark.read_text(encoding="utf-8") == socket.gethostname()
        except OSError:
            continue
        if ours and pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
