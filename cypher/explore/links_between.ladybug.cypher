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
WHERE length(w) <= $steps
  AND size(list_distinct(properties(nodes(w), 'row_key'))) = length(w) + 1
WITH length(w) AS steps, list_transform(rels(w), r -> CASE WHEN r.kind IS NULL THEN coalesce(r.certainty, 'documented')
    ELSE coalesce(r.certainty, 'inferred') END) AS said,
  properties(nodes(w), 'name') AS chain,
  list_transform(nodes(w), n -> coalesce(n.person_id, n.company_id, n.body_id)) AS ids,
  list_transform(relationships(w), r -> CASE WHEN r.owner_kind IS NULL
    THEN coalesce(r.kind, r.role, 'officer') ELSE 'owner' END) AS links,
  properties(rels(w), 'started_on') AS since, properties(rels(w), 'ended_on') AS until
WITH DISTINCT steps, chain, ids, links, since, until,
  CASE WHEN 'inferred' IN said THEN 'inferred' WHEN 'declared' IN said THEN 'declared'
    ELSE 'documented' END AS certainty
RETURN steps, chain, ids, links, since, until, certainty
ORDER BY steps, list_to_string('/', ids), list_to_string('/', links), certainty,
  list_to_string('/', list_transform(since, d -> coalesce(CAST(d AS STRING), ''))),
  list_to_string('/', list_transform(until, d -> coalesce(CAST(d AS STRING), '')))
