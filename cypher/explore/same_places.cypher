// Group: People
// Question: Who studied or worked where this person did, at the same time?
// Purpose: Spells at an organisation of the same name that overlap; dates that are unknown count as
//   overlapping. Having been in one place is not a tie: it says where to look for one.
// Parameters:
//   person (text): The person.
// Returns: kind (study or work), organisation, other, other_id, unit (of the other), since, until
//   (of the other), tied (whether a personal tie is known)
// Index: Person.person_id
MATCH (p:Person {person_id: $person})<-[:ABOUT]-(s:Spell)
MATCH (u:Spell {organisation: s.organisation})-[:ABOUT]->(q:Person)
WHERE u.kind = s.kind AND q.person_id <> $person
  AND (s.started_on IS NULL OR u.ended_on IS NULL OR s.started_on <= u.ended_on)
  AND (u.started_on IS NULL OR s.ended_on IS NULL OR u.started_on <= s.ended_on)
RETURN DISTINCT s.kind AS kind, s.organisation AS organisation, q.name AS other,
  q.person_id AS other_id, u.unit AS unit, u.started_on AS since, u.ended_on AS until,
  EXISTS { MATCH (p)-[:TIED_TO]-(q) } AS tied
ORDER BY kind, organisation, other_id, since, until, unit
