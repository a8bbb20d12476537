// Group: Companies
// Question: Which companies were founded shortly before their first win at a body?
// Purpose: Companies whose first award from a body came within some days of their founding. Below
//   zero the award is older than the company. Spin-offs and renamed firms look young as well.
// Parameters:
//   days (integer, default 180): Most days between founding and first award.
// Returns: company, company_id, founded_on, body, body_id, first_on, age (days at the first award),
//   awards (all of them at that body), amount (sum, in one currency), currency
// Index: none; it walks over all awards
MATCH (b:Body)-[:GRANTED]->(a:Award)-[:WON_BY]->(c:Company)
WHERE NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH b, c, min(a.awarded_on) AS first_on
WHERE first_on - c.founded_on <= $days
MATCH (b)-[:GRANTED]->(a:Award)-[:WON_BY]->(c)
WHERE NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH DISTINCT b, c, first_on, first_on - c.founded_on AS age, a
RETURN c.name AS company, c.company_id AS company_id, c.founded_on AS founded_on, b.name AS body,
  b.body_id AS body_id, first_on, age, count(*) AS awards,
  sum(floor(a.amount * 100 + 0.5)) / 100 AS amount, a.currency AS currency
ORDER BY age, company_id, body_id, currency
