// Purpose: Take away nodes whose place other rows took.
// Places: label, key, path
// Returns: nothing
// Index: the key of the label
LOAD FROM {{path}}
MATCH (n:{{label}} { {{key}}: key })
WHERE n.dataset IS NOT NULL
DETACH DELETE n
