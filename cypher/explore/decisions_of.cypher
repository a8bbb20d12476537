// Group: People
// Question: What did this official decide, and who won it?
// Purpose: Tenders and awards in which a person took part, the winners, and how many personal ties
//   the person has to owners and officers of the winner, whenever those were.
// Parameters:
//   official (text): The official.
//   from (date, default 0001-01-01): First day of award.
//   until (date, default 9999-12-31): Last day of award.
// Returns: awarded_on, award_id, body, role, recused, company, company_id, amount, currency, tied
// Index: Person.person_id
MATCH (o:Person {person_id: $official})-[d:DECIDED]->(x)-[:LED_TO*0..1]->(a:Award)
WHERE a.awarded_on >= $from AND a.awarded_on <= $until
MATCH (b:Body)-[:GRANTED]->(a)-[:WON_BY]->(c:Company)
RETURN DISTINCT a.awarded_on AS awarded_on, a.award_id AS award_id, b.name AS body,
  d.role AS role, coalesce(d.recused, false) AS recused, c.name AS company,
  c.company_id AS company_id, a.amount AS amount, a.currency AS currency,
  COUNT { MATCH (o)-[:TIED_TO]-(:Person)-[:OWNS|OFFICER_OF]->(c) } AS tied
ORDER BY awarded_on, award_id, company_id, role, recused
