// Purpose: Take an index of GraphGov away.
// Places: called
// Returns: nothing
// Index: none
DROP INDEX {{called}} IF EXISTS
