// Group: People
// Question: Which officials own or run a company that won from their body while they were there?
// Purpose: Post and holding or office in the company are both in force on the day of the award.
//   State-owned firms often have officials on their boards by law.
// Parameters:
//   from (date, default 0001-01-01): First day of award.
//   until (date, default 9999-12-31): Last day of award.
// Returns: official, official_id, body, body_id, post, link (owner, or role in the company),
//   company, company_id, awards, amount (sum, in one currency), currency, first_on, last_on
// Index: none; it walks over all owners and officers who held a post
MATCH (o:Person)-[h:HELD_OFFICE]->(b:Body)
MATCH (o)-[l:OWNS|OFFICER_OF]->(c:Company)<-[:WON_BY]-(a:Award)<-[:GRANTED]-(b)
WITH o, b, c, a, coalesce(h.post, h.role) AS post,
  CASE WHEN l.owner_kind IS NULL THEN coalesce(l.role, 'officer') ELSE 'owner' END AS link,
  coalesce(h.started_on, a.awarded_on) AS came, coalesce(h.ended_on, a.awarded_on) AS went,
  coalesce(l.started_on, a.awarded_on) AS since, coalesce(l.ended_on, a.awarded_on) AS parted
WHERE came <= a.awarded_on AND went >= a.awarded_on
  AND since <= a.awarded_on AND parted >= a.awarded_on
  AND a.awarded_on >= $from AND a.awarded_on <= $until
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH DISTINCT o, b, c, a, post, link
RETURN o.name AS official, o.person_id AS official_id, b.name AS body, b.body_id AS body_id, post,
  link, c.name AS company, c.company_id AS company_id, count(*) AS awards,
  sum(floor(a.amount * 100 + 0.5)) / 100 AS amount, a.currency AS currency,
  min(a.awarded_on) AS first_on, max(a.awarded_on) AS last_on
ORDER BY awards DESC, official_id, body_id, company_id, link, post, currency
