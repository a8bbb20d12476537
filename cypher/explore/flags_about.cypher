// Group: Cases
// Question: What was seen about this company, person, body or award?
// Purpose: Flags of the current run in which somebody or something takes part, strongest first, with
//   how an honest case could look the same.
// Parameters:
//   id (text): Of a company, person, body, contract, award or tender.
// Returns: indicator, role, score, p_value, reason, innocent, flag_id
// Index: Run.current, Flag.run_id
MATCH (r:Run {current: true})
MATCH (f:Flag {run_id: r.run_id})-[a:ABOUT]->(n)
WITH f, a, coalesce(n.person_id, n.body_id, n.company_id, n.contract_id, n.award_id, n.tender_id) AS id
WHERE id = $id
RETURN f.indicator AS indicator, a.role AS role, f.score AS score, f.p_value AS p_value,
  f.reason AS reason, f.innocent AS innocent, f.flag_id AS flag_id
ORDER BY score DESC, indicator, flag_id, role
