"""`graphgov check`: read and report on data, flag nothing."""

from graphgov.cli import options as o
from graphgov.cli import talk
from graphgov.cli.summary import rows_line

_MOST_CODES = 20


def check(
    sources: o.Sources,
    config: o.Config = None,
    as_of: o.AsOf = None,
    dataset: o.Dataset = "",
) -> None:
    """Read data and say what is in it, what was put aside, and what could be computed.

    Example: graphgov check tables/
    """
    from graphgov.pipeline import Options, check

    options = Options(config=config, as_of=o.day(as_of), dataset=dataset)
    found = check(o.paths(sources), options)
    talk.result(
        talk.table(
            ("table", "in", "kept", "rejected", "repeated", "stubs"),
            [
                (name, c.rows_in, c.kept, c.rejected, c.repeated, c.stubs)
                for name, c in sorted(found.counts.items())
                if c.rows_in or c.stubs
            ],
        )
    )
    talk.result("")
    talk.result(rows_line(found.counts))
    talk.result(f"as of     {found.as_of}")
    for table, columns in sorted(found.unknown_columns.items()):
        talk.result(f"unknown columns of {table}, kept as attributes: {', '.join(columns)}")
    if found.rejects:
        talk.result("")
        talk.result(talk.table(("rejects", "code", "for example"), found.rejects[:_MOST_CODES]))
    talk.result("")
    talk.result(talk.table(("detector", "computable", "because"), found.detectors))
