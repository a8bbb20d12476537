// Group: People
// Question: Is this official close to companies that won from the official's body?
// Purpose: Chains from a person who holds or held an office, over at most three personal ties,
//   to an owner or officer of a company that the same body granted awards to. Sums are exact to
//   the hundredth; a consortium's award counts in full for each member.
// Parameters:
//   official (text): The official.
//   certainty (text, default inferred): Weakest link allowed (documented, declared, inferred).
//   dated (boolean, default true): Whether post, ties and link must be in force at the award.
//   ties (integer, default 3): Most personal ties in a chain, 0 to 3.
// Returns: body, official, ties (how many), chain (names, official first), ids (of the chain),
//   kinds (of the ties), certainty (of the weakest link), link (owner, or role in the company),
//   company, company_id, awards, amount (sum, in one currency), currency, first_on, last_on
// Index: Person.person_id
MATCH (o:Person {person_id: $official})-[h:HELD_OFFICE]->(b:Body)
MATCH w = (o)-[:TIED_TO*0..3]-(q:Person)
WHERE length(w) <= $ties
  AND size(list_distinct(properties(nodes(w), 'row_key'))) = length(w) + 1
MATCH (q)-[l:OWNS|OFFICER_OF]->(c:Company)
MATCH (b)-[:GRANTED]->(a:Award)-[:WON_BY]->(c)
WITH o, b, c, a, length(w) AS ties, properties(nodes(w), 'name') AS chain,
  properties(nodes(w), 'person_id') AS ids, properties(rels(w), 'kind') AS kinds,
  CASE WHEN l.owner_kind IS NULL THEN coalesce(l.role, 'officer') ELSE 'owner' END AS link,
  list_transform(rels(w), r -> coalesce(r.certainty, 'inferred')) + [h.certainty, l.certainty] AS said,
  coalesce(h.started_on, a.awarded_on) <= a.awarded_on
    AND coalesce(h.ended_on, a.awarded_on) >= a.awarded_on
    AND coalesce(l.started_on, a.awarded_on) <= a.awarded_on
    AND coalesce(l.ended_on, a.awarded_on) >= a.awarded_on
    AND all(r IN relationships(w) WHERE coalesce(r.started_on, a.awarded_on) <= a.awarded_on
      AND coalesce(r.ended_on, a.awarded_on) >= a.awarded_on) AS in_force
WHERE (in_force OR NOT $dated) AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH DISTINCT o.name AS official, b.name AS body, b.body_id AS body_id, ties, chain, ids, kinds,
  CASE WHEN 'inferred' IN said THEN 'inferred' WHEN 'declared' IN said THEN 'declared'
    ELSE 'documented' END AS certainty,
  link, c.name AS company, c.company_id AS company_id, a
WHERE certainty = 'documented' OR certainty = $certainty OR $certainty = 'inferred'
WITH body, body_id, official, ties, chain, ids, kinds, certainty, link, company, company_id,
  count(*) AS awards, sum(floor(a.amount * 100 + 0.5)) / 100 AS amount, a.currency AS currency,
  min(a.awarded_on) AS first_on, max(a.awarded_on) AS last_on
RETURN body, official, ties, chain, ids, kinds, certainty, link, company, company_id, awards, amount,
  currency, first_on, last_on
ORDER BY ties, awards DESC, company_id, list_to_string('/', ids), list_to_string('/', kinds), link,
  certainty, body_id, currency
