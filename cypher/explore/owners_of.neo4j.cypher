// Question: Who owns this company, directly and through other companies?
// Purpose: Every chain of ownership that ends in a company, at most six holdings long, with the
//   share at each step. Multiplying the shares gives what that one chain holds; ways that meet
//   again, and companies that own each other, are weighed by the engine, not here.
// Parameters:
//   company_id (text): The company.
// Returns: owner, kind, owner_id, holdings (steps), shares (from the owner down), certainties,
//   chain (names, owner first)
// Index: Company.company_id
MATCH p = (o)-[:OWNS*1..6]->(c:Company {company_id: $company_id})
WHERE all(n IN nodes(p) WHERE single(m IN nodes(p) WHERE m = n))
RETURN o.name AS owner, labels(o)[0] AS kind,
  coalesce(o.person_id, o.company_id, o.body_id) AS owner_id, length(p) AS holdings,
  [r IN relationships(p) | r.share] AS shares,
  [r IN relationships(p) | r.certainty] AS certainties,
  [n IN nodes(p) | n.name] AS chain
ORDER BY holdings, kind, owner_id, chain, shares
