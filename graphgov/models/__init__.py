"""Anomaly models over features, discovered."""
