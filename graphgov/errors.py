"""Every error GraphGov raises on purpose: what went wrong, where, what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class GraphgovError(Exception):
    """Root of all deliberate errors; the command line ends with exit code 1."""

    exit_code = 1


class InputError(GraphgovError, ValueError):
    """The data given cannot be used as a whole (a bad row is a reject instead)."""

    exit_code = 2


class ConfigError(GraphgovError, ValueError):
    """An option or a configuration key is wrong."""

    exit_code = 2


class StoreError(GraphgovError, RuntimeError):
    """A graph store refused or lost the work; never carries the password."""


class MissingExtra(GraphgovError, ImportError):
    """An optional package is needed; the message gives the install command."""


def suggest(word: str, known: Iterable[str]) -> str:
    """A short hint naming the closest known word, or the known words.

    Args:
        word: What was given.
        known: What would have been accepted.
    """
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(names)}." if names else ""
