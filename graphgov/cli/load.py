"""`graphgov load`: files → graph."""

from pathlib import Path
from typing import Annotated

import typer

from graphgov.cli import options as o
from graphgov.cli import talk
from graphgov.cli.summary import rows_line


def load(
    store: Annotated[str, typer.Option(metavar="URI", help="The graph.")],
    sources: o.Sources = [],  # noqa: B006 - typer wants the list itself
    user: o.User = "",
    database: o.Database = "",
    config: o.Config = None,
    dataset: o.Dataset = "",
    offline: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write files for Neo4j's offline importer instead."),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take everything of GraphGov out of the graph.")
    ] = False,
) -> None:
    """Load files into a graph; doing it twice changes nothing.

    Example: graphgov load tables/ --store case.lbug
    """
    from graphgov.pipeline import Options, load_sources, remove_all

    options = Options(store=store, user=user, database=database, config=config, dataset=dataset)
    if remove:
        remove_all(options)
        talk.result(f"Everything of GraphGov was taken out of {store}.")
        return
    if offline is not None:
        from graphgov.errors import ConfigError

        raise ConfigError("--offline comes with the Neo4j store; leave it out.")
    progress = talk.Progress()
    try:
        tables, loaded = load_sources(o.paths(sources), options, progress)
    finally:
        progress.done()
    talk.result(rows_line(tables.counts))
    talk.result(f"graph     {loaded}")
