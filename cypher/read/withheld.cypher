// Purpose: What is withheld: ids, and names where there are any.
// Returns: id, name
// Index: none; it walks over the label
MATCH (w:Withheld) WHERE w.dataset IS NOT NULL
OPTIONAL MATCH (w)-[:ABOUT]->(n)
RETURN w.id AS id, n.name AS name
