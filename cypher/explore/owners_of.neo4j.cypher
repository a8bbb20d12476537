// Group: Companies
// Question: Who owns this company, directly and through other companies?
// Purpose: Every chain of holdings that ends in a company, at most six long and through no company
//   twice. Multiplying the shares gives what that one chain holds; chains that meet again, and
//   companies that own each other, are weighed by a run, not here.
// Parameters:
//   company (text): The company.
//   day (date, default 9999-12-31): In force on that day; as it is, whatever has not ended.
// Returns: owner, kind, owner_id, holdings (how many), shares (from the owner down), certainty (of
//   the weakest link), circle (whether the company owns its owner in turn), chain (names, owner
//   first), companies (ids of those in the chain)
// Index: Company.company_id
MATCH w = (o)-[:OWNS*1..6]->(c:Company {company_id: $company})
WHERE all(r IN relationships(w) WHERE coalesce(r.started_on, $day) <= $day
  AND coalesce(r.ended_on, $day) >= $day)
  AND all(n IN nodes(w) WHERE single(m IN nodes(w) WHERE m = n))
WITH o, c, [n IN nodes(w) | n.name] AS chain, [n IN nodes(w) | n.company_id] AS companies,
  [r IN relationships(w) | r.share] AS shares, [r IN relationships(w) | r.certainty] AS said
RETURN o.name AS owner, CASE WHEN o.person_id IS NOT NULL THEN 'person'
    WHEN o.company_id IS NOT NULL THEN 'company' ELSE 'body' END AS kind,
  coalesce(o.person_id, o.company_id, o.body_id) AS owner_id, size(shares) AS holdings, shares,
  CASE WHEN 'inferred' IN said THEN 'inferred' WHEN 'declared' IN said THEN 'declared'
    ELSE 'documented' END AS certainty,
  EXISTS { MATCH (c)-[:OWNS*1..6]->(o) } AS circle, chain, companies
ORDER BY holdings, kind, owner_id, reduce(s = '', x IN companies | s + ',' + coalesce(x, '')) + ']',
  reduce(s = '', x IN shares | s + ',' + coalesce(toString(x), '')), certainty
