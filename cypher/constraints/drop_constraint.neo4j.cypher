// Purpose: Take a constraint of GraphGov away.
// Places: called
// Returns: nothing
// Index: none
DROP CONSTRAINT {{called}} IF EXISTS
