// Purpose: Add relationships of one type between two labels, known not to be there.
// Parameters:
//   rows (list): One list a relationship: key of the start, key of the end, cells.
//   days (list): Days; a cell of such a column is a position in it.
// Places: start, start_key, end, end_key, type, cells
// Returns: nothing
// Index: the keys of both labels
UNWIND $rows AS row
MATCH (a:{{start}} { {{start_key}}: row[0] })
MATCH (b:{{end}} { {{end_key}}: row[1] })
CREATE (a)-[:{{type}} { {{cells}} }]->(b)
