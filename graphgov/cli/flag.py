"""`graphgov flag`: a graph → flags, cases, report, written back too."""

from typing import Annotated

import typer

from graphgov.cli import options as o
from graphgov.cli import talk
from graphgov.cli.summary import analyse


def flag(
    store: Annotated[str, typer.Option(metavar="URI", help="The graph to look at.")],
    out: o.Out,
    user: o.User = "",
    database: o.Database = "",
    config: o.Config = None,
    as_of: o.AsOf = None,
    top: o.Top = 50,
    seed: o.Seed = None,
    lang: o.Lang = "en",
    previous: o.Previous = None,
    reviews: o.Reviews = None,
    mask_people: o.MaskPeople = False,
    no_report: o.NoReport = False,
) -> None:
    """Look for leads in a graph that was loaded before; results are written back to it too.

    Example: graphgov flag --store case.lbug -o out
    """
    page = analyse(
        [],
        out,
        store=store,
        user=user,
        database=database,
        config=config,
        as_of=o.day(as_of),
        top=top,
        seed=seed,
        language=lang,
        previous=previous,
        reviews=reviews,
        mask_people=mask_people,
        with_report=not no_report,
    )
    talk.result(page)
