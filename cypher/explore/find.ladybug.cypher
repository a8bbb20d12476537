// Group: People
// Question: Who or what has this in its name?
// Purpose: People, companies and bodies by a part of their name, in whatever case, so that the
//   other questions can be asked with an id.
// Parameters:
//   text (text): A part of the name; nothing is found by nothing.
//   top (integer, default 50): How many at most.
// Returns: kind, id, name, place (region, or home town of a person), born
// Index: none; it reads every name
MATCH (n:Person:Company:Body)
WHERE $text <> '' AND toLower(n.name) CONTAINS toLower($text)
RETURN CASE WHEN n.person_id IS NOT NULL THEN 'person' WHEN n.company_id IS NOT NULL THEN 'company'
    ELSE 'body' END AS kind,
  coalesce(n.person_id, n.company_id, n.body_id) AS id, n.name AS name,
  coalesce(n.region, n.hometown) AS place, n.birth_year AS born
ORDER BY kind, name, id
LIMIT $top
