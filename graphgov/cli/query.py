"""`graphgov query`: a named question or a statement, sent to a graph."""

from typing import Annotated, Literal

import typer

from graphgov.cli import options as o
from graphgov.cli import talk
from graphgov.errors import ConfigError


def query(
    statement: Annotated[
        str, typer.Argument(metavar="NAME|CYPHER", help="See `graphgov show queries`.")
    ],
    store: Annotated[str, typer.Option(metavar="URI", help="The graph.")],
    parameter: Annotated[
        list[str], typer.Option("--parameter", "-p", metavar="KEY=VALUE", help="Repeatable.")
    ] = [],  # noqa: B006 - typer wants the list itself
    output: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="Of the answer.")
    ] = "table",
    user: o.User = "",
    database: o.Database = "",
) -> None:
    """Ask a graph: a file of cypher/explore by name, or a statement.

    Example: graphgov query owners_of -p company_id=C1 --store case.lbug
    """
    from graphgov.pipeline import Options, ask

    params = {}
    for pair in parameter:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"-p takes key=value, not {pair!r}.")
        params[key] = value
    columns, rows = ask(statement, params, Options(store=store, user=user, database=database))
    if output == "table":
        talk.result(talk.table(columns, rows))
        return
    from graphgov.report.files import canonical, csv_text

    if output == "json":
        talk.result(canonical([dict(zip(columns, row, strict=True)) for row in rows]))
    else:
        talk.result(csv_text(columns, rows).removesuffix("\n"))
