// Question: Who bids where this company wins, and never wins anything?
// Purpose: Companies that bid on tenders won by a company and have no award at all in the
//   graph, with how often they met. New and unlucky firms look like this too.
// Parameters:
//   company_id (text): The company that wins.
//   meetings (integer, default 2): Least number of common tenders.
// Returns: bidder, bidder_id, meetings, first_on, last_on (of the awards)
// Index: Company.company_id
MATCH (c:Company {company_id: $company_id})<-[:WON_BY]-(a:Award)<-[:LED_TO]-(t:Tender)
MATCH (t)<-[:BID_ON]-(o:Company)
WHERE o.company_id <> $company_id AND NOT EXISTS { MATCH (o)<-[:WON_BY]-(:Award) }
WITH o, count(DISTINCT t.tender_id) AS meetings, min(a.awarded_on) AS first_on,
  max(a.awarded_on) AS last_on
WHERE meetings >= $meetings
RETURN o.name AS bidder, o.company_id AS bidder_id, meetings, first_on, last_on
ORDER BY meetings DESC, bidder_id
