// Purpose: Keep others from writing for as long as this transaction is open. No row where another
//   writer just took the node away. Nothing else is looked up here: the transaction would keep a
//   lock on that too.
// Returns: held
// Index: GraphGovLoad.uid
MATCH (l:GraphGovLoad {uid: 'lock'})
SET l.held = true
RETURN l.held AS held
