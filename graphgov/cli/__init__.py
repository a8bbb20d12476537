"""The command line: one file per command, each parses arguments and calls one function.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import click
import typer

from graphgov import __version__
from graphgov.cli import check, demo, evaluate, flag, load, query, report, run, show, talk
from graphgov.errors import GraphgovError

app = typer.Typer(
    name="graphgov",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (demo, run, load, flag, report, check, query, evaluate):
    name = command.__name__.rpartition(".")[2]
    app.command(name)(getattr(command, name))
app.add_typer(show.app, name="show")


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
    signal.signal(signal.SIGTERM, _stop)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(_run())


def _run() -> int:
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return 2
    except GraphgovError as error:
        if talk.VERBOSE.get():
            raise
        talk.say(f"graphgov: {talk.line(str(error))}")
        return error.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        talk.say("graphgov: stopped; what was there before is as it was.")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if talk.VERBOSE.get():
            raise
        talk.say(f"graphgov: {talk.line(str(error))}")
        return 1
    except MemoryError:
        talk.say("graphgov: there is not enough memory for this input on this machine.")
        return 1
    return code if isinstance(code, int) else 0


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
