"""`graphgov query`: a named question or a statement, sent to a graph."""

import shutil
import sys
from collections.abc import Mapping, Sequence
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

    Example: graphgov query owners_of -p company=C1 --store case.lbug
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
        talk.result(_shown(columns, [[_cell(v) for v in row] for row in rows]))
        talk.say(f"{len(rows):,} row{'' if len(rows) == 1 else 's'}")
        if not rows and params:
            told = ", ".join(f"{key} {talk.line(str(value))!r}" for key, value in params.items())
            talk.say(f"Nothing found, or {told} is not in the graph as written.")
        return
    from graphgov.report.files import canonical, csv_text

    if output == "json":
        talk.result(canonical([dict(zip(columns, row, strict=True)) for row in rows]))
    else:
        talk.result(csv_text(columns, rows).removesuffix("\n"))


def _shown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; on a terminal that is too narrow for it, one block of lines a row."""
    text = talk.table(columns, rows)
    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or max(map(len, text.splitlines())) <= width:
        return text
    room = max(len(name) for name in columns)
    blocks = []
    for row in rows:
        lines = [f"{c:<{room}}  {talk.line(v)}" for c, v in zip(columns, row, strict=True) if v]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _cell(value: object) -> str:
    """A value as a person reads it; CSV and JSON keep what it is."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.4f}".rstrip("0").rstrip(".")
        case Mapping():
            ids = [v for k, v in value.items() if str(k).endswith("_id") and k != "run_id"]
            label = str(value.get("_label", ""))
            own = value.get(f"{label.lower()}_id", ids[0] if ids else "")
            return " ".join(str(v) for v in (label, own, value.get("name")) if v)
        case list():
            return " > ".join(_cell(v) or "-" for v in value)
        case _:
            return str(value)
