// Group: Bodies
// Question: Who wins at this body as the only bidder?
// Purpose: Companies by tenders in which they bid alone and won. Invitations and withdrawn bids do
//   not count as competition; where no bids are known nothing is said.
// Parameters:
//   body (text): The buyer.
// Returns: company, company_id, tenders, awards, amount (sum, in one currency), currency, first_on,
//   last_on
// Index: Body.body_id
MATCH (b:Body {body_id: $body})-[:CALLED]->(t:Tender)<-[x:BID_ON]-(o:Company)
WITH t, count(DISTINCT CASE WHEN NOT coalesce(x.status, '') IN ['invited', 'withdrawn']
    THEN o.company_id END) AS bidders,
  min(CASE WHEN NOT coalesce(x.status, '') IN ['invited', 'withdrawn'] THEN o.company_id END) AS who
WHERE bidders = 1
MATCH (t)-[:LED_TO]->(a:Award)-[:WON_BY]->(c:Company)
WITH DISTINCT t, a, c, who
WHERE c.company_id = who AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
RETURN c.name AS company, c.company_id AS company_id, count(DISTINCT t.tender_id) AS tenders,
  count(*) AS awards, sum(floor(a.amount * 100 + 0.5)) / 100 AS amount, a.currency AS currency,
  min(a.awarded_on) AS first_on, max(a.awarded_on) AS last_on
ORDER BY tenders DESC, company_id, currency
