// Purpose: Let readers see a run that is whole, and no other.
// Parameters:
//   run_id (text): The run.
// Returns: nothing
// Index: none; there are a handful of runs
MATCH (r:Run)
WHERE r.run_id IS NOT NULL
SET r.current = (r.run_id = $run_id)
