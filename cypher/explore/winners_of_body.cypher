// Question: Who wins at this body, how often and for how much?
// Purpose: Awards of a body by company and currency, biggest first. An award to a consortium
//   counts for each of its members with the whole amount; shares inside it are unknown.
// Parameters:
//   body_id (text): The buyer.
// Returns: company, company_id, awards, amount, currency, first_on, last_on
// Index: Body.body_id
MATCH (b:Body {body_id: $body_id})-[:GRANTED]->(a:Award)-[:WON_BY]->(c:Company)
RETURN c.name AS company, c.company_id AS company_id, count(*) AS awards,
  sum(a.amount) AS amount, a.currency AS currency,
  min(a.awarded_on) AS first_on, max(a.awarded_on) AS last_on
ORDER BY currency, amount DESC, company_id
