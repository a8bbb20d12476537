"""`graphgov evaluate`: a run against the truth of a synthetic province."""

from pathlib import Path
from typing import Annotated

import typer

from graphgov.cli import talk
from graphgov.errors import InputError


def evaluate(
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="The file truth.csv.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of a run.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score the cases of a run against what was planted.

    Example: graphgov evaluate province/truth.csv out
    """
    from graphgov.synth import score

    for path in (truth, out / "cases.csv"):
        if not path.is_file():
            raise InputError(f"There is no file {str(path)!r}.")
    found = score.evaluate(truth, out)
    if found.cases and score.strangers(truth, out):
        raise InputError(
            f"Nobody of {truth.name} is in a case of {out}: the truth of other data, or a run with "
            "--mask-people or withheld names, whose ids are not those of the data."
        )
    talk.result(found.json() if as_json else found.table())
