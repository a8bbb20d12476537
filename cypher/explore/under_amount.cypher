// Group: Bodies
// Question: Which awards of this body lie just under a given amount?
// Purpose: Awards in the band below an amount that one has in mind, by day, so that bursts to one
//   company can be seen. `under_threshold` takes the lines from the graph.
// Parameters:
//   body (text): The buyer.
//   amount (number): The amount.
//   currency (text): Of the amount; awards in another are left out.
//   margin (number, default 0.1): Width of the band as a share of the amount.
// Returns: awarded_on, award_id, title, category, method, company, company_id, amount, missing (to
//   the amount)
// Index: Body.body_id
MATCH (b:Body {body_id: $body})-[:GRANTED]->(a:Award)-[:WON_BY]->(c:Company)
WHERE a.amount < $amount AND a.amount >= $amount * (1 - $margin) AND a.currency = $currency
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
RETURN a.awarded_on AS awarded_on, a.award_id AS award_id, a.title AS title,
  a.category AS category, a.method AS method, c.name AS company, c.company_id AS company_id,
  a.amount AS amount, floor(($amount - a.amount) * 100 + 0.5) / 100 AS missing
ORDER BY awarded_on, award_id, company_id
