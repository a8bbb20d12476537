// Purpose: Find people, companies and bodies by words of their names, of any length, from
//   Neo4j Browser and Bloom: CALL db.index.fulltext.queryNodes('graphgov_names', 'roads bureau').
//   It follows the graph with a short delay, so that loading does not wait for it.
// Returns: nothing
// Index: makes one
CREATE FULLTEXT INDEX graphgov_names IF NOT EXISTS
FOR (n:Body|Person|Company) ON EACH [n.name]
OPTIONS {indexConfig: {`fulltext.eventually_consistent`: true}}
