// Purpose: Add nodes of one label that may be there, since it is not known whether an earlier
//   try arrived.
// Parameters:
//   rows (list): One list of cells a node.
//   days (list): Days; a cell of such a column is a position in it.
// Places: label, key, key_cell, sets
// Returns: nothing
// Index: the key of the label
UNWIND $rows AS row
MERGE (n:{{label}} { {{key}}: {{key_cell}} })
SET {{sets}}
