"""What is said to a person: results on stdout, talk on stderr, names made harmless."""

import re
import sys
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from threading import Event

STOPPED = Event()  # set by the signals that stop a command
VERBOSE: ContextVar[bool] = ContextVar("verbose", default=False)

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """Text without characters that steer a terminal; line ends and tabs stay."""
    return _CONTROL.sub("", text)


def line(text: str) -> str:
    """Harmless text on one line."""
    return " ".join(harmless(text).split())


def result(text: str) -> None:
    """Print to stdout."""
    sys.stdout.write(harmless(text) + "\n")


def say(text: str) -> None:
    """Print to stderr."""
    sys.stderr.write(harmless(text) + "\n")
    sys.stderr.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows under headings, numbers to the right."""
    cells = [[line("" if v is None else str(v)) for v in row] for row in rows]
    values = [list(row) for row in cells]
    widths = [max([len(name), *(len(r[i]) for r in values)]) for i, name in enumerate(columns)]
    right = [
        bool(values) and all(_NUMBER.fullmatch(r[i]) for r in values) for i in range(len(columns))
    ]

    def put(row: Sequence[str]) -> str:
        parts = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ]
        return "  ".join(parts).rstrip()

    return "\n".join([put(columns), put(["-" * w for w in widths]), *(put(r) for r in values)])


_NUMBER = re.compile(r"-?[\d,]*\.?\d*%?")


class Progress:
    """The stage at work, on a terminal; silent in a pipe."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __call__(self, stage: str) -> None:
        """Show a stage instead of the one before.

        Raises:
            KeyboardInterrupt: The command was told to stop, and a library swallowed that.
        """
        if STOPPED.is_set():
            raise KeyboardInterrupt
        if self._shown:
            sys.stderr.write(f"\r\x1b[2K{line(stage)} …")
            sys.stderr.flush()

    def done(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
