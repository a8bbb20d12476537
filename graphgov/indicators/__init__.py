"""One file per indicator, discovered."""
