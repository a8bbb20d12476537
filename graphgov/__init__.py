"""GraphGov: leads for people who look into public procurement."""

__version__ = "0.1.0"
