// Group: Bidders
// Question: Which three companies keep meeting at the same tenders?
// Purpose: Threes by common tenders and how many of them each won; a larger group is several rows.
//   `communities` shows the groups that a run found and what chance explains of them.
// Parameters:
//   meetings (integer, default 5): Least number of common tenders.
// Returns: company_a, id_a, company_b, id_b, company_c, id_c, meetings, won_a, won_b, won_c
// Index: none; it walks over all bids
MATCH (a:Company)-[x:BID_ON]->(t:Tender)<-[y:BID_ON]-(b:Company)
WHERE a.company_id < b.company_id
WITH a, b, t.tender_id AS tender, x.status AS status_a, y.status AS status_b
WHERE NOT coalesce(status_a, '') IN ['invited', 'withdrawn']
  AND NOT coalesce(status_b, '') IN ['invited', 'withdrawn']
WITH a, b, count(DISTINCT tender) AS pairs
WHERE pairs >= $meetings
MATCH (a)-[x:BID_ON]->(t:Tender)<-[y:BID_ON]-(b)
MATCH (t)<-[z:BID_ON]-(c:Company)
WHERE b.company_id < c.company_id
WITH DISTINCT a, b, c, t, coalesce(x.status, '') IN ['invited', 'withdrawn'] AS off_a,
  coalesce(y.status, '') IN ['invited', 'withdrawn'] AS off_b,
  coalesce(z.status, '') IN ['invited', 'withdrawn'] AS off_c
WHERE NOT off_a AND NOT off_b AND NOT off_c
OPTIONAL MATCH (t)-[:LED_TO]->(w:Award)-[:WON_BY]->(v:Company)
WITH a, b, c, t.tender_id AS tender, v.company_id AS winner,
  coalesce(w.status, '') IN ['cancelled', 'unsuccessful'] AS off
WITH a, b, c, count(DISTINCT tender) AS meetings,
  count(DISTINCT CASE WHEN winner = a.company_id AND NOT off THEN tender END) AS won_a,
  count(DISTINCT CASE WHEN winner = b.company_id AND NOT off THEN tender END) AS won_b,
  count(DISTINCT CASE WHEN winner = c.company_id AND NOT off THEN tender END) AS won_c
WHERE meetings >= $meetings
RETURN a.name AS company_a, a.company_id AS id_a, b.name AS company_b, b.company_id AS id_b,
  c.name AS company_c, c.company_id AS id_c, meetings, won_a, won_b, won_c
ORDER BY meetings DESC, id_a, id_b, id_c
