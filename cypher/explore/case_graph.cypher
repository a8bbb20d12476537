// Group: Cases
// Question: What does this case look like?
// Purpose: The subgraph of a case of the current run as nodes and relationships, which Neo4j Browser
//   and Bloom draw: the case, its flags and members, and every relationship among them.
// Parameters:
//   case_id (text): The case.
// Returns: a (node), link (relationship), b (node)
// Index: Case.case_id
MATCH (r:Run {current: true})
MATCH (c:`Case` {case_id: $case_id, run_id: r.run_id})-[:INVOLVES]->(b)
MATCH (a)-[link]->(b)
WHERE a.uid = c.uid OR EXISTS { MATCH (c)-[:INVOLVES]->(a) } OR EXISTS { MATCH (c)-[:CONTAINS]->(a) }
RETURN DISTINCT a, link, b
ORDER BY b.row_key, a.uid, a.row_key, link.row_key, link.role, link.started_on
