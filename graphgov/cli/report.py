"""`graphgov report`: (re)make the pages of a run."""

from pathlib import Path
from typing import Annotated

import typer

from graphgov.cli import talk


def report(out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of a run.")]) -> None:
    """Make the pages of a run again, from its files alone.

    Example: graphgov report out
    """
    from graphgov.pipeline import render

    pages = render(out)
    talk.result(f"{len(pages)} pages; open {out / 'report' / 'index.html'}")
