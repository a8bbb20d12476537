"""The command line: one file per command, each parses arguments and calls one function.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from graphgov import __version__
from graphgov.cli import (
    cardinal,
    check,
    demo,
    evaluate,
    flag,
    load,
    query,
    report,
    review,
    run,
    show,
    talk,
)
from graphgov.cli.guard import guarded

app = typer.Typer(
    name="graphgov",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (demo, run, load, flag, report, check, query, review, evaluate):
    name = command.__name__.rpartition(".")[2]
    app.command(name)(guarded(getattr(command, name)))
app.add_typer(show.app, name="show")
app.add_typer(cardinal.app, name="cardinal")


def _version(asked: bool) -> None:
    if asked:
        talk.result(f"graphgov {__version__}")
        raise typer.Exit


@app.callback()
def root(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show where in the program an error arose.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find leads on cronyism and contract clustering in public procurement.

    Leads, never verdicts: everything printed here is a question to ask, not an answer.
    """
    talk.VERBOSE.set(verbose)


def main() -> NoReturn:
    """Run a command; ends with 0 done, 1 failed, 2 the input, options or config are wrong."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app()
    sys.exit(0)


def _stop(signum: int, frame: FrameType | None) -> None:
    talk.STOPPED.set()
    raise KeyboardInterrupt
