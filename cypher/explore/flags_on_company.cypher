// Question: What was seen about this company?
// Purpose: Flags of the current run in which a company takes part, strongest first, with how an
//   honest case could look the same.
// Parameters:
//   company_id (text): The company.
// Returns: indicator, role, score, p_value, reason, innocent
// Index: Company.company_id
MATCH (r:Run {current: true})
MATCH (f:Flag {run_id: r.run_id})-[a:ABOUT]->(c:Company {company_id: $company_id})
RETURN f.indicator AS indicator, a.role AS role, f.score AS score, f.p_value AS p_value,
  f.reason AS reason, f.innocent AS innocent
ORDER BY score DESC, indicator, reason, role
