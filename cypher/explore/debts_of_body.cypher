// Group: Bodies
// Question: What does this body owe, to whom, since when?
// Purpose: Debts that were incurred and not settled by a day, oldest due date first, with creditors
//   that are in the graph.
// Parameters:
//   body (text): The debtor.
//   day (date, default 9999-12-31): As of that day.
// Returns: due_on, debt_id, kind, amount, currency, incurred_on, settled_on (where it was settled
//   later), creditor, creditor_id
// Index: Body.body_id
MATCH (d:Debt)-[x:ABOUT]->(b:Body {body_id: $body})
WHERE x.role = 'debtor' AND (d.settled_on IS NULL OR d.settled_on > $day)
  AND coalesce(d.incurred_on, $day) <= $day
OPTIONAL MATCH (d)-[y:ABOUT]->(c)
WHERE y.role = 'creditor'
RETURN d.due_on AS due_on, d.debt_id AS debt_id, d.kind AS kind, d.amount AS amount,
  d.currency AS currency, d.incurred_on AS incurred_on, d.settled_on AS settled_on,
  c.name AS creditor, d.creditor_id AS creditor_id
ORDER BY due_on, debt_id
