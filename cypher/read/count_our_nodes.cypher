// Purpose: How many nodes of a label are ours.
// Places: label
// Returns: nodes
// Index: none; it walks over the label
MATCH (n:{{label}}) WHERE n.dataset IS NOT NULL RETURN count(n) AS nodes
