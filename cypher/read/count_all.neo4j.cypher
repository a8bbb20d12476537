// Purpose: How many nodes there are beside those that say who writes.
// Returns: nodes
// Index: none; the database keeps both counts
MATCH (n) WITH count(n) AS everything
OPTIONAL MATCH (l:GraphGovLoad) WITH everything, count(l) AS marks
RETURN everything - marks AS nodes
