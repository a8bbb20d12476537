// Purpose: Make the table of a relationship type for all its pairs of labels.
// Places: type, ends, columns
// Returns: nothing
// Index: none
CREATE REL TABLE IF NOT EXISTS {{type}} ({{ends}}, {{columns}})
