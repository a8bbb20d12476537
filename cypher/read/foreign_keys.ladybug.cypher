// Purpose: Write the keys of nodes of a label that are not ours to a file.
// Places: label, key, path
// Returns: nothing
// Index: none; it walks over the label
COPY (
  MATCH (n:{{label}}) WHERE n.dataset IS NULL RETURN n.{{key}} AS key
) TO {{path}}
