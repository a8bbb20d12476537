// Group: Bidders
// Question: Which bidders on the same tender give the same phone, e-mail or address?
// Purpose: Pairs of companies that bid against each other and share a means of contact, with
//   how often they met. An accountant or a business centre gives many honest firms one address.
// Parameters:
//   meetings (integer, default 1): Least number of common tenders.
// Returns: company_a, id_a, company_b, id_b, meetings, same_phone, same_email, same_address
// Index: none; it walks over all tenders
MATCH (a:Company)-[x:BID_ON]->(t:Tender)<-[y:BID_ON]-(b:Company)
WHERE a.company_id < b.company_id
WITH a, b, t.tender_id AS tender, x.status AS status_a, y.status AS status_b
WHERE (a.phone = b.phone OR a.email = b.email OR a.address = b.address)
  AND NOT coalesce(status_a, '') IN ['invited', 'withdrawn']
  AND NOT coalesce(status_b, '') IN ['invited', 'withdrawn']
WITH a, b, count(DISTINCT tender) AS meetings
WHERE meetings >= $meetings
RETURN a.name AS company_a, a.company_id AS id_a, b.name AS company_b, b.company_id AS id_b,
  meetings, coalesce(a.phone = b.phone, false) AS same_phone,
  coalesce(a.email = b.email, false) AS same_email,
  coalesce(a.address = b.address, false) AS same_address
ORDER BY meetings DESC, id_a, id_b
