// Purpose: Let others write.
// Returns: nothing
// Index: GraphGovLoad.uid
MATCH (l:GraphGovLoad {uid: 'lock'})
DELETE l
