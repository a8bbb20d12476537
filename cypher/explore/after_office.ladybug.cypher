// Group: People
// Question: Who went to a company that had won from the body where they held a post?
// Purpose: People who became owner or officer of a company soon after they left a post at a body
//   from which it had won awards during that post.
// Parameters:
//   days (integer, default 1095): Most days between leaving the post and joining the company.
//   awards (integer, default 1): Least number of awards during the post.
// Returns: official, official_id, body, body_id, post, left_on, days (until joining), link (owner, or
//   role in the company), company, company_id, awards, amount (sum, in one currency), currency,
//   last_on
// Index: none; it walks over all owners and officers who left a post
MATCH (o:Person)-[h:HELD_OFFICE]->(b:Body)
MATCH (o)-[l:OWNS|OFFICER_OF]->(c:Company)
WITH o, b, c, coalesce(h.post, h.role) AS post, h.started_on AS came, h.ended_on AS left_on,
  l.started_on AS joined,
  CASE WHEN l.owner_kind IS NULL THEN coalesce(l.role, 'officer') ELSE 'owner' END AS link
WHERE joined > left_on AND joined - left_on <= $days
MATCH (b)-[:GRANTED]->(a:Award)-[:WON_BY]->(c)
WITH DISTINCT o, b, c, a, post, came, left_on, joined, link
WHERE coalesce(came, a.awarded_on) <= a.awarded_on AND a.awarded_on <= left_on
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH o, b, c, post, came, left_on, joined - left_on AS days, link, count(*) AS awards,
  sum(floor(a.amount * 100 + 0.5)) / 100 AS amount, a.currency AS currency,
  max(a.awarded_on) AS last_on
WHERE awards >= $awards
RETURN DISTINCT o.name AS official, o.person_id AS official_id, b.name AS body,
  b.body_id AS body_id, post, left_on, days, link, c.name AS company, c.company_id AS company_id,
  awards, amount, currency, last_on
ORDER BY awards DESC, days, official_id, body_id, company_id, link, post, left_on, currency, amount
