// Purpose: The same where an earlier try may have arrived.
// Parameters:
//   rows (list): One list a relationship: uid of the start, key of the end, cells.
//   days (list): Days; a cell of such a column is a position in it.
// Places: start, end, end_key, type, cells, ours, role_cell
// Returns: nothing
// Index: uid of the start, the key of the end
UNWIND $rows AS row
MATCH (a:{{start}} {uid: row[0]})
MATCH (b:{{end}} { {{end_key}}: row[1] })
WHERE b.{{ours}} IS NOT NULL AND NOT EXISTS {
  MATCH (a)-[r:{{type}}]->(b) WHERE coalesce(r.role, '') = coalesce({{role_cell}}, '')
}
CREATE (a)-[:{{type}} { {{cells}} }]->(b)
