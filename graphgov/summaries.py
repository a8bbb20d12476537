"""What a person wants to know when a command is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from graphgov.schema import Case, Counts, Coverage


@dataclass(frozen=True)
class RunSummary:
    """What a person wants to know when a run is over.

    Args:
        judged: Cases that reviewers had judged before.
        dismissed: Cases left out because of that.
    """

    out: Path
    run_id: str
    as_of: date
    counts: Mapping[str, Counts]
    flags: int
    cases: Sequence[Case]
    coverage: Sequence[Coverage]
    changes: int | None
    page: Path | None
    judged: int = 0
    dismissed: int = 0


@dataclass(frozen=True)
class CheckSummary:
    """What `check` found.

    Args:
        rejects: Count, code and one example, the most frequent first.
        detectors: Code, whether it could be computed, and why not.
    """

    as_of: date
    counts: Mapping[str, Counts]
    unknown_columns: Mapping[str, Sequence[str]]
    rejects: Sequence[tuple[int, str, str]]
    detectors: Sequence[tuple[str, str, str]]
