// Purpose: Take away the relationships of one type that are made again with their node.
// Parameters:
//   rows (list): One list a node, its key.
// Places: owner, key, before, type, after, other
// Returns: nothing
// Index: the key of the owner's label
UNWIND $rows AS row
MATCH (n:{{owner}} { {{key}}: row[0] }){{before}}[r:{{type}}]{{after}}(:{{other}})
WHERE r.dataset IS NOT NULL
DELETE r
