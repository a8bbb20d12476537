"""Who is who: candidates for review, judgements, masking; never a merge on a name."""

from graphgov.identity.judgements import aliases

__all__ = ["aliases"]
