// Group: Companies
// Question: Which companies own themselves through others?
// Purpose: Circles of holdings, at most six long, each shown once, from the company with the
//   smallest id. Cross-holdings make capital look larger and owners harder to name.
// Parameters:
//   day (date, default 9999-12-31): In force on that day; as it is, whatever has not ended.
// Returns: holdings (how many), chain (names), ids (of the chain), shares, certainty (of the
//   weakest link)
// Index: none; it walks over all companies that own another
WITH $day AS day
MATCH w = (c:Company)-[:OWNS*1..6]->(e:Company)
WHERE e.company_id = c.company_id
  AND size(list_distinct(properties(nodes(w), 'company_id'))) = length(w)
  AND all(n IN nodes(w) WHERE n.company_id >= c.company_id)
  AND all(r IN relationships(w) WHERE coalesce(r.started_on, day) <= day
    AND coalesce(r.ended_on, day) >= day)
WITH length(w) AS holdings, properties(rels(w), 'certainty') AS said,
  properties(nodes(w), 'name') AS chain, properties(nodes(w), 'company_id') AS ids,
  properties(rels(w), 'share') AS shares
RETURN holdings, chain, ids, shares,
  CASE WHEN 'inferred' IN said THEN 'inferred' WHEN 'declared' IN said THEN 'declared'
    ELSE 'documented' END AS certainty
ORDER BY holdings, list_to_string('/', ids),
  list_to_string('/', list_transform(shares, x -> coalesce(CAST(x AS STRING), ''))), certainty
