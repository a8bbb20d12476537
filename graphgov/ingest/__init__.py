"""Files into tables and rejects; one format per file, discovered."""

from graphgov.ingest.frames import read_frames

__all__ = ["read_frames"]
