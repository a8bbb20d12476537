// Purpose: Take away what runs wrote under a label.
// Places: label
// Returns: nothing
// Index: none; it walks over the label
MATCH (n:{{label}})
WHERE n.run_id IS NOT NULL
DETACH DELETE n
