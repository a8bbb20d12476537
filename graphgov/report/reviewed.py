"""The file of judgements: beside the folder of a run, because that is replaced whole.

One row per judgement, the newest last; the last one on a case counts. A row carries what later
runs need to know the case again, so that the run it was made on may be deleted.
"""

import csv
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from graphgov.cases import Judgement, Reviews, Sign
from graphgov.cases.reviews import VERDICTS
from graphgov.errors import ConfigError, InputError, suggest
from graphgov.report.changes import CORE_KINDS
from graphgov.report.files import canonical, csv_text, read_csv
from graphgov.schema.words import one_line

COLUMNS = ("case_id", "verdict", "note", "at", "title", "members", "flags")


@dataclass(frozen=True)
class Judged:
    """What was judged.

    Args:
        case_id: Of the case.
        title: Of the case.
        before: The verdict that it had in this file, '' for none.
        place: The file.
    """

    case_id: str
    title: str
    before: str
    place: Path


def default_file(out: Path) -> Path:
    """Where judgements of the runs written to a folder are kept."""
    place = out.resolve()
    return place.with_name(f"{place.name}-reviews.csv")


def found_beside(*outs: Path | None) -> tuple[Path, ...]:
    """The default files of these folders that are there, each once."""
    places = [default_file(out) for out in outs if out is not None]
    return tuple(dict.fromkeys(place for place in places if place.is_file()))


def judge(
    out: Path,
    case_id: str,
    verdict: str,
    *,
    note: str = "",
    file: Path | None = None,
    now: datetime | None = None,
) -> Judged:
    """Add a judgement to the file.

    Args:
        out: Folder of a run.
        case_id: From `cases.csv`; its rank is taken too, and the id of a case that was judged
            before and left out since.
        verdict: confirmed, dismissed or unsure.
        note: Anything; kept, never shown in results.
        file: Where to keep it; by default `default_file(out)`.
        now: Time of the judgement.

    Raises:
        ConfigError: There is no run, no such case or verdict, or the file is something else.
        InputError: A file of the run cannot be read.
    """
    if verdict not in VERDICTS:
        raise ConfigError(f"--verdict {verdict!r} is not known. {suggest(verdict, VERDICTS)}")
    if not (out / "cases.csv").is_file():
        raise ConfigError(f"{out} is not the output of a run (no cases.csv in it).")
    place = default_file(out) if file is None else file.resolve()
    if out.resolve() in (place, *place.parents):
        raise ConfigError(f"--file {file} lies in {out}, which the next run replaces.")
    before: dict[str, dict[str, str]] = {}
    if place.exists():  # what is not a file of judgements is not added to
        before = {row["case_id"]: row for row, _ in _rows(place)}
    try:
        case, members, flags = _case(out, case_id, before)
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        if isinstance(error, ConfigError):
            raise
        raise InputError(f"The run in {out} cannot be read: {error}.") from error
    at = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = (case["case_id"], verdict, one_line(note), at, case["title"],
           canonical(members), canonical(flags))  # fmt: skip
    _append(place, row)
    old = before.get(case["case_id"], {}).get("verdict", "")
    return Judged(case["case_id"], case["title"], old, place)


def read(files: Sequence[Path]) -> tuple[Reviews, str]:
    """All judgements in some files, and a hash of what they say; the later file comes later.

    Raises:
        ConfigError: A file is missing or holds something else.
    """
    told = hashlib.sha256()
    found: list[tuple[str, int, Judgement]] = []
    for path in files:
        for row, one in _rows(path):
            found.append((row["at"], len(found), one))
            told.update(canonical([row[name] for name in COLUMNS]).encode())
    found.sort(key=lambda item: item[:2])
    return Reviews(one for _, _, one in found), told.hexdigest() if found else ""


def _rows(path: Path) -> Iterator[tuple[dict[str, str], Judgement]]:
    if not path.is_file():
        raise ConfigError(f"There is no file of reviews {str(path)!r}.")
    line = 1
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head = next(csv.reader(file), None)
        if head is not None and not set(COLUMNS) <= set(head):
            raise ValueError(f"its columns are {', '.join(head)[:200]!r}")
        for row in read_csv(path):
            line += 1
            yield row, _judgement(row)
    except (OSError, LookupError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise ConfigError(
            f"{path.name}, row {line}: not a judgement that `graphgov review` wrote ({error})."
        ) from error


def _judgement(row: dict[str, str]) -> Judgement:
    if row["verdict"] not in VERDICTS:
        raise ValueError(f"verdict {row['verdict']!r}. {suggest(row['verdict'], VERDICTS)}")
    if not row["case_id"]:
        raise ValueError("no case_id")
    members = [(str(kind), str(key)) for kind, key in json.loads(row["members"])]
    signs = [
        Sign(str(one[0]), str(one[1]), str(one[2]), min(1.0, max(0.0, float(one[3]))))
        for one in json.loads(row["flags"])
    ]
    return Judgement(
        case_id=row["case_id"],
        verdict=row["verdict"],
        on=date.fromisoformat(row["at"][:10]),
        members=frozenset(members),
        signs=tuple(signs),
    )


def _case(
    out: Path, asked: str, before: Mapping[str, dict[str, str]]
) -> tuple[dict[str, str], list[Any], list[Any]]:
    """A case of a run with its core members and its flags, or one that was judged before."""
    rows = list(read_csv(out / "cases.csv"))
    chosen = [row for row in rows if asked == row["case_id"]] or [
        row for row in rows if asked == row["rank"]
    ]
    if not chosen and asked in before:
        old = before[asked]
        return old, json.loads(old["members"]), json.loads(old["flags"])
    if not chosen:
        close = get_close_matches(asked, [row["case_id"] for row in rows], n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        some = f"Its cases are numbers 1 to {len(rows)}" if rows else "It has no cases"
        raise ConfigError(
            f"There is no case {asked!r} in {out}. {hint}{some}; cases.csv lists their ids."
        )
    key = chosen[0]["case_id"]
    members = sorted(
        [row["kind"], row["id"]]
        for row in read_csv(out / "case_members.csv")
        if row["case_id"] == key and row["kind"] in CORE_KINDS
    )
    mine = {r["flag_id"] for r in read_csv(out / "case_flags.csv") if r["case_id"] == key}
    flags = sorted(
        [row["flag_id"], row["indicator"], row["class"], float(row["score"])]
        for row in read_csv(out / "flags.csv")
        if row["flag_id"] in mine
    )
    return chosen[0], members, flags


def _append(place: Path, row: Sequence[str]) -> None:
    """One row in one write, so that two people who judge at once both keep theirs."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        handle = os.open(place, flags, 0o644)
        try:
            size = os.fstat(handle).st_size
            text = csv_text(COLUMNS, [row])
            if size:
                text = text.split("\n", 1)[1]
                if os.pread(handle, 1, size - 1) != b"\n":
                    text = "\n" + text
            os.write(handle, text.encode("utf-8", "backslashreplace"))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise ConfigError(f"{place} cannot be written: {error.strerror}.") from error
