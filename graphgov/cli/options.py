"""Options that several commands share, and what they become."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from graphgov.errors import ConfigError

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Dataset folders or OCDS files and folders; `-` reads OCDS lines from stdin.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="Folder of results.")]
Store = Annotated[
    str,
    typer.Option(
        metavar="URI", help="The graph: a file such as case.lbug, or neo4j://, bolt://, neo4j+s://."
    ),
]
User = Annotated[
    str,
    typer.Option(help="User of the database; the password comes from NEO4J_PASSWORD or a prompt."),
]
Database = Annotated[str, typer.Option(help="Name of the database in the server.")]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings, as TOML.")]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Hide what came later [default: the latest event]."),
]
Top = Annotated[int, typer.Option(metavar="K", help="How many cases get a dossier.")]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Start of what is drawn by chance.")]
Lang = Annotated[str, typer.Option("--lang", metavar="L", help="Language of sentences: en, zh.")]
Dataset = Annotated[str, typer.Option(metavar="NAME", help="Prefix of all ids.")]
Previous = Annotated[
    Path | None, typer.Option(metavar="OUT", help="An earlier run; writes changes.csv.")
]
Reviews = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Judgements to heed [default: those beside OUT and --previous]."
    ),
]
MaskPeople = Annotated[bool, typer.Option("--mask-people", help="Pseudonyms instead of people.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Make no pages.")]


def paths(sources: list[str]) -> list[Path]:
    """Sources as paths.

    Raises:
        ConfigError: One of them is not there.
    """
    found = [Path(source) for source in sources]
    for path in found:
        if str(path) != "-" and not path.exists():
            raise ConfigError(f"There is no file or folder {str(path)!r}.")
    return found


def day(text: str | None) -> date | None:
    """The date of `--as-of`.

    Raises:
        ConfigError: It is not an ISO date.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--as-of must be a date such as 2024-03-01, not {text!r}.") from None
