// Purpose: Set the properties of nodes of one label.
// Places: label, key, sets, path
// Returns: nothing
// Index: the key of the label
LOAD FROM {{path}}
MATCH (n:{{label}} { {{key}}: {{key}} })
SET {{sets}}
