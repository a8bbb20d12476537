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
WHERE length(w) <= $steps
WITH DISTINCT nodes(w) AS steps, rels(w) AS met
WITH properties(steps, 'name') AS chain, properties(steps, 'row_key') AS keys,
  properties(steps, 'person_id') AS people, properties(steps, 'company_id') AS companies,
  properties(steps, 'body_id') AS bodies, properties(met, '_label') AS links,
  properties(met, 'kind') AS kinds, properties(met, 'started_on') AS since,
  properties(met, 'ended_on') AS until, properties(met, 'certainty') AS certainties
WHERE size(list_distinct(keys)) = size(keys)
RETURN DISTINCT size(links) AS steps, chain, people, companies, bodies, links, kinds, since, until,
  certainties
ORDER BY steps, CAST(companies AS STRING), CAST(people AS STRING),
  CAST(bodies AS STRING), CAST(links AS STRING), CAST(kinds AS STRING),
  CAST(since AS STRING), CAST(until AS STRING), CAST(certainties AS STRING)
