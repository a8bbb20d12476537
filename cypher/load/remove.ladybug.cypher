// Purpose: Take away our nodes of a label, with every relationship they have.
// Places: label
// Returns: nothing
// Index: none; it walks over the label
MATCH (n:{{label}})
WHERE n.dataset IS NOT NULL
DETACH DELETE n
