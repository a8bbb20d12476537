"""The documentation page and the empty templates, made from the tables themselves."""

import csv
from pathlib import Path

from graphgov.schema.columns import Column, Type
from graphgov.schema.tables import TABLES, Table

GROUPS = {"node": "Nodes", "edge": "Edges", "context": "Context"}
_TYPES = {
    Type.ID: "id",
    Type.IDS: "id, or JSON list of ids",
    Type.TEXT: "text",
    Type.CHOICE: "word",
    Type.DATE: "date",
    Type.TIME: "time",
    Type.MONEY: "money",
    Type.NUMBER: "number",
    Type.SHARE: "share, 0 to 1",
    Type.INTEGER: "count",
    Type.YEAR: "year",
    Type.BOOLEAN: "true/false",
}
_INTRO = """\
# Tables of a dataset

*Made from `graphgov/schema/tables.py` by `python -m graphgov.schema.docs`; do not edit.*

A dataset is a folder with one file per table: `NAME.csv`, `NAME.csv.gz` or `NAME.parquet`.
Only `awards` is required. CSV is UTF-8, with commas, a header row and RFC 4180 quoting.
`truth.csv`, read-me, licence, text, JSON, TOML and hidden files and sub-folders may lie beside
the tables and are not read; any other file is an error, and so are two files for one table.
`graphgov show tables` writes empty templates.

## What a cell may hold

| kind | accepted | kept as |
|---|---|---|
| any | an empty cell, or one of white space alone | unknown, never zero |
| id | any text, compared byte for byte, spaces included | as it is; with `--dataset NAME` \
as `NAME:id` (a `lot_id` is local to its tender and stays) |
| text, words | surrounding white space is not part of it | trimmed |
| word | one of the words listed; case, spaces and hyphens do not matter (`In Law` is `in_law`) | \
lower case |
| date | `2024-03-01`; a time gives the local day in the dataset's zone | day |
| time | `2024-03-01T09:30:00+08:00`; without zone in the dataset's `timezone`; a day alone is its \
midnight | UTC, microseconds |
| money | `1234.50`, `-3`, `1.2e6` | four decimals, rounded half away from zero |
| number | the same; finite | double |
| count | a whole number of at least 0; `12.0` is 12 | integer |
| year | four digits | integer |
| true/false | true, t, yes, y, 1 and false, f, no, n, 0, in any case | boolean |

Negative money is kept: it is for a detector to doubt. `1,234.50`, `31/12/2023`, `NaN`,
`Infinity` and `50%` are not guessed at: each makes its row a reject whose reason says how to
write it.

## What becomes of rows

Rows in = kept + rejected + repeated, per table. A reject names file, line, field, code, value
and reason. Its codes:

| code | what |
|---|---|
| `required` | a required cell is empty, or its column is missing |
| `number`, `date`, `time`, `share`, `integer`, `year`, `boolean`, `choice` | a value that does \
not parse |
| `contradiction` | rows under one key that disagree, all of them; what was read where \
(`source`, `retrieved_on`) is no contradiction, and the first such row is kept |
| `unknown_reference` | an end that does not exist, or whose own row was rejected |
| `ragged` | more or fewer cells than the header |
| `quotes` | a quote that is unclosed or out of place; costs the line it starts on |
| `encoding` | a row, or a file, that is not UTF-8 |
| `nul` | a row with NUL characters |
| `too_large` | a row with a cell of more than 64 million characters |
| `header` | a file whose header cannot be trusted: empty, a name twice, another separator |
| `unreadable` | a file that breaks off (what came before is kept) or cannot be opened |

A blank line is no row. A column without a name is kept as `column_N`; an unknown column is kept
in `extra`. An identical repeat is counted and kept once, the first by file and line.

A body or company that awards, bids, tenders, contracts or subcontracts name, or a parent body,
and that is not listed, is kept as a stub (`listed = false`). A tender that an award names and that
is not there becomes a stub with the award's buyer, so that the award and its bids stay. Ends of
other edges must exist, as rows or stubs; where the dataset has no `people`, `bodies` or `companies`
table at all, they become stubs. A row that refers to a rejected row follows these same rules:
where a stub may stand in, it does; elsewhere it is rejected too and its reason says so.

`row_key`, which every row has, is the first 16 hex digits of SHA-256 over the table's name and its
`column=value` lines, sorted by column; `graphgov/schema/rowkey.py` states the form.

## Memory

Rows go through a temporary database file, CSV in blocks of 1 MB, in batches of about 8 million
characters or 50 000 rows. Reading takes at most 1 GB for that database, and the larger of a few
batches and a few times the largest cell (64 million characters at most) beside it, whatever the
size of the input; the snapshot may take 3 GB. What does not fit goes to the temporary folder
(`TMPDIR`), which needs about three times the size of the uncompressed input.
"""


def page() -> str:
    """The documentation page of all tables, as Markdown."""
    parts = [_INTRO]
    for group, title in GROUPS.items():
        parts.append(f"\n## {title}\n")
        parts += [_section(t) for t in TABLES.values() if t.group == group]
    return "".join(parts)


def templates(folder: Path) -> list[Path]:
    """Write an empty CSV file for each table; give back their paths.

    Args:
        folder: Made where it does not exist; a file in it is never overwritten.

    Raises:
        FileExistsError: A template's file is there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for table in TABLES.values():
        path = folder / f"{table.name}.csv"
        with path.open("x", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(c.name for c in table.file_columns)
        made.append(path)
    return made


def _section(table: Table) -> str:
    lines = [f"\n### `{table.name}`\n", f"{table.doc}.\n"]
    if table.key:
        lines.append(f"Key: {', '.join(f'`{k}`' for k in table.key)}.\n")
    if table.any_of:
        lines.append(f"At least one of {', '.join(f'`{n}`' for n in table.any_of)} is required.\n")
    lines.append("| column | holds | |")
    lines.append("|---|---|---|")
    lines += [_row(c) for c in table.file_columns]
    return "\n".join(lines) + "\n"


def _row(column: Column) -> str:
    said = []
    if column.choices:
        said.append(", ".join(column.choices))
    if column.ref:
        said.append(f"in `{column.ref}`")
    if column.ref_kind:
        said.append(f"in the table that `{column.ref_kind}` names")
    if column.doc:
        said.append(column.doc)
    star = "*" if column.required else ""
    return f"| `{column.name}`{star} | {_TYPES[column.type]} | {'; '.join(said)} |"


if __name__ == "__main__":
    target = Path(__file__).parents[2] / "docs" / "data-tables.md"
    target.write_text(page(), encoding="utf-8")
