// Purpose: Say that every row is there, and let others write.
// Returns: nothing
// Index: GraphGovLoad.uid
UNWIND ['loading', 'lock'] AS uid
MATCH (l:GraphGovLoad {uid: uid})
DELETE l
