// Purpose: What the nodes of a label say that a run wrote, to compare it with what a run says now.
// Parameters:
//   run_id (text): The run.
// Places: label, says
// Returns: uid, says, score
// Index: run_id of the label
MATCH (n:{{label}} {run_id: $run_id})
RETURN n.uid AS uid, n.{{says}} AS says, n.score AS score ORDER BY uid
