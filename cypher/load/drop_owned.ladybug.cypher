// Purpose: Take away the relationships of one type that are made again with their node.
// Places: owner, key, before, type, after, other, path
// Returns: nothing
// Index: the key of the owner's label
LOAD FROM {{path}}
MATCH (n:{{owner}} { {{key}}: key }){{before}}[r:{{type}}]{{after}}(:{{other}})
WHERE r.dataset IS NOT NULL
DELETE r
