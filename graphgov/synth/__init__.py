"""Synthetic provinces: a market with planted schemes and innocent look-alikes, and the score."""

from graphgov.synth.making import ProvinceSummary, province
from graphgov.synth.score import Evaluation, evaluate

__all__ = ["Evaluation", "ProvinceSummary", "evaluate", "province"]
