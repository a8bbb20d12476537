// Purpose: Our relationships of a type between two labels, for the next page of start nodes in
//   the order of their keys.
// Parameters:
//   after (text): The last key of the page before; empty for the first.
//   page (integer): How many start nodes.
// Places: start, start_key, end, type, cells
// Returns: last (key), found (how many nodes were looked at), rows (a list of relationships a
//   node, each a list: key of the start, key of the end, cells)
// Index: the key of the start
MATCH (a:{{start}})
WHERE a.{{start_key}} > $after
WITH a ORDER BY a.{{start_key}} LIMIT $page
RETURN max(a.{{start_key}}) AS last, count(*) AS found,
  collect([(a)-[r:{{type}}]->(b:{{end}}) WHERE r.dataset IS NOT NULL | [{{cells}}]]) AS rows
