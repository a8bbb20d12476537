// Purpose: Names of the constraints and indexes that GraphGov made.
// Returns: name, constraint (whether it is one)
// Index: none
SHOW INDEXES YIELD name, owningConstraint
WHERE name STARTS WITH 'graphgov_'
RETURN name, owningConstraint IS NOT NULL AS constraint
ORDER BY name
