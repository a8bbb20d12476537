// Purpose: Our relationships of a type between two labels, for the next page of end nodes in the
//   order of their keys.
// Parameters:
//   after (text): The last key of the page before; empty for the first.
//   page (integer): How many end nodes.
// Places: start, end, end_key, type, cells
// Returns: last (key), found (how many nodes were looked at), rows (a list of relationships a
//   node, each a list: key of the start, key of the end, cells)
// Index: the key of the end
MATCH (b:{{end}})
WHERE b.{{end_key}} > $after
WITH b ORDER BY b.{{end_key}} LIMIT $page
RETURN max(b.{{end_key}}) AS last, count(*) AS found,
  collect([(a:{{start}})-[r:{{type}}]->(b) WHERE r.dataset IS NOT NULL | [{{cells}}]]) AS rows
