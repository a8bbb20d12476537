"""Reads the files of a finished run, and nothing else, for the pages."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphgov.errors import InputError
from graphgov.report.files import read_csv

Row = dict[str, Any]


@dataclass(frozen=True)
class RunFiles:
    """What the pages show of a run.

    Args:
        bodies: Ids and names of the public bodies of each case.
        members: Names of everybody in a case, for the search.
        flags: Indicator codes of each case, one per flag.
        reasons: What the flags of each case say.
        data_errors: Flags of the class `data`, which are in no case.
    """

    manifest: Mapping[str, Any]
    cases: Sequence[Row]
    bodies: Mapping[str, Sequence[str]]
    members: Mapping[str, Sequence[str]]
    flags: Mapping[str, Sequence[str]]
    coverage: Sequence[Row]
    dossiers: Sequence[Row] = field(default_factory=list)
    rejects: int = 0
    data_errors: int = 0
    reasons: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read_run(out: Path) -> RunFiles:
    """The files of a run.

    Raises:
        InputError: The folder is not the output of a run.
    """
    if not (out / "manifest.json").is_file() or not (out / "cases.csv").is_file():
        raise InputError(
            f"{out.name!r} is not the output of a run: it has no manifest.json and cases.csv."
        )
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    cases = list(_rows(out / "cases.csv"))
    bodies: dict[str, list[str]] = defaultdict(list)
    members: dict[str, list[str]] = defaultdict(list)
    for row in _rows(out / "case_members.csv"):
        members[row["case_id"]].append(row["name"] or row["id"])
        if row["kind"] == "body":
            bodies[row["case_id"]].append(row["name"] or row["id"])
    of_case: dict[str, list[str]] = defaultdict(list)
    for row in _rows(out / "case_flags.csv"):
        of_case[row["flag_id"]].append(row["case_id"])
    codes: dict[str, list[str]] = defaultdict(list)
    reasons: dict[str, list[str]] = defaultdict(list)
    data_errors = 0
    for row in _rows(out / "flags.csv"):
        data_errors += row.get("class") == "data"
        for case in of_case.get(row["flag_id"], ()):
            codes[case].append(row["indicator"])
            reasons[case].append(row["reason"])
    return RunFiles(
        manifest=manifest,
        cases=cases,
        bodies=bodies,
        members=members,
        flags=codes,
        coverage=list(_rows(out / "coverage.csv")),
        dossiers=list(_dossiers(out / "dossiers.jsonl")),
        rejects=sum(1 for _ in _rows(out / "rejects.csv")),
        data_errors=data_errors,
        reasons=reasons,
    )


def _rows(path: Path) -> Iterable[Row]:
    """The rows of a CSV file; none where there is no file."""
    return read_csv(path) if path.is_file() else ()


def _dossiers(path: Path) -> Iterable[Row]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def places(out: Path, keys: Iterable[str]) -> dict[tuple[str, str], str]:
    """The file that input rows came from, by (table, row_key); empty where unknown.

    Not the line: pages are the same when the rows of a file stand in another order. The key of
    a row leads to its line in `sources.parquet`.
    """
    path = out / "sources.parquet"
    wanted = sorted(set(keys))
    if not path.is_file() or not wanted:
        return {}
    import duckdb

    with duckdb.connect(config={"threads": 2}) as con:
        rows = con.execute(
            'SELECT "table", row_key, min(file) FROM read_parquet(?) '
            'WHERE row_key IN (SELECT unnest(?::VARCHAR[])) GROUP BY "table", row_key',
            [str(path), wanted],
        ).fetchall()
    return {(table, key): str(file or "") for table, key, file in rows}
