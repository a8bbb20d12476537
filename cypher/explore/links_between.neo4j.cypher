// Group: Companies
// Question: Who links these two companies?
// Purpose: Every chain of holdings, offices in companies and personal ties between two companies,
//   up to four links long: one holds the other (1), one owner of both (2), tied owners (3), owners
//   with a common acquaintance (4). Whether the links overlap in time is shown, not decided. A tie
//   without certainty is inferred, another link without it documented.
// Parameters:
//   company_a (text): One company.
//   company_b (text): The other company.
//   steps (integer, default 3): Most links in a chain, 1 to 4.
// Returns: steps, chain (names), people, companies, bodies (their ids, in their places), links
//   (types), kinds (of the ties), since, until, certainties
// Index: Company.company_id
MATCH w = (a:Company {company_id: $company_a})-[:OWNS|OFFICER_OF|TIED_TO*1..4]-(b:Company {company_id: $company_b})
WHERE length(w) <= $steps AND all(n IN nodes(w) WHERE single(m IN nodes(w) WHERE m = n))
WITH [n IN nodes(w) | n.name] AS chain, [n IN nodes(w) | n.person_id] AS people,
  [n IN nodes(w) | n.company_id] AS companies, [n IN nodes(w) | n.body_id] AS bodies,
  [r IN relationships(w) | type(r)] AS links, [r IN relationships(w) | r.kind] AS kinds,
  [r IN relationships(w) | r.started_on] AS since, [r IN relationships(w) | r.ended_on] AS until,
  [r IN relationships(w) | r.certainty] AS certainties
RETURN DISTINCT size(links) AS steps, chain, people, companies, bodies, links, kinds, since, until,
  certainties
ORDER BY steps, reduce(s = '', x IN companies | s + ',' + coalesce(x, '')) + ']',
  reduce(s = '', x IN people | s + ',' + coalesce(x, '')) + ']',
  reduce(s = '', x IN bodies | s + ',' + coalesce(x, '')) + ']',
  reduce(s = '', x IN links | s + ',' + coalesce(x, '')) + ']',
  reduce(s = '', x IN kinds | s + ',' + coalesce(x, '')) + ']',
  reduce(s = '', x IN since | s + ',' + coalesce(toString(x), '')) + ']',
  reduce(s = '', x IN until | s + ',' + coalesce(toString(x), '')) + ']',
  reduce(s = '', x IN certainties | s + ',' + coalesce(x, '')) + ']'
