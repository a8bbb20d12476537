// Purpose: How many nodes of a label, and relationships that start at them, a run has.
// Parameters:
//   run_id (text): The run.
// Places: label
// Returns: nodes, relationships
// Index: run_id of the label
MATCH (n:{{label}} {run_id: $run_id})
RETURN count(n) AS nodes, sum(COUNT { (n)-[{run_id: $run_id}]->() }) AS relationships
