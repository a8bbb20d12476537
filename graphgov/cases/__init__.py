"""Flags into cases: group, combine, rank, explain."""

from graphgov.cases.build import build
from graphgov.cases.scores import scores

__all__ = ["build", "scores"]
