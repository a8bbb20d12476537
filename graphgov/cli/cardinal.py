"""`graphgov cardinal`: the commands of `ocdscardinal`, with its arguments, settings and outputs."""

import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer

from graphgov.cli import talk
from graphgov.cli.guard import guarded

app = typer.Typer(no_args_is_help=True)

Lines = Annotated[
    Path,
    typer.Argument(help="Lines of JSON; `-` reads stdin.", allow_dash=True),
]
Settings = Annotated[
    Path | None, typer.Option("--settings", "-s", metavar="FILE", help="Settings, as INI.")
]
_LOUDNESS: ContextVar[int] = ContextVar("loudness", default=0)


_MORE = "Say more; -vv says what is less than a warning."


def _louder(count: int) -> None:
    _LOUDNESS.set(_LOUDNESS.get() + count)


Verbose = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, show_default=False, callback=_louder, help=_MORE),
]


def warn(text: str) -> None:
    """Say what was passed over."""
    talk.say(f" WARN  graphgov > {text}")


def info(text: str) -> None:
    """Say what is less than a warning, if it was asked for."""
    if _LOUDNESS.get() > 1:
        talk.say(f" INFO  graphgov > {text}")


@app.callback()
def group(
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, show_default=False, help=_MORE)
    ] = 0,
) -> None:
    """Do what `ocdscardinal` does: init, coverage, prepare, indicators."""
    _LOUDNESS.set(verbose)


@app.command()
@guarded
def init(
    file: Annotated[Path, typer.Argument(help="Where to write; `-` is stdout.", allow_dash=True)],
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Write over a file that is there.")
    ] = False,
    verbose: Verbose = 0,
) -> None:
    """Write a settings file to start from.

    Every indicator is on in it, every option is put aside.

    Example: graphgov cardinal init settings.ini
    """
    from graphgov.cardinal.init import settings_text, write_settings

    if str(file) == "-":
        sys.stdout.write(settings_text())
    elif write_settings(file, force=force):
        talk.result(f"Settings written to {file}.")
    else:
        talk.say(f"{file} is there already and was left as it is; --force writes over it.")


@app.command()
@guarded
def coverage(file: Lines, verbose: Verbose = 0) -> None:
    """Count how often each field is filled in.

    The answer is a JSON object of paths and counts. A path names a place: "" a line, / at its end
    an object, [] an element of a list, anything else a member. "", [], {}, null and what holds
    only those count as empty.

    Example: graphgov cardinal coverage releases.jsonl
    """
    from graphgov.cardinal.coverage import as_json
    from graphgov.cardinal.coverage import coverage as count
    from graphgov.cardinal.streams import reading

    with reading(file) as source:
        counts = count(source, warn)
    talk.result(as_json(counts))


@app.command()
@guarded
def prepare(
    file: Lines,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="For corrected releases; `-` is stdout."
        ),
    ],
    errors: Annotated[
        Path,
        typer.Option(
            "--errors", "-e", metavar="FILE", help="For issues left, as CSV; `-` is stdout."
        ),
    ],
    settings: Settings = None,
    verbose: Verbose = 0,
) -> None:
    """Correct data, and list the issues left.

    Issues are rows of CSV: line, ocid, path, indexes, value, description.

    Example: graphgov cardinal prepare -s settings.ini -o prepared.jsonl -e issues.csv in.jsonl
    """
    from graphgov.cardinal.prepare import prepare as correct
    from graphgov.cardinal.prepare_rules import Rules, rules
    from graphgov.cardinal.settings import load
    from graphgov.cardinal.streams import keep_apart, reading, writing

    asked = Rules() if settings is None else rules(load(settings))
    keep_apart({"the input": file, "the output": output, "the file of issues": errors})
    with reading(file) as source, writing(output) as releases, writing(errors) as issues:
        correct(source, asked, releases, issues, warn)


@app.command()
@guarded
def indicators(
    file: Lines,
    settings: Settings = None,
    count: Annotated[
        bool, typer.Option("--count", "-c", help="Say how many results each group has.")
    ] = False,
    no_meta: Annotated[
        bool, typer.Option("--no-meta", help="Leave out quartiles and fences.")
    ] = False,
    map_: Annotated[
        bool, typer.Option("--map", help="Add which organizations each process concerns.")
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither use nor keep what was read of the file.")
    ] = False,
    verbose: Verbose = 0,
) -> None:
    """Compute the indicators whose sections the settings have.

    The answer is a JSON object: results by group, id and indicator, quartiles and fences in Meta.

    Example: graphgov cardinal indicators -s settings.ini releases.jsonl
    """
    from graphgov.cardinal.command import indicators as compute

    compute(
        file, settings, count=count, meta=not no_meta, maps=map_, cached=not no_cache,
        say=talk.say, info=info,
    )  # fmt: skip
