"""Files for Neo4j's offline importer: the graph of a first load as CSV, and how to import it.

The importer builds a database that nobody is using, several times faster than statements can.
It takes an unquoted empty cell for no property and a quoted one for an empty string, which is
how DuckDB writes them; columns that hold nothing are left out. Fields over several lines are
announced only where there are any, because the importer then reads on one thread. Nodes are
numbered here and relationships name them by number: that spares the importer a search by key at
each of their ends, a quarter of its time.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import duckdb

from graphgov import __version__
from graphgov.errors import ConfigError, InputError
from graphgov.schema import Tables
from graphgov.schema.dataset import Scratch
from graphgov.schema.graph import Node, Relation
from graphgov.store.base import LoadReport
from graphgov.store.frames import parquet, q, text
from graphgov.store.merge import Merge, Step

MARK = "import.json"
SCRIPT = "import.sh"
DOCKER_SCRIPT = "import-docker.sh"
SERVICE = "neo4j"  # of compose.yaml
DEFAULT_DATABASE = "neo4j"
_TYPES = {
    "VARCHAR": "string",
    "DOUBLE": "double",
    "BIGINT": "long",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "datetime",
}
_BUFFER = 4 << 20  # bytes that a value may have unless the importer is told otherwise
_DATABASE = re.compile(r"[A-Za-z][A-Za-z0-9.-]{2,62}")


@dataclass(frozen=True)
class _File:
    """One CSV file, its header lying apart.

    Args:
        option: `nodes` or `relationships`.
        group: Label or relationship type.
        name: Without ending.
        rows: Nodes or relationships in it.
        longest: Bytes of its longest text.
        has_lines: Some text holds an end of line.
    """

    option: str
    group: str
    name: str
    rows: int
    longest: int
    has_lines: bool

    @property
    def argument(self) -> str:
        """What the importer is told about it."""
        # The importer of 2026 takes no file without a folder.
        return f"--{self.option}={self.group}=./{self.name}-header.csv,./{self.name}.csv"


def check_database(name: str) -> str:
    """The name of a database to import into, the default one for ''.

    Raises:
        ConfigError: Neo4j takes no such name.
    """
    if name and not _DATABASE.fullmatch(name):
        raise ConfigError(
            f"--database {name!r} is no name of a Neo4j database: 3 to 63 letters, digits, dots "
            "and dashes, a letter first."
        )
    return name or DEFAULT_DATABASE


def write(tables: Tables, folder: Path, *, database: str = "") -> LoadReport:
    """Write the files of a first load into an empty folder.

    The same rows in another order give the same bytes.

    Args:
        tables: What goes into the graph.
        folder: Where the files go.
        database: Name of the database to import into; `neo4j` where empty.

    Raises:
        ConfigError: Neo4j takes no such name.
        InputError: There is not one node, which the importer refuses.
    """
    from graphgov.store.neo4j import LONGEST_KEY  # takes the driver with it

    into = check_database(database)
    scratch = Scratch("offline")
    plan = Merge(tables, scratch.path, None, longest_key=LONGEST_KEY).plan()
    files = _Writer(tables.con.cursor(), folder).write(plan.steps)
    nodes = sum(f.rows for f in files if f.option == "nodes")
    relationships = sum(f.rows for f in files if f.option == "relationships")
    arguments = [f.argument for f in files] + _options(files)
    if not nodes:
        raise InputError("There is nothing to import: not one row could be kept.")
    told = f"{nodes:,} nodes and {relationships:,} relationships"
    _put(folder / SCRIPT, _script(told, into, arguments))
    _put(folder / DOCKER_SCRIPT, _docker_script(told, into, arguments))
    listed = [{"name": f.name, "kind": f.option, "of": f.group, "rows": f.rows} for f in files]
    facts = {"version": __version__, "database": into, "arguments": arguments, "files": listed}
    _put(folder / MARK, json.dumps(facts, indent=2) + "\n")
    return LoadReport(nodes, relationships, added=nodes + relationships, rejects=plan.rejects)


class _Writer:
    """Writes frames into a folder, nodes first.

    Args:
        con: Has what the frames were made from.
        folder: Where the files go.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._con, self._folder = con, folder
        self._nodes = 0
        self._numbers: dict[str, list[str]] = {}

    def write(self, steps: Sequence[Step]) -> list[_File]:
        """The files, by kind and name; the frames go."""
        nodes = [(s, s.target) for s in steps if isinstance(s.target, Node)]
        links = [(s, s.target) for s in steps if isinstance(s.target, Relation)]
        files = [self._node(step, node) for step, node in sorted(nodes, key=lambda n: n[1].label)]
        for step, relation in links:
            files.append(self._relation(step, relation, {f.name for f in files}))
        for step in steps:
            step.path.unlink()
        return sorted(files, key=lambda f: (f.option, f.name))

    def _node(self, step: Step, node: Node) -> _File:
        """Nodes of a label, each with the number that it will have in the database."""
        frame = f"read_parquet({text(step.path)}, file_row_number = true)"
        number = f"file_row_number + {self._nodes}"
        self._nodes += step.rows
        self._numbers.setdefault(node.label, []).append(
            f"SELECT {q(node.key)} AS _key, {number} AS _number FROM {frame}"
        )
        return self._file("nodes", node.label, node.label, step, {":ID": number}, frame)

    def _relation(self, step: Step, relation: Relation, taken: set[str]) -> _File:
        """Relationships of a frame, by the numbers of their ends."""
        ends = (relation.type, relation.start, relation.end, relation.role)
        name = _free("-".join(word for word in ends if word), taken)
        start, end = (
            f"({' UNION ALL '.join(self._numbers[label])})"
            for label in (relation.start, relation.end)
        )
        source = (
            f"{parquet(step.path)} t "
            f'JOIN {start} a ON a._key = t."from" JOIN {end} b ON b._key = t."to" '
            "ORDER BY a._number, b._number, t.row_key"
        )
        numbers = {":START_ID": "a._number", ":END_ID": "b._number"}
        return self._file("relationships", relation.type, name, step, numbers, source)

    def _file(
        self, option: str, group: str, name: str, step: Step, numbers: dict[str, str], source: str
    ) -> _File:
        """One frame as a file and its header: numbers by field, then what is not empty."""
        rows = parquet(step.path)
        described = self._con.execute(f"DESCRIBE FROM {rows}").fetchall()
        columns = [(str(r[0]), str(r[1])) for r in described if r[0] not in ("from", "to")]
        measures = [f"count({q(column)})" for column, _ in columns]
        words = [q(column) for column, kind in columns if kind == "VARCHAR"]
        measures += [f"max(strlen({w}))" for w in words]
        measures += [f"bool_or(contains({w}, chr(10)) OR contains({w}, chr(13)))" for w in words]
        found = self._con.execute(f"SELECT {', '.join(measures)} FROM {rows}").fetchone() or ()
        counts, rest = found[: len(columns)], found[len(columns) :]
        longest, lines = rest[: len(words)], rest[len(words) :]
        kept = [column for column, count in zip(columns, counts, strict=True) if count]
        head = [*numbers, *(f"{column}:{_TYPES[kind]}" for column, kind in kept)]
        _put(self._folder / f"{name}-header.csv", ",".join(head) + "\n")
        file = self._folder / f"{name}.csv"
        cells = ", ".join([*numbers.values(), *(_cell(column) for column in kept)])
        self._con.execute(
            f"COPY (SELECT {cells} FROM {source}) TO {text(file)} (FORMAT csv, HEADER false)"
        )
        most = max((int(n or 0) for n in longest), default=0)
        return _File(option, group, name, step.rows, most, any(lines))


