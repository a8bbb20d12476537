"""Who is who: candidates for review, judgements, masking; never a merge on a name."""
