"""Flags into cases: group, combine, rank, explain."""

from graphgov.cases.build import build
from graphgov.cases.scores import KINDS, scores

__all__ = ["KINDS", "build", "scores"]
