// Group: Bodies
// Question: Which contracts grew after they were signed?
// Purpose: Contracts whose amendments add up to more than a share of what was signed (or, where that
//   is unknown, awarded). A consortium is one row per member.
// Parameters:
//   share (number, default 0.1): Least growth, as a share of the contract.
// Returns: contract_id, signed_on, body, company, company_id, amount (as signed), currency, added,
//   share, amendments, last_on
// Index: none; it walks over all amendments
MATCH (m:Amendment)-[:ABOUT]->(k:Contract)<-[:SIGNED_AS]-(a:Award)
WITH k, a, coalesce(k.amount, a.amount) AS amount, count(*) AS amendments,
  sum(floor(m.amount_change * 100 + 0.5)) / 100 AS added, max(m.amended_on) AS last_on
WHERE amount > 0 AND added > 0 AND added >= amount * $share
MATCH (b:Body)-[:GRANTED]->(a)-[:WON_BY]->(c:Company)
RETURN k.contract_id AS contract_id, k.signed_on AS signed_on, b.name AS body, c.name AS company,
  c.company_id AS company_id, amount, coalesce(k.currency, a.currency) AS currency, added,
  floor(added / amount * 10000 + 0.5) / 10000 AS share, amendments, last_on
ORDER BY share DESC, contract_id, company_id
