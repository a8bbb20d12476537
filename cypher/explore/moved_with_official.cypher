// Group: People
// Question: Which firms moved with this official from one post to the next?
// Purpose: Companies that won from one body during the official's post there and from a second
//   body during a later post there, without an award from the second before the official came.
// Parameters:
//   official (text): The official.
//   awards (integer, default 1): Least number of awards in each of the two posts.
//   newcomers (boolean, default true): Only firms that had won nothing at the second body before.
// Returns: company, company_id, from_body, from_body_id, came_from (start of that post),
//   awards_there, to_body, to_body_id, came_to (start of the later post), awards_here, first_on (in
//   the later post), earlier (awards at the second body before the official came)
// Index: Person.person_id
MATCH (o:Person {person_id: $official})-[h:HELD_OFFICE]->(b:Body)
WITH o, b, h.started_on AS came_from, h.ended_on AS went
MATCH (b)-[:GRANTED]->(a:Award)-[:WON_BY]->(c:Company)
WITH o, b, c, a, came_from, went
WHERE came_from <= a.awarded_on AND coalesce(went, a.awarded_on) >= a.awarded_on
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH o, b, c, came_from, count(DISTINCT a.award_id) AS awards_there
WHERE awards_there >= $awards
MATCH (o)-[k:HELD_OFFICE]->(e:Body)
WITH b, c, came_from, awards_there, e, k.started_on AS came_to, k.ended_on AS went
WHERE came_to > came_from AND e.body_id <> b.body_id
MATCH (e)-[:GRANTED]->(n:Award)-[:WON_BY]->(c)
WITH b, c, came_from, awards_there, e, came_to, went, n
WHERE NOT coalesce(n.status, '') IN ['cancelled', 'unsuccessful']
  AND coalesce(went, n.awarded_on) >= n.awarded_on
WITH b, c, came_from, awards_there, e, came_to,
  count(DISTINCT CASE WHEN n.awarded_on >= came_to THEN n.award_id END) AS awards_here,
  min(CASE WHEN n.awarded_on >= came_to THEN n.awarded_on END) AS first_on,
  count(DISTINCT CASE WHEN n.awarded_on < came_to THEN n.award_id END) AS earlier
WHERE awards_here >= $awards AND (NOT $newcomers OR earlier = 0)
RETURN c.name AS company, c.company_id AS company_id, b.name AS from_body,
  b.body_id AS from_body_id, came_from, awards_there, e.name AS to_body, e.body_id AS to_body_id,
  came_to, awards_here, first_on, earlier
ORDER BY awards_here DESC, company_id, came_from, from_body_id, came_to, to_body_id
