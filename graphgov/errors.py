"""Every error GraphGov raises on purpose: what went wrong, where, what to do."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


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


def _closeness(word: str, name: str) -> tuple[float, int]:
    places = sum(a == b for a, b in zip(word, name, strict=False))
    return round(SequenceMatcher(None, name, word).ratio(), 9), places


def suggest(word: str, known: Iterable[str]) -> str:
    """A short hint naming the closest known word, or the known words.

    Args:
        word: What was given.
        known: What would have been accepted.
    """
    names = sorted(known)
    close = get_close_matches(word, names, n=5)
    if close:
        # Of equally close words the one that agrees in more places: D01 for DO1, not D13.
        best = max(close, key=lambda name: (_closeness(word, name), -close.index(name)))
        return f"Did you mean {best!r}?"
    return f"Known: {', '.join(names)}." if names else ""
