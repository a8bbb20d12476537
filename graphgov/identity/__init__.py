"""Who is who: candidates for review, judgements, masking; never a merge on a name."""

from graphgov.identity.candidates import candidates
from graphgov.identity.judgements import aliases, conflicts
from graphgov.identity.mask import Masker

__all__ = ["Masker", "aliases", "candidates", "conflicts"]
