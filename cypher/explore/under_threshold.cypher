// Group: Bodies
// Question: Which bodies buy just under a line from which a stricter method is due?
// Purpose: Awards just below a threshold of the graph that was in force that day, made without the
//   method that it obliges to, beside those just above it. Each line counts by itself; where a more
//   special one holds, the general one may not bind. Prices that are usual for a thing cluster too.
// Parameters:
//   margin (number, default 0.1): Width of the band on each side, as a share of the line.
//   awards (integer, default 5): Least number of awards below.
// Returns: body, body_id, method (due from the line), line, currency, below, above (awards in the
//   bands), companies (below), first_on, last_on (below)
// Index: none; it walks over all awards
MATCH (t:Threshold)
MATCH (b:Body)-[:GRANTED]->(a:Award)
WHERE a.amount >= t.amount * (1 - $margin) AND a.amount < t.amount * (1 + $margin)
  AND coalesce(t.currency, a.currency, '') = coalesce(a.currency, '')
  AND coalesce(a.category, '') STARTS WITH coalesce(t.category_prefix, '')
  AND coalesce(t.body_kind, b.kind, '') = coalesce(b.kind, '')
  AND coalesce(t.jurisdiction, b.jurisdiction, '') = coalesce(b.jurisdiction, '')
  AND coalesce(t.starts_on, a.awarded_on) <= a.awarded_on
  AND coalesce(t.ends_on, a.awarded_on) >= a.awarded_on
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH DISTINCT b, a, t.method AS method, t.amount AS line, a.currency AS currency
WITH b, a, method, line, currency,
  CASE WHEN a.amount >= line THEN 1 WHEN coalesce(a.method, '') <> method THEN -1 ELSE 0 END AS side
MATCH (a)-[:WON_BY]->(c:Company)
WITH b, method, line, currency,
  count(DISTINCT CASE WHEN side = -1 THEN a.award_id END) AS below,
  count(DISTINCT CASE WHEN side = 1 THEN a.award_id END) AS above,
  count(DISTINCT CASE WHEN side = -1 THEN c.company_id END) AS companies,
  min(CASE WHEN side = -1 THEN a.awarded_on END) AS first_on,
  max(CASE WHEN side = -1 THEN a.awarded_on END) AS last_on
WHERE below >= $awards
RETURN b.name AS body, b.body_id AS body_id, method, line, currency, below, above, companies,
  first_on, last_on
ORDER BY below DESC, body_id, method, line, currency
