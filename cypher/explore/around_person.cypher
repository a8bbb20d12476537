// Group: People
// Question: Who and what was around this person on that day?
// Purpose: Posts, holdings, offices in companies and personal ties of a person, each with when
//   it began and ended. A tie without dates counts as in force.
// Parameters:
//   person (text): The person.
//   day (date, default 9999-12-31): In force on that day; as it is, whatever has not ended.
// Returns: link (what the person is to the other), kind, id, name, since, until, certainty
// Index: Person.person_id
MATCH (p:Person {person_id: $person})-[r:HELD_OFFICE|OWNS|OFFICER_OF|TIED_TO]-(o)
WHERE coalesce(r.started_on, $day) <= $day AND coalesce(r.ended_on, $day) >= $day
OPTIONAL MATCH (p)-[x:TIED_TO]->(o)
WHERE x.row_key = r.row_key
RETURN DISTINCT
  CASE WHEN r.owner_kind IS NOT NULL THEN 'owner'
    WHEN r.kind IS NULL THEN coalesce(r.post, r.role, 'in office')
    WHEN r.kind = 'parent' AND x IS NULL THEN 'child'
    WHEN r.kind = 'child' AND x IS NULL THEN 'parent'
    WHEN r.kind = 'superior' AND x IS NULL THEN 'subordinate'
    ELSE r.kind END AS link,
  CASE WHEN o.person_id IS NOT NULL THEN 'person' WHEN o.company_id IS NOT NULL THEN 'company'
    ELSE 'body' END AS kind,
  coalesce(o.person_id, o.company_id, o.body_id) AS id, o.name AS name,
  r.started_on AS since, r.ended_on AS until,
  coalesce(r.certainty, CASE WHEN o.person_id IS NULL THEN 'documented' ELSE 'inferred' END)
    AS certainty
ORDER BY kind, link, id, since, until, certainty, name
