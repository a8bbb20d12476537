// Group: Bodies
// Question: Who wins at this body, how often and for how much?
// Purpose: Awards of a body by company and currency, biggest first. An award to a consortium
//   counts for each of its members with the whole amount; shares inside it are unknown.
// Parameters:
//   body (text): The buyer.
//   from (date, default 0001-01-01): First day of award.
//   until (date, default 9999-12-31): Last day of award.
// Returns: company, company_id, awards, amount (sum, in one currency), currency, first_on, last_on
// Index: Body.body_id
MATCH (b:Body {body_id: $body})-[:GRANTED]->(a:Award)-[:WON_BY]->(c:Company)
WITH a, c, a.awarded_on AS day
WHERE day >= $from AND day <= $until
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
RETURN c.name AS company, c.company_id AS company_id, count(*) AS awards,
  sum(floor(a.amount * 100 + 0.5)) / 100 AS amount, a.currency AS currency,
  min(day) AS first_on, max(day) AS last_on
ORDER BY currency, amount DESC, company_id
