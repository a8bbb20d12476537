// Question: Who owns this company, directly and through other companies?
// Purpose: Every chain of ownership that ends in a company, at most six holdings long, with the
//   share at each step. Multiplying the shares gives what that one chain holds; ways that meet
//   again, and companies that own each other, are weighed by the engine, not here.
// Parameters:
//   company_id (text): The company.
// Returns: owner, kind, owner_id, holdings (steps), shares (from the owner down), certainties,
//   chain (names, owner first)
// Index: Company.company_id
MATCH p = (o:Person:Company:Body)-[e:OWNS*1..6]->(c:Company {company_id: $company_id})
WHERE size(list_distinct(properties(nodes(p), 'row_key'))) = length(p) + 1
RETURN o.name AS owner, label(o) AS kind,
  coalesce(o.person_id, o.company_id, o.body_id) AS owner_id, length(p) AS holdings,
  properties(rels(p), 'share') AS shares, properties(rels(p), 'certainty') AS certainties,
  properties(nodes(p), 'name') AS chain
ORDER BY holdings, kind, owner_id, CAST(chain AS STRING), CAST(shares AS STRING)
