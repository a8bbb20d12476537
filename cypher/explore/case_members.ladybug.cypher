// Group: Cases
// Question: Who and what is in this case, and in which role?
// Purpose: The members of a case of the current run, the nodes that `case_links` joins.
// Parameters:
//   case_id (text): The case.
// Returns: role, kind (label), id, name
// Index: Case.case_id
MATCH (r:Run {current: true})
MATCH (c:`Case` {case_id: $case_id, run_id: r.run_id})-[i:INVOLVES]->(n)
RETURN i.role AS role, label(n) AS kind,
  coalesce(n.person_id, n.body_id, n.company_id, n.contract_id, n.award_id, n.tender_id) AS id,
  coalesce(n.name, n.title) AS name
ORDER BY role, kind, id
