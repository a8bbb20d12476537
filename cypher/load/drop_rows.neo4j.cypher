// Purpose: Take away relationships whose place other rows took.
// Parameters:
//   rows (list): One list a relationship: key of the start, key of the end, row_key.
// Places: start, start_key, end, end_key, type
// Returns: nothing
// Index: the keys of both labels
UNWIND $rows AS row
MATCH (a:{{start}} { {{start_key}}: row[0] })-[r:{{type}}]->(b:{{end}} { {{end_key}}: row[1] })
WHERE r.row_key = row[2] AND r.dataset IS NOT NULL
DELETE r
