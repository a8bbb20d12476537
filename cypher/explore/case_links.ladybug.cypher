// Group: Cases
// Question: How do the members of this case hang together?
// Purpose: The subgraph of a case of the current run as a table: every relationship between two
//   members. `case_graph` gives the same to Neo4j Browser and Bloom as a picture.
// Parameters:
//   case_id (text): The case.
// Returns: start, start_id, link (type), end, end_id, since, until, certainty
// Index: Case.case_id
MATCH (r:Run {current: true})
MATCH (c:`Case` {case_id: $case_id, run_id: r.run_id})-[:INVOLVES]->(a)
MATCH (c)-[:INVOLVES]->(b)
MATCH (a)-[l]->(b)
WHERE l.dataset IS NOT NULL
RETURN DISTINCT coalesce(a.name, a.title) AS start,
  coalesce(a.person_id, a.body_id, a.company_id, a.contract_id, a.award_id, a.tender_id) AS start_id,
  label(l) AS link, coalesce(b.name, b.title) AS `end`,
  coalesce(b.person_id, b.body_id, b.company_id, b.contract_id, b.award_id, b.tender_id) AS end_id,
  l.started_on AS since, l.ended_on AS until,
  coalesce(l.certainty, CASE WHEN l.kind IS NULL THEN 'documented' ELSE 'inferred' END)
    AS certainty
ORDER BY link, start_id, end_id, since, until, certainty
