// Group: Bidders
// Question: Which two companies bid on the same tenders again and again?
// Purpose: Pairs by common tenders, with the share of the tenders of the one that bid less, and how
//   many of the common ones each won. Few firms in one trade meet often without any design.
// Parameters:
//   meetings (integer, default 5): Least number of common tenders.
//   share (number, default 0.5): Least share of the tenders of the one that bid less.
// Returns: company_a, id_a, company_b, id_b, meetings, tenders_a, tenders_b, share, won_a, won_b
// Index: none; it walks over all bids
MATCH (a:Company)-[x:BID_ON]->(t:Tender)<-[y:BID_ON]-(b:Company)
WHERE a.company_id < b.company_id
WITH a, b, t.tender_id AS tender, x.status AS status_a, y.status AS status_b
WHERE NOT coalesce(status_a, '') IN ['invited', 'withdrawn']
  AND NOT coalesce(status_b, '') IN ['invited', 'withdrawn']
WITH a, b, count(DISTINCT tender) AS meetings
WHERE meetings >= $meetings
MATCH (a)-[x:BID_ON]->(t:Tender)
WITH a, b, meetings, count(DISTINCT CASE WHEN NOT coalesce(x.status, '') IN ['invited', 'withdrawn']
  THEN t.tender_id END) AS tenders_a
MATCH (b)-[x:BID_ON]->(t:Tender)
WITH a, b, meetings, tenders_a, count(DISTINCT CASE
  WHEN NOT coalesce(x.status, '') IN ['invited', 'withdrawn'] THEN t.tender_id END) AS tenders_b
WITH a, b, meetings, tenders_a, tenders_b, 1.0 * meetings
  / CASE WHEN tenders_a < tenders_b THEN tenders_a ELSE tenders_b END AS share
WHERE share >= $share
MATCH (a)-[:BID_ON]->(t:Tender)<-[:BID_ON]-(b)
OPTIONAL MATCH (t)-[:LED_TO]->(w:Award)-[:WON_BY]->(c:Company)
WITH a, b, meetings, tenders_a, tenders_b, share, t.tender_id AS tender, c.company_id AS winner,
  coalesce(w.status, '') IN ['cancelled', 'unsuccessful'] AS off
WITH a, b, meetings, tenders_a, tenders_b, share,
  count(DISTINCT CASE WHEN winner = a.company_id AND NOT off THEN tender END) AS won_a,
  count(DISTINCT CASE WHEN winner = b.company_id AND NOT off THEN tender END) AS won_b
RETURN a.name AS company_a, a.company_id AS id_a, b.name AS company_b, b.company_id AS id_b,
  meetings, tenders_a, tenders_b, floor(share * 10000 + 0.5) / 10000 AS share, won_a, won_b
ORDER BY share DESC, meetings DESC, id_a, id_b
