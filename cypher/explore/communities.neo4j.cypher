// Group: Bidders
// Question: Which groups did the current run find?
// Purpose: Members of each community, with how stable their membership is.
// Parameters:
//   graph (text, default cobidding): Which network; cobidding joins companies that bid together.
// Returns: community_id, kind, id, name, stability (0 to 1)
// Index: none; it reads all communities
MATCH (r:Run {current: true})
MATCH (k:Community {run_id: r.run_id})-[h:HAS]->(n)
WHERE k.graph = $graph
RETURN k.community_id AS community_id, labels(n)[0] AS kind,
  coalesce(n.person_id, n.body_id, n.company_id, n.contract_id, n.award_id, n.tender_id) AS id,
  coalesce(n.name, n.title) AS name, h.stability AS stability
ORDER BY community_id, kind, id
