// Purpose: Find a relationship that is a row of a table by the key that evidence cites.
// Places: called, type
// Returns: nothing
// Index: makes one
CREATE INDEX {{called}} IF NOT EXISTS FOR ()-[r:{{type}}]-() ON (r.row_key)
