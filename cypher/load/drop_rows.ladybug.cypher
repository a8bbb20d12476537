// Purpose: Take away relationships whose place other rows took.
// Places: start, start_key, end, end_key, type, path
// Returns: nothing
// Index: the keys of both labels
LOAD FROM {{path}}
MATCH (a:{{start}} { {{start_key}}: `from` })-[r:{{type}}]->(b:{{end}} { {{end_key}}: `to` })
WHERE r.row_key = row_key AND r.dataset IS NOT NULL
DELETE r
