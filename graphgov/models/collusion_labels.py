"""Labels that a user has: which tenders were found to be collusive, and which were not.

A CSV file with a header: `tender_id`, `collusive` (1 or 0, true or false, yes or no) and, where
a tender has several lots, `lot_id`. Other columns are left alone.
"""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graphgov.errors import ConfigError

_YES = frozenset({"1", "true", "yes"})
_NO = frozenset({"0", "false", "no"})


@dataclass(frozen=True)
class Labels:
    """What is known of some lots.

    Attributes:
        of: (tender id, lot id or "") → whether it was found to be collusive.
        sha256: Of the file.
    """

    of: Mapping[tuple[str, str], bool]
    sha256: str


def read_labels(path: Path, where: str) -> Labels:
    """The labels in a file; an empty cell of `collusive` is no label.

    Args:
        path: CSV, UTF-8.
        where: Setting that names the file, for messages.

    Raises:
        ConfigError: The file is missing or not such a table, or says both of one lot.
    """
    try:
        raw = path.read_bytes()
        lines = raw.decode("utf-8-sig").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{where}: {path.name!r} cannot be read: {reason}.") from None
    rows = csv.DictReader(lines)
    for column in ("tender_id", "collusive"):
        if column not in (rows.fieldnames or ()):
            raise ConfigError(f"{where}: {path.name!r} has no column {column!r}.")
    found: dict[tuple[str, str], bool] = {}
    try:
        for row in rows:
            tender, said = row["tender_id"] or "", (row["collusive"] or "").strip().lower()
            if not said:
                continue
            if not tender or said not in _YES | _NO:
                problem = f"{said!r} is neither 1 nor 0" if tender else "the tender has no id"
                raise ConfigError(f"{where}: {path.name!r}, line {rows.line_num}: {problem}.")
            key, told = (tender, row.get("lot_id") or ""), said in _YES
            if found.setdefault(key, told) != told:
                raise ConfigError(
                    f"{where}: {path.name!r}, line {rows.line_num}: {tender!r} is both."
                )
    except csv.Error as error:
        raise ConfigError(f"{where}: {path.name!r} is no table: {error}.") from None
    return Labels(found, hashlib.sha256(raw).hexdigest())
