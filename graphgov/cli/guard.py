"""How a command ends when it does not end well: one line on stderr and an exit code."""

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from graphgov.cli import talk
from graphgov.errors import GraphgovError

P = ParamSpec("P")
_STOPPED = "graphgov: stopped; what was there before is as it was."


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """A command whose deliberate errors are said in one line; with `-v` they show their origin."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader of a pipe has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            talk.say(_STOPPED)
            raise typer.Exit(1) from None
        except typer.Exit:
            raise
        except Exception as error:
            if talk.STOPPED.is_set():  # a library may turn the signal into an error of its own
                talk.say(_STOPPED)
                raise typer.Exit(1) from None
            if talk.VERBOSE.get():
                raise
            talk.say(f"graphgov: {_said(error)}")
            raise typer.Exit(getattr(error, "exit_code", 1)) from None

    return run


def _said(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory for this input on this machine."
    if isinstance(error, GraphgovError | OSError):
        return talk.line(str(error))
    what = talk.line(f"{type(error).__name__}: {error}")
    return f"a fault in the program ({what}). Run again with `graphgov -v` and report what it says."
