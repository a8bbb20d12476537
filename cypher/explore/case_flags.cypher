// Group: Cases
// Question: What was seen in this case, and how could it be innocent?
// Purpose: The flags of a case of the current run, strongest first.
// Parameters:
//   case_id (text): The case.
// Returns: indicator, score, p_value, certainty, first_on, last_on, reason, innocent, flag_id
// Index: Case.case_id
MATCH (r:Run {current: true})
MATCH (c:`Case` {case_id: $case_id, run_id: r.run_id})-[:CONTAINS]->(f:Flag)
RETURN f.indicator AS indicator, f.score AS score, f.p_value AS p_value,
  f.certainty AS certainty, f.first_on AS first_on, f.last_on AS last_on, f.reason AS reason,
  f.innocent AS innocent, f.flag_id AS flag_id
ORDER BY score DESC, indicator, flag_id
