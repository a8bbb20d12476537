"""`graphgov load`: files → graph."""

from pathlib import Path
from typing import Annotated

import typer

from graphgov.cli import options as o
from graphgov.cli import talk
from graphgov.cli.summary import rows_line


def load(
    sources: o.Sources = [],  # noqa: B006 - typer wants the list itself
    store: Annotated[
        str, typer.Option(metavar="URI", help="The graph; not needed with --offline.")
    ] = "",
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
    from graphgov.errors import ConfigError
    from graphgov.pipeline import Options, load_sources, remove_all, write_import

    options = Options(store=store, user=user, database=database, config=config, dataset=dataset)
    if remove and (offline is not None or sources):
        raise ConfigError("--remove stands alone, with --store.")
    if remove:
        remove_all(options)
        talk.result(f"Everything of GraphGov was taken out of {store}.")
        return
    if offline is not None and store and "://" not in store:
        raise ConfigError("--offline writes for Neo4j; a graph in a file is loaded with --store.")
    progress = talk.Progress()
    try:
        if offline is not None:
            tables, written = write_import(o.paths(sources), offline, options, progress)
        else:
            tables, loaded = load_sources(o.paths(sources), options, progress)
    finally:
        progress.done()
    talk.result(rows_line(tables.counts))
    if offline is None:
        talk.result(f"graph     {loaded}")
        return
    aside = f"; {len(written.rejects):,} rejected" if written.rejects else ""
    talk.result(
        f"files     {written.nodes:,} nodes and {written.relationships:,} relationships{aside}"
    )
    talk.result(f"import    sh {offline / 'import.sh'}, the server stopped; it says the rest")
