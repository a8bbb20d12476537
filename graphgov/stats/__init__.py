"""Strata, exact tests, false-discovery control."""
