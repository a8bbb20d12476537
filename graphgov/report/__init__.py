"""Queue, dossiers and network pages: self-contained HTML from the files of a run."""

from pathlib import Path

__all__ = ["render"]


def render(out: Path, *, top: int = 50) -> list[Path]:
    """The pages of the run in a folder; see `graphgov.report.pages`.

    Raises:
        InputError: The folder is not the output of a run.
    """
    from graphgov.report.pages import render as make

    return make(out, top=top)
