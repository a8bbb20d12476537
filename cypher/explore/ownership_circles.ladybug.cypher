// Group: Companies
// Question: Which companies own themselves through others?
// Purpose: Circles of holdings, at most six long, each shown once, from the company with the
//   smallest id. Cross-holdings make capital look larger and owners harder to name.
// Parameters:
//   day (date, default 9999-12-31): In force on that day; as it is, whatever has not ended.
// Returns: holdings (how many), chain (names), ids (of the chain), shares, certainty (of the
//   weakest link)
// Index: none; it walks over all companies that own another
MATCH w = (c:Company)-[:OWNS*1..6 (r, n | WHERE coalesce(r.started_on, $day) <= $day
  AND coalesce(r.ended_on, $day) >= $day)]->(e:Company)
WHERE e.company_id = c.company_id
WITH DISTINCT c.company_id AS first, nodes(w) AS steps, rels(w) AS held
WITH first, properties(steps, 'name') AS chain, properties(steps, 'company_id') AS ids,
  properties(held, 'share') AS shares, properties(held, 'certainty') AS said
WITH chain, ids, shares, said, list_sort(ids)[1] = first AS smallest
WHERE size(list_distinct(ids)) = size(shares) AND smallest
RETURN size(shares) AS holdings, chain, ids, shares,
  CASE WHEN 'inferred' IN said THEN 'inferred' WHEN 'declared' IN said THEN 'declared'
    ELSE 'documented' END AS certainty
ORDER BY holdings, list_to_string('/', ids), list_to_string('/', shares), certainty
