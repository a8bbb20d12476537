// Purpose: Take away nodes whose place other rows took.
// Parameters:
//   rows (list): One list a node, its key.
// Places: label, key
// Returns: nothing
// Index: the key of the label
UNWIND $rows AS row
MATCH (n:{{label}} { {{key}}: row[0] })
WHERE n.dataset IS NOT NULL
DETACH DELETE n
