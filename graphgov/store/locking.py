"""One writer at a time: an advisory lock beside the graph's file.

The database itself keeps two writers apart but lets a reader in beside a writer, and the first
load writes a file of another name; this lock covers both.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from graphgov.errors import StoreError


@contextlib.contextmanager
def locked(path: Path, *, write: bool) -> Iterator[None]:
    """Hold the lock of a graph file, shared for readers.

    Raises:
        StoreError: Another process holds it.
    """
    if sys.platform == "win32":  # the database's own lock must do
        yield
        return
    import fcntl

    lock = path.with_name(f"{path.name}.lock")
    fresh = not lock.exists()
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if write:
            raise StoreError(f"{path} cannot be written: {error.strerror}.") from None
        yield  # a folder that nobody can write to has no writer
        return
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if write else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"{path} is in use by another process. One may write at a time, and nobody reads "
                "meanwhile; try again when it is done."
            ) from None
        yield
    except StoreError:
        if fresh:  # what was no graph keeps no lock beside it
            lock.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
