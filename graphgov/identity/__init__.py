"""Who is who: candidates for review, judgements, masking; never a merge on a name."""

from graphgov.identity.candidates import candidates
from graphgov.identity.judgements import aliases, conflicts
from graphgov.identity.mask import Masker, Redactor

__all__ = ["Masker", "Redactor", "aliases", "candidates", "conflicts"]