def _cell(column: tuple[str, str]) -> str:
    name, kind = column
    if kind == "TIMESTAMP":
        return f"replace(CAST({q(name)} AS VARCHAR), ' ', 'T') || 'Z'"
    return q(name)


def _free(name: str, taken: set[str]) -> str:
    """A name that no other file has; two references may join the same labels."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _options(files: Sequence[_File]) -> list[str]:
    """What the importer must know about the cells."""
    options = ["--id-type=actual"]
    if any(f.has_lines for f in files):
        options.append("--multiline-fields=true")
    longest = max((f.longest for f in files), default=0)
    if 2 * longest > _BUFFER:  # quotes in it are doubled
        options.append(f"--read-buffer-size={2 * longest + _BUFFER}")
    return options


def _script(told: str, database: str, arguments: Sequence[str]) -> str:
    command = _command(database, arguments)
    return f"""#!/bin/sh
# {told}.
# Stop the server first, and run this as the user that the server runs as. A database that the
# server has made already is refused, be it empty; --overwrite-destination=true after the name of
# this script replaces ALL that it holds. Start the server afterwards: the next `graphgov load`
# or `graphgov flag` with --store makes constraints and indexes.
set -eu
CDPATH= cd -- "$(dirname -- "$0")"
exec {command}
"""


def _docker_script(told: str, database: str, arguments: Sequence[str]) -> str:
    command = _command(database, [*arguments, "--report-file=/tmp/import.report"])
    return f"""#!/bin/sh
# {told}.
# Run this in the folder of compose.yaml, NEO4J_PASSWORD set: it stops the server, imports, and
# starts it again. A database that the server has made already is refused, be it empty;
# --overwrite-destination=true after the name of this script replaces ALL that it holds. The next
# `graphgov load` or `graphgov flag` with --store makes constraints and indexes.
set -eu
files=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
docker compose stop {SERVICE}
docker compose run --rm --no-deps --volume "$files:/graphgov:ro" --workdir /graphgov {SERVICE} \\
  {command}
docker compose up --detach {SERVICE}
"""


def _command(database: str, arguments: Sequence[str]) -> str:
    # The database comes first: after a list of files it would be taken for one more.
    words = ["neo4j-admin database import full", quote(database), *map(quote, arguments), '"$@"']
    return " \\\n  ".join(words)


def _put(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")
