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
MATCH w = (o:Person {person_id: $official})-[:TIED_TO*0..3]-(q:Person)
WHERE length(w) <= $ties
WITH DISTINCT o, q, nodes(w) AS steps, rels(w) AS ties
WITH o, q, properties(steps, 'name') AS chain, properties(steps, 'person_id') AS ids,
  properties(ties, 'kind') AS kinds, properties(ties, 'certainty') AS said,
  list_sort(properties(ties, 'certainty') + ['-'], 'ASC', 'NULLS FIRST')[1] AS least,
  list_sort(properties(ties, 'started_on') + [date('0001-01-01')], 'DESC', 'NULLS LAST')[1] AS met,
  list_sort(properties(ties, 'ended_on') + [date('9999-12-31')], 'ASC', 'NULLS LAST')[1] AS broke
WHERE size(list_distinct(ids)) = size(ids)
MATCH (o)-[h:HELD_OFFICE]->(b:Body)
MATCH (q)-[l:OWNS|OFFICER_OF]->(c:Company)
MATCH (b)-[:GRANTED]->(a:Award)-[:WON_BY]->(c)
WITH o, b, c, a, chain, ids, kinds, least, met, broke, said + [h.certainty, l.certainty] AS said,
  CASE WHEN l.owner_kind IS NULL THEN coalesce(l.role, 'officer') ELSE 'owner' END AS link,
  coalesce(h.started_on, a.awarded_on) AS came, coalesce(h.ended_on, a.awarded_on) AS went,
  coalesce(l.started_on, a.awarded_on) AS since, coalesce(l.ended_on, a.awarded_on) AS parted
WHERE (NOT $dated OR (came <= a.awarded_on AND went >= a.awarded_on AND since <= a.awarded_on
    AND parted >= a.awarded_on AND met <= a.awarded_on AND broke >= a.awarded_on))
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH DISTINCT o.name AS official, b.name AS body, b.body_id AS body_id, size(kinds) AS ties, chain,
  ids, kinds, CASE WHEN least IS NULL OR 'inferred' IN said THEN 'inferred'
    WHEN 'declared' IN said THEN 'declared' ELSE 'documented' END AS certainty,
  link, c.name AS company, c.company_id AS company_id, a
WHERE certainty = 'documented' OR certainty = $certainty OR $certainty = 'inferred'
WITH body, body_id, official, ties, chain, ids, kinds, certainty, link, company, company_id,
  count(*) AS awards, sum(floor(a.amount * 100 + 0.5)) / 100 AS amount, a.currency AS currency,
  min(a.awarded_on) AS first_on, max(a.awarded_on) AS last_on
RETURN body, official, ties, chain, ids, kinds, certainty, link, company, company_id, awards, amount,
  currency, first_on, last_on
ORDER BY ties, awards DESC, company_id, list_to_string('/', ids), list_to_string('/', kinds), link,
  certainty, body_id, currency
