// Group: Bidders
// Question: Who bids where this company wins, and never wins where it bids?
// Purpose: Companies that bid on tenders won by a company and won none on which it bid, with what
//   they won elsewhere. New and unlucky firms look like this too.
// Parameters:
//   company (text): The company that wins.
//   meetings (integer, default 2): Least number of tenders lost to it.
// Returns: bidder, bidder_id, lost (tenders), elsewhere (awards won without it), first_on, last_on
//   (of the awards lost)
// Index: Company.company_id
MATCH (c:Company {company_id: $company})<-[:WON_BY]-(a:Award)<-[:LED_TO]-(t:Tender)
MATCH (t)<-[x:BID_ON]-(o:Company)
WITH c, o, t.tender_id AS tender, a.awarded_on AS day, a.status AS outcome, x.status AS status
WHERE o.company_id <> $company AND NOT coalesce(outcome, '') IN ['cancelled', 'unsuccessful']
  AND NOT coalesce(status, '') IN ['invited', 'withdrawn']
WITH c, o, count(DISTINCT tender) AS lost, min(day) AS first_on, max(day) AS last_on
WHERE lost >= $meetings
OPTIONAL MATCH (c)-[:BID_ON]->(t:Tender)-[:LED_TO]->(w:Award)-[:WON_BY]->(o)
WITH c, o, lost, first_on, last_on, count(CASE
  WHEN NOT coalesce(w.status, '') IN ['cancelled', 'unsuccessful'] THEN w.award_id END) AS beaten
WHERE beaten = 0 AND NOT EXISTS { MATCH (c)<-[:WON_BY]-(:Award)-[:WON_BY]->(o) }
RETURN o.name AS bidder, o.company_id AS bidder_id, lost,
  COUNT { MATCH (o)<-[:WON_BY]-(v:Award)
    WHERE NOT coalesce(v.status, '') IN ['cancelled', 'unsuccessful'] } AS elsewhere, first_on, last_on
ORDER BY lost DESC, bidder_id
