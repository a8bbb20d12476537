"""What a run gives: flags, cases, communities, scores, coverage, rejects.

Column names and orders of the result files are declared in `OUTPUTS`, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

import msgspec

FlagClass = Literal["legal", "tie", "statistical", "anomaly", "data"]
CaseKind = Literal["cronyism", "clustering", "collusion", "integrity", "mixed"]
SUBJECT_KINDS = (
    "body",
    "person",
    "company",
    "tender",
    "lot",
    "award",
    "contract",
    "body_company",
    "person_company",
    "person_body",
    "company_pair",
    "person_pair",
    "group",
    "community",
)
SYMMETRIC_KINDS = ("company_pair", "person_pair", "group", "community")


class Evidence(NamedTuple):
    """One input row that a flag rests on."""

    table: str
    key: str  # row_key
    id: str = ""


class Member(NamedTuple):
    """Someone or something in a flag or a case.

    Kinds: body, person, company, tender, award, contract.
    """

    kind: str
    id: str
    role: str


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """One red flag: what was seen, in which rows, and how it could be innocent.

    Args:
        subject_id: An id, or a JSON array of ids for a composite kind.
        score: In [0, 1], 1 = most suspicious.
        p_value: Chance of a value at least as extreme under the stated null, or None.
        amounts: Money involved, one amount per currency (`""` where unknown).
        facts: JSON-clean values that the sentences are made from.
    """

    flag_id: str
    indicator: str
    family: str
    class_: FlagClass
    subject_kind: str
    subject_id: str
    score: float
    value: float | None = None
    unit: str = ""
    threshold: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    amounts: tuple[tuple[str, Decimal], ...] = ()
    first_on: date | None = None
    last_on: date | None = None
    body_id: str = ""
    company_id: str = ""
    person_id: str = ""
    certainty: str = "documented"
    reason: str = ""
    innocent: str = ""
    facts: dict[str, object] = {}
    evidence: tuple[Evidence, ...] = ()
    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Case:
    """A lead for a person to review: flags that share people, companies and bodies."""

    case_id: str
    rank: int
    score: float
    kind: CaseKind
    title: str
    summary: str
    amounts: tuple[tuple[str, Decimal], ...]
    flag_ids: tuple[str, ...]
    members: tuple[Member, ...]
    first_on: date | None
    last_on: date | None
    certainty: str


class Reject(NamedTuple):
    """A row of input put aside. `line` is 1-based; 0 where a whole file is meant."""

    file: str
    line: int
    field: str
    code: str
    value: str
    reason: str


class Community(NamedTuple):
    """A node in a community of one of the graphs."""

    graph: str
    community_id: str
    kind: str
    id: str
    stability: float


class Score(NamedTuple):
    """A subject's combined score."""

    subject_kind: str
    subject_id: str
    score: float
    p_value: float | None
    q_value: float | None
    flags: int
    top_indicators: str


class Coverage(NamedTuple):
    """On how many subjects an indicator could be computed, and why not on the rest."""

    indicator: str
    subject_kind: str
    subjects: int
    computable: int
    not_computable: int
    flagged: int
    missing: str
    reason: str


@dataclass(frozen=True)
class Results:
    """Everything that analysis of one snapshot gave."""

    run_id: str
    as_of: date
    flags: Sequence[Flag] = ()
    cases: Sequence[Case] = ()
    communities: Sequence[Community] = ()
    scores: Sequence[Score] = ()
    coverage: Sequence[Coverage] = ()
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (kind, id) → name


OUTPUTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "flags": (
            "flag_id",
            "indicator",
            "family",
            "class",
            "subject_kind",
            "subject_id",
            "score",
            "value",
            "unit",
            "threshold",
            "p_value",
            "q_value",
            "amount",
            "currency",
            "first_on",
            "last_on",
            "body_id",
            "company_id",
            "person_id",
            "certainty",
            "reason",
            "innocent",
            "facts",
            "evidence",
        ),
        "flag_members": ("flag_id", "kind", "id", "role"),
        "cases": (
            "case_id",
            "rank",
            "score",
            "kind",
            "title",
            "summary",
            "amount",
            "currency",
            "flags",
            "first_on",
            "last_on",
            "certainty",
        ),
        "case_members": ("case_id", "kind", "id", "name", "role"),
        "case_flags": ("case_id", "flag_id"),
        "communities": ("graph", "community_id", "kind", "id", "stability"),
        "scores": (
            "subject_kind",
            "subject_id",
            "score",
            "p_value",
            "q_value",
            "flags",
            "top_indicators",
        ),
        "coverage": (
            "indicator",
            "subject_kind",
            "subjects",
            "computable",
            "not_computable",
            "flagged",
            "missing",
            "reason",
        ),
        "rejects": ("file", "line", "field", "code", "value", "reason"),
        "identity_candidates": ("kind", "a", "b", "score", "why"),
        "changes": ("kind", "id", "change", "previous_id"),
        "sources": ("table", "row_key", "id", "file", "line", "pointer"),
    }
)
