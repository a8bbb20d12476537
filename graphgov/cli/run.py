"""`graphgov run`: files → flags, cases, report."""

from pathlib import Path

from graphgov.cli import options as o
from graphgov.cli import talk
from graphgov.cli.summary import analyse


def run(
    sources: o.Sources,
    out: o.Out,
    store: o.Store = "",
    user: o.User = "",
    database: o.Database = "",
    config: o.Config = None,
    as_of: o.AsOf = None,
    top: o.Top = 50,
    seed: o.Seed = None,
    lang: o.Lang = "en",
    dataset: o.Dataset = "",
    previous: o.Previous = None,
    reviews: o.Reviews = None,
    mask_people: o.MaskPeople = False,
    no_report: o.NoReport = False,
) -> None:
    """Read files, look for leads, and write a folder of results.

    Example: graphgov run tables/ -o out
    """
    found: list[Path] = o.paths(sources)
    page = analyse(
        found,
        out,
        store=store,
        user=user,
        database=database,
        config=config,
        as_of=o.day(as_of),
        top=top,
        seed=seed,
        language=lang,
        dataset=dataset,
        previous=previous,
        reviews=reviews,
        mask_people=mask_people,
        with_report=not no_report,
    )
    talk.result(page)
