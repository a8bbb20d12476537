// Purpose: See whether a label has a node of ours.
// Places: label
// Returns: found (1 where it has)
// Index: none; it stops at the first
MATCH (n:{{label}}) WHERE n.dataset IS NOT NULL RETURN 1 AS found LIMIT 1
