// Purpose: The runs that are in the graph, whole or not.
// Returns: run_id, current
// Index: none; there are a handful of runs
MATCH (r:Run) WHERE r.run_id IS NOT NULL
RETURN r.run_id AS run_id, coalesce(r.current, false) AS current ORDER BY run_id
