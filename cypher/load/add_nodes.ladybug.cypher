// Purpose: Add the nodes of a frame to one label.
// Places: label, path
// Returns: nothing
// Index: none
COPY {{label}} FROM {{path}}
