// Purpose: Hang what a run found on what it is about; what is not in the graph, such as a
//   pseudonym, is left out.
// Places: start, end, end_key, type, cells, path
// Returns: nothing
// Index: uid of the start, the key of the end
LOAD FROM {{path}}
MATCH (a:{{start}} {uid: `from`})
MATCH (b:{{end}} { {{end_key}}: `to` })
CREATE (a)-[:{{type}} { {{cells}} }]->(b)
