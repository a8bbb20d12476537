// Group: Cases
// Question: Which cases should a person look at first?
// Purpose: The best cases of the current run, in order of rank.
// Parameters:
//   top (integer, default 20): How many.
// Returns: rank, case_id, kind, score, certainty, title
// Index: Run.current, Case.run_id
MATCH (r:Run {current: true})
MATCH (c:`Case` {run_id: r.run_id})
WHERE c.rank <= $top
RETURN c.rank AS rank, c.case_id AS case_id, c.kind AS kind, c.score AS score,
  c.certainty AS certainty, c.title AS title
ORDER BY rank
