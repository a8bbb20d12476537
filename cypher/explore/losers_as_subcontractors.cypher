// Group: Companies
// Question: Which subcontractors had bid for the tender they now work on?
// Purpose: Companies that bid on a tender, did not win its award, and were hired under the contract
//   by whoever did. Withdrawn bids are shown with their status; somebody only invited is not.
// Parameters:
//   from (date, default 0001-01-01): First day of award.
//   until (date, default 9999-12-31): Last day of award.
// Returns: awarded_on, body, tender_id, contract_id, winner, winner_id, subcontractor,
//   subcontractor_id, status (of the bid), bid, bid_currency, hired_on, amount (of the
//   subcontract), currency
// Index: none; it walks over all subcontracts
MATCH (o:Company)-[s:SUBCONTRACTED]->(k:Contract)<-[:SIGNED_AS]-(a:Award)<-[:LED_TO]-(t:Tender)
MATCH (o)-[x:BID_ON]->(t)
WITH o, k, a, t.tender_id AS tender_id, x.status AS status, x.amount AS bid,
  x.currency AS bid_currency, s.signed_on AS hired_on, s.amount AS amount, s.currency AS currency
WHERE coalesce(status, '') <> 'invited' AND a.awarded_on >= $from AND a.awarded_on <= $until
MATCH (b:Body)-[:GRANTED]->(a)-[:WON_BY]->(c:Company)
WHERE NOT EXISTS { MATCH (a)-[:WON_BY]->(o) }
RETURN DISTINCT a.awarded_on AS awarded_on, b.name AS body, tender_id,
  k.contract_id AS contract_id, c.name AS winner, c.company_id AS winner_id,
  o.name AS subcontractor, o.company_id AS subcontractor_id, status, bid, bid_currency, hired_on,
  amount, currency
ORDER BY awarded_on, contract_id, winner_id, subcontractor_id, bid, status, hired_on, amount,
  currency, bid_currency
