"""`graphgov demo`: a synthetic province, everything run on it, scored."""

from pathlib import Path
from typing import Annotated

import typer

from graphgov.cli import options as o
from graphgov.cli import talk
from graphgov.cli.summary import analyse


def demo(
    out: o.Out = Path("graphgov-demo"),
    awards: Annotated[int, typer.Option(metavar="N", min=1, help="Size of the province.")] = 20_000,
    seed: Annotated[int, typer.Option(metavar="N", help="Which province.")] = 0,
) -> None:
    """Make a synthetic province with planted schemes, run everything on it, and score it.

    The province is written to OUT-province, the results to OUT.

    Example: graphgov demo -o out
    """
    from graphgov.report.folder import check_place
    from graphgov.synth import province, score

    check_place(out)
    folder = out.with_name(f"{out.name}-province")
    talk.say(f"Making a province of {awards:,} awards in {folder}")
    province(folder, awards=awards, seed=seed)
    page = analyse([folder], out)
    talk.result("")
    talk.result(score.evaluate(folder / "truth.csv", out).table())
    talk.result("")
    talk.result(page)
