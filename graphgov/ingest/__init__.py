"""Files into tables and rejects; one format per file, discovered."""

from graphgov.ingest.frames import read_frames
from graphgov.ingest.reading import formats, read

__all__ = ["formats", "read", "read_frames"]
