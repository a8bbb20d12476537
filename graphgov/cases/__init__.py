"""Flags into cases: group, combine, rank, explain, honour reviews."""

from graphgov.cases.build import build, sort_out
from graphgov.cases.reviews import Judgement, Reviews, Sign
from graphgov.cases.scores import KINDS, scores

__all__ = ["KINDS", "Judgement", "Reviews", "Sign", "build", "scores", "sort_out"]
