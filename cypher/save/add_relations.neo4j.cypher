// Purpose: Hang what a run found on what it is about; what is not in the graph, such as a
//   pseudonym, is left out.
// Parameters:
//   rows (list): One list a relationship: uid of the start, key of the end, cells.
//   days (list): Days; a cell of such a column is a position in it.
// Places: start, end, end_key, type, cells, ours
// Returns: nothing
// Index: uid of the start, the key of the end
UNWIND $rows AS row
MATCH (a:{{start}} {uid: row[0]})
MATCH (b:{{end}} { {{end_key}}: row[1] })
WHERE b.{{ours}} IS NOT NULL
CREATE (a)-[:{{type}} { {{cells}} }]->(b)
