// Purpose: Those of some keys that belong to nodes which are not ours.
// Parameters:
//   keys (list): Keys.
// Places: label, key
// Returns: key
// Index: the key of the label
UNWIND $keys AS key
MATCH (n:{{label}} { {{key}}: key })
WHERE n.dataset IS NULL
RETURN key ORDER BY key LIMIT 3
