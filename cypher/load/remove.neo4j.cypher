// Purpose: Take away some of our nodes of a label, with every relationship they have.
// Parameters:
//   page (integer): How many at once.
// Places: label
// Returns: gone
// Index: none; it stops when it has enough
MATCH (n:{{label}})
WHERE n.dataset IS NOT NULL
WITH n LIMIT $page
DETACH DELETE n
RETURN count(*) AS gone
