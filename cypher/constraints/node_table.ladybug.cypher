// Purpose: Make the table of a label, with its key.
// Places: label, columns, key
// Returns: nothing
// Index: makes one
CREATE NODE TABLE IF NOT EXISTS {{label}} ({{columns}}, PRIMARY KEY ({{key}}))
