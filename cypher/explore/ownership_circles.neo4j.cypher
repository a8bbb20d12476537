// Group: Companies
// Question: Which companies own themselves through others?
// Purpose: Circles of holdings, at most six long, each shown once, from the company with the
//   smallest id. Cross-holdings make capital look larger and owners harder to name.
// Parameters:
//   day (date, default 9999-12-31): In force on that day; as it is, whatever has not ended.
// Returns: holdings (how many), chain (names), ids (of the chain), shares, certainty (of the
//   weakest link)
// Index: none; it walks over all companies that own another
MATCH w = (c:Company)-[:OWNS*1..6]->(c)
WHERE all(n IN nodes(w)[1..] WHERE n.company_id >= c.company_id
    AND single(m IN nodes(w)[1..] WHERE m = n))
  AND all(r IN relationships(w) WHERE coalesce(r.started_on, $day) <= $day
    AND coalesce(r.ended_on, $day) >= $day)
WITH w, [r IN relationships(w) | r.certainty] AS said, [n IN nodes(w) | n.company_id] AS ids,
  [r IN relationships(w) | r.share] AS shares
RETURN length(w) AS holdings, [n IN nodes(w) | n.name] AS chain, ids, shares,
  CASE WHEN 'inferred' IN said THEN 'inferred' WHEN 'declared' IN said THEN 'declared'
    ELSE 'documented' END AS certainty
ORDER BY holdings, reduce(s = '', x IN ids | s + '/' + x),
  reduce(s = '', x IN shares | s + '/' + coalesce(toString(x), '')), certainty
