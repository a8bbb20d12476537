// Purpose: How many relationships of a type are ours.
// Places: type
// Returns: relationships
// Index: none; it walks over the type
MATCH ()-[r:{{type}}]->() WHERE r.dataset IS NOT NULL RETURN count(r) AS relationships
