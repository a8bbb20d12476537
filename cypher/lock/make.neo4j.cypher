// Purpose: Make the node that whoever writes keeps locked.
// Returns: nothing
// Index: GraphGovLoad.uid
MERGE (l:GraphGovLoad {uid: 'lock'})
