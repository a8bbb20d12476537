// Purpose: See whether a load is under way or was stopped in the middle.
// Returns: marks (0 or 1)
// Index: GraphGovLoad.uid
MATCH (l:GraphGovLoad {uid: 'loading'})
RETURN count(*) AS marks
