// Purpose: Take away some nodes that runs other than one wrote.
// Parameters:
//   run_id (text): The run that stays; empty for none.
//   page (integer): How many at once.
// Places: label
// Returns: gone
// Index: none; it stops when it has enough
MATCH (n:{{label}})
WHERE n.run_id <> $run_id
WITH n LIMIT $page
DETACH DELETE n
RETURN count(*) AS gone
