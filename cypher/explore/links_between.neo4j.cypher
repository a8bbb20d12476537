// Group: Companies
// Question: Who links these two companies?
// Purpose: Every chain of holdings, offices in companies and personal ties between two companies,
//   up to four links long: one holds the other (1), one owner of both (2), tied owners (3), owners
//   with a common acquaintance (4). Whether the links overlap in time is shown, not decided.
// Parameters:
//   company_a (text): One company.
//   company_b (text): The other company.
//   steps (integer, default 3): Most links in a chain, 1 to 4.
// Returns: steps, chain (names), ids (of the chain), links (owner, role in the company, or kind of
//   tie), since, until, certainty (of the weakest link)
// Index: Company.company_id
MATCH w = (a:Company {company_id: $company_a})-[:OWNS|OFFICER_OF|TIED_TO*1..4]-(b:Company {company_id: $company_b})
WHERE length(w) <= $steps AND all(n IN nodes(w) WHERE single(m IN nodes(w) WHERE m = n))
WITH w, [r IN relationships(w) | CASE WHEN r.kind IS NULL THEN coalesce(r.certainty, 'documented')
    ELSE coalesce(r.certainty, 'inferred') END] AS said
WITH DISTINCT length(w) AS steps, [n IN nodes(w) | n.name] AS chain,
  [n IN nodes(w) | coalesce(n.person_id, n.company_id, n.body_id)] AS ids,
  [r IN relationships(w) | CASE WHEN r.owner_kind IS NULL
    THEN coalesce(r.kind, r.role, 'officer') ELSE 'owner' END] AS links,
  [r IN relationships(w) | r.started_on] AS since,
  [r IN relationships(w) | r.ended_on] AS until,
  CASE WHEN 'inferred' IN said THEN 'inferred' WHEN 'declared' IN said THEN 'declared'
    ELSE 'documented' END AS certainty
RETURN steps, chain, ids, links, since, until, certainty
ORDER BY steps, reduce(s = '', x IN ids | s + '/' + x), reduce(s = '', x IN links | s + '/' + x),
  certainty, reduce(s = '', d IN since | s + '/' + coalesce(toString(d), '')),
  reduce(s = '', d IN until | s + '/' + coalesce(toString(d), ''))
