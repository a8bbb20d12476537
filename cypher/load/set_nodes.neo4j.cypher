// Purpose: Set the properties of nodes of one label; what others added to them stays.
// Parameters:
//   rows (list): One list of cells a node.
//   days (list): Days; a cell of such a column is a position in it.
// Places: label, key, key_cell, sets
// Returns: nothing
// Index: the key of the label
UNWIND $rows AS row
MATCH (n:{{label}} { {{key}}: {{key_cell}} })
WHERE n.dataset IS NOT NULL
SET {{sets}}
