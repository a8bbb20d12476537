// Purpose: How many of our nodes of a label have lost their key, which only others can do.
// Places: label, key
// Returns: nodes
// Index: none; it walks over the label
MATCH (n:{{label}}) WHERE n.dataset IS NOT NULL AND n.{{key}} IS NULL RETURN count(n) AS nodes
