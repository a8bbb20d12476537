// Purpose: Add relationships that may be there, since it is not known whether an earlier try
//   arrived. One is known by its ends, its row and its role.
// Parameters:
//   rows (list): One list a relationship: key of the start, key of the end, cells.
//   days (list): Days; a cell of such a column is a position in it.
// Places: start, start_key, end, end_key, type, cells, mark, mark_cell, role_cell
// Returns: nothing
// Index: the keys of both labels
UNWIND $rows AS row
MATCH (a:{{start}} { {{start_key}}: row[0] })
MATCH (b:{{end}} { {{end_key}}: row[1] })
WHERE NOT EXISTS {
  MATCH (a)-[r:{{type}}]->(b)
  WHERE r.{{mark}} = {{mark_cell}} AND coalesce(r.role, '') = coalesce({{role_cell}}, '')
}
CREATE (a)-[:{{type}} { {{cells}} }]->(b)
