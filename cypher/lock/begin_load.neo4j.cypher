// Purpose: Say, before the first row is written, that rows are missing from now on.
// Returns: nothing
// Index: GraphGovLoad.uid
MERGE (l:GraphGovLoad {uid: 'loading'})
