// Purpose: How many nodes a label has, whoever made them.
// Places: label
// Returns: nodes
// Index: none; the database keeps this count
MATCH (n:{{label}}) RETURN count(n) AS nodes
