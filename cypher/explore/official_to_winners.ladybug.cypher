// Question: Is this official close to companies that won from the official's body?
// Purpose: Chains from a person who holds or held an office, over at most three personal ties,
//   to an owner or officer of a company that the same body granted awards to. Whether tie, post
//   and award overlap in time is shown by the dates, not decided here.
// Parameters:
//   person_id (text): The official.
// Returns: body, official, ties (steps), chain (names, official first), kinds (of the ties),
//   link (OWNS or OFFICER_OF), company, company_id, awards, amount (sum, in one currency),
//   currency, first_on, last_on
// Index: Person.person_id
MATCH (o:Person {person_id: $person_id})-[:HELD_OFFICE]->(b:Body)
MATCH w = (o)-[:TIED_TO*0..3]-(q:Person)
WHERE size(list_distinct(properties(nodes(w), 'row_key'))) = length(w) + 1
MATCH (q)-[l:OWNS|:OFFICER_OF]->(c:Company)
MATCH (b)-[:GRANTED]->(a:Award)-[:WON_BY]->(c)
WITH DISTINCT b.name AS body, o.name AS official, length(w) AS ties,
  properties(nodes(w), 'name') AS chain, properties(rels(w), 'kind') AS kinds,
  label(l) AS link, c.name AS company, c.company_id AS company_id, a
RETURN body, official, ties, chain, kinds, link, company, company_id, count(*) AS awards,
  sum(a.amount) AS amount, a.currency AS currency,
  min(a.awarded_on) AS first_on, max(a.awarded_on) AS last_on
ORDER BY ties, amount DESC, company_id, CAST(chain AS STRING), link, currency
