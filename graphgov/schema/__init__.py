"""What exists: input tables, result tables, the values that pass between rooms."""

from graphgov.schema.columns import REF_KINDS, SQL_TYPES, Column, Type
from graphgov.schema.dataset import Counts, InputFile, Tables
from graphgov.schema.results import (
    OUTPUTS,
    Case,
    Community,
    Coverage,
    Evidence,
    Flag,
    Member,
    Reject,
    Results,
    Score,
)
from graphgov.schema.tables import CERTAINTIES, METHODS, TABLES, Table

__all__ = [
    "CERTAINTIES",
    "METHODS",
    "OUTPUTS",
    "REF_KINDS",
    "SQL_TYPES",
    "TABLES",
    "Case",
    "Column",
    "Community",
    "Counts",
    "Coverage",
    "Evidence",
    "Flag",
    "InputFile",
    "Member",
    "Reject",
    "Results",
    "Score",
    "Table",
    "Tables",
    "Type",
]
