"""`graphgov review`: what a person made of a case, for later runs."""

from pathlib import Path
from typing import Annotated

import typer

from graphgov.cli import talk


def review(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of a run.")],
    case_id: Annotated[
        str, typer.Argument(metavar="CASE_ID", help="From cases.csv, or the number in the queue.")
    ],
    verdict: Annotated[
        str, typer.Option(metavar="V", help="What came of it: confirmed, dismissed or unsure.")
    ],
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept beside the verdict.")] = "",
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to keep it [default: OUT-reviews.csv]."),
    ] = None,
) -> None:
    """Keep what a person made of a case: later runs leave out what was dismissed.

    Later runs into OUT, or with --previous OUT, heed OUT-reviews.csv; others by --reviews FILE.
    A dismissed case comes back only with signs that nobody had seen when it was judged, or when
    its id is judged anew. The number in the queue changes from run to run, the id does not.

    Example: graphgov review out 3 --verdict dismissed --note "the only maker of the part"
    """
    from graphgov.report.reviewed import judge

    judged = judge(out, case_id, verdict, note=note, file=file)
    talk.result(f"{verdict}  {judged.case_id}  {talk.line(judged.title)}")
    if judged.before:
        talk.result(f"before    {judged.before}; the last judgement counts")
    talk.result(f"kept in   {judged.place}; the next run heeds it")
