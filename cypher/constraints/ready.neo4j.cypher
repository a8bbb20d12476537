// Purpose: Wait until every index can be used.
// Parameters:
//   seconds (integer): How long to wait.
// Returns: nothing
// Index: none
CALL db.awaitIndexes($seconds)
