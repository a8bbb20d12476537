// Purpose: The next page of our nodes of a label, in the order of their keys.
// Parameters:
//   after (text): The last key of the page before; empty for the first.
//   page (integer): How many.
// Places: label, key, cells
// Returns: last (key), found (how many were looked at), rows (a list of cells a node; null for
//   a node that is not ours)
// Index: the key of the label
MATCH (n:{{label}})
WHERE n.{{key}} > $after
WITH n ORDER BY n.{{key}} LIMIT $page
RETURN max(n.{{key}}) AS last, count(*) AS found,
  collect(CASE WHEN n.dataset IS NOT NULL THEN [{{cells}}] END) AS rows
