// Purpose: Give every node of a label its own key, and an index to find it by.
// Places: called, label, key
// Returns: nothing
// Index: makes one
CREATE CONSTRAINT {{called}} IF NOT EXISTS FOR (n:{{label}}) REQUIRE n.{{key}} IS UNIQUE
