// Question: Who links these two companies?
// Purpose: People, companies and bodies that own or run both, and pairs of people tied to each
//   other of whom one owns or runs the first company and the other the second.
// Parameters:
//   company_a (text): One company.
//   company_b (text): The other company.
// Returns: first, first_id, link_a (OWNS or OFFICER_OF), second, second_id (the same where one
//   holder links both), link_b, ties (0 or 1), kinds (of the tie)
// Index: Company.company_id
MATCH (a:Company {company_id: $company_a})<-[x:OWNS|:OFFICER_OF]-(p:Person:Company:Body)
MATCH w = (p)-[:TIED_TO*0..1]-(q:Person:Company:Body)
MATCH (q)-[y:OWNS|:OFFICER_OF]->(b:Company {company_id: $company_b})
RETURN DISTINCT p.name AS first, coalesce(p.person_id, p.company_id, p.body_id) AS first_id,
  label(x) AS link_a, q.name AS second,
  coalesce(q.person_id, q.company_id, q.body_id) AS second_id, label(y) AS link_b,
  length(w) AS ties, properties(rels(w), 'kind') AS kinds
ORDER BY ties, first_id, second_id, link_a, link_b, CAST(kinds AS STRING)
