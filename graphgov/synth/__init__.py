"""A synthetic province with planted schemes and innocent look-alikes; scoring."""
