"""Kernels over bids: one frame of plain columns, two feeders, the same arithmetic."""
