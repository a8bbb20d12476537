"""`graphgov show`: tables, indicators, queries, one indicator, one case."""

from pathlib import Path
from typing import Annotated

import typer

from graphgov.cli import talk
from graphgov.cli.guard import guarded
from graphgov.errors import ConfigError, suggest

app = typer.Typer(no_args_is_help=True, help="Show what there is: tables, indicators, a case.")


@app.command()
@guarded
def tables(
    templates: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write an empty CSV of each table there.")
    ] = None,
) -> None:
    """The tables of a dataset and their columns; `*` marks what is required."""
    from graphgov.schema import TABLES

    if templates is not None:
        from graphgov.schema import docs

        docs.templates(templates)
        talk.say(f"Wrote {len(TABLES)} templates to {templates}")
        return
    for table in TABLES.values():
        columns = ", ".join(c.name + "*" * c.required for c in table.file_columns)
        talk.result(f"{table.name}: {table.doc}\n    {columns}")


@app.command()
@guarded
def indicators() -> None:
    """Every indicator and model."""
    from graphgov.detector import card
    from graphgov.roster import known_detectors

    rows = [
        (code, cls.class_, cls.subject_kind, card(cls).summary)
        for code, cls in known_detectors().items()
    ]
    talk.result(talk.table(("code", "class", "subject", "what is seen"), rows))


@app.command()
@guarded
def queries() -> None:
    """The named questions of `graphgov query`, with their parameters and defaults."""
    from itertools import groupby

    from graphgov.store import statements

    for group, found in groupby(statements.explore(), key=lambda s: s.header["Group"]):
        talk.result(group)
        for statement in found:
            talk.result(f"  {statement.call}\n      {statement.header['Question']}")


@app.command()
@guarded
def indicator(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as R018.")],
) -> None:
    """One indicator: method, example, why, needs and settings."""
    from dataclasses import fields

    from graphgov.detector import card
    from graphgov.roster import known_detectors

    known = known_detectors()
    cls = known.get(code.upper())
    if cls is None:
        raise ConfigError(f"There is no indicator {code!r}. {suggest(code.upper(), known)}")
    said = card(cls)
    talk.result(f"{said.code}  {cls.title['en']}\n\n{said.summary}\n")
    for label, text in said.labels.items():
        talk.result(f"{label + ':':<9}{text}")
    talk.result(f"Needs:   {', '.join(cls.needs) or 'nothing'}")
    if cls.wants:
        talk.result(f"Wants:   {', '.join(cls.wants)}")
    settings = fields(cls)
    room = cls.__module__.split(".")[1]
    if settings:
        talk.result(f"\n[{room}.{said.code}]")
    for field in settings:
        low, high = field.metadata.get("low"), field.metadata.get("high")
        bounds = f"  # {low} to {high}" if low is not None else ""
        talk.result(f"{field.name} = {field.default}{bounds}")


@app.command()
@guarded
def case(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of a run.")],
    case_id: Annotated[str, typer.Argument(metavar="CASE_ID", help="From cases.csv.")],
) -> None:
    """One case of a run: why it is where it is, who is in it, and what to rule out first."""
    from graphgov.report.reading import case_text

    talk.result(case_text(out, case_id))
