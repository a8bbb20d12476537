"""Synthetic provinces: a market with planted schemes and innocent look-alikes, and the score."""

from graphgov.synth.province import ProvinceSummary, province

__all__ = ["ProvinceSummary", "province"]
