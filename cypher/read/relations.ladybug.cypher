// Purpose: Write our relationships of a type between two labels to a file.
// Places: start, start_key, end, end_key, type, cells, path
// Returns: nothing
// Index: none; it walks over the type
COPY (
  MATCH (a:{{start}})-[r:{{type}}]->(b:{{end}}) WHERE r.dataset IS NOT NULL
  RETURN a.{{start_key}} AS `from`, b.{{end_key}} AS `to`, {{cells}}
) TO {{path}}
