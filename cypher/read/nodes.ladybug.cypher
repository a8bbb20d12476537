// Purpose: Write our nodes of a label to a file.
// Places: label, cells, path
// Returns: nothing
// Index: none; it walks over the label
COPY (
  MATCH (n:{{label}}) WHERE n.dataset IS NOT NULL RETURN {{cells}}
) TO {{path}}
