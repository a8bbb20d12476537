// Purpose: How many relationships of a type there are, whoever made them.
// Places: type
// Returns: relationships
// Index: none; the database keeps this count
MATCH ()-[r:{{type}}]->() RETURN count(r) AS relationships
