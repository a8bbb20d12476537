// Group: Companies
// Question: Which awards went to somebody who was listed on that day?
// Purpose: Awards to companies that stood on a list of debarred or otherwise sanctioned, or whose
//   owner or officer did, on the day of the award.
// Parameters:
//   from (date, default 0001-01-01): First day of award.
//   until (date, default 9999-12-31): Last day of award.
// Returns: awarded_on, award_id, amount, currency, body, company, company_id, listed, listed_id (the
//   company itself, or its owner or officer), direct (whether it is the company itself), list,
//   since, until (of the listing)
// Index: none; it walks over all listings
MATCH (s:Sanction)-[:ABOUT]->(x)
OPTIONAL MATCH (x)-[l:OWNS|OFFICER_OF]->(held:Company)
UNWIND [true, false] AS direct
WITH s, x, direct, CASE WHEN direct THEN x.company_id ELSE held.company_id END AS winner,
  CASE WHEN NOT direct THEN l.started_on END AS joined,
  CASE WHEN NOT direct THEN l.ended_on END AS parted
MATCH (c:Company)<-[:WON_BY]-(a:Award)<-[:GRANTED]-(b:Body)
WHERE c.company_id = winner
WITH s, x, direct, c, a, b, coalesce(s.started_on, a.awarded_on) AS listed_on,
  coalesce(s.ended_on, a.awarded_on) AS cleared, coalesce(joined, a.awarded_on) AS joined,
  coalesce(parted, a.awarded_on) AS parted
WHERE listed_on <= a.awarded_on AND cleared >= a.awarded_on
  AND joined <= a.awarded_on AND parted >= a.awarded_on
  AND a.awarded_on >= $from AND a.awarded_on <= $until
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
RETURN DISTINCT a.awarded_on AS awarded_on, a.award_id AS award_id, a.amount AS amount,
  a.currency AS currency, b.name AS body, c.name AS company, c.company_id AS company_id,
  x.name AS listed, coalesce(x.person_id, x.company_id, x.body_id) AS listed_id, direct,
  s.list AS list, s.started_on AS since, s.ended_on AS until
ORDER BY awarded_on, award_id, company_id, listed_id, direct, list, since, until
