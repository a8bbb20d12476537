"""Flags into cases: group, combine, rank, explain."""
