// Group: Bodies
// Question: Which bills has this body not paid?
// Purpose: Payments that were due and not made by a day, oldest first. Where no due date is known
//   the day of acceptance or of the invoice stands for it. A consortium is one row per member.
// Parameters:
//   body (text): The buyer.
//   day (date, default 9999-12-31): As of that day.
// Returns: due_on, payment_id, contract_id, company, company_id, amount, currency, invoiced_on,
//   accepted_on, paid_on (where it was paid later)
// Index: Body.body_id
MATCH (b:Body {body_id: $body})-[:GRANTED]->(a:Award)-[:SIGNED_AS]->(k:Contract)
MATCH (y:Payment)-[:ABOUT]->(k)
WHERE (y.paid_on IS NULL OR y.paid_on > $day)
  AND coalesce(y.due_on, y.accepted_on, y.invoiced_on, $day) <= $day
MATCH (a)-[:WON_BY]->(c:Company)
RETURN coalesce(y.due_on, y.accepted_on, y.invoiced_on) AS due_on, y.payment_id AS payment_id,
  k.contract_id AS contract_id, c.name AS company, c.company_id AS company_id, y.amount AS amount,
  y.currency AS currency, y.invoiced_on AS invoiced_on, y.accepted_on AS accepted_on,
  y.paid_on AS paid_on
ORDER BY due_on, payment_id, company_id
