"""Files into tables and rejects; one format per file, discovered."""
