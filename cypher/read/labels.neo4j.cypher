// Purpose: The labels that some node has, whoever made it.
// Returns: label
// Index: none; the database keeps them
CALL db.labels() YIELD label
RETURN label ORDER BY label
