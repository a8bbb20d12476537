// Purpose: Add nodes of one label, known not to be there.
// Parameters:
//   rows (list): One list of cells a node.
//   days (list): Days; a cell of such a column is a position in it.
// Places: label, cells
// Returns: nothing
// Index: none
UNWIND $rows AS row
CREATE (n:{{label}} { {{cells}} })
