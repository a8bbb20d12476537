// Purpose: Find nodes of a label by a property that is no key.
// Places: called, label, property
// Returns: nothing
// Index: makes one
CREATE INDEX {{called}} IF NOT EXISTS FOR (n:{{label}}) ON (n.{{property}})
