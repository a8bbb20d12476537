// Purpose: Take an empty table away.
// Places: table
// Returns: nothing
// Index: none
DROP TABLE {{table}}
