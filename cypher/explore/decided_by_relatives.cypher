// Group: People
// Question: Which awards did somebody decide whose relative owns or runs the winner?
// Purpose: A person decided a tender or an award, and on that day was tied to an owner or
//   officer of a company that won it. Those who stood aside are shown, with recused = true.
// Parameters:
//   family (boolean, default true): Family only; false takes every kind of tie.
//   certainty (text, default inferred): Weakest link allowed (documented, declared, inferred).
//   from (date, default 0001-01-01): First day of award.
//   until (date, default 9999-12-31): Last day of award.
// Returns: awarded_on, award_id, amount, currency, official, official_id, role (in the decision),
//   recused, kind (of the tie), relative, relative_id, link (owner, or role in the company),
//   company, company_id, certainty (of the weakest link)
// Index: none; it walks over all owners and officers who are tied to somebody
MATCH (o:Person)-[t:TIED_TO]-(q:Person)-[l:OWNS|OFFICER_OF]->(c:Company)<-[:WON_BY]-(a:Award)
MATCH (o)-[d:DECIDED]->(x)-[:LED_TO*0..1]->(a)
WITH a, o, q, c, d.role AS role, coalesce(d.recused, false) AS recused, t.kind AS kind,
  CASE WHEN l.owner_kind IS NULL THEN coalesce(l.role, 'officer') ELSE 'owner' END AS link,
  coalesce(t.started_on, a.awarded_on) AS met, coalesce(t.ended_on, a.awarded_on) AS broke,
  coalesce(l.started_on, a.awarded_on) AS since, coalesce(l.ended_on, a.awarded_on) AS parted,
  [d.certainty, coalesce(t.certainty, 'inferred'), l.certainty] AS said
WHERE met <= a.awarded_on AND broke >= a.awarded_on
  AND since <= a.awarded_on AND parted >= a.awarded_on
  AND (NOT $family OR kind IN ['spouse', 'parent', 'child', 'sibling', 'in_law', 'kin'])
  AND a.awarded_on >= $from AND a.awarded_on <= $until
  AND NOT coalesce(a.status, '') IN ['cancelled', 'unsuccessful']
WITH a, o, q, c, role, recused, kind, link, CASE WHEN 'inferred' IN said THEN 'inferred'
  WHEN 'declared' IN said THEN 'declared' ELSE 'documented' END AS certainty
WHERE certainty = 'documented' OR certainty = $certainty OR $certainty = 'inferred'
RETURN DISTINCT a.awarded_on AS awarded_on, a.award_id AS award_id, a.amount AS amount,
  a.currency AS currency, o.name AS official, o.person_id AS official_id, role, recused, kind,
  q.name AS relative, q.person_id AS relative_id, link, c.name AS company,
  c.company_id AS company_id, certainty
ORDER BY awarded_on, award_id, official_id, relative_id, company_id, kind, link, role, recused,
  certainty
