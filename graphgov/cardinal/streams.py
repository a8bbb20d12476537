"""Files that commands read and write, `-` for the standard streams."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from graphgov.errors import ConfigError, InputError

STANDARD = Path("-")


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file.

    Raises:
        InputError: It cannot be opened.
    """
    if path == STANDARD:
        if sys.stdin is None:  # closed by whoever started the program
            raise InputError("There is no standard input.")
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: {why(error)}.") from None
    with file:
        yield file


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write bytes to, which takes the place of what is there when all is written.

    What is there stays as it was if the work is stopped. A device or pipe is written to directly.

    Raises:
        ConfigError: It cannot be opened.
    """
    if path == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = path.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.is_file():
            target.open("ab").close()  # whoever may not write here is told now
        whole = target.is_file() or not target.exists()
        file = part.open("xb") if whole else target.open("wb")
    except OSError as error:
        raise ConfigError(f"{path}: {why(error)}.") from None
    try:
        with file:
            yield file
        if whole:
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            part.replace(target)
    finally:
        if whole:
            part.unlink(missing_ok=True)


def keep_apart(paths: dict[str, Path]) -> None:
    """Refuse two uses of one file: writing would empty what is read, or mix what is written.

    Args:
        paths: Files by what they are called in the message.

    Raises:
        ConfigError: Two of them are the same file.
    """
    seen: dict[tuple[int, int] | Path, str] = {}
    for name, path in paths.items():
        if path == STANDARD:
            continue
        key: tuple[int, int] | Path = path.absolute()
        if path.exists():
            about = path.stat()
            if not stat.S_ISREG(about.st_mode):
                continue
            key = (about.st_dev, about.st_ino)
        if key in seen:
            raise ConfigError(f"{path} cannot be both {seen[key]} and {name}.")
        seen[key] = name


def why(error: OSError) -> str:
    """What the system says, in words."""
    if isinstance(error, IsADirectoryError):
        return "Is a directory, not a file"
    return error.strerror or str(error)
